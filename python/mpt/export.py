# SPDX-License-Identifier: Apache-2.0
"""The faithful way from a PyTorch module to an ONNX file that is to be trained.

    python3 -m mpt.export MODULE:FACTORY -o FILE.onnx
    mpt.export(module, args, "file.onnx")

A plain torch.onnx.export merges parameters of equal value, drops zero biases and
folds transposes and lookups into weights, so that the file trains to another loss
curve. Here the graph is optimized while its parameters stand as inputs, which no
folding touches; then each returns as an initializer under its own name, shape and
value, a tied one once. What could not be kept is an ExportError by name.

FACTORY is called without arguments and returns (module, args) or (module, args,
options), options being keywords of `export`. Needs torch and onnxscript
(`tools/dev setup --torch`).
"""
import argparse
import importlib
import os
import sys
import types

import numpy as np
import onnx_ir as ir
import torch
from onnxscript import optimizer

EXTERNAL_BYTES = 1 << 30  # protobuf ends at 2 GiB; weights above this go to FILE.data


class ExportError(Exception):
    """The file would not train as the module does; the message names the parameters."""


def _parameters(module):
    """{name: parameter}, a tied one under its first name."""
    return dict(module.named_parameters())


def _names_of_tied(module):
    """{every name: the first name of the same parameter}."""
    first = {id(p): n for n, p in _parameters(module).items()}
    return {n: first[id(p)] for n, p in module.named_parameters(remove_duplicate=False)}


def _exported(module, args, **options):
    was_training = module.training
    module.eval()
    try:
        return torch.onnx.export(module, args, dynamo=True, optimize=False, verbose=False, **options).model
    finally:
        module.train(was_training)


def _share_tied(graph, first_names):
    """Lets all names of a tied parameter use one initializer, under the first name."""
    for name, first in first_names.items():
        value = graph.initializers.get(name)
        if value is None or name == first:
            continue
        kept = graph.initializers.get(first)
        if kept is None:
            del graph.initializers[name]
            value.name = first
            graph.register_initializer(value)
        else:
            ir.convenience.replace_all_uses_with(value, kept)
            del graph.initializers[name]


def _optimize(model, names):
    """Folds and cleans the graph; the initializers `names` are inputs meanwhile."""
    graph = model.graph
    held = {}
    for name in names:
        if name in graph.initializers:
            value = graph.initializers.pop(name)
            held[name], value.const_value = value.const_value, None
            graph.inputs.append(value)
    optimizer.optimize(model)
    graph = model.graph
    for value in [v for v in graph.inputs if v.name in held]:
        graph.inputs.remove(value)
        value.const_value = held[value.name]
        graph.register_initializer(value)


def _check(graph, module):
    """Every trainable parameter is an initializer of its name, shape and value."""
    missing, changed = [], []
    for name, parameter in _parameters(module).items():
        value = graph.initializers.get(name)
        if value is None:
            if parameter.requires_grad:
                missing.append(name)
            continue
        expected = parameter.detach().cpu().numpy()
        if value.const_value.numpy().shape != expected.shape or \
                not np.array_equal(value.const_value.numpy(), expected):
            changed.append(name)
    if missing or changed:
        text = [f"not in the graph (unused?): {', '.join(missing)}"] if missing else []
        text += [f"of another shape or value: {', '.join(changed)}"] if changed else []
        raise ExportError("parameters are lost in the export: " + "; ".join(text))


def _warnings(module):
    """What PyTorch's exporter loses in any case, by name of the submodule."""
    for name, part in module.named_modules():
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm):  # pylint: disable=protected-access
            yield f"'{name}': batch normalization is exported with its running statistics, as in eval mode"
        if isinstance(part, torch.nn.Dropout) and part.p > 0:
            yield f"'{name}': dropout of {part.p} is exported as none, as in eval mode"
        if isinstance(part, torch.nn.Embedding) and part.padding_idx is not None:
            yield f"'{name}': padding_idx {part.padding_idx} is not in the file; the row will be trained"


def export(module, args, path, opset_version=18, **options):
    """Writes `module`, called with the tuple `args`, to `path`; warnings go to stderr.

    `options` are torch.onnx.export's (input_names, output_names, dynamic_shapes, ...).
    Weights of more than 1 GiB in all go to `path`.data. Raises ExportError.
    """
    for text in _warnings(module):
        print(f"mpt.export: warning: {text}", file=sys.stderr)
    model = _exported(module, args, opset_version=opset_version, **options)
    _share_tied(model.graph, _names_of_tied(module))
    _optimize(model, list(_parameters(module)))
    _check(model.graph, module)
    size = sum(v.const_value.nbytes for v in model.graph.initializers.values())
    external = os.path.basename(path) + ".data" if size > EXTERNAL_BYTES else None
    ir.save(model, path, external_data=external)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="mpt.export", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("factory", metavar="MODULE:FACTORY", help="returns (module, args[, options])")
    parser.add_argument("-o", "--output", required=True, metavar="FILE")
    parser.add_argument("--opset", type=int, default=18)
    options = parser.parse_args(arguments)
    module_name, _, factory_name = options.factory.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        factory = getattr(importlib.import_module(module_name), factory_name)
    except (ImportError, AttributeError, ValueError) as error:
        parser.error(f"'{options.factory}': {error}")
    module, args, *more = factory()
    keywords = dict(more[0]) if more else {}
    try:
        export(module, args, options.output, opset_version=keywords.pop("opset_version", options.opset), **keywords)
    except ExportError as error:
        print(f"mpt.export: error: {error}", file=sys.stderr)
        return 1
    count = sum(p.numel() for p in module.parameters())
    print(f"{options.output}: {len(_parameters(module))} tensors, {count} parameters")
    return 0


class _Callable(types.ModuleType):
    """Lets `mpt.export(...)` be the function, `mpt.export` being this module."""

    def __call__(self, *args, **options):
        return export(*args, **options)


sys.modules[__name__].__class__ = _Callable

if __name__ == "__main__":
    sys.exit(main())
