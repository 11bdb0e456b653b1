# SPDX-License-Identifier: Apache-2.0
"""Executes straight-line mpt functions, with numpy and in f64.

`Function.run_global` runs form 5 as one device would (a reshard is the identity);
`Function.run_ranks` runs form 6 on all ranks of a mesh in lockstep. Both share
`compute`, one case per op, written from the ops' descriptions in include/mpt/IR.
Input is the generic form: `mpt-opt --mlir-print-op-generic`.
"""
import itertools
import re
import struct

import numpy as np

DTYPES = {"f32": np.float64, "f64": np.float64, "i64": np.int64, "i1": np.bool_}
TYPE = re.compile(r"tensor<((?:\d+x)*)(\w+)(?:, (#mpt\.s<.*?\]>))?>")


class Type:
    """A tensor type: shape, element, axes per dim, partial axes."""

    def __init__(self, text):
        m = TYPE.fullmatch(text)
        self.shape = tuple(int(n) for n in m[1].split("x") if n)
        self.element = m[2]
        self.dims = [[] for _ in self.shape]
        self.partial = {}
        if m[3]:
            dims, _, partial = m[3].partition("partial = ")
            self.dims = [re.findall(r'"(\w+)"=', d) for d in re.findall(r"\{(.*?)\}", dims)]
            for kind, axes in re.findall(r"(\w+)\{(.*?)\}", partial):
                self.partial[kind] = re.findall(r'"(\w+)"=', axes)

    @property
    def dtype(self):
        return DTYPES[self.element]


def parse_types(text):
    return [Type(m[0]) for m in TYPE.finditer(text)]


def parse_number(text):
    if text.startswith("0x"):
        return struct.unpack(">f", bytes.fromhex(text[2:]))[0]
    if text in ("true", "false"):
        return text == "true"
    return float(text) if re.search(r"[.e]", text) else int(text)


def parse_attributes(text):
    """Integers, floats, strings, arrays of integers and strings, dense elements."""
    found = {}
    for name, value in re.findall(
        r'(\w+) = (array<i64(?:: [^>]*)?>|dense<.*?> : tensor<.*?>|#mpt.*?\]>|\[.*?\]|".*?"|[^,}]+)', text
    ):
        if value.startswith("array"):
            value = [int(n) for n in re.findall(r"-?\d+", value.partition(":")[2])]
        elif value.startswith("dense"):
            numbers = re.findall(r"-?[\d.]+(?:e[+-]\d+)?", value[6 : value.index(">")])
            shape = Type(value.rpartition(" : ")[2])
            value = np.array([parse_number(n) for n in numbers], shape.dtype)
            value = np.broadcast_to(value.reshape(-1), (int(np.prod(shape.shape)),)) if value.size == 1 else value
            value = value.reshape(shape.shape)
        elif value.startswith("#"):
            pass  # a sharding
        elif value.startswith("["):
            value = re.findall(r'"(\w+)"', value)
        elif value.startswith('"'):
            value = value[1:-1]
        else:
            value = parse_number(value.split(" : ")[0])
        found[name] = value
    return found


class Op:
    LINE = re.compile(r'(?:(%[\w:, ]+) = )?"([\w.]+)"\((.*?)\)(?: <\{(.*)\}>)?(?: \{(.*?)\})? : \((.*)\) -> (.*)')

    def __init__(self, line):
        m = self.LINE.match(line)
        self.name = m[2]
        self.operands = re.findall(r"%[\w#]+", m[3])
        self.attributes = parse_attributes(m[4] or "")
        self.types = parse_types(m[7])
        self.results = []
        if m[1]:
            name, _, count = m[1].partition(":")
            self.results = [f"{name}#{i}" for i in range(int(count))] if count else [name]


