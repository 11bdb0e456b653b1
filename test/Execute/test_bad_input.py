# SPDX-License-Identifier: Apache-2.0
"""Bad input of compiler and executable: exit code and the full text of each message (bar S8)."""
import os
import stat
import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from programs import MPTC

GEMM = helper.make_node("Gemm", ["x", "w"], ["y"], name="fc")


def weight(dtype=np.float32):
    return numpy_helper.from_array(np.ones((3, 2), dtype), "w")


def save(path, nodes=(GEMM,), initializers=None, batch=4):
    """A small model; PATH."""
    graph = helper.make_graph(
        list(nodes), "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 2])],
        [weight()] if initializers is None else initializers)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def external(location):
    """An initializer whose bytes are said to lie at LOCATION."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3, 2], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", "0"), ("length", "24")):
        tensor.external_data.add(key=key, value=value)
    return tensor


def refused(folder, code, model, *flags):
    """The error lines of mptc, with the folder's name taken out."""
    result = subprocess.run([MPTC, str(model), "-o", str(folder / "out"), *flags],
                            capture_output=True, text=True, check=False)
    assert result.returncode == code, (result.returncode, result.stderr)
    assert not (folder / "out").exists()
    return result.stderr.replace(str(folder) + "/", "").replace("mptc: error: ", "").splitlines()


COMMAND_LINES = {
    "--mesh=dp=0": (2, ["--mesh=dp=0: axis 'dp' needs a positive size, found '0'"]),
    "--mesh=xx=2": (2, ["--mesh=xx=2: unknown axis 'xx'; the axes are pp, dp, cp, tp, ep"]),
    "--mesh=dp=2,dp=2": (2, ["--mesh=dp=2,dp=2: axis 'dp' stands twice"]),
    "--mesh=cp=2": (2, ["--mesh=cp=2: axis 'cp' is not supported yet; use pp, dp and tp"]),
    "--sp --zero=1 --precision=bf16": (2, [
        "--sp: sequence parallelism is not supported yet; leave the flag out",
        "--zero=1: ZeRO is not supported yet; use --zero=0",
        "--precision=bf16: bf16 is not supported yet; use f32 or f64"]),
    "--microbatch=2": (2, ["unknown flag '--microbatch'; did you mean --microbatches?"]),
    "--optimizer=adamx": (2, ["optimizer 'adamx' is unknown; expected sgd, adam or adamw"]),
    "--loss=mse(z,t)": (2, ["loss 'mse(z,t)': no output is named 'z'; the model's outputs are 'y' : tensor<4x2xf32>"]),
    "--mesh=pp=9": (3, ["9 stages are asked for, the model can be cut into 1 to 4; lower pp of --mesh or the number of --stages"]),
    "--mesh=dp=5": (3, ["dp=5 cuts micro-batches of 4 samples; lower dp or the number of micro-batches"]),
    "--microbatches=3": (3, ["3 micro-batches do not divide the batch of 4 samples; choose a divisor for --microbatches or bind another batch"]),
    "--device-memory=100": (3, ["rank 0 needs 1280 bytes, the limit is 100: fixed 832, 1 saved set of stage 0 x 64, "
                                "working set 384; the fixed part and the working set alone cross it"]),
}


@pytest.mark.parametrize("flags", COMMAND_LINES)
def test_command_line(flags, tmp_path):
    code, expected = COMMAND_LINES[flags]
    loss = [] if "--loss" in flags else ["--loss=mse(y,t)"]
    assert refused(tmp_path, code, save(tmp_path / "m.onnx"), *loss, *flags.split()) == expected


def node(op, inputs, output, name):
    return helper.make_node(op, inputs, [output], name=name)


MODELS = {
    "unknown operator": (dict(nodes=[node("Frobnicate", ["x"], "y", "f")]), [
        "m.onnx: node 'f' (Frobnicate): operator 'Frobnicate' does not exist in domain 'ai.onnx', and the model has "
        "no function of the name; replace it, or export the model with its functions"]),
    "two unsupported operators": (dict(nodes=[node("Det", ["x"], "d", "one"), node("LSTM", ["x", "w", "w"], "y", "two")]), [
        "m.onnx: node 'one' (Det-11): operator is not supported; express it by other operators",
        "m.onnx: node 'two' (LSTM-14): operator is not supported; express it by other operators"]),
    "unbound dim": (dict(batch="batch"), [
        "m.onnx: dim 0 of input 'x', 'batch', has no size; give it by --bind batch=N"]),
    "cycle": (dict(nodes=[node("Add", ["x", "b"], "a", "n1"), node("Relu", ["a"], "b", "n2"), node("Relu", ["b"], "y", "n3")]), [
        "m.onnx: the graph has a cycle of 2 nodes: 'n1' -> 'n2' -> 'n1'; a graph must be acyclic; use Loop or Scan to iterate"]),
    "wrong dtype": (dict(initializers=[weight(np.float64)]), [
        "m.onnx: node 'fc' (Gemm-13): input 'A' ('x') is float32, but input 'B' ('w') is float64; they must be equal; insert a Cast"]),
    "external data by ..": (dict(initializers=[external("../w.bin")]), [
        "m.onnx: initializer 'w' has external data that is refused: '../w.bin': the location leaves the model's "
        "directory by '..'; keep it in a plain file beside the model"]),
    "external data by a link": (dict(initializers=[external("link.bin")]), [
        "m.onnx: initializer 'w' has external data that is refused: 'link.bin': it is a symbolic link; keep it in a "
        "plain file beside the model"]),
    "external data on a device": (dict(initializers=[external("device.bin")]), [
        "m.onnx: initializer 'w' has external data that is refused: 'device.bin': it is a device, expected a regular "
        "file; keep it in a plain file beside the model"]),
    "external data at an absolute path": (dict(initializers=[external("/dev/zero")]), [
        "m.onnx: initializer 'w' has external data that is refused: '/dev/zero': the location is an absolute path; "
        "keep it in a plain file beside the model"]),
}


