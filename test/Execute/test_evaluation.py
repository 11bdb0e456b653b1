# SPDX-License-Identifier: Apache-2.0
"""--eval-data: the loss of other data by the forward tasks of the step. It is the loss that training
would start with there, on any mesh and schedule, and training does not notice."""
import json

import numpy as np
import pytest
from programs import compile_case, execute

MESHES = (("", 2, ()), ("dp=2,tp=2", 1, ()), ("tp=2,pp=2", 4, ("--schedule=1f1b",)))


def events(folder):
    """Events of all ranks, those with a loss."""
    found = {"step": [], "eval": []}
    for path in sorted(folder.glob("rank-*.jsonl")):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for kind, key in (("step", "loss"), ("eval", "eval_loss")):
            mine = [(row["step"], row[key]) for row in rows if row["event"] == kind and key in row]
            assert not mine or not found[kind] or mine == found[kind], "ranks disagree"
            found[kind] = found[kind] or mine
    return found


@pytest.fixture(name="data", scope="module")
def written(find_case, tmp_path_factory):
    """The case, its steps 3 and 4 as data of their own, a program per mesh."""
    of, folder = find_case("gpt2-tiny"), tmp_path_factory.mktemp("evaluation")
    path = folder / "eval.npz"
    with np.load(of.data) as arrays:
        np.savez(path, **{n: arrays[n][3:5] for n in arrays.files})
    programs = {mesh: compile_case(of, folder / f"p{i}", mesh, microbatches, *flags)
                for i, (mesh, microbatches, flags) in enumerate(MESHES)}
    return of, path, programs


@pytest.mark.parametrize("mesh", [mesh for mesh, _, _ in MESHES])
def test_the_loss_is_that_of_a_step(data, mesh, tmp_path):
    of, evaluated, programs = data
    program = programs[mesh]
    common = ("--threads=1", "--lr=0", "--log")
    execute(program, f"--data={evaluated}", *common, tmp_path / "direct")
    direct = [loss for _, loss in events(tmp_path / "direct")["step"]]
    done = execute(program, f"--data={of.data}", "--steps=3", f"--eval-data={evaluated}", "--eval-every=2",
                   *common, tmp_path / "log")
    found = events(tmp_path / "log")["eval"]
    mean = (direct[0] + direct[1]) / 2
    assert found == [(1, mean), (2, mean)]  # to the last bit
    assert len([line for line in done.stderr.splitlines() if line.startswith("eval after step ")]) == 2


@pytest.mark.parametrize("mesh", [mesh for mesh, _, _ in MESHES])
def test_training_does_not_notice(data, mesh, tmp_path):
    of, evaluated, programs = data
    program = programs[mesh]
    for name, more in (("with", (f"--eval-data={evaluated}", "--eval-every=1")), ("without", ())):
        execute(program, f"--data={of.data}", "--steps=4", "--threads=1", *of.rate_flags(), f"--log={tmp_path / name}",
                f"--save={tmp_path / name}.safetensors", *more)
    assert events(tmp_path / "with")["step"] == events(tmp_path / "without")["step"]
    first, second = ((tmp_path / f"{name}.safetensors").read_bytes() for name in ("with", "without"))
    assert first == second
    losses = [loss for _, loss in events(tmp_path / "with")["eval"]]
    assert len(losses) == 4 and len(set(losses)) == 4  # the weights moved


def test_refusals(data, tmp_path):
    of, _, programs = data
    program = programs[""]
    for flags, code, message in (
            (("--eval-every=2",), 2, "'--eval-every' needs data to evaluate; give --eval-data=FILE"),
            (("--eval-every=0",), 2, "'--eval-every' has value '0'; expected a number of at least 1"),
            ((f"--eval-data={tmp_path / 'no.npz'}",), 65,
             f"data file '{tmp_path / 'no.npz'}': cannot open '{tmp_path / 'no.npz'}': No such file or directory")):
        done = execute(program, f"--data={of.data}", "--steps=1", *flags, ok=False)
        assert done.returncode == code
        assert done.stderr.strip().endswith("error: " + message), done.stderr
