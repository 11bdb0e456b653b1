# SPDX-License-Identifier: Apache-2.0
"""Gradients of the executable agree with central differences in f64 (bar S3).

Along 8 random directions per tensor. Two points of one difference must lie on the same
side of every kink: for ReLU models the signs of all its operands, which an --inference
executable of the same model with those values as outputs gives, must be equal.
"""
import numpy as np
import onnx
import picking_model
import pytest
from programs import CASES, Trained, case, compile_case, execute, mptc
from mpt import safetensors
from mpt.check import deviation, read_losses

DIRECTIONS = 8
SIZE = 1e-5
TOLERANCE = 1e-6


class Probe:
    """Runs one step of the f64 executable at given weights."""

    def __init__(self, of, folder, mesh, fixed=None):
        self.of, self.folder, self.count, self.fixed = of, folder, 0, fixed or {}
        self.program = compile_case(of, folder / "step", mesh, 1, "--precision=f64")
        model = onnx.load(of.model)
        kinks = [node.input[0] for node in model.graph.node if node.op_type == "Relu"]
        self.kinked = bool(kinks)
        if kinks:
            del model.graph.output[:]
            model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in kinks)
            model = onnx.shape_inference.infer_shapes(model)
            typed = {value.name: value for value in model.graph.value_info}
            del model.graph.output[:]
            model.graph.output.extend(typed[name] for name in kinks)
            onnx.save(model, folder / "kinks.onnx")
            mptc(folder / "kinks.onnx", "-o", folder / "kinks", "--inference", "--precision=f64", *of.bind_flags())

    def run(self, weights, gradients=False):
        """Loss at these weights and, if asked for, the gradients."""
        self.count += 1
        at = self.folder / f"run{self.count}"
        at.mkdir()
        safetensors.write(at / "weights", {**self.fixed, **weights})
        extra = [f"--save-grads={at / 'grads'}"] if gradients else []
        execute(self.program, f"--data={self.of.data}", "--steps=1", "--lr=0", f"--weights={at / 'weights'}",
                f"--log={at / 'log'}", *extra)
        loss = read_losses(at / "log", 1)[0]
        return (loss, safetensors.read(at / "grads")) if gradients else loss

    def sides(self, weights):
        """The side of every kink, as one array."""
        if not self.kinked:
            return np.zeros(0, bool)
        at = self.folder / f"kinks{self.count}"
        safetensors.write(str(at) + ".weights", weights)
        execute(self.folder / "kinks", f"--data={self.of.data}", "--steps=1",
                f"--weights={at}.weights", f"--outputs={at}.npz")
        with np.load(f"{at}.npz") as arrays:
            return np.concatenate([(arrays[n] > 0).ravel() for n in sorted(arrays.files)])


def initial_weights(of, names):
    model = onnx.load(of.model)
    arrays = {i.name: onnx.numpy_helper.to_array(i) for i in model.graph.initializer}
    return {n: arrays[n].astype(np.float64) for n in names}


def moved(weights, name, step):
    return {**weights, name: weights[name] + step}


def check_differences(of, mesh, tmp_path, buffers=()):
    weights = initial_weights(of, of.reference["trainable"])
    probe = Probe(of, tmp_path, mesh, initial_weights(of, buffers))
    _, gradients = probe.run(weights, gradients=True)
    rng = np.random.default_rng(7)
    for tensor, value in weights.items():
        for _ in range(DIRECTIONS):
            direction = rng.normal(size=value.shape)
            direction /= np.linalg.norm(direction)
            size = SIZE
            for _ in range(6):
                ahead, behind = (moved(weights, tensor, s * size * direction) for s in (1, -1))
                if np.array_equal(probe.sides(ahead), probe.sides(behind)):
                    break
                size /= 4
            else:
                pytest.fail(f"{tensor}: no step of this direction stays on one side of all kinks")
            expected = (probe.run(ahead) - probe.run(behind)) / (2 * size)
            found = float((gradients[tensor] * direction).sum())
            scale = max(abs(expected), 1e-2 * np.linalg.norm(gradients[tensor]))
            assert abs(found - expected) <= TOLERANCE * scale, (tensor, found, expected, size)


@pytest.mark.parametrize("mesh", ("", "dp=2,tp=2,pp=2"))
@pytest.mark.parametrize("name", CASES)
def test_central_differences(name, mesh, tmp_path):
    check_differences(case(name), mesh, tmp_path)


def test_picked_elements(tmp_path):
    """Gathers, scatters, running sums and rotations, as import writes them."""
    picking_model.write_case(tmp_path)
    check_differences(case(tmp_path), "", tmp_path, buffers=("cos", "sin"))


@pytest.mark.parametrize("mesh,microbatches", (("dp=2", 1), ("dp=2", 2), ("pp=2", 4), ("tp=2", 1), ("dp=2,tp=2,pp=2", 2)))
def test_picked_elements_on_meshes(mesh, microbatches, tmp_path):
    """Every sample picks from its own part, so the batch is cut over ranks and micro-batches."""
    picking_model.write_case(tmp_path, moves_rows="tp" not in mesh)
    of = case(tmp_path)
    one = Trained(compile_case(of, tmp_path / "one"), of, tmp_path / "a", steps=2)
    assert set(one.gradients) == set(of.reference["trainable"])
    cut = Trained(compile_case(of, tmp_path / "cut", mesh, microbatches), of, tmp_path / "b", steps=2)
    np.testing.assert_allclose(cut.curve(), one.curve(), rtol=1e-5)
    for name, gradient in one.gradients.items():
        assert deviation(cut.gradients[name], gradient) < 1e-5, name
