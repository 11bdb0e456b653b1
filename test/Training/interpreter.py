# SPDX-License-Identifier: Apache-2.0
"""Runs @step of phase 2 by numpy in float64.

Reads MLIR's generic form. Shares with the compiler nothing but the meaning of
the ops, so that their numbers check one another.
"""
import math
import re

import numpy as np

erf = np.vectorize(math.erf, otypes=[float])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gelu(x, approx):
    if approx == "tanh":
        return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x / 2 * (1 + erf(x / math.sqrt(2)))


def gelu_grad(x, dy, approx):
    h = 1e-6
    return dy * (gelu(x + h, approx) - gelu(x - h, approx)) / (2 * h)


UNARY = {
    "neg": np.negative, "abs": np.abs, "sign": np.sign, "floor": np.floor, "ceil": np.ceil, "round_even": np.rint,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sqrt": np.sqrt, "rsqrt": lambda x: x**-0.5,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "tanh": np.tanh, "logistic": sigmoid, "erf": erf, "constrain": lambda x: x,
    "is_finite": np.isfinite, "is_nan": np.isnan, "sum_squares": lambda x: np.sum(x * x),
}
BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "rem": np.fmod, "pow": np.power,
    "max": np.maximum, "min": np.minimum, "and": np.logical_and, "or": np.logical_or,
}
COMPARE = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}
REDUCE = {"sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min}


def dot_general(l, r, a):
    lb, rb = a.get("lhs_batch", []), a.get("rhs_batch", [])
    ln, rn = [f"l{d}" for d in range(l.ndim)], [f"r{d}" for d in range(r.ndim)]
    for i, j in zip(lb + a["lhs_contract"], rb + a["rhs_contract"]):
        rn[j] = ln[i]
    out = [ln[d] for d in lb]
    out += [n for d, n in enumerate(ln) if d not in lb + a["lhs_contract"]]
    out += [n for d, n in enumerate(rn) if d not in rb + a["rhs_contract"]]
    number = {n: i for i, n in enumerate(dict.fromkeys(ln + rn))}
    return np.einsum(l, [number[n] for n in ln], r, [number[n] for n in rn], [number[n] for n in out])


def pad(x, a):
    step = [n + 1 for n in a.get("interior", [0] * x.ndim)]
    size = [max(0, (n - 1) * s + 1) for n, s in zip(x.shape, step)]
    wide = np.full([n + abs(lo) + abs(hi) for n, lo, hi in zip(size, a["lo"], a["hi"])], a["value"], x.dtype)
    at = [abs(lo) for lo in a["lo"]]
    wide[tuple(slice(p, p + n, s) for p, n, s in zip(at, size, step))] = x
    cut = [(p - lo, p + n + hi) for p, n, lo, hi in zip(at, size, a["lo"], a["hi"])]
    return wide[tuple(slice(*c) for c in cut)]


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def norm_axes(x, axis):
    return tuple(range(axis, x.ndim))


def expand(s, x):
    return s.reshape(s.shape + (1,) * (x.ndim - s.ndim))


def layer_norm(x, scale, bias, a):
    axes = norm_axes(x, a["axis"])
    mean = x.mean(axes)
    rstd = (((x - expand(mean, x)) ** 2).mean(axes) + a["eps"]) ** -0.5
    return (x - expand(mean, x)) * expand(rstd, x) * scale + bias, mean, rstd


def layer_norm_grad(x, mean, rstd, scale, dy, a):
    axes, outer = norm_axes(x, a["axis"]), tuple(range(a["axis"]))
    h = (x - expand(mean, x)) * expand(rstd, x)
    g = dy * scale
    dx = expand(rstd, x) * (g - g.mean(axes, keepdims=True) - h * (g * h).mean(axes, keepdims=True))
    return dx, (dy * h).sum(outer), dy.sum(outer)


def rms_norm(x, scale, a):
    rstd = ((x**2).mean(norm_axes(x, a["axis"])) + a["eps"]) ** -0.5
    return x * expand(rstd, x) * scale, rstd


def rms_norm_grad(x, rstd, scale, dy, a):
    axes, outer = norm_axes(x, a["axis"]), tuple(range(a["axis"]))
    h = x * expand(rstd, x)
    g = dy * scale
    return expand(rstd, x) * (g - h * (g * h).mean(axes, keepdims=True)), (dy * h).sum(outer)


def attention_scores(q, k, mask, a):
    """Masked scores with key heads repeated, and their slope in q.k (0 where masked)."""
    s = a["scale"] * np.einsum("bhsd,bhtd->bhst", q, np.repeat(k, q.shape[1] // k.shape[1], 1))
    slope = np.full_like(s, a["scale"])
    if cap := a.get("softcap"):
        s = cap * np.tanh(s / cap)
        slope = slope * (1 - (s / cap) ** 2)
    if mask is not None and mask.dtype == bool:
        s, slope = np.where(mask, s, a.get("fill", -np.inf)), np.where(mask, slope, 0)
    elif mask is not None:
        s = s + mask
    if "causal" in a:
        s = np.where(np.arange(s.shape[3]) <= np.arange(s.shape[2])[:, None] + a["causal"], s, -np.inf)
    return s, slope


def attention(q, k, v, a, mask=None):
    s, _ = attention_scores(q, k, mask, a)
    top = s.max(-1, keepdims=True)
    e = np.exp(s - np.where(np.isinf(top), 0, top))
    total = e.sum(-1, keepdims=True)
    empty = 0 if "zero_rows" in a else np.nan
    weights = np.where(total > 0, e / np.where(total > 0, total, 1), empty)
    lse = np.where(total > 0, top + np.log(np.where(total > 0, total, 1)), np.inf if "zero_rows" in a else np.nan)
    return weights @ np.repeat(v, q.shape[1] // v.shape[1], 1), lse[..., 0]


def attention_grad(q, k, v, y, lse, dy, a, mask=None):
    group = q.shape[1] // k.shape[1]
    s, slope = attention_scores(q, k, mask, a)
    p = np.exp(s - lse[..., None])
    dp = dy @ np.repeat(v, group, 1).swapaxes(2, 3)
    d = p * (dp - (dy * y).sum(-1, keepdims=True)) * slope

    def of_keys(x):
        return x.reshape((x.shape[0], k.shape[1], group) + x.shape[2:]).sum(2)

    return d @ np.repeat(k, group, 1), of_keys(d.swapaxes(2, 3) @ q), of_keys(p.swapaxes(2, 3) @ dy)


def cross_entropy(z, labels, a):
    lse = np.log(np.exp(z).sum(-1))
    kept = labels != a["ignore_index"]
    target = np.take_along_axis(z, np.where(kept, labels, 0)[..., None], -1)[..., 0]
    return np.where(kept, lse - target, 0).sum(), lse


def cross_entropy_grad(z, labels, lse, seed, a):
    hot = labels[..., None] == np.arange(z.shape[-1])
    return np.where((labels != a["ignore_index"])[..., None], (np.exp(z - lse[..., None]) - hot) * seed, 0)


def scatter_rows(base, indices, updates, a):
    out = np.moveaxis(base.copy(), a["axis"], 0)
    axes = range(a["axis"], a["axis"] + indices.ndim)
    np.add.at(out, indices, np.moveaxis(updates, axes, range(indices.ndim)))
    return np.moveaxis(out, 0, a["axis"])


def broadcast(x, a, shape):
    return np.broadcast_to(x.reshape([n if d in a["dims"] else 1 for d, n in enumerate(shape)]), shape)


def opt_update(p, g, states, clip, lr, count, ok, a):
    """The formulas of mpt.opt_update's description."""
    if not ok:
        return (p, *states)
    g, t, decay = clip * g, count + 1, a["decay"]
    if a["kind"] == "adamw":
        p = p - lr * decay * p
    else:
        g = g + decay * p
    if a["kind"] == "sgd":
        return (p - lr * g,)
    if a["kind"] == "momentum":
        b = a["momentum"] * states[0] + g
        return p - lr * (g + a["momentum"] * b if a.get("nesterov") else b), b
    (m, v), (beta1, beta2) = states, a["betas"]
    m = m + (1 - beta1) * (g - m)
    v = beta2 * v + (1 - beta2) * g * g
    return p - lr / (1 - beta1**t) * m / (np.sqrt(v) / np.sqrt(1 - beta2**t) + a["eps"]), m, v


def evaluate(name, v, a, shape):
    """The results of one op: operands v, attributes a, shape of its first result."""
    if name in UNARY:
        return UNARY[name](v[0])
    if name in BINARY:
        return BINARY[name](*v)
    table = {
        "compare": lambda: COMPARE[a["kind"]](*v),
        "select": lambda: np.where(*v),
        "convert": lambda: v[0].astype(float),
        "sum": lambda: sum(v[1:], v[0]),
        "dot_general": lambda: dot_general(*v, a),
        "reduce": lambda: REDUCE[a["kind"]](v[0], axis=tuple(a["axes"])),
        "constant": lambda: np.broadcast_to(np.array(a["value"]), shape),
        "iota": lambda: np.moveaxis(np.broadcast_to(np.arange(shape[a["axis"]]), np.roll(shape, -a["axis"] - 1)), -1, a["axis"]),
        "broadcast": lambda: broadcast(v[0], a, shape),
        "reshape": lambda: v[0].reshape(shape),
        "transpose": lambda: v[0].transpose(a["perm"]),
        "slice": lambda: v[0][tuple(slice(*s) for s in zip(a["start"], a["limit"], a.get("stride", [1] * v[0].ndim)))],
        "pad": lambda: pad(v[0], a),
        "concat": lambda: np.concatenate(v, a["axis"]),
        "reverse": lambda: np.flip(v[0], a["axes"]),
        "take": lambda: np.take(v[0], v[1], a["axis"]),
        "scatter_rows": lambda: scatter_rows(*v, a),
        "totals": lambda: np.array(v),
        "gelu": lambda: gelu(v[0], a["approx"]),
        "gelu_grad": lambda: gelu_grad(*v, a["approx"]),
        "softmax": lambda: softmax(v[0], a["axis"]),
        "log_softmax": lambda: np.log(softmax(v[0], a["axis"])),
        "layer_norm": lambda: layer_norm(*v, a),
        "layer_norm_grad": lambda: layer_norm_grad(*v, a),
        "rms_norm": lambda: rms_norm(*v, a),
        "rms_norm_grad": lambda: rms_norm_grad(*v, a),
        "attention": lambda: attention(*v[:3], a, *v[3:]),
        "attention_grad": lambda: attention_grad(*v[:6], a, *v[6:]),
        "cross_entropy": lambda: cross_entropy(*v, a),
        "cross_entropy_grad": lambda: cross_entropy_grad(*v, a),
        "opt_update": lambda: opt_update(v[0], v[1], v[2:-4], *v[-4:], a),
        "label_weight": lambda: float((v[0] != a["ignore_index"]).sum()),
    }
    return table[name]()


ATTRIBUTE = re.compile(r'(\w+) = (array<[if]64(?:: [^>]*)?>|"[^"]*"|dense<.*?> : tensor<[^>]*>|@"?[\w.]+"?|[-\w.+]+)')
UNITS = ("nesterov", "zero_rows")
OP = re.compile(r'\s*(?:(%\w+)(?::(\d+))? = )?"([\w.]+)"\(([^)]*)\)(?: <\{(.*?)\}>)?.* : \((.*)\) -> (.*)')


def number(text):
    if text.startswith("0x"):  # infinities and NaN: the bits
        raw = bytes.fromhex(text[2:])
        return float(np.frombuffer(raw, f">f{len(raw)}")[0])
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


def elements(text, kind):
    """Nested lists, one value for all, or the raw bytes in hexadecimal (bits for i1)."""
    if not text.startswith('"0x'):
        return eval(text, {"true": True, "false": False})
    raw, element = bytes.fromhex(text[3:-1]), re.search(r"(\w+)>", kind.split("x")[-1])[1]
    if element == "i1":
        flat = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")[: math.prod(shape_of(kind))].astype(bool)
    else:
        flat = np.frombuffer(raw, {"f": "f", "i": "i"}[element[0]] + str(int(element[1:]) // 8))
    return flat.reshape(shape_of(kind))


def attribute(text):
    if text.startswith("array"):
        return [number(n) for n in re.findall(r"[-\w.+]+", text[len("array<i64"):-1])]
    if text.startswith("dense"):
        return elements(*re.fullmatch(r"dense<(.*)> : (tensor<.*>)", text).groups())
    if text[0] in '"@':
        return text.strip('"@')
    return number(text)


def shape_of(kind):
    return tuple(int(n) for n in re.findall(r"(\d+)x", kind))


class Program:
    def __init__(self, text):
        self.ops, self.arguments, self.states = [], {}, {}
        for line in text.splitlines():
            if match := re.match(r'\s*"mpt.state"\(\) <\{(.*)\}>', line):
                name, kind = re.search(r'sym_name = "([^"]*)"', line), re.search(r"type = (tensor<[^>]*>)", line)
                self.states[name[1]] = (kind[1], "trainable" in match[1])
            elif line.strip().startswith("^bb0("):
                self.arguments = dict(re.findall(r"(%\w+): (tensor<[^>]*>)", line))
            elif match := OP.match(line):
                result, _, name, operands, attributes, _, kinds = match.groups()
                attributes = {k: attribute(v) for k, v in ATTRIBUTE.findall(attributes or "")} | {u: True for u in UNITS if u in (attributes or "")}
                self.ops.append((result, name, re.findall(r"%[\w#]+", operands), attributes, shape_of(kinds.split(">")[0])))

    def run(self, states, arguments):
        """Loss, gradients by parameter and new values by state."""
        values, source, gradients, written = dict(arguments), {}, {}, {}
        for result, name, operands, a, shape in self.ops:
            if not name.startswith("mpt."):
                continue
            v = [values[o] for o in operands]
            if name == "mpt.write":
                written[a["source"]] = v[0]
                continue
            if name == "mpt.read":
                values[result], source[result] = states[a["source"]], a["source"]
                continue
            results = evaluate(name[4:], v, a, shape)
            results = results if isinstance(results, tuple) else (results,)
            values[result] = results[0]
            values.update((f"{result}#{i}", r) for i, r in enumerate(results))
            if name == "mpt.totals":
                loss = results[0][0]
            elif name == "mpt.opt_update":
                gradients[source[operands[0]]] = v[1]
        return loss, gradients, written