@pytest.mark.parametrize("name", MODELS)
def test_model(name, tmp_path):
    what, expected = MODELS[name]
    os.symlink("/etc/passwd", tmp_path / "link.bin")
    if "device" in name:
        try:
            os.mknod(tmp_path / "device.bin", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        except PermissionError:
            pytest.skip("only root makes device files")
    assert refused(tmp_path, 65, save(tmp_path / "m.onnx", **what), "--inference") == expected
    assert refused(tmp_path, 65, tmp_path / "m.onnx", "--check") == expected


def test_truncated_file(tmp_path):
    path = save(tmp_path / "m.onnx")
    path.write_bytes(path.read_bytes()[:60])
    assert refused(tmp_path, 65, path, "--inference") == [
        "m.onnx: truncated at byte 60: field 'graph' of Model needs 103 bytes, 56 remain; copy or export the model again"]


def test_missing_file(tmp_path):
    assert refused(tmp_path, 65, tmp_path / "m.onnx", "--inference") == [
        "m.onnx: cannot open the file: No such file or directory; pass an ONNX model"]


#===- The executable -----------------------------------------------------------===#

GOOD = {"x": np.ones((2, 4, 3), np.float32), "t": np.ones((2, 4, 2), np.float32)}
RUNS = {
    "wrong size": ({**GOOD, "t": np.ones((2, 4, 3), np.float32)}, 65,
                   "data file 'd.npz': array 't' has shape [2, 4, 3]; expected [steps, 4, 2] or [samples, 2]; another "
                   "batch or size needs another compile (mptc --bind)"),
    "wrong dtype": ({**GOOD, "x": np.ones((2, 4, 3))}, 65,
                    "data file 'd.npz': array 'x' has elements of type f64; expected f32; convert with numpy's astype"),
    "missing array": ({"x": GOOD["x"]}, 65,
                      "data file 'd.npz': no array 't'; the file has 'x'; name arrays as the model names its inputs"),
    "too few steps": (GOOD, 65, "data file 'd.npz' holds 2 steps of 4 samples; --steps asks for 3"),
}


@pytest.fixture(name="program", scope="module")
def small_program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    subprocess.run([MPTC, str(save(folder / "m.onnx")), "-o", str(folder / "m"), "--loss=mse(y,t)", "--mesh=dp=2"],
                   check=True)
    return folder / "m"


def run(program, folder, *flags, **environment):
    result = subprocess.run([str(program), *flags], capture_output=True, text=True, check=False, cwd=folder,
                            env={**os.environ, **environment})
    return result.returncode, result.stderr.strip().splitlines()[-1].replace("m: error: ", "")


@pytest.mark.parametrize("name", RUNS)
def test_data(name, program, tmp_path):
    arrays, code, expected = RUNS[name]
    np.savez(tmp_path / "d.npz", **arrays)
    assert run(program, tmp_path, "--data=d.npz", "--steps=3" if "steps" in name else "--steps=2") == (code, expected)


def test_run_flags(program, tmp_path):
    np.savez(tmp_path / "d.npz", **GOOD)
    assert run(program, tmp_path, "--step=1") == (2, "unknown flag '--step'; did you mean '--steps'? (--help lists all)")
    assert run(program, tmp_path, "--data=none.npz") == (
        65, "data file 'none.npz': cannot open 'none.npz': No such file or directory")
    assert run(program, tmp_path, "--data=d.npz", "--comm=mpi") == (
        2, "with --comm=mpi every rank is a process that a launcher starts, and none started this one; run "
           "'mpirun -n 2 PROGRAM --comm=mpi ...', or use --comm=processes")
    assert run(program, tmp_path, "--data=d.npz", MPT_RANK="0", MPT_WORLD="3", MPT_LOCAL_RANK="0") == (
        2, "the environment (MPT_RANK) says 3 ranks, the program's mesh dp=2 has 2; start as many, or run the program "
           "without a launcher")
