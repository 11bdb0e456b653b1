# SPDX-License-Identifier: Apache-2.0
"""A killed or stopped rank ends the job in time, with its name (bar S9)."""
import os
import re
import signal
import subprocess
import time

import numpy as np
import pytest
from programs import case, compile_case

STEPS = 20000
STEP_TIMEOUT = 3


def children(pid):
    result = subprocess.run(["ps", "--ppid", str(pid), "-o", "pid="], capture_output=True, text=True, check=False)
    return [int(word) for word in result.stdout.split()]


@pytest.fixture(name="job", scope="module")
def program_and_long_data(tmp_path_factory):
    folder, of = tmp_path_factory.mktemp("failures"), case("regression-mse")
    program = compile_case(of, folder / "program", "dp=2,pp=2")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(STEPS, 32, 16)).astype(np.float32)
    np.savez(folder / "data.npz", x=x, target=x[:, :, :4])
    return program, folder / "data.npz"


def steps_logged(log):
    path = log / "rank-0.jsonl"
    return path.read_text(encoding="utf-8").count('"loss"') if path.exists() else 0


def start(job, log):
    """A running job of four processes, a few steps after its start."""
    program, data = job
    running = subprocess.Popen(
        [program, f"--data={data}", f"--steps={STEPS}", "--lr=1e-3", "--comm=processes",
         f"--log={log}", f"--timeout-step={STEP_TIMEOUT}"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while steps_logged(log) < 5:
        assert running.poll() is None and time.monotonic() < deadline, "the ranks did not start"
        time.sleep(0.02)
    ranks = children(running.pid)
    assert len(ranks) == 4
    return running, ranks


def finish(running, limit):
    """Seconds to the end, exit code, text."""
    begin = time.monotonic()
    try:
        _, text = running.communicate(timeout=limit + 20)
    except subprocess.TimeoutExpired:
        running.kill()
        raise
    seconds = time.monotonic() - begin
    print(f"ended after {seconds:.2f} s with code {running.returncode}: {text.strip().splitlines()[-1]}")
    return seconds, running.returncode, text


@pytest.mark.parametrize("rank", (0, 3))
def test_killed_rank(job, rank, tmp_path):
    running, ranks = start(job, tmp_path / "log")
    os.kill(ranks[rank], signal.SIGKILL)
    seconds, code, text = finish(running, 5)
    assert seconds <= 5 and code == 87
    assert re.search(rf"rank {rank}\b", text), text
    assert not [pid for pid in ranks if os.path.exists(f"/proc/{pid}")]


@pytest.mark.parametrize("rank", (1, 2))
def test_stopped_rank(job, rank, tmp_path):
    running, ranks = start(job, tmp_path / "log")
    os.kill(ranks[rank], signal.SIGSTOP)
    seconds, code, text = finish(running, STEP_TIMEOUT + 2)
    assert seconds <= STEP_TIMEOUT + 2 and code == 86
    assert re.search(rf"rank {rank}\b", text), text
    assert not [pid for pid in ranks if os.path.exists(f"/proc/{pid}")]
