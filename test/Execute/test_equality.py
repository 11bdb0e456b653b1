# SPDX-License-Identifier: Apache-2.0
"""A plan with its stages on several ranks equals the same plan on one, bit for bit (bar S3)."""
import pytest
from programs import CASES, Trained, case, compile_case

MESHES = (("", 1), ("", 4), ("dp=2", 2), ("tp=2", 2), ("dp=2,tp=2", 2))


def join(*meshes):
    return ",".join(m for m in meshes if m)


@pytest.mark.parametrize("schedule", ("gpipe", "1f1b"))
@pytest.mark.parametrize("mesh,microbatches", MESHES)
@pytest.mark.parametrize("name", CASES)
def test_stages_on_one_rank(name, mesh, microbatches, schedule, tmp_path):
    of = case(name)
    flags = (f"--schedule={schedule}",)
    cut = compile_case(of, tmp_path / "cut", join(mesh, "pp=2"), microbatches, *flags)
    whole = compile_case(of, tmp_path / "whole", mesh, microbatches, "--stages=2", *flags)
    assert not Trained(cut, of, tmp_path / "a").difference(Trained(whole, of, tmp_path / "b"))


@pytest.mark.parametrize("mesh", ("dp=3", "tp=4", "dp=2,tp=2,pp=2"))
@pytest.mark.parametrize("name", CASES)
def test_transports_agree(name, mesh, tmp_path):
    of = case(name)
    program = compile_case(of, tmp_path / "program", mesh, 2)
    threads = Trained(program, of, tmp_path / "threads")
    assert not threads.difference(Trained(program, of, tmp_path / "processes", comm="processes"))


@pytest.mark.parametrize("name", CASES)
def test_threads_of_a_rank_change_nothing(name, tmp_path):
    of = case(name)
    program = compile_case(of, tmp_path / "program", "tp=2")
    one = Trained(program, of, tmp_path / "one", flags=("--threads=1",))
    assert not one.difference(Trained(program, of, tmp_path / "two", flags=("--threads=2",)))
