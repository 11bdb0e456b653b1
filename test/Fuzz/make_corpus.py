#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of onnx-fuzz: tiny models, good and bad, as plain wire bytes.

usage: python3 make_corpus.py [DIR]   (default: corpus beside this file)

Every seed is one idea that the fuzzer can vary: an operator family, a storage
form of tensor data, a subgraph, a function, a known attack.
"""
import pathlib
import struct
import sys


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def num(field, value):
    return varint(field << 3) + varint(value)


def sub(field, payload):
    if isinstance(payload, str):
        payload = payload.encode()
    return varint(field << 3 | 2) + varint(len(payload)) + payload


def f32(field, value):
    return varint(field << 3 | 5) + struct.pack("<f", value)


def info(name, dims, dtype=1):
    shape = b"".join(sub(1, sub(2, d) if isinstance(d, str) else num(1, d)) for d in dims)
    return sub(1, name) + sub(2, sub(1, num(1, dtype) + sub(2, shape)))


def tensor(name, dims, data, dtype=1):
    return b"".join(num(1, d) for d in dims) + num(2, dtype) + sub(8, name) + data


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def raw(*values):
    return sub(9, floats(*values))


def attr(name, kind, payload):
    return sub(5, sub(1, name) + payload + num(20, kind))


def int_attr(name, value):
    return attr(name, 2, num(3, value))


def node(op, inputs, outputs, *attrs, name="", domain=""):
    out = b"".join(sub(1, i) for i in inputs) + b"".join(sub(2, o) for o in outputs)
    return out + sub(3, name) + sub(4, op) + b"".join(attrs) + (sub(7, domain) if domain else b"")


def graph(nodes, inputs=(), outputs=(), tensors=(), infos=(), extra=b""):
    out = b"".join(sub(1, n) for n in nodes) + sub(2, "g")
    out += b"".join(sub(5, t) for t in tensors) + b"".join(sub(11, i) for i in inputs)
    return out + b"".join(sub(12, o) for o in outputs) + b"".join(sub(13, i) for i in infos) + extra


def opset(version, domain=""):
    return sub(8, (sub(1, domain) if domain else b"") + num(2, version))


def model(g, version=18, ir=10, extra=b""):
    return num(1, ir) + sub(2, "seed") + sub(7, g) + opset(version) + extra


X, Y = info("x", [2, 2]), info("y", [2, 2])
W = tensor("w", [2, 2], raw(1, 2, 3, 4))


def one(op, inputs, *attrs, tensors=(), version=18, outputs=("y",)):
    return model(graph([node(op, inputs, outputs, *attrs, name="n")], [X], [Y], tensors), version)


def external(location, offset="0", length="16"):
    pairs = [("location", location), ("offset", offset), ("length", length)]
    return num(14, 1) + b"".join(sub(13, sub(1, k) + sub(2, v)) for k, v in pairs)


def seeds():
    mlp = [node("Gemm", ["x", "w", "b"], ["h"], attr("alpha", 1, f32(2, 1)), int_attr("transB", 1), name="fc"),
           node("Relu", ["h"], ["y"], name="act")]
    bias = tensor("b", [2], raw(0, 1))
    yield "mlp", model(graph(mlp, [X], [Y], [W, bias]))
    yield "mlp-metadata", model(graph(mlp, [info("x", ["batch", 2])], [Y], [W, bias],
                                      [info("w", [2, 2]) + sub(4, sub(1, "kind") + sub(2, "PARAMETER"))]))
    yield "unsorted", model(graph(mlp[::-1], [X], [Y], [W, bias]))
    yield "float-data", one("Add", ["x", "w"], tensors=[tensor("w", [2, 2], sub(4, floats(1, 2, 3, 4)))])
    yield "unpacked", one("Add", ["x", "w"], tensors=[tensor("w", [2], f32(4, 1) + f32(4, 2))])
    yield "double-data", one("Cast", ["w"], int_attr("to", 1),
                             tensors=[tensor("w", [1], sub(10, struct.pack("<d", 3)), 11)])
    yield "int64-data", one("Reshape", ["x", "s"], tensors=[tensor("s", [2], sub(7, varint(4) + varint(-1)), 7)])
    yield "int32-data", one("Add", ["x", "w"], tensors=[tensor("w", [2], sub(5, varint(0x3C00) * 2), 10)])
    yield "uint64-data", one("Cast", ["w"], int_attr("to", 1), tensors=[tensor("w", [1], sub(11, varint(9)), 12)])
    yield "int4", one("Cast", ["w"], int_attr("to", 1), tensors=[tensor("w", [3], sub(9, b"\x21\x03"), 22)], version=21)
    yield "constant", one("Constant", [], attr("value", 4, sub(5, tensor("", [2, 2], raw(1, 2, 3, 4)))))
    yield "constant-ints", one("Constant", [], attr("value_ints", 7, num(8, 1) + num(8, 2)))
    yield "softmax", one("Softmax", ["x"], int_attr("axis", -1))
    yield "norm", one("LayerNormalization", ["x", "w"], attr("epsilon", 1, f32(2, 1e-5)), tensors=[W])
    yield "einsum", one("Einsum", ["x", "w"], attr("equation", 3, sub(4, "ij,jk->ik")), tensors=[W])
    yield "split", one("Split", ["x"], int_attr("num_outputs", 2), outputs=["y", "z"])
    yield "rotary", one("RotaryEmbedding", ["x", "w", "w"], tensors=[W], version=23)
    yield "too-new", one("Gelu", ["x"], version=18)
    branch = graph([node("Neg", ["x"], ["t"])], [], [info("t", [2, 2])])
    yield "if", model(graph([node("If", ["c"], ["y"], attr("then_branch", 5, sub(6, branch)),
                                  attr("else_branch", 5, sub(6, branch.replace(b"t", b"e"))), name="if")],
                            [X, info("c", [], 9)], [Y]))
    deep = graph([node("Neg", ["x"], ["y"])], [], [Y])
    for _ in range(34):
        deep = graph([node("If", ["c"], ["y"], attr("then_branch", 5, sub(6, deep)))], [], [Y])
    yield "deep", model(deep)
    imports = sub(9, num(2, 18)) + sub(9, sub(1, "f") + num(2, 1))
    call = node("F", ["x"], ["y"], domain="f")

    def function(name, body, domain="f"):
        return sub(25, sub(1, name) + sub(4, "x") + sub(5, "y") + sub(7, body) + imports + sub(10, domain))

    tail = opset(1, "f") + function("F", node("Tanh", ["x"], ["y"]))
    yield "function", model(graph([call], [X], [Y]), extra=tail)
    yield "recursion", model(graph([call], [X], [Y]), extra=opset(1, "f") + function("F", call))
    doubling = function("F0", node("Tanh", ["x"], ["y"]))
    for i in range(1, 31):
        body = node(f"F{i-1}", ["x"], ["t"], domain="f")
        last = node(f"F{i-1}", ["t"], ["y"], domain="f")
        doubling += sub(25, sub(1, f"F{i}") + sub(4, "x") + sub(5, "y") + sub(7, body) + sub(7, last) + imports + sub(10, "f"))
    yield "doubling", model(graph([node("F30", ["x"], ["y"], domain="f")], [X], [Y]), extra=opset(1, "f") + doubling)
    yield "cycle", model(graph([node("Add", ["x", "b"], ["a"], name="p"), node("Neg", ["a"], ["b"], name="q")], [X],
                               [info("a", [2, 2])]))
    yield "duplicate", model(graph([node("Neg", ["x"], ["y"]), node("Abs", ["x"], ["y"])], [X], [Y]))
    yield "unknown-op", one("Frobnicate", ["x"])
    yield "mixed-types", one("Add", ["x", "w"], tensors=[tensor("w", [1], sub(9, bytes(8)), 7)])
    yield "external-parent", one("Add", ["x", "w"], tensors=[tensor("w", [2, 2], external("../w"))])
    yield "external-huge", one("Add", ["x", "w"], tensors=[tensor("w", [2, 2], external("w", "1", str(2**64 - 1)))])
    yield "dims-overflow", one("Add", ["x", "w"], tensors=[tensor("w", [1 << 62, 1 << 62], b"")])
    yield "short-data", one("Add", ["x", "w"], tensors=[tensor("w", [2, 3], raw(1, 2, 3, 4))])
    yield "sparse", model(graph([node("Neg", ["x"], ["y"])], [X], [Y], extra=sub(15, sub(1, W) + num(3, 4))))
    devices = sub(10, sub(1, "c") + sub(2, sub(1, "y") + num(2, 0) + sub(4, num(1, 0) + sub(2, num(1, 2) + num(3, 2)))) + num(3, 1))
    yield "devices", model(graph([node("Neg", ["x"], ["y"]) + devices], [X], [Y]), ir=11,
                           extra=sub(26, sub(1, "c") + num(2, 2) + sub(3, "d0") + sub(3, "d1")))
    yield "sequence", model(graph([node("SequenceConstruct", ["x"], ["s"]), node("SequenceAt", ["s", "i"], ["y"])], [X], [Y],
                                  [tensor("i", [], sub(9, bytes(8)), 7)], [sub(1, "s") + sub(2, sub(4, sub(1, sub(1, num(1, 1)))))]))
    yield "truncated", model(graph(mlp, [X], [Y], [W, bias]))[:-9]
    yield "huge-length", num(1, 10) + varint(7 << 3 | 2) + varint(2**31)


def main():
    default = pathlib.Path(__file__).parent / "corpus"
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    out.mkdir(parents=True, exist_ok=True)
    for name, data in seeds():
        (out / f"{name}.onnx").write_bytes(data)


if __name__ == "__main__":
    main()
