# SPDX-License-Identifier: Apache-2.0
"""Random MLPs as reference cases: an ONNX file and what numpy computes for it.

The reference is written by hand in f64, layer by layer, and shares nothing with the
compiler: forward, backward, clip by global norm, AdamW. A case folder has the format
that mpt.check reads.
"""
import json
import math
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPTIMIZER = dict(kind="adamw", lr=1e-3, betas=[0.9, 0.95], eps=1e-8, weight_decay=0.1,
                 clip=1.0, warmup=4)
ERF = np.vectorize(math.erf)


class Linear:
    """Gemm or MatMul + Add; the weight lies as [in, out] or transposed."""

    def __init__(self, name, rng, n_in, n_out):
        self.transposed, self.gemm = bool(rng.integers(2)), bool(rng.integers(2))
        w = rng.normal(size=(n_in, n_out)) / math.sqrt(n_in)
        self.transposed = self.transposed and self.gemm
        self.params = {f"{name}.weight": w.T if self.transposed else w,
                       f"{name}.bias": rng.normal(size=n_out) * 0.1}
        self.w, self.b = list(self.params)
        self.name = name

    def nodes(self, x, y):
        if self.gemm:
            return [helper.make_node("Gemm", [x, self.w, self.b], [y], name=self.name,
                                     transB=int(self.transposed))]
        return [helper.make_node("MatMul", [x, self.w], [y + "_mm"], name=self.name + "_mm"),
                helper.make_node("Add", [y + "_mm", self.b], [y], name=self.name + "_add")]

    def forward(self, p, x):
        w = p[self.w].T if self.transposed else p[self.w]
        return x @ w + p[self.b], (x, w)

    def backward(self, kept, dy, grads):
        x, w = kept
        dw = x.T @ dy
        grads[self.w] = dw.T if self.transposed else dw
        grads[self.b] = dy.sum(0)
        return dy @ w.T


class Norm:
    """LayerNormalization over the features."""

    def __init__(self, name, rng, n):
        self.params = {f"{name}.gamma": 1 + 0.1 * rng.normal(size=n), f"{name}.beta": 0.1 * rng.normal(size=n)}
        self.g, self.b = list(self.params)
        self.name = name

    def nodes(self, x, y):
        return [helper.make_node("LayerNormalization", [x, self.g, self.b], [y], name=self.name, epsilon=1e-5)]

    def forward(self, p, x):
        centred = x - x.mean(-1, keepdims=True)
        rstd = 1 / np.sqrt((centred ** 2).mean(-1, keepdims=True) + 1e-5)
        hat = centred * rstd
        return hat * p[self.g] + p[self.b], (hat, rstd, p[self.g])

    def backward(self, kept, dy, grads):
        hat, rstd, gamma = kept
        grads[self.g], grads[self.b] = (dy * hat).sum(0), dy.sum(0)
        d = dy * gamma
        return rstd * (d - d.mean(-1, keepdims=True) - hat * (d * hat).mean(-1, keepdims=True))


ACTIVATIONS = {  # name -> (value, derivative)
    "Relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(x.dtype)),
    "Tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "Sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    "Softplus": (lambda x: np.log1p(np.exp(x)), lambda x: 1 / (1 + np.exp(-x))),
    "LeakyRelu": (lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, 1, 0.01)),
    "Gelu": (lambda x: x * 0.5 * (1 + ERF(x / math.sqrt(2))),
             lambda x: 0.5 * (1 + ERF(x / math.sqrt(2))) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)),
    "Abs": (np.abs, np.sign),
}


class Activation:
    params = {}

    def __init__(self, name, kind):
        self.name, self.kind = name, kind

    def nodes(self, x, y):
        return [helper.make_node(self.kind, [x], [y], name=self.name)]

    def forward(self, _, x):
        return ACTIVATIONS[self.kind][0](x), x

    def backward(self, x, dy, _):
        return dy * ACTIVATIONS[self.kind][1](x)


class Residual:
    """x + inner(x)."""

    def __init__(self, name, inner):
        self.name, self.inner = name, inner
        self.params = inner.params

    def nodes(self, x, y):
        return [*self.inner.nodes(x, y + "_in"), helper.make_node("Add", [x, y + "_in"], [y], name=self.name)]

    def forward(self, p, x):
        y, kept = self.inner.forward(p, x)
        return x + y, kept

    def backward(self, kept, dy, grads):
        return dy + self.inner.backward(kept, dy, grads)


def random_layers(rng):
    """Depth 2 to 5, odd widths, activations, norms and residuals at random."""
    widths = [int(rng.integers(5, 40)) for _ in range(int(rng.integers(3, 7)))]
    layers = []
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        layers.append(Linear(f"fc{i}", rng, a, b))
        if i + 2 < len(widths):
            layers.append(Activation(f"act{i}", str(rng.choice(list(ACTIVATIONS)))))
            if rng.random() < 0.4:
                layers.append(Norm(f"norm{i}", rng, b))
            if rng.random() < 0.4:
                layers.append(Residual(f"res{i}", Linear(f"skip{i}", rng, b, b)))
    return layers, widths[0], widths[-1]


def cross_entropy(z, labels):
    """Mean over labels other than -100, and its gradient."""
    m = z.max(-1, keepdims=True)
    lse = m[:, 0] + np.log(np.exp(z - m).sum(-1))
    valid = labels != -100
    rows, safe = np.arange(len(z)), np.where(valid, labels, 0)
    loss = ((lse - z[rows, safe]) * valid).sum() / valid.sum()
    d = np.exp(z - lse[:, None])
    d[rows, safe] -= 1
    return loss, d * valid[:, None] / valid.sum()


