# SPDX-License-Identifier: Apache-2.0
"""Whole executables, without the compiler: the hand-made programs of
test/Runtime/handmade on several meshes against numpy, threads against
processes, failures, files, messages."""
import json
import math
import os
import re
import signal
import struct
import subprocess
import time

import numpy as np
import pytest

from handmade_runs import (BATCH, HIDDEN, IN, OUT, PROGRAMS, Running, clean_environment, last_line,
                           make_data, read_log, read_safetensors, run)

MESHES = ["1", "dp2tp2", "dp3", "pp2dp2tp2"]


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, value in tensors.items():
        kind = {"f4": "F32", "f8": "F64"}[value.dtype.str[1:]]
        header[name] = {"dtype": kind, "shape": value.shape,
                        "data_offsets": [len(data), len(data) + value.nbytes]}
        data += value.tobytes()
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def initial_values():
    flat = np.array([((i * 37 + 11) % 64 - 32) / 64 for i in range(HIDDEN * (IN + OUT))])
    w0 = flat[:IN * HIDDEN].reshape(IN, HIDDEN)
    return w0, flat[IN * HIDDEN:].reshape(OUT, HIDDEN)  # as it lies in the file


def train(x, t, rate):
    """What the program computes; the second weight as in its file."""
    w0, w1 = initial_values()
    w1 = w1.T
    losses, norms, first = [], [], None
    for i in range(len(x)):
        xi, ti = x[i].astype(float), t[i].astype(float)
        h = xi @ w0
        d = h @ w1 - ti
        losses.append((d * d).mean())
        dy = 2 * d / d.size
        g1, g0 = h.T @ dy, xi.T @ (dy @ w1.T)
        first = first or {"w0": g0, "w1": g1.T}
        norms.append(math.sqrt((g0 * g0).sum() + (g1 * g1).sum()))
        w0, w1 = w0 - rate * g0, w1 - rate * g1
    return losses, norms, first, {"w0": w0, "w1": w1.T}


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.npz"
    return path, make_data(path)


@pytest.fixture(scope="module")
def long_data(tmp_path_factory):
    path = tmp_path_factory.mktemp("long") / "data.npz"
    make_data(path, steps=100000, save=np.savez)
    return path


def close(found, expected, tolerance=1e-13):
    error = np.linalg.norm(np.asarray(found) - expected) / np.linalg.norm(expected)
    assert error < tolerance, error


# Numbers. Sums of a few f64 products: 1e-13 is some hundred rounding units.

@pytest.mark.parametrize("program,comm", [(mesh, "threads") for mesh in MESHES] +
                         [("pp2dp2tp2", "processes"), ("dummy", "dummy"),
                          ("dummy", "processes")])
def test_training_equals_numpy(tmp_path, data, program, comm):
    path, arrays = data
    run(program, "--data", path, "--lr=0.1", "--comm", comm, "--log", tmp_path / "log",
        "--save", tmp_path / "p", "--save-grads", tmp_path / "g")
    losses, norms, gradients, weights = train(arrays["x"], arrays["t"], 0.1)
    steps = read_log(tmp_path / "log")
    close([s["loss"] for s in steps], losses)
    close([s["grad_norm"] for s in steps], norms)
    for name in ("w0", "w1"):
        close(read_safetensors(tmp_path / "g")[name], gradients[name])
        close(read_safetensors(tmp_path / "p")[name], weights[name])


def test_threads_and_processes_are_bit_identical(tmp_path, data):
    for comm in ("threads", "processes"):
        run("pp2dp2tp2", "--data", data[0], "--comm", comm, "--save", tmp_path / comm,
            "--save-grads", tmp_path / (comm + "-g"), "--log", tmp_path / (comm + "-log"))
    for suffix in ("", "-g"):
        a, b = ((tmp_path / (comm + suffix)).read_bytes() for comm in ("threads", "processes"))
        assert a == b
    keys = ("loss", "grad_norm")
    a, b = ([[s[k] for k in keys] for s in read_log(tmp_path / (comm + "-log"))]
            for comm in ("threads", "processes"))
    assert a == b


def test_stages_on_one_rank_are_bit_identical(tmp_path, data):
    for program in ("dp2tp2", "pp2dp2tp2"):
        run(program, "--data", data[0], "--save", tmp_path / program)
    assert (tmp_path / "dp2tp2").read_bytes() == (tmp_path / "pp2dp2tp2").read_bytes()


