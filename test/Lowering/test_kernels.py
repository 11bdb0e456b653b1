# SPDX-License-Identifier: Apache-2.0
"""Every op's kernels against numpy, in f64: sums may differ in their last bits
(numpy adds pairwise), functions come from libm. All cases are tasks of one
module, which is compiled once; the seed of a case is its name."""
import math
import os
import sys
import zlib

import numpy as np
import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "Inputs"))
from task_runner import Program  # noqa: E402

erf = np.vectorize(math.erf)
NAMES = {np.dtype(np.float64): "f64", np.dtype(np.float32): "f32", np.dtype(np.int64): "i64", np.dtype(np.bool_): "i1"}


def type_of(x):
    return "tensor<" + "".join(f"{d}x" for d in x.shape) + NAMES[x.dtype] + ">"


class Case:
    def __init__(self, op, inputs, expected, index, attrs, prelude, tolerance):
        self.op, self.index, self.tolerance = op, index, tolerance
        self.inputs = [np.asarray(x) for x in inputs]
        self.expected = [np.asarray(x) for x in expected]
        self.attrs, self.prelude = attrs or {}, prelude

    def typed(self, key, x):
        return type_of(x) + (f" {{{self.attrs[key]}}}" if key in self.attrs else "")

    def text(self, name):
        args = ", ".join(f"%a{i}: {self.typed(i, x)}" for i, x in enumerate(self.inputs))
        outs = ", ".join(self.typed(f"out{i}", x) for i, x in enumerate(self.expected))
        results = ", ".join(f"%r{i}" for i in range(len(self.expected)))
        types = ", ".join(map(type_of, self.expected))
        extra = ["tensor<i64>"] if self.prelude else []
        operands = ", ".join([type_of(x) for x in self.inputs] + extra)
        op = self.op.format(*[f"%a{i}" for i in range(len(self.inputs))])
        return f"""  func.func @{name}({args}) -> ({outs}) {{
    {self.prelude}
    {results} = {op} : {operands} -> {types}
    return {results} : {types}
  }}
"""


CASES = []


def case(op, inputs, expected, index=0, attrs=None, prelude="", tolerance=1e-12):
    """`op`: text with {0}.. for operands; results have the types of `expected`."""
    CASES.append(Case(op, inputs, expected, index, attrs, prelude, tolerance))


def data(name, *shape, low=-2.0, high=2.0):
    return np.random.default_rng(zlib.crc32(name.encode())).uniform(low, high, shape)


UNARY = {
    "neg": np.negative, "abs": np.abs, "sign": np.sign, "floor": np.floor, "ceil": np.ceil,
    "round_even": np.rint, "exp": np.exp, "expm1": np.expm1, "sin": np.sin, "cos": np.cos,
    "tan": np.tan, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "asinh": np.arcsinh,
    "tanh": np.tanh, "logistic": lambda x: 1 / (1 + np.exp(-x)), "erf": erf}
POSITIVE = {"log": np.log, "log1p": np.log1p, "sqrt": np.sqrt, "rsqrt": lambda x: 1 / np.sqrt(x)}
INSIDE = {"asin": np.arcsin, "acos": np.arccos, "atanh": np.arctanh}


def add_unary(name):
    if name in UNARY:
        x = data(name, 3, 2, 5)
        x.flat[0] = 0.5
        want = UNARY[name](x)
    elif name in POSITIVE:
        x = data(name, 3, 2, 5, low=0.01)
        want = POSITIVE[name](x)
    elif name in INSIDE:
        x = data(name, 3, 2, 5, low=-0.99, high=0.99)
        want = INSIDE[name](x)
    else:
        x = data(name, 3, 2, 5, low=1.01, high=4)
        want = np.arccosh(x)
    case(f"mpt.{name} {{0}}", [x], [want])


BINARY = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
          "rem": np.fmod, "max": np.maximum, "min": np.minimum}


def add_binary(name):
    x, y = data(name, 7, 3), data(name + "y", 7, 3)
    x[0, 0] = np.nan
    case(f"mpt.{name} {{0}}, {{1}}", [x, y], [BINARY[name](x, y)])


