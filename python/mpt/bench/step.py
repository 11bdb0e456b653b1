# SPDX-License-Identifier: Apache-2.0
"""One training step of a language model beside PyTorch's, in one run (bars T6, T7).

  tools/dev bench step MODEL.onnx --torch=PYTHON --peer=torch_gpt2.py [--modes=one,dp,tp,pp] [--pairs=5] [--steps=2]

MODEL is a GPT-2 shape (`export.py gpt2-shape`), the peer a script that trains the same shape and prints one JSON line
with median_s, peak_bytes and rank_peaks. Pairs are interleaved, so that what else the machine does meets both; a pair's
figures are the medians of its steps after two that warm up. Beside wall time stands CPU time, which a busy machine
distorts less. Without --torch only our own figures are printed. mode one: 2 threads; dp, tp, pp: two ranks of one.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

WARM = 2
MODES = {"one": ([], "eager"), "dp": (["--mesh=dp=2"], "dp"), "tp": (["--mesh=tp=2"], "tp"),
         "pp": (["--mesh=pp=2", "--microbatches=4", "--schedule=1f1b"], "pp")}


def timed(command, **options):
    """(text, wall seconds, CPU seconds, peak bytes) of a command and what it started."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"bench step: {' '.join(map(str, command))} ended with code {process.returncode}")
    return text, time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def write_data(program, path, vocabulary):
    inputs = json.loads(timed([program, "--inspect"])[0])["inputs"]
    random = np.random.default_rng(0)
    np.savez(path, **{i["name"]: random.integers(0, vocabulary, i["shape"]).astype(np.int64)[None].repeat(64, 0)
                      for i in inputs})


def run_ours(program, data, mode, steps):
    """Median seconds of a step, CPU seconds of the run, peak bytes of its largest process, planned bytes."""
    with tempfile.TemporaryDirectory() as log:
        command = [program, f"--data={data}", f"--steps={WARM + steps}", "--lr=1e-4", f"--log={log}"]
        command += ["--threads=2"] if mode == "one" else ["--threads=1", "--comm=processes"]
        _, _, cpu, peak = timed(command)
        with open(os.path.join(log, "rank-0.jsonl"), encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
        seconds = [e["seconds"] for e in events if e["event"] == "step"][WARM:]
        arenas = json.loads(timed([program, "--inspect"])[0])["arena"]
    return statistics.median(seconds), cpu, peak, max(arenas)


def run_peer(arguments, mode):
    text, _, cpu, _ = timed([arguments.torch, arguments.peer, MODES[mode][1], f"--steps={arguments.steps}"],
                            stderr=subprocess.DEVNULL)
    figures = json.loads(text.strip().splitlines()[-1])
    return figures["median_s"], cpu, max(figures.get("rank_peaks") or [figures["peak_bytes"]])


def bench_mode(arguments, mode, folder):
    program, data = os.path.join(folder, mode), os.path.join(folder, "data.npz")
    compile_command = ["mptc", arguments.model, "-o", program, f"--loss={arguments.loss}", "--optimizer=adamw"]
    _, seconds, _, memory = timed(compile_command + MODES[mode][0])
    print(f"{mode:4} compile {seconds:.1f} s, peak {memory / 2**20:.0f} MiB", flush=True)
    write_data(program, data, arguments.vocabulary)
    ratios, shares = [], []
    for pair in range(arguments.pairs):
        ours, cpu, peak, planned = run_ours(program, data, mode, arguments.steps)
        line = (f"{mode:4} pair {pair}  ours {ours:.3f} s/step, CPU {cpu:.1f} s, peak {peak / 2**20:.0f} MiB "
                f"= {peak / planned:.3f} of planned {planned / 2**20:.0f} MiB")
        if arguments.torch:
            theirs, their_cpu, their_peak = run_peer(arguments, mode)
            ratios.append(ours / theirs)
            shares.append(peak / their_peak)
            line += (f"  PyTorch {theirs:.3f} s/step, CPU {their_cpu:.1f} s, peak {their_peak / 2**20:.0f} MiB"
                     f"  ratio {ratios[-1]:.3f}")
        print(line, flush=True)
    if ratios:
        print(f"{mode:4} median ratio of step times {statistics.median(ratios):.3f}, of peaks "
              f"{statistics.median(shares):.3f}", flush=True)


def main(argv):
    parser = argparse.ArgumentParser(prog="bench step", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--torch", help="a python that has PyTorch")
    parser.add_argument("--peer", help="the script that it runs; needed with --torch")
    parser.add_argument("--modes", default="one,dp,tp,pp")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--vocabulary", type=int, default=50257)
    parser.add_argument("--loss", default="cross_entropy(logits,labels)")
    arguments = parser.parse_args(argv)
    unknown = set(arguments.modes.split(",")) - set(MODES)
    if unknown:
        parser.error(f"unknown mode '{min(unknown)}'; expected some of {', '.join(MODES)}")
    if arguments.torch and not arguments.peer:
        parser.error("--torch needs --peer, the script to compare with")
    with tempfile.TemporaryDirectory() as folder:
        for mode in arguments.modes.split(","):
            bench_mode(arguments, mode, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
