# SPDX-License-Identifier: Apache-2.0
"""ONNX's backend node tests against imported programs run by numpy.

    python3 backend_nodes.py FOLDER [NAME..]

FOLDER holds one folder per test (model.onnx, test_data_set_0/*.pb), as in
onnx/backend/test/data/node up to onnx 1.22. Each test is imported as it is; if
import says that an input is not known at compile time, the integer inputs and
scalars become initializers and it is tried again. Prints one line per test
(passed, refused with the reason, FAILED) and the three counts.
"""
import collections
import glob
import os
import sys
import tempfile

import numpy as np
from onnx import numpy_helper

import run_program
from importing import config, onnx, opt, problems

RTOL, ATOL = 1e-3, 1e-6


def load(folder, kind, infos):
    """The tensors of a data set by name; ValueError for sequences and optionals."""
    tensors = {}
    for k, info in enumerate(infos):
        if info.type.WhichOneof("value") != "tensor_type":
            raise ValueError(f"{kind} '{info.name}' is no tensor")
        with open(os.path.join(folder, "test_data_set_0", f"{kind}_{k}.pb"), "rb") as f:
            tensors[info.name] = numpy_helper.to_array(onnx.TensorProto.FromString(f.read()))
    return tensors


def with_constants(model, inputs):
    """Inputs that are not floating point, and scalars, as initializers."""
    copy = onnx.ModelProto.FromString(model.SerializeToString())
    del copy.graph.input[:]
    for info in model.graph.input:
        value = inputs[info.name]
        if value.dtype.kind != "f" or value.size <= 1:
            copy.graph.initializer.append(numpy_helper.from_array(value, info.name))
        else:
            copy.graph.input.append(info)
    return copy


def difference(actual, expected):
    """Why they are not equal, or nothing."""
    for name, value in expected.items():
        found = actual[name]
        if found.dtype != value.dtype or found.shape != value.shape:
            return f"{name}: {found.dtype}{found.shape}, expected {value.dtype}{value.shape}"
        found, value = found.astype(float), value.astype(float)
        if not np.allclose(found, value, RTOL, ATOL, equal_nan=True):
            return f"{name} differs by {np.nanmax(np.abs(found - value))}"
    return ""


def check(folder, scratch):
    model = onnx.load(os.path.join(folder, "model.onnx"))
    try:
        inputs = load(folder, "input", model.graph.input)
        expected = load(folder, "output", model.graph.output)
    except ValueError as e:
        return "refused", str(e)
    for attempt in (model, with_constants(model, inputs)):
        onnx.save(attempt, os.path.join(scratch, "m.onnx"))
        texts, errors = opt([config("m.onnx")], "--mlir-print-op-generic", cwd=scratch)
        if texts:
            break
        reason = problems(errors)[0].replace("error: m.onnx: ", "")
        if "compile time" not in reason:
            return "refused", reason
    else:
        return "refused", reason
    try:
        why = difference(run_program.run(texts["m.onnx"], inputs, scratch), expected)
    except (KeyError, ValueError, AssertionError) as e:
        why = f"{type(e).__name__}: {e}"
    return ("FAILED", why) if why else ("passed", "")


def main():
    root, names = sys.argv[1], sys.argv[2:]
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as scratch:
        for folder in sorted(glob.glob(os.path.join(root, "*"))):
            name = os.path.basename(folder)
            if names and not any(n in name for n in names):
                continue
            verdict, why = check(folder, scratch)
            counts[verdict] += 1
            print(f"{verdict:8} {name} {why}", flush=True)
    print(dict(counts))
    return counts["FAILED"] != 0


if __name__ == "__main__":
    sys.exit(main())
