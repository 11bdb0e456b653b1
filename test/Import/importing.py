# SPDX-License-Identifier: Apache-2.0
"""Builds small ONNX models and imports them by mpt-opt."""
import os
import re
import subprocess

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BUILD = os.path.abspath(os.environ.get("MPT_BUILD", os.path.join(os.path.dirname(__file__), "..", "..", "build")))
MPT_OPT = os.path.join(BUILD, "bin", "mpt-opt")
PIPELINE = "--pass-pipeline=builtin.module(mpt-import-onnx,mpt-verify-import)"


class Const:
    """An input that is an initializer."""

    def __init__(self, value, dtype=None):
        self.value = np.asarray(value, dtype)


def info(name, array):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)


def model_of(nodes, inputs, outputs, initializers=(), opset=21, functions=(), domains=()):
    """`inputs`: name -> array that gives type and shape; `outputs`: value infos or names."""
    outputs = [o if isinstance(o, onnx.ValueInfoProto) else onnx.ValueInfoProto(name=o) for o in outputs]
    tensors = [t if isinstance(t, onnx.TensorProto) else numpy_helper.from_array(t[1], t[0]) for t in initializers]
    graph = helper.make_graph(nodes, "g", [info(n, v) for n, v in inputs.items()], outputs, tensors)
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=10)


def node_model(op, args, outputs=1, opset=21, types=None, **attributes):
    """One node; arguments are arrays (inputs), Const (initializers) or None (omitted)."""
    names = ["" if a is None else f"in{i}" for i, a in enumerate(args)]
    node = helper.make_node(op, names, [f"out{i}" for i in range(outputs)], name="the_node", **attributes)
    inputs = {n: a for n, a in zip(names, args) if isinstance(a, np.ndarray)}
    initializers = [(n, a.value) for n, a in zip(names, args) if isinstance(a, Const)]
    return model_of([node], inputs, [f"out{i}" for i in range(outputs)], initializers, opset), inputs


def config(path, **options):
    def text(v):
        if isinstance(v, list):
            return "[" + ", ".join(text(x) for x in v) + "]"
        if isinstance(v, bool):
            return str(v).lower()
        return '"' + str(v).replace('"', '\\"') + '"'

    entries = [f"{k} = {text(v)}" for k, v in {"model": path, **options}.items()]
    return f"module attributes {{mpt.config = {{{', '.join(entries)}}}}} {{}}"


def opt(modules, *flags, cwd=None):
    """Imports all modules in one run; gives the texts by name of the model, and stderr."""
    done = subprocess.run(
        [MPT_OPT, PIPELINE, "--split-input-file", *flags, "-"],
        input="\n// -----\n".join(modules), capture_output=True, text=True, cwd=cwd)
    assert done.returncode in (0, 1), done.stderr
    texts = {}
    for chunk in done.stdout.split("// -----"):
        if match := re.search(r'model = "([^"]*)"', chunk):
            texts[match[1]] = chunk
    return texts, done.stderr


def problems(stderr):
    """The diagnostics of imports, without the place in the input."""
    return re.findall(r"^<stdin>:\d+:\d+: (.*)$", stderr, re.MULTILINE)


def tensor(name, array, **fields):
    t = numpy_helper.from_array(array, name)
    for key, value in fields.items():
        getattr(t, key)[:] = value
    return t


__all__ = ["Const", "MPT_OPT", "TensorProto", "config", "helper", "info", "model_of", "node_model", "onnx", "opt",
           "problems", "tensor"]
