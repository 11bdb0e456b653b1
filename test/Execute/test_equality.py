# SPDX-License-Identifier: Apache-2.0
"""A plan with its stages on several ranks equals the same plan on one, bit for bit (bars S3, T3)."""
import itertools

import pytest
from programs import CASES, Trained, compile_case

# (mesh beside pp, micro-batches, stages)
MLP_PLANS = (("", 1, 2), ("", 4, 2), ("dp=2", 2, 2), ("tp=2", 2, 2), ("dp=2,tp=2", 2, 2))
TRANSFORMER_PLANS = (("", 4, 2), ("", 4, 4), ("dp=2", 4, 2), ("tp=2", 2, 2), ("dp=2,tp=2", 4, 2))
TRANSFORMERS = ("decoder", "encoder", "grouped")  # of small_transformer
PLANS = [*itertools.product(CASES, MLP_PLANS), *itertools.product(("decoder",), TRANSFORMER_PLANS),
         *itertools.product(("encoder", "grouped"), TRANSFORMER_PLANS[1::3])]


def join(*meshes):
    return ",".join(m for m in meshes if m)


@pytest.mark.parametrize("schedule", ("gpipe", "1f1b"))
@pytest.mark.parametrize("name,plan", PLANS)
def test_stages_on_one_rank(name, plan, schedule, find_case, tmp_path):
    of, (mesh, microbatches, stages) = find_case(name), plan
    flags = (f"--schedule={schedule}",)
    cut = compile_case(of, tmp_path / "cut", join(mesh, f"pp={stages}"), microbatches, *flags)
    whole = compile_case(of, tmp_path / "whole", mesh, microbatches, f"--stages={stages}", *flags)
    assert not Trained(cut, of, tmp_path / "a").difference(Trained(whole, of, tmp_path / "b"))


@pytest.mark.parametrize("mesh", ("dp=3", "tp=4", "dp=2,tp=2,pp=2"))
@pytest.mark.parametrize("name", CASES + TRANSFORMERS)
def test_transports_agree(name, mesh, find_case, tmp_path):
    of = find_case(name)
    program = compile_case(of, tmp_path / "program", mesh, 2)
    threads = Trained(program, of, tmp_path / "threads")
    assert not threads.difference(Trained(program, of, tmp_path / "processes", comm="processes"))


@pytest.mark.parametrize("name", CASES + TRANSFORMERS)
def test_threads_of_a_rank_change_nothing(name, find_case, tmp_path):
    of = find_case(name)
    program = compile_case(of, tmp_path / "program", "tp=2")
    one = Trained(program, of, tmp_path / "one", flags=("--threads=1",))
    assert not one.difference(Trained(program, of, tmp_path / "two", flags=("--threads=2",)))


@pytest.mark.parametrize("name", TRANSFORMERS)
@pytest.mark.parametrize("schedule", ("gpipe", "1f1b"))
def test_schedules_and_micro_batches_agree(name, schedule, find_case, tmp_path):
    """Another order of the same sums: equal within rounding, whatever labels each micro-batch ignores."""
    of = find_case(name)
    one = Trained(compile_case(of, tmp_path / "one"), of, tmp_path / "a")
    many = Trained(compile_case(of, tmp_path / "many", "pp=4", 8, f"--schedule={schedule}"), of, tmp_path / "b")
    assert many.curve() == pytest.approx(one.curve(), rel=2e-6)
    assert many.curve("grad_norm") == pytest.approx(one.curve("grad_norm"), rel=2e-5)