def add_integers_and_bools():
    x = np.arange(-6, 6).reshape(4, 3)
    y = np.full((4, 3), 4)
    case("mpt.rem {0}, {1}", [x, y], [np.fmod(x, y)])
    case("mpt.max {0}, {1}", [x > 0, x % 2 == 0], [(x > 0) | (x % 2 == 0)])
    case("mpt.xor {0}, {1}", [x > 0, x % 2 == 0], [(x > 0) ^ (x % 2 == 0)])
    case("mpt.not {0}", [x > 0], [x <= 0])


COMPARISONS = [("eq", np.equal), ("ne", np.not_equal), ("lt", np.less),
               ("le", np.less_equal), ("gt", np.greater), ("ge", np.greater_equal)]


def add_compare(kind, want):
    x = np.array([1.0, 2.0, np.nan, 2.0, np.inf])
    y = np.array([2.0, 2.0, 1.0, np.nan, 1.0])
    case(f"mpt.compare {kind} {{0}}, {{1}}", [x, y], [want(x, y)])


def add_select_convert_tests():
    x, y = data("select", 5), data("selecty", 5)
    case("mpt.select {0}, {1}, {2}", [x > 0, x, y], [np.where(x > 0, x, y)])
    case("mpt.convert {0}", [x * 3], [(x * 3).astype(np.int64)])
    case("mpt.convert {0}", [x > 0], [(x > 0).astype(np.float64)])
    case("mpt.convert {0}", [np.array([0, 3, -1])], [np.array([False, True, True])])
    z = np.array([1.0, np.nan, np.inf, -np.inf])
    case("mpt.is_finite {0}", [z], [np.isfinite(z)])
    case("mpt.is_nan {0}", [z], [np.isnan(z)])
    case("mpt.sum {0}, {1}, {2}", [x, y, x * 3], [x + y + x * 3])


def add_reduce(kind, axes):
    x = data(kind, 3, 4, 5)
    want = getattr(np, kind)(x, axis=tuple(axes))
    case(f"mpt.reduce {kind} {{0}} {{{{axes = {axes}}}}}", [x], [want])


def add_sums_ascend():
    """In f32, bit for bit the sum from the first to the last element."""
    x = data("ascend", 7, 9).astype(np.float32)
    down = np.zeros(9, np.float32)
    for row in x:
        down += row
    across = np.zeros(7, np.float32)
    for column in x.T:
        across += column
    case("mpt.reduce sum {0} {{axes = [0]}}", [x], [down], tolerance=0)
    case("mpt.reduce sum {0} {{axes = [1]}}", [x], [across], tolerance=0)
    total = np.float32(0)
    for v in x.flat:
        total += v * v
    case("mpt.sum_squares {0}", [x], [total], tolerance=0)


def add_shapes():
    x = data("shapes", 3, 4, 5)
    case("mpt.broadcast {0} {{dims = [1]}}", [x[0, :, 0].copy()], [np.broadcast_to(x[0, :, 0][None, :, None], (2, 4, 3)).copy()])
    case("mpt.broadcast {0} {{dims = [1, 2]}}", [x[0].copy()], [np.broadcast_to(x[0], (6, 4, 5)).copy()])
    case("mpt.transpose {0} {{perm = [2, 0, 1]}}", [x], [x.transpose(2, 0, 1).copy()])
    case("mpt.transpose {0} {{perm = [0, 2, 1]}}", [x], [x.transpose(0, 2, 1).copy()])
    case("mpt.slice {0} {{start = [1, 0, 1], limit = [3, 4, 5], stride = [1, 3, 2]}}", [x], [x[1:3, 0:4:3, 1:5:2].copy()])
    case("mpt.reverse {0} {{axes = [0, 2]}}", [x], [x[::-1, :, ::-1].copy()])
    case("mpt.concat {0}, {1} {{axis = 1}}", [x, x[:, :2].copy()], [np.concatenate([x, x[:, :2]], 1)])
    pad = np.full((5, 4, 8), 9.0)
    pad[1:4, :, 0:4] = x[:, :, 1:]
    case("mpt.pad {0} {{value = 9.0 : f64, lo = [1, 0, -1], hi = [1, 0, 4]}}", [x], [pad])
    inner = np.full((7, 4, 5), 9.0)
    inner[1:6:2] = x
    case("mpt.pad {0} {{value = 9.0 : f64, lo = [1, 0, 0], hi = [1, 0, 0], interior = [1, 0, 0]}}", [x], [inner])


