# SPDX-License-Identifier: Apache-2.0
"""No file crashes import: it gives a program that passes the verifier, or
problems that name the file. The corpus of the fuzz target, and the models of
test_operators.py with numbers in them exchanged (seed fixed)."""
import glob
import os
import random
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from importing import config, onnx, opt, problems  # noqa: E402
from onnx import numpy_helper  # noqa: E402
from test_operators import CASES, node_model  # noqa: E402

SEED, ROUNDS = 20251125, 4
NUMBERS = [0, 1, -1, 2, 3, -2, 5, 1 << 20, 1 << 32, -(1 << 32), (1 << 62) + 1, (1 << 63) - 1, -(1 << 63)]


def check(paths):
    texts, errors = opt([config(path) for path in paths])
    found = [p for p in problems(errors) if p.startswith("error: ")]
    internal = [p for p in errors.splitlines() if "error: " in p and "<stdin>" not in p]
    assert not internal, "the verifier found what import should have"
    refused = {p.split(": ")[1] for p in found}
    assert refused | set(texts) == set(paths)


def test_corpus_of_the_fuzz_target():
    check(sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Fuzz", "corpus", "*"))))


def mutate(rng, model):
    """Exchanges one number in an attribute, a small constant or a dim of an input."""
    places = []
    for attribute in model.graph.node[0].attribute:
        if attribute.type == onnx.AttributeProto.INT:
            places.append(lambda a=attribute: setattr(a, "i", rng.choice(NUMBERS)))
        elif attribute.type == onnx.AttributeProto.INTS:
            places.append(lambda a=attribute: a.ints.__setitem__(rng.randrange(len(a.ints)), rng.choice(NUMBERS)))
    for tensor in model.graph.initializer:
        value = numpy_helper.to_array(tensor).copy()
        if value.dtype == np.int64 and value.size:
            def exchange(t=tensor, v=value):
                v.flat[rng.randrange(v.size)] = rng.choice(NUMBERS)
                t.CopyFrom(numpy_helper.from_array(v, t.name))
            places.append(exchange)
    for info in model.graph.input:
        dims = info.type.tensor_type.shape.dim
        if dims:
            places.append(lambda d=dims: setattr(rng.choice(d), "dim_value", rng.choice([0, 1, 2, 7, 1 << 20, 1 << 41])))
            places.append(lambda d=dims: d.pop())
    if places:
        rng.choice(places)()


def test_exchanged_numbers(tmp_path):
    rng, paths = random.Random(SEED), []
    for k, (op, args, attributes) in enumerate(CASES.values()):
        for r in range(ROUNDS):
            model, _ = node_model(op, args, **attributes)
            mutate(rng, model)
            paths.append(str(tmp_path / f"{op}_{k}_{r}.onnx"))
            onnx.save(model, paths[-1])
    check(paths)
