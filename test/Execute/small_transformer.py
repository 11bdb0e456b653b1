# SPDX-License-Identifier: Apache-2.0
"""Small transformers as cases without a reference: for tests that compare plans.

`decoder`: pre-norm, causal mask repeated for every sample as exporters fold it, positions
looked up once per sample, head tied to the embedding through a Transpose.
`encoder`: post-norm, attention mask and token types as data inputs, head of its own.
Vocabulary and widths are odd or not divided by the usual meshes' sizes where that is legal.
Labels are ignored (-100) unevenly over samples, so micro-batches weigh differently.
"""
import json
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BATCH, SEQ, WIDTH, HEADS, HIDDEN, VOCABULARY, STEPS = 8, 6, 16, 4, 24, 37, 5
OPTIMIZER = dict(kind="adamw", lr=1e-2, betas=[0.9, 0.95], eps=1e-8, weight_decay=0.1, clip=1.0, warmup=2)


class Graph:
    """Nodes and initializers under construction; every method gives the name of its result."""

    def __init__(self, seed):
        self.rng, self.nodes, self.initializers = np.random.default_rng(seed), [], {}

    def op(self, kind, *inputs, name=None, **attributes):
        name = name or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name + "_out"], name=name, **attributes))
        return name + "_out"

    def constant(self, name, array):
        self.initializers[name] = np.array(array, order="C")
        return name

    def parameter(self, name, *shape):
        spread = 0.4 if len(shape) > 1 else 0.1
        return self.constant(name, (self.rng.normal(size=shape) * spread).astype(np.float32))

    def shape(self, *sizes):
        return self.constant("to_" + "_".join(map(str, sizes)).replace("-", "n"), np.array(sizes, np.int64))

    def linear(self, name, x, n_in, n_out):
        product = self.op("MatMul", x, self.parameter(f"{name}.weight", n_in, n_out), name=name)
        return self.op("Add", product, self.parameter(f"{name}.bias", n_out), name=f"{name}.add")

    def norm(self, name, x):
        scale = self.constant(f"{name}.weight", 1 + self.rng.normal(size=WIDTH).astype(np.float32) * 0.1)
        return self.op("LayerNormalization", x, scale, self.parameter(f"{name}.bias", WIDTH), name=name, epsilon=1e-5)

    def heads(self, x, perm):
        split = self.op("Reshape", x, self.shape(BATCH, SEQ, HEADS, WIDTH // HEADS))
        return self.op("Transpose", split, perm=perm)

    def attention(self, name, x, mask):
        q, k, v = (self.linear(f"{name}.{n}", x, WIDTH, WIDTH) for n in "qkv")
        scores = self.op("MatMul", self.heads(q, [0, 2, 1, 3]), self.heads(k, [0, 2, 3, 1]))
        scale = self.constant("scale", np.float32((WIDTH // HEADS) ** -0.5))
        scores = self.op("Add", self.op("Mul", scores, scale), mask)
        mixed = self.op("MatMul", self.op("Softmax", scores, axis=-1), self.heads(v, [0, 2, 1, 3]))
        joined = self.op("Reshape", self.op("Transpose", mixed, perm=[0, 2, 1, 3]), self.shape(BATCH, SEQ, WIDTH))
        return self.linear(f"{name}.o", joined, WIDTH, WIDTH)

    def mlp(self, name, x):
        hidden = self.op("Gelu", self.linear(f"{name}.up", x, WIDTH, HIDDEN))
        return self.linear(f"{name}.down", hidden, HIDDEN, WIDTH)

    def select(self, keep):
        """0 where `keep`, -1e9 elsewhere."""
        zero, low = self.constant("zero", np.float32(0)), self.constant("low", np.float32(-1e9))
        return self.op("Where", keep, zero, low)


def decoder(g, layers):
    table = g.parameter("wte", VOCABULARY, WIDTH)
    positions = g.constant("positions", np.tile(np.arange(SEQ), (BATCH, 1)))
    places = g.op("Gather", g.parameter("wpe", SEQ + 3, WIDTH), positions, name="wpe.take")
    x = g.op("Add", g.op("Gather", table, "ids", name="wte.take"), places)
    causal = np.tril(np.ones((SEQ, SEQ), bool))
    mask = g.select(g.constant("causal", np.tile(causal, (BATCH, 1, 1, 1))))
    for i in range(layers):
        x = g.op("Add", x, g.attention(f"h{i}.attn", g.norm(f"h{i}.ln1", x), mask), name=f"h{i}.add1")
        x = g.op("Add", x, g.mlp(f"h{i}.mlp", g.norm(f"h{i}.ln2", x)), name=f"h{i}.add2")
    head = g.op("Transpose", table, perm=[1, 0])
    return g.op("MatMul", g.norm("ln", x), head, name="head"), ["ids"]


def encoder(g, layers):
    words = g.op("Gather", g.parameter("words", VOCABULARY, WIDTH), "ids", name="words.take")
    kinds = g.op("Gather", g.parameter("kinds", 2, WIDTH), "token_types", name="kinds.take")
    places = g.parameter("places", 1, SEQ, WIDTH)
    x = g.norm("ln", g.op("Add", g.op("Add", words, kinds), places))
    keep = g.op("Cast", g.op("Unsqueeze", "attention_mask", g.constant("axes", np.array([1, 2]))), to=TensorProto.BOOL)
    mask = g.select(keep)
    for i in range(layers):
        x = g.norm(f"h{i}.ln1", g.op("Add", x, g.attention(f"h{i}.attn", x, mask)))
        x = g.norm(f"h{i}.ln2", g.op("Add", x, g.mlp(f"h{i}.mlp", x)))
    return g.linear("head", x, WIDTH, VOCABULARY), ["ids", "attention_mask", "token_types"]


KINDS = {"decoder": decoder, "encoder": encoder}


def make_data(rng, names):
    shape = (STEPS, BATCH, SEQ)
    lengths = rng.integers(2, SEQ + 1, size=shape[:2])
    data = {"ids": rng.integers(0, VOCABULARY, size=shape), "token_types": rng.integers(0, 2, size=shape),
            "attention_mask": (np.arange(SEQ) < lengths[..., None]).astype(np.int64)}
    labels = rng.integers(0, VOCABULARY, size=shape)
    labels[rng.random(shape) < np.linspace(0, 0.9, BATCH)[None, :, None]] = -100
    return {**{n: data[n] for n in names}, "labels": labels}


def write_case(folder, kind, layers=2, seed=7):
    """Writes a case folder whose reference has no numbers."""
    g = Graph(seed)
    logits, names = KINDS[kind](g, layers)
    info = lambda name, dtype, *shape: helper.make_tensor_value_info(name, dtype, shape)
    graph = helper.make_graph(
        g.nodes, kind, [info(n, TensorProto.INT64, BATCH, SEQ) for n in names],
        [info(logits, TensorProto.FLOAT, BATCH, SEQ, VOCABULARY)],
        [numpy_helper.from_array(a, n) for n, a in g.initializers.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    os.makedirs(folder, exist_ok=True)
    at = lambda name: os.path.join(folder, name)
    onnx.save(model, at("model.onnx"))
    data = make_data(g.rng, names)
    np.savez_compressed(at("data.npz"), **data)
    np.savez(at("grads0.npz"))
    loss = {"kind": "cross_entropy", "logits": logits, "labels": "labels", "ignore_index": -100}
    trainable = [n for n, a in g.initializers.items() if a.dtype == np.float32 and a.ndim > 0]
    record = dict(inputs={n: dict(shape=a.shape[1:], dtype=str(a.dtype)) for n, a in data.items()}, loss=loss,
                  optimizer=OPTIMIZER, tied=[], trainable=trainable, steps=STEPS,
                  decay=[n for n in trainable if g.initializers[n].ndim >= 2])
    with open(at("reference.json"), "w", encoding="utf-8") as file:
        json.dump(record, file)
