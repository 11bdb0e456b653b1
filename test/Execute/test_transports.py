# SPDX-License-Identifier: Apache-2.0
"""One compile serves all transports, and they give the same bits (bar T3)."""
import os
import shutil
import subprocess

import pytest
from programs import BUILD, Trained, compile_case

from mpt import safetensors
from mpt.check import launcher

needs_mpi = pytest.mark.skipif(
    not shutil.which("mpirun") or not os.path.exists(os.path.join(BUILD, "lib", "libmptrt_mpi.so")),
    reason="no Open MPI")


@needs_mpi
@pytest.mark.parametrize("name,mesh,microbatches", (
    ("gpt2-tiny", "dp=2,tp=2", 2), ("llama-tiny", "tp=2,pp=2", 4), ("mlp-digits", "dp=2,pp=2", 4)))
def test_bits(name, mesh, microbatches, find_case, tmp_path):
    of = find_case(name)
    program = compile_case(of, tmp_path / "program", mesh, microbatches)
    threads, processes = (Trained(program, of, tmp_path / comm, steps=3, comm=comm)
                          for comm in ("threads", "processes"))
    assert threads.difference(processes) == []
    save, grads = tmp_path / "save", tmp_path / "grads"
    done = subprocess.run(
        [*launcher("mpi", mesh), program, f"--data={of.data}", "--steps=3", *of.rate_flags(), "--comm=mpi",
         f"--save={save}", f"--save-grads={grads}"], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    for path, mine in ((save, threads.parameters), (grads, threads.gradients)):
        found = safetensors.read(path)
        assert list(found) == list(mine)
        assert [n for n in mine if mine[n].tobytes() != found[n].tobytes()] == []
