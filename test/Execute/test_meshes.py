# SPDX-License-Identifier: Apache-2.0
"""Reference cases on every mesh agree with PyTorch; memory is partitioned (bar S2)."""
import os
import subprocess
import sys

import pytest
from programs import CASES, MODELS, MPTC, case, compile_case, inspect

MESHES = ("", "dp=2", "dp=3", "tp=2", "tp=4", "pp=2", "dp=2,tp=2", "tp=2,pp=2", "dp=2,tp=2,pp=2")


@pytest.mark.parametrize("comm", ("threads", "processes"))
@pytest.mark.parametrize("microbatches", (1, 4))
@pytest.mark.parametrize("mesh", MESHES)
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_pytorch(name, mesh, microbatches, comm):
    result = subprocess.run(
        [sys.executable, "-m", "mpt.check", os.path.join(MODELS, name), f"--mptc={MPTC}",
         f"--mesh={mesh}", f"--microbatches={microbatches}", f"--comm={comm}"],
        capture_output=True, text=True, check=False)
    print(result.stdout)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("mesh,share", (("tp=2", 0.6), ("pp=2", 0.7)))
@pytest.mark.parametrize("name", CASES)
def test_parameters_are_partitioned(name, mesh, share, tmp_path):
    of = case(name)
    one = inspect(compile_case(of, tmp_path / "one"))["ranks"][0]["parameter_bytes"]
    for rank in inspect(compile_case(of, tmp_path / "cut", mesh))["ranks"]:
        print(f"{name} {mesh} rank {rank['rank']}: {rank['parameter_bytes']} of {one} bytes")
        assert rank["parameter_bytes"] <= share * one
