# SPDX-License-Identifier: Apache-2.0
"""Running the hand-made programs of test/Runtime/handmade: once, to the end, or
for long, to be disturbed."""
import json
import os
import struct
import subprocess
import time

import numpy as np
import pytest

BUILD = os.environ.get("MPT_BUILD", os.path.join(os.path.dirname(__file__), "..", "..", "build"))
PROGRAMS = os.path.join(BUILD, "handmade")
BATCH, IN, HIDDEN, OUT = 8, 4, 5, 3
MPIRUN = ["mpirun", "--oversubscribe"] + (["--allow-run-as-root"] if os.geteuid() == 0 else [])

if not os.path.exists(os.path.join(PROGRAMS, "handmade-1")):
    pytest.skip("not built", allow_module_level=True)


def clean_environment():
    launchers = ("MPT_", "OMPI_", "PMI_", "SLURM_", "RANK", "WORLD_SIZE", "LOCAL_RANK")
    return {k: v for k, v in os.environ.items() if not k.startswith(launchers)}


def path_of(program):
    return os.path.join(PROGRAMS, "handmade-" + program)


def run(program, *arguments, code=0, env=None, launcher=()):
    command = [*launcher, path_of(program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60,
                          env={**clean_environment(), **(env or {})})
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done


def last_line(done):
    return done.stderr.strip().splitlines()[-1]


def read_safetensors(path):
    with open(path, "rb") as file:
        raw = file.read()
    length = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + length])
    types = {"F32": "<f4", "F64": "<f8"}
    result = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        data = raw[8 + length + begin:8 + length + end]
        result[name] = np.frombuffer(data, types[entry["dtype"]]).reshape(entry["shape"])
    return result


def read_log(directory, rank=0):
    with open(os.path.join(directory, f"rank-{rank}.jsonl")) as file:
        lines = [json.loads(line) for line in file]
    return [line for line in lines if line["event"] == "step"]


def make_data(path, steps=6, save=np.savez_compressed):
    random = np.random.default_rng(steps)
    data = {"x": random.standard_normal((steps, BATCH, IN)).astype("f4"),
            "t": random.standard_normal((steps, BATCH, OUT)).astype("f4")}
    save(path, **data)
    return data


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return list(map(int, file.read().split()))


def mpi_rank(pid):
    with open(f"/proc/{pid}/environ") as file:
        variables = dict(v.split("=", 1) for v in file.read().split("\0") if "=" in v)
    return int(variables["OMPI_COMM_WORLD_RANK"])


class Running:
    """A long run; `ranks` are the process ids of the ranks, in order."""

    def __init__(self, tmp_path, program, data, *arguments, launcher=()):
        self.log = tmp_path / "log"
        command = [*launcher, path_of(program), "--data", data, "--log", self.log,
                   *map(str, arguments)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True,
                                        env=clean_environment())
        deadline = time.time() + 60
        while not (self.log / "rank-0.jsonl").exists() or len(read_log(self.log)) < 5:
            assert time.time() < deadline and self.process.poll() is None
            time.sleep(0.02)
        self.ranks = children(self.process.pid)
        if launcher:  # a watcher per rank, whose child is the rank
            watchers = sorted(self.ranks, key=mpi_rank)
            self.ranks = [children(watcher)[0] for watcher in watchers]

    def text(self):
        """All that it printed, once it has ended with all its ranks."""
        text = self.process.communicate(timeout=60)[1]
        deadline = time.time() + 20
        while any(os.path.exists(f"/proc/{rank}") for rank in self.ranks):
            assert time.time() < deadline, "a rank is left"
            time.sleep(0.02)
        return text

    def end(self):
        text = self.text()
        return self.process.returncode, text.strip().splitlines()[-1]
