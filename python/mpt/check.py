# SPDX-License-Identifier: Apache-2.0
"""Compiles a reference case, trains it and compares it with what PyTorch computed.

    python3 -m mpt.check CASE --mesh=dp=2,tp=2 --microbatches=4 --comm=threads

Checks, each with its deviation and tolerance: the loss at step 0, the worst
gradient, the worst point of the loss curve, the worst final parameter. Exit code:
0 all hold, 1 one does not, mptc's own (2, 3 or 65) if it cannot be compiled, the
executable's if the run fails. Needs numpy only.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

from mpt import safetensors
from mpt.case import Case, CaseError

LOSS0_TOLERANCE = 2e-6
CURVE_TOLERANCE = 1e-5
TENSOR_TOLERANCE = 1e-5


def norm(array):
    return float(np.linalg.norm(np.asarray(array, np.float64).ravel()))


def deviation(found, expected):
    """Norm of the difference over norm of the reference; infinite if not finite."""
    found = np.asarray(found, np.float64)
    difference = norm(found - np.asarray(expected, np.float64))
    size = norm(expected)
    if not np.isfinite(difference):
        return float("inf")
    return difference / size if size else (0.0 if difference == 0 else float("inf"))


def align(found, expected):
    """`found` in the layout of `expected`: a copy of a tied group may be transposed."""
    if found.shape == expected.shape:
        return found
    if found.T.shape == expected.shape:
        return found.T
    return None


class Comparison:
    """The checks of one run, in the order of the report."""

    def __init__(self, case, losses, gradients, parameters):
        self.case = case
        self.reference = case.reference
        self.checks = []
        self._loss0(losses)
        self._tensors("gradient", gradients, case.gradients, "gradient_spread_f32")
        self._curve(losses)
        if case.parameters is not None and len(losses) == case.steps:
            self._tensors("parameters", parameters, case.parameters, "parameter_spread_f32")
        else:
            self.checks.append({"name": "parameters", "worst": "not compared",
                                "deviation": 0.0, "tolerance": 0.0, "ok": True})

    @property
    def ok(self):
        return all(check["ok"] for check in self.checks)

    def _add(self, name, worst, found, tolerance):
        self.checks.append({"name": name, "worst": worst, "deviation": found,
                            "tolerance": tolerance, "ok": bool(found <= tolerance)})

    def _loss0(self, losses):
        expected = self.reference["losses"][0]
        self._add("loss0", "step 0", abs(losses[0] - expected) / abs(expected), LOSS0_TOLERANCE)

    def _curve(self, losses):
        expected = self.reference["losses"][:len(losses)]
        relative = [abs(a - b) / abs(b) if np.isfinite(a) else float("inf")
                    for a, b in zip(losses, expected)]
        step = int(np.argmax(relative))
        self._add("curve", f"step {step}", relative[step], CURVE_TOLERANCE)

    def _groups(self):
        """Every parameter once: the names that stand for it."""
        tied = [group for group in self.reference.get("tied", [])]
        inside = {name for group in tied for name in group}
        return tied + [[n] for n in self.reference["trainable"] if n not in inside]

    def _tensors(self, check, found, expected, spread_key):
        """The tensor whose deviation exceeds its tolerance most (or comes nearest)."""
        noise = set(self.reference.get("no_gradient", []))
        total = np.sqrt(sum(norm(a) ** 2 for a in self.case.gradients.values()))
        spreads = self.reference.get(spread_key, {})
        rows = []
        for group in self._groups():
            kept = [name for name in group if name in found]
            if not kept:
                rows.append((float("inf"), f"{group[0]} (missing)", float("inf"), TENSOR_TOLERANCE))
                continue
            name = kept[0]
            if noise & set(group):
                if check == "gradient":
                    # Zero in exact arithmetic: only its size counts.
                    rows.append(self._row(name, norm(found[name]) / total, 1e-6))
                continue
            wanted = expected[name if name in expected else group[0]]
            value = align(found[name], wanted)
            dev = float("inf") if value is None else deviation(value, wanted)
            rows.append(self._row(name, dev, max(TENSOR_TOLERANCE, 10 * spreads.get(name, 0.0))))
        extra = sorted(set(found) - {name for group in self._groups() for name in group})
        for name in extra:
            rows.append((float("inf"), f"{name} (not in the trainable set)", float("inf"), 0.0))
        _, worst, dev, tolerance = max(rows, key=lambda row: row[0])
        self._add(check, worst, dev, tolerance)

    @staticmethod
    def _row(name, dev, tolerance):
        return dev / tolerance, name, dev, tolerance


class RunFailed(Exception):
    """The compiler or the executable ended with `code`; the message has what it printed."""

    def __init__(self, message, code):
        super().__init__(message)
        self.code = code if code > 0 else 128 - code


def run(command, what):
    """Runs a command; RunFailed if it fails."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RunFailed(f"{result.stdout}{result.stderr}mpt.check: {what} ended with code {result.returncode}",
                        result.returncode)
    return result