def mse(z, target):
    return ((z - target) ** 2).mean(), 2 * (z - target) / z.size


class Reference:
    """The model in numpy."""

    def __init__(self, layers, loss):
        self.layers, self.loss = layers, loss
        self.params = {n: p for layer in layers for n, p in layer.params.items()}

    def gradient(self, params, batch, goal):
        x, kept, grads = batch, [], {}
        for layer in self.layers:
            x, k = layer.forward(params, x)
            kept.append(k)
        value, d = self.loss(x, goal)
        for layer, k in zip(reversed(self.layers), reversed(kept)):
            d = layer.backward(k, d, grads)
        return value, grads

    def train(self, x, goal, dtype):
        """All steps; losses, gradients of step 0, final parameters."""
        o = OPTIMIZER
        p = {n: v.astype(dtype) for n, v in self.params.items()}
        m = {n: np.zeros_like(v) for n, v in p.items()}
        v = {n: np.zeros_like(a) for n, a in p.items()}
        losses, first = [], None
        for step, (batch, g) in enumerate(zip(x, goal)):
            g = g.astype(dtype) if g.dtype.kind == "f" else g
            value, grads = self.gradient(p, batch.astype(dtype), g)
            first = first or dict(grads)
            losses.append(float(value))
            norm = math.sqrt(sum(float((a ** 2).sum()) for a in grads.values()))
            clip = min(1.0, o["clip"] / (norm + 1e-6))
            lr = o["lr"] * min(1, (step + 1) / o["warmup"])
            for n, grad in grads.items():
                grad = grad * dtype(clip)
                if p[n].ndim >= 2:
                    p[n] = p[n] * dtype(1 - lr * o["weight_decay"])
                m[n] = dtype(o["betas"][0]) * m[n] + dtype(1 - o["betas"][0]) * grad
                v[n] = dtype(o["betas"][1]) * v[n] + dtype(1 - o["betas"][1]) * grad ** 2
                c1, c2 = 1 - o["betas"][0] ** (step + 1), 1 - o["betas"][1] ** (step + 1)
                p[n] = p[n] - dtype(lr / c1) * m[n] / (np.sqrt(v[n] / dtype(c2)) + dtype(o["eps"]))
        return losses, first, p


def spread(found, expected):
    return {n: float(np.linalg.norm(found[n] - expected[n]) / np.linalg.norm(expected[n])) for n in expected}


def write_model(path, layers, params, n_in, n_out, batch, free_batch):
    nodes, value = [], "x"
    for i, layer in enumerate(layers):
        out = "y" if i + 1 == len(layers) else f"v{i}"
        nodes += layer.nodes(value, out)
        value = out
    dim = "batch" if free_batch else batch
    graph = helper.make_graph(
        nodes, "mlp", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [dim, n_in])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [dim, n_out])],
        [numpy_helper.from_array(a.astype(np.float32), n) for n, a in params.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_case(folder, seed, steps=8):
    """Writes a case for this seed; returns a line that describes it."""
    rng = np.random.default_rng(seed)
    layers, n_in, n_out = random_layers(rng)
    for layer in layers:  # what f32 can hold is what both sides start from
        layer.params.update({n: a.astype(np.float32).astype(np.float64) for n, a in layer.params.items()})
    batch = int(rng.integers(3, 9)) * 4
    classify = bool(rng.integers(2)) and n_out > 1
    x = rng.normal(size=(steps, batch, n_in)).astype(np.float32)
    if classify:
        goal = rng.integers(0, n_out, size=(steps, batch))
        goal[rng.random(goal.shape) < 0.2] = -100
        loss = {"kind": "cross_entropy", "logits": "y", "labels": "goal", "ignore_index": -100}
    else:
        goal = rng.normal(size=(steps, batch, n_out)).astype(np.float32)
        loss = {"kind": "mse", "prediction": "y", "target": "goal"}
    reference = Reference(layers, cross_entropy if classify else mse)
    losses, grads, params = reference.train(x, goal, np.float64)
    losses32, grads32, params32 = reference.train(x, goal, np.float32)
    os.makedirs(folder, exist_ok=True)
    at = lambda name: os.path.join(folder, name)
    write_model(at("model.onnx"), layers, reference.params, n_in, n_out, batch, bool(rng.integers(2)))
    np.savez_compressed(at("data.npz"), x=x, goal=goal)
    as32 = lambda arrays: {n: a.astype(np.float32) for n, a in arrays.items()}
    np.savez_compressed(at("grads0.npz"), **as32(grads))
    np.savez_compressed(at("params.npz"), **as32(params))
    total = math.sqrt(sum(float((a ** 2).sum()) for a in grads.values()))
    record = dict(
        inputs={k: dict(shape=list(a.shape[1:]), dtype=str(a.dtype)) for k, a in (("x", x), ("goal", goal))},
        loss=loss, optimizer=OPTIMIZER, tied=[], decay=[n for n, a in params.items() if a.ndim >= 2],
        trainable=list(params), steps=steps, losses=losses, losses_f32=losses32,
        no_gradient=[n for n, a in grads.items() if np.linalg.norm(a) < 1e-6 * total],
        gradient_spread_f32=spread(grads32, grads), parameter_spread_f32=spread(params32, params))
    with open(at("reference.json"), "w", encoding="utf-8") as file:
        json.dump(record, file)
    kinds = [type(layer).__name__ if not isinstance(layer, Activation) else layer.kind for layer in layers]
    return f"seed {seed}: batch {batch}, {n_in} -> {n_out}, {loss['kind']}, {' '.join(kinds)}"