def test_every_rank_logs_the_same_loss(tmp_path, data):
    run("pp2dp2tp2", "--data", data[0], "--log", tmp_path)
    logs = [[s["loss"] for s in read_log(tmp_path, rank)] for rank in range(8)]
    assert all(log == logs[0] and len(log) == 6 for log in logs)


def test_weights_continue_a_run(tmp_path, data):
    path, arrays = data
    for name, part in (("a", slice(0, 3)), ("b", slice(3, 6))):
        np.savez(tmp_path / (name + ".npz"), x=arrays["x"][part], t=arrays["t"][part])
    run("pp2dp2tp2", "--data", path, "--save", tmp_path / "whole")
    run("pp2dp2tp2", "--data", tmp_path / "a.npz", "--save", tmp_path / "half")
    run("dp2tp2", "--data", tmp_path / "b.npz", "--weights", tmp_path / "half",
        "--save", tmp_path / "both")
    assert (tmp_path / "both").read_bytes() == (tmp_path / "whole").read_bytes()


def test_samples_and_steps_are_the_same_data(tmp_path, data):
    path, arrays = data
    flat = {k: v.reshape(-1, v.shape[-1]) for k, v in arrays.items()}
    np.savez(tmp_path / "flat.npz", **{k: np.concatenate([v, v[:3]]) for k, v in flat.items()})
    run("dp3", "--data", path, "--save", tmp_path / "a")
    run("dp3", "--data", tmp_path / "flat.npz", "--save", tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_shuffle_depends_on_the_seed_only(tmp_path, data):
    curves = {}
    for program, seed in (("1", 5), ("dp3", 5), ("pp2dp2tp2", 5), ("1", 6), ("1", None)):
        extra = ["--shuffle", seed] if seed is not None else []
        run(program, "--data", data[0], "--lr=0", "--log", tmp_path / "log", *extra)
        curves[program, seed] = [s["loss"] for s in read_log(tmp_path / "log")]
    close(curves["1", 5], curves["dp3", 5])
    close(curves["1", 5], curves["pp2dp2tp2", 5])
    assert abs(curves["1", 5][0] - curves["1", 6][0]) > 1e-6
    # The same samples in another order: with lr 0 the mean is that of all.
    close(np.mean(curves["1", 5]), np.mean(curves["1", None]))


def test_learning_rates(tmp_path, data):
    run("1", "--data", data[0], "--lr=0.1", "--warmup=4", "--log", tmp_path)
    close([s["lr"] for s in read_log(tmp_path)], [0.025, 0.05, 0.075, 0.1, 0.1, 0.1])
    run("1", "--data", data[0], "--lr=0.1", "--warmup=2", "--lr-schedule=cosine",
        "--log", tmp_path)
    cosine = [0.1 * 0.5 * (1 + math.cos(math.pi * i / 4)) for i in range(4)]
    close([s["lr"] for s in read_log(tmp_path)], [0.05, 0.1, *cosine])


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
@pytest.mark.parametrize("comm", ["threads", "processes"])
def test_inference_writes_outputs(tmp_path, data, suffix, comm):
    path, arrays = data
    out = tmp_path / ("out" + suffix)
    run("predict", "--data", path, "--outputs", out, "--comm", comm)
    w0, w1 = initial_values()
    found = np.load(out)
    found = found["y"] if suffix == ".npz" else found
    expected = arrays["x"].astype(float) @ w0 @ w1.T
    assert found.shape == (6 * BATCH, OUT)
    close(found, expected.reshape(6 * BATCH, OUT))
    np.save(tmp_path / "x.npy", arrays["x"])
    run("predict", "--data", tmp_path / "x.npy", "--steps=2", "--outputs", out)


# What is printed.

def test_inspect():
    text = json.loads(run("pp2dp2tp2", "--inspect").stdout)
    assert text["mesh"] == {"pp": 2, "dp": 2, "tp": 2} and text["microbatches"] == 2
    assert [p["name"] for p in text["parameters"]] == ["w0", "w1"]
    w1 = text["parameters"][1]
    assert w1["shape"] == [5, 3] and w1["storage"] == [["tp"], []] and w1["stages"] == [1]
    assert w1["source"] == {"file": "handmade-pp2dp2tp2.weights", "offset": 80, "bytes": 60,
                            "perm": [1, 0]}
    assert text["ranks"][5]["coordinates"] == {"pp": 1, "dp": 0, "tp": 1}
    assert text["ranks"][5]["parameter_bytes"] == 3 * 3 * 8
    assert text["groups"][1] == {"name": "dp", "axes": ["dp"],
                                 "ranks": [[0, 2], [1, 3], [4, 6], [5, 7]]}
    assert text["launches"]["s1_F"][1] == {"collective": "all_reduce", "group": "tp",
                                           "nodes": ["second"]}
    assert text["actions"][0][:2] == ["run @s0_F mb 0", "send @h mb 0 slot 0"]
    assert len(text["arena"]) == 2 and text["totals"] == ["loss", "stop", "w0", "w1"]


def test_trace(tmp_path, data):
    run("pp2dp2tp2", "--data", data[0], "--steps=2", "--trace", tmp_path / "t",
        "--comm=processes")
    events = json.loads((tmp_path / "t").read_text())["traceEvents"]
    slices = [e for e in events if e["ph"] == "X"]
    assert {e["pid"] for e in slices} == set(range(8))
    sends = [e for e in slices if e["name"] == "@h" and e["pid"] == 0]
    assert len(sends) == 4 and all(e["args"]["bytes"] == 2 * 3 * 8 for e in sends)
    sums = [e for e in slices if e["name"] == "all_reduce" and e["pid"] == 5]
    assert [e["args"]["bytes"] for e in sums[:3]] == [48, 48, 72]
    assert sums[0]["args"]["nodes"] == "second" and sums[0]["cat"] == "collective"
    assert all(e["args"]["GB/s"] == pytest.approx(e["args"]["bytes"] / e["dur"] / 1e3, rel=1e-2)
               for e in sums if e["dur"] > 1)
    steps = [e for e in slices if e["name"] == "step"]
    assert len(steps) == 16
    for step in steps:  # what its parts waited is what it waited
        parts = [e for e in slices if e["pid"] == step["pid"] and e["tid"] == 0 and e is not step
                 and e["args"]["step"] == step["args"]["step"]]
        waited = sum(e["args"].get("waited us", 0) for e in parts)
        assert waited == pytest.approx(step["args"]["waited us"], abs=0.01 * len(parts))
        assert waited <= step["dur"]
    starts, ends = ({(e["id"], e["cat"]) for e in events if e["ph"] == ph} for ph in "sf")
    assert starts == ends and len(starts) == 2 * 2 * 2 * 4  # steps, directions, micro-batches, lanes


def test_the_log_accounts_for_the_time(tmp_path, data):
    run("pp2dp2tp2", "--data", data[0], "--log", tmp_path, "--comm=processes")
    for rank in range(8):
        for step in read_log(tmp_path, rank):
            parts = step["compute_seconds"] + step["transfer_seconds"] + step["collective_seconds"]
            assert 0 < step["compute_seconds"] and parts <= step["seconds"]
            assert 0 < step["wait_seconds"] <= step["seconds"] * step["idle"] * (1 + 1e-9)
            assert step["collective_bytes_per_second"] > 0
            assert step["sends"] == step["receives"] == step["in_flight"] == 2


def test_dry_run(data):
    done = run("pp2dp2tp2", "--dry-run", "--data", data[0], "--comm=processes")
    assert "data: 6 steps" in done.stderr and "step 0" not in done.stderr
    assert "8 ranks (pp=2,dp=2,tp=2) by processes" in done.stderr
    run("dp3", "--dry-run")


def test_console(data):
    done = run("pp2dp2tp2", "--data", data[0])
    lines = [l for l in done.stderr.splitlines() if l.startswith("step ")]
    assert len(lines) == 6 and lines[0].startswith("step 0  loss ")
    for word in ("grad_norm", "lr 0.001", "samples/s", "KiB", "idle "):
        assert word in lines[0]
    ranks = done.stderr.splitlines()[-8:]
    assert re.fullmatch(
        r"rank 5: \S+ s a step, idle \d+%, 2 sends of 96 B, 2 receives, 4 collectives of 200 B at "
        r"\S+ GB/s, 2 saved sets", ranks[5]), ranks[5]
    assert done.stdout == ""


@pytest.mark.parametrize("arguments,message", [
    (["--stepz=3"], "unknown flag '--stepz'; did you mean '--steps'? (--help lists all)"),
    (["--steps=x"], "'--steps' has value 'x'; expected a number of at least 0"),
    (["--steps"], "'--steps' lacks its value; expected a number of at least 0"),
    (["--dry-run=1"], "'--dry-run' takes no value"),
    (["data.npz"],
     "unexpected argument 'data.npz'; flags begin with '--' (--help lists all)"),
    (["--comm=mpi"],
     "with --comm=mpi every rank is a process that a launcher starts, and none started this one; "
     "run 'mpirun -n 3 PROGRAM --comm=mpi ...', or use --comm=processes"),
    (["--comm=nccl"],
     "--comm=nccl is not in this build yet; use one of: threads, processes, mpi"),
    (["--comm=smoke"], "unknown communicator 'smoke'; use one of: threads, processes, mpi"),
    (["--outputs=a.npz"],
     "'--outputs' is for inference; this program was compiled for training"),
    ([], "no data; give --data=FILE with an array for each of the program's 2 inputs"),
])
def test_usage_errors(arguments, message):
    assert last_line(run("dp3", *arguments, code=2)) == "handmade: error: " + message


@pytest.mark.parametrize("env,message", [
    ({"MPT_RANK": "0", "MPT_WORLD": "2", "MPT_LOCAL_RANK": "0"},
     "the environment (MPT_RANK) says 2 ranks, the program's mesh dp=3 has 3; start as many, "
     "or run the program without a launcher"),
    ({"RANK": "1", "WORLD_SIZE": "3", "LOCAL_RANK": "1"},
     "started by torchrun as rank 1 of 3, but with --comm=threads one command runs all ranks; "
     "run it without a launcher"),
    ({"RANK": "1"},
     "environment: 'WORLD_SIZE' is not set, but other variables of torchrun are; set 'RANK', "
     "'WORLD_SIZE' and 'LOCAL_RANK' together, or none"),
])
def test_launcher_errors(data, env, message):
    done = run("dp3", "--data", data[0], code=2, env=env)
    assert last_line(done) == "handmade: error: " + message


def changed(arrays, **changes):
    result = {**arrays, **changes}
    return {k: v for k, v in result.items() if v is not None}


@pytest.mark.parametrize("change,message", [
    (lambda a: {"x": a["x"].astype("i4")},
     "array 'x' has elements of type i32; expected f64; convert with numpy's astype"),
    (lambda a: {"x": a["x"][:, :7]},
     "array 'x' has shape [6, 7, 4]; expected [steps, 8, 4] or [samples, 4]; another batch or "
     "size needs another compile (mptc --bind)"),
    (lambda a: {"t": None},
     "no array 't'; the file has 'x'; name arrays as the model names its inputs"),
    (lambda a: {"x": np.asfortranarray(a["x"])},
     "array 'x': the array is in Fortran order; store numpy.ascontiguousarray of it"),
    (lambda a: {"x": a["x"][:5]},
     "array 'x' holds 5 steps, array 't' 6; expected equal numbers"),
    (lambda a: {"x": a["x"][0, :7], "t": a["t"][0, :7]},
     "array 'x' holds 7 samples, less than one step of 8"),
])
def test_data_errors(tmp_path, data, change, message):
    path = tmp_path / "bad.npz"
    np.savez(path, **changed(data[1], **change(data[1])))
    done = run("1", "--data", path, code=65)
    assert last_line(done) == f"handmade: error: data file '{path}': {message}"


def test_all_data_errors_at_once(tmp_path, data):
    path = tmp_path / "bad.npz"
    np.savez(path, x=data[1]["x"].astype("i8"), t=data[1]["t"][:, :, :2])
    done = run("1", "--data", path, code=65)
    assert "array 'x' has elements" in done.stderr and "array 't' has shape" in done.stderr


def test_too_few_steps(data):
    done = run("1", "--data", data[0], "--steps=7", code=65)
    assert last_line(done) == (f"handmade: error: data file '{data[0]}' holds 6 steps of 8 "
                               "samples; --steps asks for 7")


def test_damaged_data(tmp_path, data):
    raw = data[0].read_bytes()
    path = tmp_path / "bad.npz"
    for size in (0, 3, 30, len(raw) // 2, len(raw) - 1):
        path.write_bytes(raw[:size])
        run("1", "--data", path, code=65)
    for at in range(0, len(raw), 37):  # a flipped byte never crashes
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 0x55]) + raw[at + 1:])
        command = [os.path.join(PROGRAMS, "handmade-1"), "--data", path, "--dry-run"]
        code = subprocess.run(command, capture_output=True, env=clean_environment()).returncode
        assert code in (0, 65), (at, code)
    run("1", "--data", tmp_path, code=65)
    run("1", "--data", tmp_path / "none.npz", code=65)


