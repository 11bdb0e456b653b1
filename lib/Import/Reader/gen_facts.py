#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes Facts.inc, the operator facts table, from the `onnx` package's registry.

usage: python3 gen_facts.py > Facts.inc

One row per operator version in force at some opset >= 7:

  FACT(domain, op, "since", deprecated, "inputs", "outputs", "attributes", "masks")

inputs, outputs: `name[mark]:type`, mark `?` optional, `*` variadic of one type,
`~` variadic of any types, `+N` after a variadic mark its least count; type a
variable, `#HEX` a fixed mask, `-` unchecked. attributes: `name:type[!|=default]`,
`!` required. masks: `T=HEX`, bit n stands for the tensor element type numbered n.
Versions with equal rows share one line: since is then a list.
"""
import sys

import onnx
from onnx import AttributeProto, TensorProto, defs

OLDEST = 7
DOMAINS = ["", "ai.onnx.preview.training", "ai.onnx.preview"]
ELEMENT = {}
for text, number in TensorProto.DataType.items():
    ELEMENT[text.lower()] = number
ELEMENT["complex64"], ELEMENT["complex128"] = 14, 15
TYPES = {}
for text, number in AttributeProto.AttributeType.items():
    TYPES[number] = text.lower()


def mask(types):
    """Bit mask of tensor element types, or None when not all are tensors."""
    bits = 0
    for t in types:
        if not t.startswith("tensor("):
            return None
        bits |= 1 << ELEMENT[t[len("tensor("):-1]]
    return bits


def formals(items, masks):
    out = []
    for p in items:
        mark = ""
        if p.option == defs.OpSchema.FormalParameterOption.Optional:
            mark = "?"
        elif p.option == defs.OpSchema.FormalParameterOption.Variadic:
            mark = ("*" if p.is_homogeneous else "~") + f"+{p.min_arity}"
        if p.type_str in masks:
            kind = p.type_str if masks[p.type_str] is not None else "-"
        else:
            bits = mask([p.type_str])
            kind = "-" if bits is None else f"#{bits:x}"
        out.append(f"{p.name}{mark}:{kind}")
    return " ".join(out)


def default(attr):
    value = attr.default_value
    kind = value.type
    if kind == AttributeProto.FLOAT:
        return repr(round(value.f, 9))
    if kind == AttributeProto.INT:
        return str(value.i)
    if kind == AttributeProto.STRING:
        return value.s.decode()
    if kind == AttributeProto.FLOATS:
        return ",".join(repr(round(f, 9)) for f in value.floats)
    if kind == AttributeProto.INTS:
        return ",".join(str(i) for i in value.ints)
    if kind == AttributeProto.STRINGS:
        return ",".join(s.decode() for s in value.strings)
    return None


def attributes(schema):
    out = []
    for name, attr in sorted(schema.attributes.items()):
        kind = TYPES[int(attr.type.value)]
        tail = "!" if attr.required else ""
        if not attr.required and attr.default_value.name:
            text = default(attr)
            if text is not None:
                assert not set(text) & set(' "\\'), (schema.name, name, text)
                tail = "=" + text
        out.append(f"{name}:{kind}{tail}")
    return " ".join(out)


def row(schema):
    masks = {c.type_param_str: mask(c.allowed_type_strs) for c in schema.type_constraints}
    text = " ".join(f"{k}={v:x}" for k, v in sorted(masks.items()) if v is not None)
    return (int(schema.deprecated), formals(schema.inputs, masks), formals(schema.outputs, masks),
            attributes(schema), text)


def main():
    print("// SPDX-License-Identifier: Apache-2.0")
    print(f"// Written by gen_facts.py from onnx {onnx.__version__}; do not edit. Columns: see there.")
    print("// clang-format off")
    table = {}
    for schema in defs.get_all_schemas_with_history():
        if schema.domain in DOMAINS:
            table.setdefault((DOMAINS.index(schema.domain), schema.name), []).append(schema)
    for (domain, name), versions in sorted(table.items()):
        versions.sort(key=lambda s: s.since_version)
        rows = []
        for i, schema in enumerate(versions):
            superseded = i + 1 < len(versions) and versions[i + 1].since_version <= OLDEST
            if domain == 0 and superseded:
                continue
            r = row(schema)
            if rows and rows[-1][1] == r:
                rows[-1][0].append(str(schema.since_version))
            else:
                rows.append(([str(schema.since_version)], r))
        for since, (deprecated, *cells) in rows:
            text = ", ".join(f'"{c}"' for c in cells)
            print(f'FACT("{DOMAINS[domain]}", "{name}", "{" ".join(since)}", {deprecated}, {text})')


if __name__ == "__main__":
    sys.exit(main())
