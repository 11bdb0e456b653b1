# SPDX-License-Identifier: Apache-2.0
"""train_reference.py CASE: @step of phase 2 (generic form on stdin) on the data of
a reference case, against what PyTorch computed: gradients at step 0, the curve of
the loss, final parameters (see shared/models/reference.py for the files).

Everything is float64 here; PyTorch's curve is float64 too, its tensors are stored
in float32, hence the bars: 1e-10 for the curve, 1e-7 for tensors.
"""
import json
import pathlib
import re
import sys

import numpy as np

from interpreter import Program, shape_of


def initial(text, model):
    """States by name: slices of the model file, or zeros."""
    states = {}
    for line in text.splitlines():
        if '"mpt.state"' not in line:
            continue
        name, shape = re.search(r'sym_name = "([^"]*)"', line)[1], shape_of(re.search(r"type = (tensor<[^>]*>)", line)[1])
        part = re.search(r'#mpt.slice<"[^"]*", (\d+), (\d+), f32>', line)
        stored = np.frombuffer(model, np.float32, int(part[2]) // 4, int(part[1])).reshape(shape) if part else np.zeros(shape)
        states[name] = stored.astype(float)
    return states


def deviation(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def main(case):
    text, case = sys.stdin.read(), pathlib.Path(case)
    reference = json.loads((case / "reference.json").read_text())
    data, gradients, parameters = (np.load(case / f"{n}.npz") for n in ("data", "grads0", "params"))
    program, optimizer = Program(text), reference["optimizer"]
    states = initial(text, (case / "model.onnx").read_bytes())
    inputs = dict(zip(program.arguments, re.findall(r'mpt.input = "(\w+)"', text)))
    curve = gradient = 0.0
    for i in range(reference["steps"]):
        states |= {"step.lr": optimizer["lr"] * min(1, (i + 1) / optimizer["warmup"]), "step.count": i}
        arguments = {a: data[name][i] if data[name].dtype.kind == "i" else data[name][i].astype(float) for a, name in inputs.items()}
        loss, found, written = program.run(states, arguments)
        states |= written
        curve = max(curve, abs(loss - reference["losses"][i]) / abs(reference["losses"][i]))
        if i == 0:
            assert set(found) == set(gradients) == set(reference["trainable"])
            gradient = max(deviation(found[n], gradients[n]) for n in found)
    parameter = max(deviation(states[n], parameters[n]) for n in parameters)
    ok = gradient < 1e-7 and curve < 1e-10 and parameter < 1e-7
    print(f"gradient {gradient:.1e}, curve {curve:.1e}, parameters {parameter:.1e}: {'equal' if ok else 'FAILED'}")
    return not ok


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
