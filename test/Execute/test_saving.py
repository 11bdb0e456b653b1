# SPDX-License-Identifier: Apache-2.0
"""Weights out of a run and into the next: safetensors, directories of them, and copies of the ONNX
model with the trained values in place; what cannot be is refused before the first step."""
import os
import shutil

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from programs import compile_case, execute, training_flags, mptc

from mpt import safetensors
from mpt.case import Case


def arrays(path):
    return {t.name: numpy_helper.to_array(t, os.path.dirname(path)) for t in onnx.load(path).graph.initializer}


def structure(path):
    model = onnx.load(path, load_external_data=False)
    del model.graph.initializer[:]
    return model.SerializeToString()


@pytest.fixture(name="run", scope="module")
def trained(find_case, tmp_path_factory):
    """A case whose files tests may replace, a program, and what three steps of it save."""
    folder = tmp_path_factory.mktemp("saving")
    shutil.copytree(find_case("gpt2-tiny").folder, folder / "case")
    of = Case(folder / "case")
    program = compile_case(of, folder / "program", "tp=2,pp=2", 2)
    saved = folder / "saved.safetensors"
    execute(program, f"--data={of.data}", "--steps=3", *of.rate_flags(), f"--save={saved}")
    return of, program, safetensors.read(saved), folder


def test_a_copy_of_the_model(run, tmp_path):
    of, program, saved, _ = run
    copy = str(tmp_path / "trained.onnx")
    execute(program, f"--data={of.data}", "--steps=3", *of.rate_flags(), f"--save={copy}")
    onnx.checker.check_model(copy)
    assert structure(copy) == structure(of.model)
    before, after = arrays(of.model), arrays(copy)
    assert list(before) == list(after)
    assert set(of.reference["trainable"]) <= set(saved)
    for name, value in after.items():
        expected = saved.get(name, before[name])
        assert value.tobytes() == expected.tobytes() and value.dtype == before[name].dtype, name
    assert all(after[n].tobytes() != before[n].tobytes() for n in of.reference["trainable"])


def test_a_copy_is_a_model_to_go_on_with(run, tmp_path):
    of, program, saved, folder = run
    copy = tmp_path / "trained.onnx"
    execute(program, f"--data={of.data}", "--steps=3", f"--save={copy}", *of.rate_flags())
    mptc(copy, "-o", tmp_path / "next", *training_flags(of), "--mesh=dp=2")
    for name, flags in (("next", ()), ("again", (f"--weights={folder / 'saved.safetensors'}",))):
        if name == "again":
            compile_case(of, tmp_path / name, "dp=2")
        execute(tmp_path / name, f"--data={of.data}", "--steps=2", "--lr=0.001", *flags,
                f"--save={tmp_path / name}.safetensors")
    first, second = (safetensors.read(f"{tmp_path / n}.safetensors") for n in ("next", "again"))
    assert all(first[n].tobytes() == second[n].tobytes() for n in saved)


def test_weights_beside_the_model(run, tmp_path):
    of, _, saved, _ = run
    os.makedirs(tmp_path / "in"), os.makedirs(tmp_path / "out")
    path = tmp_path / "in" / "model.onnx"
    onnx.save_model(onnx.load(of.model), path, save_as_external_data=True, location="weights.data",
                    size_threshold=0)
    program = tmp_path / "program"
    mptc(path, "-o", program, *training_flags(of), "--microbatches=2", "--mesh=tp=2,pp=2")
    done = execute(program, f"--data={of.data}", "--steps=1", f"--save={tmp_path / 'in' / 'b.onnx'}", ok=False)
    assert done.returncode == 2
    assert done.stderr.strip().endswith(
        f"'--save' has value '{tmp_path / 'in' / 'b.onnx'}', but the model's weights lie in 'weights.data' "
        "beside it, which the copy needs under the same name; save into another directory")
    out = tmp_path / "out" / "b.onnx"
    execute(program, f"--data={of.data}", "--steps=3", f"--save={out}", *of.rate_flags())
    assert sorted(os.listdir(tmp_path / "out")) == ["b.onnx", "weights.data"]
    after = arrays(str(out))
    assert all(after[n].tobytes() == saved[n].tobytes() for n in of.reference["trainable"])


def test_f64_programs_save_the_models_type(find_case, tmp_path):
    of = find_case("mlp-digits")
    program = compile_case(of, tmp_path / "program", "dp=2", 1, "--precision=f64")
    for name in ("a.safetensors", "a.onnx"):
        execute(program, f"--data={of.data}", "--steps=2", *of.rate_flags(), f"--save={tmp_path / name}")
    wide, after = safetensors.read(tmp_path / "a.safetensors"), arrays(str(tmp_path / "a.onnx"))
    for name in of.reference["trainable"]:
        assert wide[name].dtype == np.float64 and after[name].dtype == np.float32
        assert (wide[name].astype(np.float32) == after[name]).all()


def test_a_directory_of_weights(run, tmp_path):
    of, program, saved, folder = run
    names = sorted(saved)
    os.makedirs(tmp_path / "w")
    for i in range(2):
        safetensors.write(tmp_path / "w" / f"{i}.safetensors", {n: saved[n] for n in names[i::2]})
    (tmp_path / "w" / "notes.txt").write_text("not weights")
    for source, out in ((tmp_path / "w", "a"), (folder / "saved.safetensors", "b")):
        execute(program, f"--data={of.data}", "--steps=1", f"--weights={source}", f"--save={tmp_path / out}")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    shutil.copy(tmp_path / "w" / "1.safetensors", tmp_path / "w" / "2.safetensors")
    done = execute(program, f"--data={of.data}", "--steps=1", f"--weights={tmp_path / 'w'}", ok=False)
    assert done.returncode == 65
    assert done.stderr.strip().endswith(
        f"error: tensor '{names[1]}' is in '{tmp_path / 'w' / '1.safetensors'}' and in "
        f"'{tmp_path / 'w' / '2.safetensors'}'; name one file")


def test_refusals(run, tmp_path):
    of, program, _, _ = run
    empty = tmp_path / "empty"
    empty.mkdir()
    for flag, code, message in (
            (f"--weights={tmp_path / 'no.safetensors'}", 65,
             f"weights file: cannot open '{tmp_path / 'no.safetensors'}': No such file or directory"),
            (f"--weights={empty}", 65, f"weights directory '{empty}' has no file *.safetensors"),
            (f"--weights={of.model}", 65, None),
            (f"--save={of.model}", 2, f"'--save' has value '{of.model}', the model itself, which the program "
                                      "reads; use another name"),
            ("--save-grads=a.onnx", 2, "'--save-grads' has value 'a.onnx'; gradients are no model; use a name "
                                       "that ends in .safetensors")):
        done = execute(program, f"--data={of.data}", "--steps=1", flag, ok=False)
        assert done.returncode == code, done.stderr
        assert message is None or done.stderr.strip().endswith("error: " + message), done.stderr
        assert "step 0" not in done.stderr
    assert arrays(of.model)
