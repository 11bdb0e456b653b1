# SPDX-License-Identifier: Apache-2.0
"""Compiles the digits model for 8 ranks, trains it, shows its curve and accuracy.

    python3 -m mpt.demo digits --mptc=build/bin/mptc

The same model is trained on one rank; both loss curves stand side by side. Then an
--inference executable labels the digits with the weights that training saved.
"""
import argparse
import os
import tempfile

import numpy as np

from mpt.case import Case
from mpt.check import read_losses
from mpt.demo import call, worst_difference

MESH = "dp=2,tp=2,pp=2"
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")


def train(options, case, folder, mesh):
    """Compiles for the mesh and trains; the losses and the file of the weights."""
    name = mesh.replace(",", "-").replace("=", "") or "one-rank"
    program, log = os.path.join(folder, name), os.path.join(folder, name + "-log")
    weights = program + ".safetensors"
    call([options.mptc, case.model, "-o", program, f"--loss={case.loss_flag()}",
          *case.optimizer_flags(), *([f"--mesh={mesh}", "--microbatches=4"] if mesh else [])])
    call([program, f"--data={case.data}", f"--steps={case.steps}", *case.rate_flags(),
          f"--save={weights}", f"--log={log}"])
    return read_losses(log, case.steps), weights


def bar(loss, top, width=30):
    return "#" * max(1, round(width * loss / top))


def show_curves(partitioned, single):
    top = max(single)
    print(f"\n step  {MESH:<16} one rank   difference")
    for step in range(0, len(single), 5):
        a, b = partitioned[step], single[step]
        print(f"{step:5d}  {a:<16.7f} {b:<10.7f} {abs(a - b) / b:10.1e}  {bar(a, top)}")
    print(f"worst relative difference of the two curves: {worst_difference(partitioned, single):.1e}\n")


def accuracy(options, case, folder, weights):
    """Share of digits that the --inference executable labels right."""
    program, outputs = os.path.join(folder, "predict"), os.path.join(folder, "logits.npz")
    call([options.mptc, case.model, "-o", program, "--inference", f"--mesh={MESH}"])
    call([program, f"--data={case.data}", f"--steps={case.steps}", f"--weights={weights}",
          f"--outputs={outputs}"])
    with np.load(outputs) as arrays, np.load(case.data) as data:
        logits = arrays["logits"].reshape(-1, arrays["logits"].shape[-1])
        labels = data["labels"].reshape(-1)
    return float((logits.argmax(-1) == labels).mean()), labels.size


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="mpt.demo digits", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--mptc", default="mptc", help="path of the compiler")
    parser.add_argument("--case", default=os.path.join(ROOT, "test", "Models", "mlp-digits"))
    options = parser.parse_args(arguments)
    case = Case(options.case)
    with tempfile.TemporaryDirectory(prefix="mpt-demo-") as folder:
        partitioned, weights = train(options, case, folder, MESH)
        single, _ = train(options, case, folder, "")
        show_curves(partitioned, single)
        share, count = accuracy(options, case, folder, weights)
        print(f"accuracy of the trained weights on {count} digits, {MESH}: {100 * share:.1f} %")
    return 0

