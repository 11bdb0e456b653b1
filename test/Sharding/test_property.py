# SPDX-License-Identifier: Apache-2.0
"""Random programs of ops with sharding rules, random placements on a mesh of 2 x 2 x 2.

(a) Phases 4 and 6 on 8 ranks equal the global program. (d) No collective is redundant: without
any one of them the numbers differ; that holds where only arguments are placed, over one axis per
dim (odd seeds): placements in between may force a value apart and together again. Seeds are fixed; sums of a few f64 of size 1, so the tolerance
of test_localize holds.
"""
import numpy as np
import pytest

import interpret
from test_localize import compare, local_parts, opt, type_of

MESH = {"dp": 2, "tp": 2, "ep": 2}
OPS = 20


class Program:
    """A function under construction: lines, and values by name with their shapes."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.lines, self.shapes = [], {}
        self.axes_per_dim, self.likely = (1, 0) if seed % 2 else (len(MESH), 0.3)
        sizes = self.random.choice([4, 6, 8, 3, 5], 3, p=[0.3, 0.2, 0.3, 0.1, 0.1])
        self.rows, self.columns, self.inner = map(int, sizes)
        arguments = [(self.rows, self.columns), (self.rows, self.columns), (self.columns, self.inner)]
        for i, shape in enumerate(arguments):
            self.shapes[f"%a{i}"] = shape
        self.signature = ", ".join(f"%a{i}: {self.type(s)}" for i, s in enumerate(arguments))
        for i in range(len(arguments)):
            self.place(f"%a{i}", likely=1)
        while len(self.lines) < OPS:
            self.add()

    @staticmethod
    def type(shape):
        return f"tensor<{''.join(f'{n}x' for n in shape)}f32>"

    def emit(self, op, operands, shape, attributes="", middle=""):
        name = f"%v{len(self.lines)}"
        attributes = f" {{id = {len(self.lines)}, stage = 0{', ' if attributes else ''}{attributes}}}"
        types = ", ".join(self.type(self.shapes[o]) for o in operands)
        self.lines.append(f"{name} = mpt.{op} {', '.join(operands)}{middle}{attributes} : {types} -> {self.type(shape)}")
        self.shapes[name] = tuple(shape)
        return self.place(name, self.likely)

    def place(self, value, likely):
        """Constrains the value to a random placement."""
        if self.random.random() > likely:
            return value
        dims = [[] for _ in self.shapes[value]]
        for axis in self.random.permutation(list(MESH)):
            at = int(self.random.integers(-1, len(dims)))
            if at >= 0 and len(dims[at]) < self.axes_per_dim and self.shapes[value][at] >= 2 ** (len(dims[at]) + 1):
                dims[at].append(f'"{axis}"={MESH[axis]}')
        name = f"{value}c"
        to = ", ".join("{" + ",".join(d) + "}" for d in dims)
        self.lines.append(f"{name} = mpt.constrain {value} {{to = #mpt.s<[{to}]>}} : {self.type(self.shapes[value])}")
        self.shapes[name] = self.shapes[value]
        return name

    def pick(self, rank=None, like=None):
        fits = [v for v, s in self.shapes.items() if (rank is None or len(s) == rank) and (like is None or s == like)]
        return str(self.random.choice(fits)) if fits else None

    def add(self):
        x = self.pick()
        shape = self.shapes[x]
        kind = self.random.choice(["tanh", "neg", "add", "mul", "sum", "dot", "transpose", "reshape", "reduce", "slice",
                                   "pad", "concat", "softmax"])
        y = self.pick(like=shape)
        dim = int(self.random.integers(len(shape))) if shape else 0
        if not shape or int(np.prod(shape)) > 600:
            return
        if kind in ("tanh", "neg"):
            self.emit(kind, [x], shape)
        elif kind in ("add", "mul"):
            self.emit(kind, [x, y], shape)
        elif kind == "sum":
            self.emit("sum", [x, y, self.pick(like=shape)], shape)
        elif kind == "dot":
            other = self.pick(rank=2)
            if self.shapes[other][0] == shape[dim]:
                free = [n for d, n in enumerate(shape) if d != dim] + [self.shapes[other][1]]
                self.emit("dot_general", [x, other], free, middle=f" contract [{dim}] x [0]")
        elif kind == "transpose" and len(shape) > 1:
            perm = [int(p) for p in self.random.permutation(len(shape))]
            self.emit("transpose", [x], [shape[p] for p in perm], f"perm = {perm}")
        elif kind == "reshape":
            if len(shape) < 3 and shape[dim] % 2 == 0:
                self.emit("reshape", [x], [*shape[:dim], 2, shape[dim] // 2, *shape[dim + 1:]])
            elif len(shape) > 1 and dim + 1 < len(shape):
                self.emit("reshape", [x], [*shape[:dim], shape[dim] * shape[dim + 1], *shape[dim + 2:]])
        elif kind == "reduce" and len(shape) > 1:
            self.emit("reduce sum", [x], [n for d, n in enumerate(shape) if d != dim], f"axes = [{dim}]")
        elif kind == "slice" and shape[dim] > 2:
            limit = [n - (d == dim) for d, n in enumerate(shape)]
            self.emit("slice", [x], limit, f"limit = {limit}, start = {[0] * len(shape)}")
        elif kind == "pad":
            high = [int(d == dim) for d in range(len(shape))]
            self.emit("pad", [x], [n + h for n, h in zip(shape, high)],
                      f"hi = {high}, lo = {[0] * len(shape)}, value = 0.0 : f32")
        elif kind == "concat":
            self.emit("concat", [x, y], [n * (1 + (d == dim)) for d, n in enumerate(shape)], f"axis = {dim}")
        elif kind == "softmax":
            self.emit("softmax", [x], shape, f"axis = {dim}")

    def text(self):
        used = " ".join(line.split(" = ", 1)[1] for line in self.lines)
        results = [v for v in self.shapes if f"{v} " not in f"{used} ".replace(",", " ")]
        types = ", ".join(self.type(self.shapes[v]) for v in results)
        axes = ", ".join(f'"{a}"={n}' for a, n in MESH.items())
        return (f'mpt.mesh <[{axes}], time ["micro"=1]>\nfunc.func @f({self.signature}) -> ({types}) {{\n'
                + "\n".join(self.lines) + f"\nreturn {', '.join(results)} : {types}\n}}\n")


def own_part(op, part, index, ranks):
    """What a rank knows of a collective's result by itself; the rest is NaN."""
    a = op.attributes
    if op.name == "mpt.all_reduce":
        return part
    if op.name == "mpt.reduce_scatter":
        return np.split(part, ranks, a["dim"])[index]
    dim = a["dim"] if op.name == "mpt.all_gather" else a["concat_dim"]
    block = part if op.name == "mpt.all_gather" else np.split(part, ranks, a["split_dim"])[index]
    return np.concatenate([block if i == index else np.full_like(block, np.nan) for i in range(ranks)], dim)


