# SPDX-License-Identifier: Apache-2.0
"""Every reference case on every mesh against PyTorch's numbers (bar T1).

One row per run: case, mesh, micro-batches, schedule, transport, and the worst
check as a share of its tolerance. A program is compiled once and serves all
transports. Ends with `N passed, N failed`; exit code 1 if one failed.
"""
import argparse
import os
import sys
import tempfile
import time

from mpt.case import Case
from mpt.check import RunFailed, compile_program, ranks_of, train

# (mesh, micro-batch counts)
MESHES = (("", (1,)), ("dp=2", (1, 2)), ("tp=2", (1,)), ("pp=2", (4,)), ("pp=4", (4,)),
          ("dp=2,tp=2", (1, 2)), ("dp=2,pp=2", (1, 2, 4)), ("tp=2,pp=2", (4,)),
          ("dp=2,tp=2,pp=2", (1, 2, 4)))


def programs():
    """(mesh, micro-batches, schedule) of every program to compile."""
    for mesh, counts in MESHES:
        for microbatches in counts:
            for schedule in ("gpipe", "1f1b") if "pp" in mesh else ("",):
                yield mesh, microbatches, schedule


def transports(mesh, allowed):
    """Those of `allowed` that the referee asks for: MPI on two to four ranks."""
    return [comm for comm in allowed if comm != "mpi" or 2 <= ranks_of(mesh) <= 4]


def worst(comparison):
    """Text of the check that came nearest to its tolerance or went over it."""
    rows = [row for row in comparison.checks if row["worst"] != "not compared"]
    row = max(rows, key=lambda r: r["deviation"] / r["tolerance"] if r["tolerance"] else float("inf"))
    return f"{row['name']} {row['deviation']:.1e} of {row['tolerance']:.0e} ({row['worst']})"


class Referee:
    """Compiles, runs, counts, prints."""

    def __init__(self, options):
        self.options, self.passed, self.failed = options, 0, 0

    def row(self, ok, name, plan, comm, seconds, text):
        mesh, microbatches, schedule = plan
        self.passed, self.failed = self.passed + ok, self.failed + (not ok)
        print(f"{'ok    ' if ok else 'FAILED'} {name:16} {mesh or 'one rank':15} {microbatches} {schedule:5} "
              f"{comm:9} {seconds:6.1f} s  {text}", flush=True)

    def program(self, case, plan):
        mesh, microbatches, schedule = plan
        with tempfile.TemporaryDirectory(prefix="mpt-referee-") as workspace:
            path = os.path.join(workspace, "program")
            begin = time.monotonic()
            try:
                compile_program(case, self.options.mptc, path, mesh, microbatches, schedule)
            except RunFailed as failure:
                self.row(False, case.name, plan, "compile", time.monotonic() - begin, str(failure).splitlines()[0])
                return
            for comm in transports(mesh, self.options.comm.split(",")):
                begin = time.monotonic()
                try:
                    result = train(case, path, workspace, comm, mesh, self.options.steps)
                    ok, text = result.ok, worst(result)
                except RunFailed as failure:
                    ok, text = False, str(failure).splitlines()[-2 if "\n" in str(failure) else 0]
                self.row(ok, case.name, plan, comm, time.monotonic() - begin, text)

    def run(self):
        for folder in self.options.cases:
            case = Case(folder)
            for plan in programs():
                if self.options.mesh is None or plan[0] == self.options.mesh:
                    self.program(case, plan)


def find_cases(root):
    """Folders under `root` that hold a reference."""
    return sorted(os.path.join(root, name) for name in os.listdir(root)
                  if os.path.exists(os.path.join(root, name, "reference.json")))


def parse(arguments):
    here = os.path.dirname(os.path.abspath(__file__))
    models = os.path.join(here, "..", "..", "..", "test", "Models")
    parser = argparse.ArgumentParser(prog="mpt.bench referee", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("cases", nargs="*", help="folders of cases; default: all of test/Models")
    parser.add_argument("--mesh", help="only this mesh; empty: one rank")
    parser.add_argument("--comm", default="threads,mpi", help="transports, comma-separated")
    parser.add_argument("--steps", type=int, default=0, help="default: those of the case")
    parser.add_argument("--mptc", default="mptc", help="path of the compiler")
    options = parser.parse_args(arguments)
    options.cases = options.cases or find_cases(models)
    return options


def main(arguments=None):
    referee = Referee(parse(arguments))
    begin = time.monotonic()
    referee.run()
    print(f"{referee.passed} passed, {referee.failed} failed in {time.monotonic() - begin:.0f} s")
    return 1 if referee.failed else 0


if __name__ == "__main__":
    sys.exit(main())