def add_indexing():
    table, wide = data("table", 6, 4), data("wide", 2, 6, 3)
    tokens = np.array([[0, 5, 2], [3, 3, 1]])
    case("mpt.take {0}, {1} {{axis = 0}}", [table, tokens], [table[tokens]])
    case("mpt.take {0}, {1} {{axis = 1}}", [wide, tokens], [wide[:, tokens]])
    updates = data("updates", 2, 3, 4)
    want = table.copy()
    np.add.at(want, tokens, updates)
    case("mpt.scatter_rows add {0}, {1}, {2} {{axis = 0}}", [table, tokens, updates], [want])


LO = '%lo = mpt.shard_offset {axes = ["tp"], size = 12} : () -> tensor<i64>'
TP1 = {"index": 1}


def add_ranks():
    """On rank 1 of 2: rows 6 to 11 of 12; tokens of the other rank are not here."""
    shard = data("shard", 6, 4)
    tokens = np.array([0, 7, 11, 5])
    here = np.array([False, True, True, False])
    want = np.where(here[:, None], shard[np.clip(tokens - 6, 0, 5)], 0)
    case("mpt.take {0}, {1}, %lo {{axis = 0}}", [shard, tokens], [want], prelude=LO, **TP1)
    updates = data("rank", 4, 4)
    added = shard.copy()
    np.add.at(added, tokens[here] - 6, updates[here])
    case("mpt.scatter_rows add {0}, {1}, {2}, %lo {{axis = 0}}", [shard, tokens, updates], [added], prelude=LO, **TP1)
    x = data("mask", 3, 7)
    case('mpt.shard_slice {0} {{axes = ["tp"], dim = 1, size = 7}}', [x], [np.pad(x[:, 4:], ((0, 0), (0, 1)))], **TP1)
    case('mpt.mask_replicas {0} {{axes = ["tp"]}}', [x], [np.zeros_like(x)], **TP1)
    extent = '%lo = mpt.shard_extent {axes = ["tp"], size = 13} : () -> tensor<i64>'
    masked = x.copy()
    masked[:, 6:] = -1
    case("mpt.mask_pad {0}, %lo {{dim = 1, value = -1.0 : f64}}", [x], [masked], prelude=extent, **TP1)
    for index, want in (1, [0, 0, 3.0]), (0, [0, 2.0, 3.0]):
        case('mpt.totals {0}, {1} {{at = [1, 2], width = 3, once = [["tp"], []]}}', [np.float64(2), np.float64(3)],
             [np.array(want)], index=index)


def softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def gelu(x, approx):
    if approx == "none":
        return x * (1 + erf(x / math.sqrt(2))) / 2
    return x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3))) / 2


def add_gelu(approx):
    x, dy = data("gelu", 4, 5), data("gelu-dy", 4, 5)
    case(f'mpt.gelu {{0}} {{{{approx = "{approx}"}}}}', [x], [gelu(x, approx)])
    h = 1e-5
    slope = (gelu(x + h, approx) - gelu(x - h, approx)) / (2 * h)
    case(f'mpt.gelu_grad {{0}}, {{1}} {{{{approx = "{approx}"}}}}', [x, dy], [dy * slope], tolerance=1e-8)


def add_softmax(axis):
    x = data("softmax", 3, 4, 5)
    case(f"mpt.softmax {{0}} {{{{axis = {axis}}}}}", [x], [softmax(x, axis)])
    case(f"mpt.log_softmax {{0}} {{{{axis = {axis}}}}}", [x], [np.log(softmax(x, axis))])


def layer_norm(x, g, b, eps=1e-5):
    mu = x.mean(-1)
    rs = 1 / np.sqrt(x.var(-1) + eps)
    return (x - mu[..., None]) * rs[..., None] * g + b, mu, rs


def rms_norm(x, g, eps=1e-5):
    rs = 1 / np.sqrt((x * x).mean(-1) + eps)
    return x * rs[..., None] * g, rs


def numeric_gradient(f, x, h=1e-6):
    g = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        g[i] = (f(up) - f(down)) / (2 * h)
    return g