def without(function, op, mesh, inputs):
    """Runs all ranks; the exchange of one collective is left out."""
    def alone(other, mesh, operands):
        if other is not op:
            return original(other, mesh, operands)
        (axis,) = op.attributes["over"][:1]
        if len(op.attributes["over"]) > 1:
            return operands  # an all-reduce
        return [[own_part(op, p, c[axis], mesh[axis]) for p, c in zip(parts, interpret.coordinates(mesh))]
                for parts in operands]

    original = interpret.exchange
    try:
        interpret.exchange = alone
        return function.run_ranks(mesh, inputs)
    finally:
        interpret.exchange = original


@pytest.mark.parametrize("seed", range(40))
def test_partitioned_equals_global(seed):
    text = Program(seed).text()
    before = opt(text)["f"]
    sharded = opt(text, "--mpt-shard-program", "--mpt-sink-reductions")["f"]
    local = opt(text, "--mpt-shard-program", "--mpt-sink-reductions", "--mpt-localize-tasks", "--mpt-verify-localize")["f"]
    random = np.random.default_rng(seed)
    inputs = [random.standard_normal(t.shape) for _, t in before.arguments]
    expected = before.run_global(inputs)
    parts = [local_parts(v, t, MESH, {}, random) for v, (_, t) in zip(inputs, sharded.arguments)]
    types = [type_of(sharded, v) for v in sharded.ops[-1].operands]

    def check(found):
        for value, type, part in zip(expected, types, found):
            compare(np.asarray(value), type, [np.asarray(p) for p in part], MESH, {}, text)

    with np.errstate(all="ignore"):
        check(local.run_ranks(MESH, parts))
        for op in local.ops if seed % 2 else ():
            if "over" in op.attributes:
                with pytest.raises(AssertionError):
                    check(without(local, op, MESH, parts))
                    print(f"redundant: {op.name} {op.attributes}\n{text}")