def test_weights_errors(tmp_path, data):
    w0, w1 = initial_values()
    path = tmp_path / "w"
    write_safetensors(path, {"w0": w0.T.copy()})
    done = run("1", "--data", data[0], "--weights", path, code=65)
    assert done.stderr.strip() == (
        f"handmade: error: 'w0': weights file '{path}' has shape [5, 4]; expected [4, 5]\n"
        f"  'w1': not in weights file '{path}'")
    write_safetensors(path, {"w0": w0, "w1": w1, "more": w1})
    done = run("1", "--data", data[0], "--weights", path)
    assert (f"note: weights file '{path}' has 1 tensors that the program does not: 'more'"
            in done.stderr)
    raw = path.read_bytes()
    for size in (0, 7, 20, len(raw) - 1):
        path.write_bytes(raw[:size])
        run("1", "--data", data[0], "--weights", path, code=65)
    for at in range(0, 200, 3):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 0x55]) + raw[at + 1:])
        command = [os.path.join(PROGRAMS, "handmade-1"), "--weights", path, "--dry-run"]
        code = subprocess.run(command, capture_output=True, env=clean_environment()).returncode
        assert code in (0, 65), (at, code)


def test_cannot_write_shows_before_the_first_step(tmp_path, data):
    for flag in ("--save", "--save-grads", "--trace"):
        done = run("1", "--data", data[0], flag, tmp_path / "none" / "file", code=73)
        assert "step 0" not in done.stderr
    run("1", "--data", data[0], "--save", tmp_path, code=73)


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path, data):
    arrays = {k: v.copy() for k, v in data[1].items()}
    arrays["x"][2, 3, 1] = np.nan
    np.savez(tmp_path / "nan.npz", **arrays)
    done = run("pp2dp2tp2", "--data", tmp_path / "nan.npz", "--save", tmp_path / "p",
               "--log", tmp_path / "log", code=88)
    assert "step 2: loss is nan" in last_line(done) or "step 2: loss is -nan" in last_line(done)
    assert not (tmp_path / "p").exists()
    assert [s["loss"] is None for s in read_log(tmp_path / "log")] == [False, False, True]


