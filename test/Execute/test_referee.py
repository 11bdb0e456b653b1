# SPDX-License-Identifier: Apache-2.0
"""PyTorch's numbers on a covering set of cases, meshes, schedules and transports (bar T1).

`tools/dev bench referee` runs all combinations; this set has every case, every mesh,
both schedules and each transport at least twice.
"""
import os

import pytest
from mpt.check import compile_program, train
from programs import MPTC, case

# (case, mesh, micro-batches, schedule, transport)
RUNS = (
    ("gpt2-tiny", "", 1, "", "threads"),
    ("gpt2-tiny", "dp=2,pp=2", 1, "gpipe", "processes"),
    ("gpt2-tiny", "pp=4", 4, "1f1b", "threads"),
    ("gpt2-tiny", "dp=2,tp=2,pp=2", 4, "1f1b", "processes"),
    ("llama-tiny", "", 1, "", "threads"),
    ("llama-tiny", "dp=2", 2, "", "threads"),
    ("llama-tiny", "pp=4", 4, "gpipe", "processes"),
    ("llama-tiny", "dp=2,pp=2", 2, "1f1b", "threads"),
)


@pytest.mark.parametrize("name,mesh,microbatches,schedule,comm", RUNS)
def test_agrees_with_pytorch(name, mesh, microbatches, schedule, comm, tmp_path):
    of, program = case(name), str(tmp_path / "program")
    compile_program(of, MPTC, program, mesh, microbatches, schedule)
    comparison = train(of, program, str(tmp_path), comm, mesh)
    for row in comparison.checks:
        print(f"{row['name']}: {row['deviation']:.2e} of {row['tolerance']:.0e} ({row['worst']})")
    assert comparison.ok
