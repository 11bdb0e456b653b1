# SPDX-License-Identifier: Apache-2.0
"""PyTorch's numbers on a covering set of cases, plans and transports (bar T1).

`tools/dev bench referee` runs all combinations; here every case meets three plans and
every plan of the bench one case.
"""
import pytest
from mpt.bench.referee import programs, worst
from mpt.check import compile_program, train
from programs import MPTC, case

# (case, mesh, micro-batches, schedule, transport)
RUNS = (
    ("gpt2-tiny", "", 1, "", "threads"),
    ("gpt2-tiny", "pp=4", 4, "1f1b", "mpi"),
    ("gpt2-tiny", "dp=2,tp=2,pp=2", 4, "1f1b", "processes"),
    ("gpt2-tiny-op23", "tp=2", 1, "", "mpi"),
    ("gpt2-tiny-op23", "dp=2,pp=2", 1, "gpipe", "threads"),
    ("gpt2-tiny-op23", "dp=2,tp=2,pp=2", 1, "1f1b", "threads"),
    ("llama-tiny", "dp=2", 2, "", "threads"),
    ("llama-tiny", "tp=2,pp=2", 4, "gpipe", "mpi"),
    ("llama-tiny", "dp=2,tp=2,pp=2", 4, "gpipe", "threads"),
    ("llama-tiny-op23", "pp=2", 4, "1f1b", "processes"),
    ("llama-tiny-op23", "dp=2,tp=2", 1, "", "mpi"),
    ("llama-tiny-op23", "dp=2,pp=2", 2, "1f1b", "threads"),
    ("bert-tiny", "pp=4", 4, "gpipe", "processes"),
    ("bert-tiny", "dp=2,tp=2", 2, "", "threads"),
    ("bert-tiny", "dp=2,pp=2", 4, "1f1b", "mpi"),
    ("minigpt-legacy", "dp=2", 1, "", "mpi"),
    ("minigpt-legacy", "tp=2,pp=2", 4, "1f1b", "processes"),
    ("minigpt-legacy", "dp=2,tp=2,pp=2", 2, "gpipe", "threads"),
    ("mlp-digits", "pp=2", 4, "gpipe", "mpi"),
    ("mlp-digits", "dp=2,pp=2", 1, "1f1b", "threads"),
    ("mlp-digits", "dp=2,tp=2,pp=2", 2, "1f1b", "processes"),
    ("regression-mse", "dp=2,pp=2", 2, "gpipe", "mpi"),
    ("regression-mse", "dp=2,pp=2", 4, "gpipe", "processes"),
    ("regression-mse", "dp=2,tp=2,pp=2", 1, "gpipe", "threads"),
)


@pytest.mark.parametrize("name,mesh,microbatches,schedule,comm", RUNS)
def test_agrees_with_pytorch(name, mesh, microbatches, schedule, comm, tmp_path):
    of, program = case(name), str(tmp_path / "program")
    compile_program(of, MPTC, program, mesh, microbatches, schedule)
    comparison = train(of, program, str(tmp_path), comm, mesh)
    assert comparison.ok, worst(comparison)


def test_every_plan_is_covered():
    assert sorted(run[1:4] for run in RUNS) == sorted(programs())