def add_layer_norm():
    x, g, b, dy = data("ln", 2, 3, 4), data("ln-g", 4), data("ln-b", 4), data("ln-dy", 2, 3, 4)
    y, mu, rs = layer_norm(x, g, b)
    case("mpt.layer_norm {0}, {1}, {2} {{axis = 2, eps = 1.0e-05}}", [x, g, b], [y, mu, rs])
    loss = lambda x, g, b: (layer_norm(x, g, b)[0] * dy).sum()
    want = [numeric_gradient(lambda v: loss(v, g, b), x), numeric_gradient(lambda v: loss(x, v, b), g),
            numeric_gradient(lambda v: loss(x, g, v), b)]
    case("mpt.layer_norm_grad {0}, {1}, {2}, {3}, {4} {{axis = 2}}", [x, mu, rs, g, dy], want, tolerance=1e-7)


def add_rms_norm():
    x, g, dy = data("rms", 2, 3, 4), data("rms-g", 4), data("rms-dy", 2, 3, 4)
    y, rs = rms_norm(x, g)
    case("mpt.rms_norm {0}, {1} {{axis = 2, eps = 1.0e-05}}", [x, g], [y, rs])
    loss = lambda x, g: (rms_norm(x, g)[0] * dy).sum()
    want = [numeric_gradient(lambda v: loss(v, g), x), numeric_gradient(lambda v: loss(x, v), g)]
    case("mpt.rms_norm_grad {0}, {1}, {2}, {3} {{axis = 2}}", [x, rs, g, dy], want, tolerance=1e-7)


def add_cross_entropy():
    z = data("ce", 2, 3, 6)
    labels = np.array([[0, -100, 5], [2, 2, -100]])
    seen = labels != -100
    lse = np.log(np.exp(z).sum(-1))
    target = np.take_along_axis(z, np.clip(labels, 0, 5)[..., None], -1)[..., 0]
    case("mpt.cross_entropy {0}, {1} {{ignore_index = -100}}", [z, labels], [np.where(seen, lse - target, 0).sum(), lse])
    hot = labels[..., None] == np.arange(6)
    dz = np.where(seen[..., None], (np.exp(z - lse[..., None]) - hot) * 0.25, 0)
    case("mpt.cross_entropy_grad {0}, {1}, {2}, {3} {{ignore_index = -100}}", [z, labels, lse, np.float64(0.25)], [dz])
    case("mpt.cross_entropy.finish {0}, {1}, {2} {{ignore_index = -100}}", [lse, target, labels], [np.where(seen, lse - target, 0).sum()])
    op = "mpt.label_weight {0} {{ignore_index = -100}}"
    case(op, [labels], [np.float64(4)])
    # Rank 1 of 2 has classes 6 to 11; a row of padding gives maximum -inf, sum 0.
    z = z.copy()
    z[1, 1] = -np.inf
    labels = np.array([[6, 1, 11], [7, -100, -100]])
    here = labels >= 6
    target = np.where(here, np.take_along_axis(z, np.clip(labels - 6, 0, 5)[..., None], -1)[..., 0], 0)
    most = z.max(-1)
    total = np.exp(z - np.where(np.isinf(most), 0, most)[..., None]).sum(-1)
    case("mpt.cross_entropy.local {0}, {1}, %lo", [z, labels], [most, total, target], prelude=LO, **TP1)


def adam(p, g, m, v, lr, count, betas, eps, decay, decoupled):
    t = count + 1
    if decoupled:
        p = p * (1 - lr * decay)
    else:
        g = g + decay * p
    m = m + (1 - betas[0]) * (g - m)
    v = v * betas[1] + (1 - betas[1]) * g * g
    denominator = np.sqrt(v) / math.sqrt(1 - betas[1] ** t) + eps
    return p - lr / (1 - betas[0] ** t) * m / denominator, m, v


STATES = {0: "mpt.state = @p", 2: "mpt.state = @m", 3: "mpt.state = @v",
          "out0": "mpt.state = @p", "out1": "mpt.state = @m", "out2": "mpt.state = @v"}


