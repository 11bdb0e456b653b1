# SPDX-License-Identifier: Apache-2.0
"""Stopping after a phase and going on from its text gives the same object bytes (bar S4)."""
import pytest
from programs import CASES, case, mptc, training_flags

PHASES = ("import", "differentiate", "plan", "shard", "split", "localize", "schedule", "fuse", "allocate")
PLAN = ("--mesh=dp=2,tp=2,pp=2", "--microbatches=2")


@pytest.fixture(name="objects", scope="module")
def straight_objects(tmp_path_factory):
    folder, result = tmp_path_factory.mktemp("straight"), {}
    for name in CASES:
        of = case(name)
        mptc(of.model, "-o", folder / name, "--emit=obj", *training_flags(of), *PLAN)
        result[name] = (folder / name).read_bytes()
    return result


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", CASES)
def test_resumed_object_is_the_same(name, phase, objects, tmp_path):
    of = case(name)
    mptc(of.model, "-o", tmp_path / "half.mlir", f"--stop-after={phase}", *training_flags(of), *PLAN)
    mptc(tmp_path / "half.mlir", "-o", tmp_path / "object", "--emit=obj", f"--start-after={phase}")
    assert (tmp_path / "object").read_bytes() == objects[name]


def test_dumps_have_the_phases_names(tmp_path):
    of = case("regression-mse")
    mptc(of.model, "-o", tmp_path / "object", "--emit=obj", *training_flags(of), *PLAN,
         f"--dump-phases={tmp_path / 'dump'}")
    names = sorted(path.name for path in (tmp_path / "dump").iterdir())
    assert names == [f"{i + 1:02d}-{p}.mlir" for i, p in enumerate((*PHASES, "emit"))]