class Function:
    def __init__(self, name, arguments, ops):
        self.name, self.arguments, self.ops = name, arguments, ops

    def run_global(self, inputs):
        values = dict(zip((name for name, _ in self.arguments), inputs))
        for op in self.ops:
            operands = [values[v] for v in op.operands]
            if op.name == "func.return":
                return operands
            results = operands if op.name == "mpt.reshard" else compute(op, operands)
            values.update(zip(op.results, results))

    def run_ranks(self, mesh, inputs):
        """inputs[i][rank]; results alike. mesh: axis -> size, outermost first."""
        values = dict(zip((name for name, _ in self.arguments), inputs))
        for op in self.ops:
            operands = [values[v] for v in op.operands]
            if op.name == "func.return":
                return operands
            if "over" in op.attributes:
                values.update(zip(op.results, exchange(op, mesh, operands)))
                continue
            ranks = coordinates(mesh)
            per_rank = [compute(op, [o[r] for o in operands], (mesh, c)) for r, c in enumerate(ranks)]
            for i, result in enumerate(op.results):
                values[result] = [results[i] for results in per_rank]


def parse(text):
    """The functions of a module, by name."""
    functions, name, arguments, ops = {}, None, [], []
    for line in text.splitlines():
        line = line.strip()
        if line.startswith('"func.func"'):
            name = re.search(r'sym_name = "(\w+)"', line)[1]
        elif line.startswith("^bb0"):
            arguments = [(v, Type(t)) for v, t in re.findall(r"(%\w+): (tensor<.*?>)(?=, %|\):)", line)]
        elif line.startswith("}) ") and name:
            functions[name] = Function(name, arguments, ops)
            name, arguments, ops = None, [], []
        elif name and (line.startswith("%") or line.startswith('"')):
            ops.append(Op(line))
    return functions


# Ranks ------------------------------------------------------------------------


def coordinates(mesh):
    return [dict(zip(mesh, c)) for c in itertools.product(*map(range, mesh.values()))]


