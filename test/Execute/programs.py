# SPDX-License-Identifier: Apache-2.0
"""Compiles and runs programs for the tests of whole steps."""
import glob
import json
import os
import subprocess

from mpt import safetensors
from mpt.case import Case

BUILD = os.environ["MPT_BUILD"]
MPTC = os.path.join(BUILD, "bin", "mptc")
MODELS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Models")
CASES = ("mlp-digits", "regression-mse")


def case(name):
    return Case(os.path.join(MODELS, name))


def mptc(*arguments, ok=True):
    """Runs mptc; with `ok` a failure fails the test."""
    result = subprocess.run([MPTC, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert not ok or result.returncode == 0, result.stdout + result.stderr
    return result


def training_flags(of):
    return [f"--loss={of.loss_flag()}", *of.optimizer_flags(), *of.bind_flags()]


def compile_case(of, output, mesh="", microbatches=1, *flags):
    mesh_flags = [f"--mesh={mesh}"] if mesh else []
    mptc(of.model, "-o", output, *training_flags(of), f"--microbatches={microbatches}", *mesh_flags, *flags)
    return str(output)


def execute(program, *arguments, ok=True, timeout=300):
    result = subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True,
                            check=False, timeout=timeout)
    assert not ok or result.returncode == 0, result.stdout + result.stderr
    return result


class Trained:
    """What a run left: per-step rows of the log, gradients of step 0, parameters."""

    def __init__(self, program, of, folder, steps=5, comm="threads", flags=()):
        os.makedirs(folder, exist_ok=True)
        log = os.path.join(folder, "log")
        save, grads = (os.path.join(folder, f"{n}.safetensors") for n in ("save", "grads"))
        execute(program, f"--data={of.data}", f"--steps={steps}", *of.rate_flags(), f"--comm={comm}",
                f"--log={log}", f"--save={save}", f"--save-grads={grads}", *flags)
        self.parameters, self.gradients = safetensors.read(save), safetensors.read(grads)
        self.rows = []
        for path in sorted(glob.glob(os.path.join(log, "*.jsonl"))):
            with open(path, encoding="utf-8") as file:
                rows = [json.loads(line) for line in file if line.strip()]
            self.rows = self.rows or [r for r in rows if "loss" in r]
        assert len(self.rows) == steps

    def curve(self, key="loss"):
        return [row[key] for row in self.rows]

    def difference(self, other):
        """What differs in any bit: names of tensors, and columns of the log."""
        names = []
        for mine, its in ((self.parameters, other.parameters), (self.gradients, other.gradients)):
            assert list(sorted(mine)) == list(sorted(its))
            names += [n for n in mine if mine[n].tobytes() != its[n].tobytes()]
        names += [k for k in ("loss", "grad_norm") if self.curve(k) != other.curve(k)]
        return names


def inspect(program):
    return json.loads(execute(program, "--inspect").stdout)
