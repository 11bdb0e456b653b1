# SPDX-License-Identifier: Apache-2.0
"""Runs @predict of an imported module by numpy, in the element types it states.

Reads MLIR's generic form. `run(text, inputs, folder)` gives the outputs by name;
states come from their byte ranges in files of `folder`. The meaning of float
composites is that of test/Training/interpreter.py.
"""
import os
import re
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Training"))
import interpreter as math  # noqa: E402

TYPES = {
    "f16": np.float16, "f32": np.float32, "f64": np.float64, "i1": np.bool_,
    "i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64,
    "ui8": np.uint8, "ui16": np.uint16, "ui32": np.uint32, "ui64": np.uint64,
}
TENSOR = re.compile(r"tensor<((?:\d+x)*)(\w+)>")
OP = re.compile(r'\s*(?:(%\w+)(?::\d+)? = )?"([\w.]+)"\(([^)]*)\)(?: <\{(.*?)\}>)?(?: \{.*\})? : \((.*?)\) -> (.*)$')
ATTRIBUTE = re.compile(r'(\w+) = (array<i64(?:: [^>]*)?>|dense<.*?> : tensor<[^>]*>|@"[^"]*"|"[^"]*"|@[\w.]+|[-\w.+]+(?: : \w+)?)')


def types(text):
    return [(tuple(int(n) for n in dims.split("x")[:-1]), TYPES[kind]) for dims, kind in TENSOR.findall(text)]


def number(text, dtype):
    if text in ("true", "false"):
        return dtype(text == "true")
    if text.startswith("0x"):
        bits = int(text, 16)
        return np.array([bits], {2: "<u2", 4: "<u4", 8: "<u8"}[dtype().itemsize]).view(dtype)[0]
    return dtype(float(text)) if np.issubdtype(dtype, np.floating) else dtype(int(text))


def dense(text):
    elements, kind = re.fullmatch(r"dense<(.*)> : (tensor<.*>)", text).groups()
    (shape, dtype), = types(kind)
    if elements.startswith('"0x'):
        data = bytes.fromhex(elements[3:-1])
        if dtype == np.bool_:
            bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
            return bits[:int(np.prod(shape))].astype(bool).reshape(shape)
        return np.frombuffer(data, dtype).reshape(shape)
    found = [number(t, dtype) for t in re.findall(r"[-\w.+]+", elements)]
    return np.array(found, dtype).reshape(shape)


def attribute(text):
    if text.startswith("array"):
        return [int(n) for n in re.findall(r"-?\d+", text[len("array<i64"):])]
    if text.startswith("dense"):
        return dense(text)
    if text[0] in '"@':
        return text.lstrip("@").strip('"')
    value, _, kind = text.partition(" : ")
    return number(value, TYPES[kind]) if kind in TYPES else value == "true"


def convert(x, dtype):
    if dtype == np.bool_:
        return x != 0
    with np.errstate(invalid="ignore"):
        return x.astype(dtype)


def divide(a, b):
    if np.issubdtype(a.dtype, np.floating):
        return a / b
    quotient = np.abs(a) // np.abs(b)
    return np.where((a < 0) != (b < 0), -quotient, quotient).astype(a.dtype)


def pad(x, a):
    return math.pad(x, {**a, "value": x.dtype.type(a["value"])})


LOGIC = {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}
REDUCE = {**math.REDUCE, "and": np.all, "or": np.any}


def evaluate(name, v, a, results):
    """The results of one op; what is not here is as in interpreter.py."""
    shape, dtype = results[0]
    table = {
        "constant": lambda: np.broadcast_to(a["value"], shape),
        "convert": lambda: convert(v[0], dtype),
        "div": lambda: divide(*v),
        "not": lambda: ~v[0],
        "is_nan": lambda: np.isnan(v[0]),
        "pad": lambda: pad(v[0], a),
        "reduce": lambda: REDUCE[a["kind"]](v[0], axis=tuple(a["axes"])),
        "pow": lambda: np.power(v[0], v[1]),
        **{k: lambda f=f: f(*v) for k, f in LOGIC.items()},
    }
    with np.errstate(all="ignore"):
        found = table[name]() if name in table else math.evaluate(name, v, a, shape)
    found = found if isinstance(found, tuple) else (found,)
    for array, (expected, _) in zip(found, results):
        assert np.shape(array) == expected, f"mpt.{name} gives {np.shape(array)}, its type says {expected}"
    return [np.asarray(f).astype(kind) for f, (_, kind) in zip(found, results)]


def state(line, folder):
    name = re.search(r'sym_name = "([^"]*)"', line)[1]
    (shape, dtype), = types(re.search(r"type = (tensor<[^>]*>)", line)[1])
    file, offset, size, stored = re.search(r'#mpt.slice<"([^"]*)", (\d+), (\d+), (\w+)>', line).groups()
    with open(os.path.join(folder, file), "rb") as f:
        f.seek(int(offset))
        data = np.frombuffer(f.read(int(size)), TYPES[stored])
    return name, data.reshape(shape).astype(dtype)


def run(text, inputs, folder="."):
    values, states, names, outputs = {}, {}, {}, {}
    for line in text.splitlines():
        if '"mpt.state"' in line:
            name, value = state(line, folder)
            states[name] = value
        elif '"func.func"' in line:
            ins = re.findall(r'mpt.input = "([^"]*)"', line)
            outs = re.findall(r'mpt.output = "([^"]*)"', line)
        elif line.strip().startswith("^bb0("):
            for (value, kind), name in zip(re.findall(r"(%\w+): (tensor<[^>]*>)", line), ins):
                (shape, dtype), = types(kind)
                values[value] = inputs[name].astype(dtype)
                assert values[value].shape == shape, (name, values[value].shape, shape)
        elif match := OP.match(line):
            result, name, operands, attributes, _, kinds = match.groups()
            operands = [values[o] for o in re.findall(r"%[\w#]+", operands)]
            a = {k: attribute(t) for k, t in ATTRIBUTE.findall(attributes or "")}
            a |= {u: True for u in math.UNITS if u in (attributes or "")}
            if name == "mpt.read":
                found = [states[a["source"]]]
            elif name == "func.return":
                outputs = dict(zip(outs, operands))
                continue
            elif name.startswith("mpt."):
                found = evaluate(name[4:], operands, a, types(kinds))
            else:
                continue
            values[result] = found[0]
            for i, value in enumerate(found):
                values[f"{result}#{i}"] = value
    return outputs