def read_losses(log, steps):
    """The losses of all steps from the log of the first rank that has them."""
    for name in sorted(os.listdir(log)):
        with open(os.path.join(log, name), encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
        losses = [row["loss"] for row in rows if "loss" in row]
        if len(losses) == steps:
            return [float("nan") if loss is None else float(loss) for loss in losses]
    raise RunFailed(f"mpt.check: no log in '{log}' has the losses of {steps} steps", 1)


def compile_program(case, mptc, program, mesh="", microbatches=1, schedule="", flags=()):
    """Compiles the case's model with its loss and optimizer to the executable `program`."""
    command = [mptc, case.model, "-o", program, f"--loss={case.loss_flag()}",
               f"--microbatches={microbatches}", *case.optimizer_flags(), *case.bind_flags(), *flags]
    if mesh:
        command.append(f"--mesh={mesh}")
    if schedule:
        command.append(f"--schedule={schedule}")
    run(command, "mptc")


def ranks_of(mesh):
    """The number of ranks of a mesh as mptc takes it, such as dp=2,tp=2; of none 1."""
    ranks = 1
    for axis in filter(None, mesh.split(",")):
        ranks *= int(axis.partition("=")[2])
    return ranks


def launcher(comm, mesh):
    """What stands before an executable on this machine: with `mpi` one process per rank."""
    if comm != "mpi":
        return []
    as_root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    return ["mpirun", "--oversubscribe", *as_root, "-n", str(ranks_of(mesh))]


def train(case, program, workspace, comm="threads", mesh="", steps=0):
    """Runs the compiled case for `steps` (0: all of the case); the Comparison with PyTorch."""
    steps = steps or case.steps
    log = os.path.join(workspace, "log")
    files = {kind: os.path.join(workspace, f"{kind}.safetensors") for kind in ("save", "save-grads")}
    run([*launcher(comm, mesh), program, f"--data={case.data}", f"--steps={steps}", *case.rate_flags(),
         f"--comm={comm}", f"--log={log}",
         *(f"--{kind}={path}" for kind, path in files.items())], "the executable")
    trained = safetensors.read(files["save"])
    gradients = safetensors.read(files["save-grads"])
    parameters = {name: trained[name] for name in gradients}
    return Comparison(case, read_losses(log, steps), gradients, parameters)


def check(case, options, workspace):
    """Compiles, trains, compares; the Comparison."""
    program = os.path.join(workspace, "program")
    compile_program(case, options.mptc, program, options.mesh, options.microbatches,
                    options.schedule, options.flag)
    return train(case, program, workspace, options.comm, options.mesh, options.steps)


def report(case, options, comparison, steps):
    where = options.mesh or "one rank"
    print(f"{case.name} on {where}, {options.microbatches} micro-batches, "
          f"{options.comm}, {steps} steps")
    for row in comparison.checks:
        if row["worst"] == "not compared":
            print(f"  {row['name']:<11} not compared")
            continue
        verdict = "ok" if row["ok"] else "FAILED"
        print(f"  {row['name']:<11} {row['deviation']:.2e} of {row['tolerance']:.0e}  "
              f"{verdict}  ({row['worst']})")


def parse(arguments):
    parser = argparse.ArgumentParser(prog="mpt.check", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("case", help="folder of a reference case")
    parser.add_argument("--mesh", default="", help="as mptc's, e.g. dp=2,tp=2")
    parser.add_argument("--microbatches", type=int, default=1)
    parser.add_argument("--schedule", default="")
    parser.add_argument("--comm", default="threads")
    parser.add_argument("--steps", type=int, default=0, help="default: those of the case")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.add_argument("--mptc", default="mptc", help="path of the compiler")
    parser.add_argument("--flag", action="append", default=[], help="one more flag for mptc")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    try:
        case = Case(options.case)
    except CaseError as error:
        print(f"mpt.check: {error}", file=sys.stderr)
        return 65
    steps = options.steps or case.steps
    with tempfile.TemporaryDirectory(prefix="mpt-check-") as workspace:
        try:
            comparison = check(case, options, workspace)
        except RunFailed as failure:
            print(failure, file=sys.stderr)
            return failure.code
    if options.json:
        print(json.dumps({"ok": comparison.ok, "case": case.name, "mesh": options.mesh,
                          "microbatches": options.microbatches, "schedule": options.schedule,
                          "comm": options.comm, "steps": steps, "checks": comparison.checks}))
    else:
        report(case, options, comparison, steps)
    return 0 if comparison.ok else 1


if __name__ == "__main__":
    sys.exit(main())
