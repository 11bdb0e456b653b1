# SPDX-License-Identifier: Apache-2.0
"""Gradients of phase 2 against central differences, by numpy alone.

Reads modules after phase 2 in MLIR's generic form from stdin, runs @step in
float64 on random states and inputs and compares the gradient of every parameter
(what mpt.sum_squares takes) with differences of the loss (entry 0 of totals),
element by element. States and float inputs lie in [0.15, 0.85], integers in
[0, 3), so that programs choose domains by adding constants. The step 1e-5 gives
differences good to about 1e-9; the bar is 1e-6 of 1 + |gradient|.
"""
import re
import sys

import numpy as np

from interpreter import Program, shape_of

STEP, TOLERANCE, SEED = 1e-5, 1e-6, 20240607


def draw(rng, kind):
    return rng.integers(0, 3, shape_of(kind)) if "i64" in kind else rng.uniform(0.15, 0.85, shape_of(kind))


def check(text):
    program, rng = Program(text), np.random.default_rng(SEED)
    states = {n: draw(rng, kind) for n, (kind, _) in program.states.items()}
    arguments = {n: draw(rng, kind) for n, kind in program.arguments.items()}
    _, gradients, _ = program.run(states, arguments)
    trainable = [n for n, (_, t) in program.states.items() if t]
    assert trainable and set(trainable) == set(gradients), (trainable, list(gradients))
    worst = (0.0, "", ())
    for name in trainable:
        for i in np.ndindex(states[name].shape):
            loss = []
            for delta in (STEP, -STEP):
                moved = {**states, name: states[name].copy()}
                moved[name][i] += delta
                loss.append(program.run(moved, arguments)[0])
            expected = (loss[0] - loss[1]) / (2 * STEP)
            worst = max(worst, (abs(gradients[name][i] - expected) / (1 + abs(expected)), name, i))
    return worst, len(program.ops)


def main():
    failed = False
    for text in sys.stdin.read().split("// -----"):
        title = re.search(r'"builtin.module"\(\).*sym_name = "(\w+)"', text)
        (deviation, name, index), ops = check(text)
        failed |= not deviation < TOLERANCE
        print(f"{title[1]}: {ops} ops, worst deviation {deviation:.1e} at {name}{list(index)}")
    print("seed", SEED, "FAILED" if failed else "all agree")
    return failed


if __name__ == "__main__":
    sys.exit(main())