def add_adam(kind, count):
    p, g, m, v = (data(kind + n, 3, 4) for n in "pgmv")
    v = np.abs(v)
    scalars = [np.float64(0.5), np.float64(0.01), np.int64(count)]
    op = f"mpt.opt_update {kind} {{0}}, {{1}}, {{2}}, {{3}}, {{4}}, {{5}}, {{6}}, {{7}} {{{{betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.1}}}}"
    want = adam(p, g * 0.5, m, v, 0.01, count, (0.9, 0.95), 1e-8, 0.1, kind == "adamw")
    case(op, [p, g, m, v] + scalars + [np.bool_(True)], list(want), attrs=STATES)
    case(op, [p, g * np.nan, m, v] + scalars + [np.bool_(False)], [p, m, v], attrs=STATES)


def add_momentum(nesterov):
    p, g, m = (data("sgd" + n, 5) for n in "pgm")
    scalars = [np.float64(0.5), np.float64(0.1), np.int64(3), np.bool_(True)]
    d = g * 0.5 + 0.2 * p
    velocity = 0.9 * m + d
    step = d + 0.9 * velocity if nesterov else velocity
    flag = ", nesterov" if nesterov else ""
    case(f"mpt.opt_update momentum {{0}}, {{1}}, {{2}}, {{3}}, {{4}}, {{5}}, {{6}} {{{{momentum = 0.9, decay = 0.2{flag}}}}}",
          [p, g, m] + scalars, [p - 0.1 * step, velocity], attrs=STATES)
    case("mpt.opt_update sgd {0}, {1}, {2}, {3}, {4}, {5} {{decay = 0.2}}", [p, g] + scalars, [p - 0.1 * d], attrs=STATES)


CONTRACTIONS = [("mk,kn", "mpt.dot_general {0}, {1} contract [1] x [0]", (3, 4), (4, 5)),
                ("km,kn", "mpt.dot_general {0}, {1} contract [0] x [0]", (4, 3), (4, 5)),
                ("bthd,bshd->bhts", "mpt.dot_general {0}, {1} batch [0, 2] x [0, 2] contract [3] x [3]", (2, 3, 2, 4), (2, 5, 2, 4)),
                ("kbm,bkn->bmn", "mpt.dot_general {0}, {1} batch [1] x [0] contract [0] x [1]", (3, 2, 4), (2, 3, 5))]


def add_contractions(spec, op, a, b):
    """Also of integers, which are contracted by a kernel."""
    x, y = data(spec, *a), data(spec + "y", *b)
    case(op, [x, y], [np.einsum(spec, x, y)])
    x, y = np.rint(x * 9).astype(np.int64), np.rint(y * 9).astype(np.int64)
    case(op, [x, y], [np.einsum(spec, x, y)])


def add_all():
    for name in list(UNARY) + list(POSITIVE) + list(INSIDE) + ["acosh"]:
        add_unary(name)
    for name in BINARY:
        add_binary(name)
    add_integers_and_bools()
    for kind, want in COMPARISONS:
        add_compare(kind, want)
    add_select_convert_tests()
    for kind in "sum", "max", "min", "prod":
        for axes in [0], [1], [2], [0, 2], [1, 2], [0, 1, 2]:
            add_reduce(kind, axes)
    add_sums_ascend()
    add_shapes()
    add_indexing()
    add_ranks()
    for approx in "none", "tanh":
        add_gelu(approx)
    for axis in 0, 1, 2:
        add_softmax(axis)
    add_layer_norm()
    add_rms_norm()
    add_cross_entropy()
    for kind in "adam", "adamw":
        for count in 0, 1, 1000:
            add_adam(kind, count)
    for nesterov in False, True:
        add_momentum(nesterov)
    for contraction in CONTRACTIONS:
        add_contractions(*contraction)


add_all()


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    tasks = "".join(c.text(f"case_{i}") for i, c in enumerate(CASES))
    text = f'module {{\n  mpt.mesh <["tp"=2], time ["micro"=1]>\n{tasks}}}\n'
    return Program(text, str(tmp_path_factory.mktemp("kernels")))


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{i}:{c.op.split(' {', 1)[0]}" for i, c in enumerate(CASES)])
def test_kernel(program, number):
    c = CASES[number]
    got = program.run(f"case_{number}", c.inputs, {"tp": 2}, {"tp": c.index})
    for g, e in zip(got, c.expected):
        assert g.shape == e.shape and g.dtype == e.dtype
        np.testing.assert_allclose(g, e, rtol=c.tolerance, atol=c.tolerance)