def block(n, axes, mesh, at):
    """Offset, extent and bound of the block at coordinates `at`."""
    begin, end, bound = 0, n, n
    for axis in axes:
        bound = -(-bound // mesh[axis])
        begin += at[axis] * bound
        end = min(end, begin + bound)
    return begin, max(0, end - begin), bound


def exchange(op, mesh, operands):
    over, ranks = op.attributes["over"], coordinates(mesh)
    groups = {}
    for rank, at in enumerate(ranks):
        groups.setdefault(tuple(c for a, c in at.items() if a not in over), []).append(rank)
    results = [[None] * len(ranks) for _ in op.results]
    for members in groups.values():
        members.sort(key=lambda r: [ranks[r][a] for a in over])
        for i, operand in enumerate(operands):
            for rank, part in zip(members, collective(op, [operand[r] for r in members])):
                results[i][rank] = part
    return results


def collective(op, parts):
    a, n = op.attributes, len(parts)
    reducers = {"sum": sum, "max": lambda p: np.max(p, 0), "min": lambda p: np.min(p, 0)}
    if op.name == "mpt.all_reduce":
        return [reducers[a["kind"]](parts)] * n
    if op.name == "mpt.all_gather":
        return [np.concatenate(parts, a["dim"])] * n
    if op.name == "mpt.reduce_scatter":
        return np.split(reducers[a["kind"]](parts), n, a["dim"])
    pieces = [np.split(p, n, a["split_dim"]) for p in parts]
    return [np.concatenate([p[i] for p in pieces], a["concat_dim"]) for i in range(n)]


# Ops --------------------------------------------------------------------------


def compute(op, x, rank=None):
    results = CASES[op.name](op, x, rank)
    results = results if isinstance(results, tuple) else (results,)
    for value, type in zip(results, op.types):
        assert np.shape(value) == type.shape, (op.name, np.shape(value), type.shape)
    return results


def constant(op, x, rank):
    value, type = op.attributes["value"], op.types[0]
    return value if isinstance(value, np.ndarray) else np.full(type.shape, value, type.dtype)


def iota(op, x, rank):
    type, axis = op.types[0], op.attributes["axis"]
    shape = [n if d == axis else 1 for d, n in enumerate(type.shape)]
    return np.broadcast_to(np.arange(type.shape[axis], dtype=type.dtype).reshape(shape), type.shape)


def broadcast(op, x, rank):
    shape = op.types[0].shape
    kept = [n if d in op.attributes["dims"] else 1 for d, n in enumerate(shape)]
    return np.broadcast_to(x[0].reshape(kept), shape)


def dot_general(op, x, rank):
    a, (l, r) = op.attributes, x
    lb, rb = a.get("lhs_batch", []), a.get("rhs_batch", [])
    assert not lb and not rb
    return np.tensordot(l, r, (a["lhs_contract"], a["rhs_contract"]))


def reduce(op, x, rank):
    f = {"sum": np.sum, "max": np.max, "min": np.min}[op.attributes["kind"]]
    return f(x[0], axis=tuple(op.attributes["axes"]))


def slice_(op, x, rank):
    a = op.attributes
    return x[0][tuple(slice(s, l) for s, l in zip(a["start"], a["limit"]))]


def take(op, x, rank):
    axis, table, index = op.attributes["axis"], x[0], x[1]
    at = index - (x[2] if len(x) > 2 else 0)
    inside = (0 <= at) & (at < table.shape[axis])
    shape = [1] * axis + list(index.shape) + [1] * (table.ndim - axis - 1)
    outside = 0.0 if len(x) > 2 else np.nan
    return np.where(inside.reshape(shape), np.take(table, np.where(inside, at, 0), axis), outside)


def scatter_rows(op, x, rank):
    assert op.attributes["axis"] == 0
    base, index, updates = x[0].copy(), x[1], x[2]
    at = index - (x[3] if len(x) > 3 else 0)
    for i in np.ndindex(index.shape):
        if 0 <= at[i] < base.shape[0]:
            base[at[i]] += updates[i]
    return base


def layer_norm_grad(op, x, rank):
    input, mean, rstd, scale, dy = x
    axis = op.attributes["axis"]
    tail = tuple(range(axis, input.ndim))
    wide = lambda v: v.reshape(v.shape + (1,) * len(tail))
    hat = (input - wide(mean)) * wide(rstd)
    g = dy * scale
    dx = wide(rstd) * (g - g.mean(tail, keepdims=True) - hat * (g * hat).mean(tail, keepdims=True))
    outer = tuple(range(axis))
    return dx, (dy * hat).sum(outer), dy.sum(outer)


def rows_at(labels, lo, n):
    at = labels - lo
    return (0 <= at) & (at < n), np.clip(at, 0, n - 1)


def ce_local(op, x, rank):
    z, labels, lo = x
    top = z.max(-1)
    total = np.where(np.isneginf(top), 0.0, np.exp(z - top[..., None]).sum(-1))
    inside, at = rows_at(labels, lo, z.shape[-1])
    return top, total, np.where(inside, np.take_along_axis(z, at[..., None], -1)[..., 0], 0.0)


def ce_finish(op, x, rank):
    lse, target, labels = x
    return np.where(labels == op.attributes["ignore_index"], 0.0, lse - target).sum()


def cross_entropy(op, x, rank):
    z, labels = x
    top, total, target = ce_local(op, (z, labels, 0), rank)
    lse = top + np.log(total)
    return ce_finish(op, (lse, target, labels), rank), lse


def cross_entropy_grad(op, x, rank):
    z, labels, lse, seed = x[:4]
    lo = x[4] if len(x) > 4 else 0
    onehot = (labels[..., None] - lo) == np.arange(z.shape[-1])
    used = (labels != op.attributes["ignore_index"])[..., None]
    return np.where(used, (np.exp(z - lse[..., None]) - onehot) * seed, 0.0)


def shard_slice(op, x, rank):
    a, (mesh, at) = op.attributes, rank
    begin, extent, bound = block(a["size"], a["axes"], mesh, at)
    found = np.zeros(op.types[0].shape, op.types[0].dtype)
    source = [slice(None)] * found.ndim
    target = list(source)
    source[a["dim"]], target[a["dim"]] = slice(begin, begin + extent), slice(0, extent)
    found[tuple(target)] = x[0][tuple(source)]
    return found


def mask_pad(op, x, rank):
    dim = op.attributes["dim"]
    index = np.arange(x[0].shape[dim]).reshape([-1 if d == dim else 1 for d in range(x[0].ndim)])
    return np.where(index < x[1], x[0], op.types[0].dtype(op.attributes["value"]))


def mask_replicas(op, x, rank):
    return x[0] if all(rank[1][a] == 0 for a in op.attributes["axes"]) else np.zeros_like(x[0])


def scalar(which):
    return lambda op, x, rank: np.int64(block(op.attributes["size"], op.attributes["axes"], *rank)[which])


def compare(op, x, rank):
    functions = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
                 "gt": np.greater, "ge": np.greater_equal}
    return functions[op.attributes["kind"]](x[0], x[1])


