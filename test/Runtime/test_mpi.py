# SPDX-License-Identifier: Apache-2.0
"""--comm=mpi: the conformance suite, whole runs against threads bit for bit, and
what a user sees when ranks are wrong, die or stop."""
import os
import shutil
import signal
import subprocess
import time

import pytest

from handmade_runs import (BUILD, MPIRUN, Running, clean_environment, last_line, make_data, path_of,
                           read_log, read_safetensors, run)

if not shutil.which("mpirun") or not os.path.exists(os.path.join(BUILD, "lib", "libmptrt_mpi.so")):
    pytest.skip("no Open MPI", allow_module_level=True)


def mpirun(ranks):
    return [*MPIRUN, "-n", str(ranks)]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "data.npz"
    make_data(path)
    return path


@pytest.fixture(scope="module")
def long_data(tmp_path_factory):
    path = tmp_path_factory.mktemp("long") / "data.npz"
    make_data(path, steps=200000)
    return path


def test_conformance():
    command = [*mpirun(5), os.path.join(BUILD, "bin", "runtime-conformance-mpi"), "--gtest_color=no"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300,
                          env=clean_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    passed = [line for line in done.stdout.splitlines() if "PASSED" in line]
    assert len(passed) == 5 and len(set(passed)) == 1


@pytest.mark.parametrize("program,ranks", [("1", 1), ("dp3", 3), ("dp2tp2", 4), ("pp2dp2", 4)])
def test_mpi_is_bit_identical_to_threads(tmp_path, data, program, ranks):
    for comm, launcher in (("threads", ()), ("mpi", mpirun(ranks))):
        run(program, "--data", data, "--comm", comm, "--save", tmp_path / comm, "--save-grads",
            tmp_path / (comm + "-g"), "--log", tmp_path / (comm + "-log"), launcher=launcher)
    for suffix in ("", "-g"):
        a, b = ((tmp_path / (comm + suffix)).read_bytes() for comm in ("threads", "mpi"))
        assert a == b
    for rank in range(ranks):
        a, b = ([(s["loss"], s["grad_norm"]) for s in read_log(tmp_path / (comm + "-log"), rank)]
                for comm in ("threads", "mpi"))
        assert a == b and len(a) == 6


def test_one_rank_needs_no_launcher(tmp_path, data):
    run("1", "--data", data, "--comm=mpi", "--save", tmp_path / "mpi")
    run("1", "--data", data, "--save", tmp_path / "threads")
    assert (tmp_path / "mpi").read_bytes() == (tmp_path / "threads").read_bytes()


def test_only_one_rank_prints_progress(data):
    done = run("dp2tp2", "--data", data, "--comm=mpi", launcher=mpirun(4))
    assert len([line for line in done.stderr.splitlines() if line.startswith("step ")]) == 6
    assert done.stderr.count("4 ranks (dp=2,tp=2) by mpi") == 1


def test_a_wrong_number_of_ranks(data):
    done = run("dp2tp2", "--data", data, "--comm=mpi", launcher=mpirun(3), code=2)
    assert ("handmade: error: the environment (Open MPI) says 3 ranks, the program's mesh dp=2,tp=2 "
            "has 4; start as many, or run the program without a launcher") in done.stderr


def test_ranks_of_different_programs(data):
    both = [*mpirun(3), path_of("dp2tp2"), "--data", data, "--comm=mpi", ":", "-n", "1"]
    done = run("pp2dp2", "--data", data, "--comm=mpi", launcher=both, code=2)
    found = [line for line in done.stderr.splitlines() if "error:" in line]
    assert len(found) == 1
    assert found[0].startswith("handmade: error: rank 3 runs another program than rank 0 (their "
                               "manifests differ: ")
    assert found[0].endswith("); start the same executable on all ranks")


def test_without_the_library(tmp_path, data):
    """The program finds the library through its run path only."""
    shutil.copy(path_of("1"), tmp_path / "program")
    raw = (tmp_path / "program").read_bytes()
    lib = os.path.realpath(os.path.join(BUILD, "lib")).encode()
    raw = raw.replace(b"libmptrt_mpi.so", b"libmptrt_mpj.so")
    assert b"libmptrt_mpj.so" in raw, lib
    (tmp_path / "program").write_bytes(raw)
    done = subprocess.run([str(tmp_path / "program"), "--data", data, "--comm=mpi"],
                          capture_output=True, text=True, env=clean_environment(), timeout=60)
    assert done.returncode == 2
    assert last_line(done) == (
        "handmade: error: --comm=mpi: libmptrt_mpj.so: cannot open shared object file: No such file "
        "or directory; install Open MPI where the runtime is built and run, or use --comm=threads or "
        "processes")


def test_a_killed_rank_is_named(tmp_path, long_data):
    job = Running(tmp_path, "pp2dp2", long_data, "--comm=mpi", launcher=mpirun(4))
    start = time.time()
    os.kill(job.ranks[2], signal.SIGKILL)
    text = job.text()
    print(f"SIGKILL of rank 2: all ended after {time.time() - start:.2f} s")
    assert job.process.returncode == 87 and time.time() - start < 15
    assert (f"handmade: error: rank 2 (process {job.ranks[2]}) was ended by signal 9 (Killed)"
            in text.splitlines())


@pytest.mark.parametrize("rank", [0, 3])
def test_a_stopped_rank_is_named(tmp_path, long_data, rank):
    job = Running(tmp_path, "pp2dp2", long_data, "--comm=mpi", "--timeout-step=2",
                  launcher=mpirun(4))
    start = time.time()
    os.kill(job.ranks[rank], signal.SIGSTOP)
    text = job.text()
    print(f"SIGSTOP of rank {rank}, --timeout-step=2: ended after {time.time() - start:.2f} s")
    assert job.process.returncode == 86 and 2 <= time.time() - start < 20
    errors = [line for line in text.splitlines() if line.startswith("handmade: error: ")]
    assert errors and all(f"no answer from rank {rank} for 2 s, it is stopped" in e for e in errors)


def test_a_signal_stops_after_a_whole_step(tmp_path, long_data):
    job = Running(tmp_path, "dp2tp2", long_data, "--comm=mpi", "--save", tmp_path / "p",
                  launcher=mpirun(4))
    os.kill(job.ranks[1], signal.SIGUSR1)
    text = job.text()
    assert job.process.returncode == 75
    assert "handmade: note: stopped by signal 10 after a whole step" in text
    assert set(read_safetensors(tmp_path / "p")) == {"w0", "w1"}
    assert len({len(read_log(job.log, rank)) for rank in range(4)}) == 1