# Failures and signals.

def test_a_killed_rank_ends_the_others(tmp_path, long_data):
    job = Running(tmp_path, "pp2dp2tp2", long_data, "--comm=processes")
    assert len(job.ranks) == 8
    start = time.time()
    os.kill(job.ranks[5], signal.SIGKILL)
    code, message = job.end()
    seconds = time.time() - start
    print(f"SIGKILL of rank 5: all ended after {seconds:.2f} s with code {code}")
    assert code == 87 and seconds < 10
    assert f"rank 5 (process {job.ranks[5]}) was ended by signal 9 (Killed)" in message


def test_a_stopped_rank_is_a_timeout(tmp_path, long_data):
    job = Running(tmp_path, "pp2dp2tp2", long_data, "--comm=processes", "--timeout-step=2")
    start = time.time()
    os.kill(job.ranks[3], signal.SIGSTOP)
    code, message = job.end()
    seconds = time.time() - start
    print(f"SIGSTOP of rank 3, --timeout-step=2: all ended after {seconds:.2f} s, code {code}")
    assert code == 86 and 2 <= seconds < 10
    assert "no answer from rank 3 for 2 s, it is stopped" in message
    assert " step " in message and "rank " in message


@pytest.mark.parametrize("comm", ["threads", "processes"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_stops_after_a_whole_step(tmp_path, long_data, comm, number):
    job = Running(tmp_path, "dp2tp2", long_data, "--comm", comm, "--save", tmp_path / "p")
    # The command or any rank may get it.
    os.kill(job.ranks[1] if comm == "processes" else job.process.pid, number)
    code, message = job.end()
    assert code == 75
    assert message == (f"handmade: note: stopped by signal {int(number)} after a whole step; "
                       "what was asked to be saved is saved")
    steps = {len(read_log(job.log, rank)) for rank in range(4)}
    assert len(steps) == 1
    assert set(read_safetensors(tmp_path / "p")) == {"w0", "w1"}


def test_inference_stops_too(tmp_path, long_data):
    job = Running(tmp_path, "predict", long_data, "--comm=processes")
    os.kill(job.process.pid, signal.SIGTERM)
    assert job.end()[0] == 75


def test_time_limit(tmp_path, long_data):
    run("dp2tp2", "--data", long_data, "--max-seconds=0.3", "--save", tmp_path / "p",
        "--log", tmp_path / "log")
    assert 0 < len(read_log(tmp_path / "log")) < 100000