def pad(op, x, rank):
    a = op.attributes
    assert "interior" not in a
    return np.pad(x[0], list(zip(a["lo"], a["hi"])), constant_values=a["value"])


def softmax(op, x, rank):
    power = np.exp(x[0] - x[0].max(op.attributes["axis"], keepdims=True))
    return power / power.sum(op.attributes["axis"], keepdims=True)


CASES = {
    "mpt.constant": constant,
    "mpt.iota": iota,
    "mpt.broadcast": broadcast,
    "mpt.reshape": lambda op, x, rank: x[0].reshape(op.types[0].shape),
    "mpt.transpose": lambda op, x, rank: x[0].transpose(np.argsort(np.argsort(op.attributes["perm"]))),
    "mpt.slice": slice_,
    "mpt.convert": lambda op, x, rank: x[0].astype(op.types[0].dtype),
    "mpt.add": lambda op, x, rank: x[0] + x[1],
    "mpt.sub": lambda op, x, rank: x[0] - x[1],
    "mpt.mul": lambda op, x, rank: x[0] * x[1],
    "mpt.concat": lambda op, x, rank: np.concatenate(x, op.attributes["axis"]),
    "mpt.pad": pad,
    "mpt.compare": compare,
    "mpt.and": lambda op, x, rank: x[0] & x[1],
    "mpt.select": lambda op, x, rank: np.where(x[0], x[1], x[2]),
    "mpt.neg": lambda op, x, rank: -x[0],
    "mpt.sum": lambda op, x, rank: sum(x[1:], x[0]),
    "mpt.tanh": lambda op, x, rank: np.tanh(x[0]),
    "mpt.softmax": softmax,
    "mpt.constrain": lambda op, x, rank: x[0],
    "mpt.exp": lambda op, x, rank: np.exp(x[0]),
    "mpt.log": lambda op, x, rank: np.log(x[0]),
    "mpt.dot_general": dot_general,
    "mpt.reduce": reduce,
    "mpt.sum_squares": lambda op, x, rank: np.sum(x[0] ** 2),
    "mpt.take": take,
    "mpt.scatter_rows": scatter_rows,
    "mpt.layer_norm_grad": layer_norm_grad,
    "mpt.label_weight": lambda op, x, rank: np.float64((x[0] != op.attributes["ignore_index"]).sum()),
    "mpt.cross_entropy": cross_entropy,
    "mpt.cross_entropy_grad": cross_entropy_grad,
    "mpt.cross_entropy.local": ce_local,
    "mpt.cross_entropy.finish": ce_finish,
    "mpt.shard_offset": scalar(0),
    "mpt.shard_extent": scalar(1),
    "mpt.shard_slice": shard_slice,
    "mpt.mask_pad": mask_pad,
    "mpt.mask_replicas": mask_replicas,
}
