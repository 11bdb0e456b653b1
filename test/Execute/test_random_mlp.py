# SPDX-License-Identifier: Apache-2.0
"""Random MLPs agree with an independent numpy reference on every mesh (bar S7)."""
import os
import subprocess
import sys

import numpy as np
import pytest
from random_mlp import Reference, cross_entropy, mse, random_layers, write_case

MPTC = os.path.join(os.environ["MPT_BUILD"], "bin", "mptc")
SEEDS = (11, 22)
PLANS = (("", 1), ("dp=2", 2), ("dp=3", 1), ("tp=2", 1), ("tp=3", 2), ("pp=2", 4), ("dp=2,tp=2,pp=2", 2))


@pytest.fixture(name="cases", scope="module")
def make_cases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mlp")
    for seed in SEEDS:
        print(write_case(str(folder / str(seed)), seed))
    return folder


@pytest.mark.parametrize("mesh,microbatches", PLANS)
@pytest.mark.parametrize("seed", SEEDS)
def test_agrees_with_numpy(cases, seed, mesh, microbatches):
    result = subprocess.run(
        [sys.executable, "-m", "mpt.check", str(cases / str(seed)), f"--mptc={MPTC}",
         f"--mesh={mesh}", f"--microbatches={microbatches}"],
        capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"seed {seed}\n{result.stdout}{result.stderr}"


@pytest.mark.parametrize("seed", range(6))
def test_reference_gradients_are_differences(seed):
    """The numpy reference itself: gradients against central differences."""
    rng = np.random.default_rng(seed)
    layers, n_in, n_out = random_layers(rng)
    x = rng.normal(size=(6, n_in))
    if seed % 2:
        loss, goal = cross_entropy, rng.integers(0, n_out, size=6)
    else:
        loss, goal = mse, rng.normal(size=(6, n_out))
    model = Reference(layers, loss)
    _, grads = model.gradient(model.params, x, goal)
    for name, grad in grads.items():
        direction = rng.normal(size=grad.shape)
        values = []
        for sign in (1, -1):
            moved = dict(model.params)
            moved[name] = moved[name] + sign * 1e-6 * direction
            values.append(model.gradient(moved, x, goal)[0])
        expected = (values[0] - values[1]) / 2e-6
        assert abs((grad * direction).sum() - expected) < 1e-6 * max(1, abs(expected)), (seed, name)
