# SPDX-License-Identifier: Apache-2.0
"""Small transformers as cases without a reference: for tests that compare plans.

`decoder`: pre-norm, causal mask repeated for every sample as exporters fold it, positions
looked up once per sample, head tied to the embedding through a Transpose.
`encoder`: post-norm, attention mask and token types as data inputs, head of its own.
`fused`: the decoder with one layer for q, k, v of all heads and Split, as GPT-2 has it, in Gemm form (weights [out, in]).
`grouped`: pre-norm, RMS norms in parts, rotary positions, each key-value head for HEADS / KV_HEADS queries, gated MLP,
head of its own, as Llama has it. `packed`: `grouped` with its q, k, v and its gate and up packed into one layer each.
Vocabulary and widths are odd or not divided by the usual meshes' sizes where that is legal.
Labels are ignored (-100) unevenly over samples, so micro-batches weigh differently.
The loss is mptc's, or a node of the graph (`node`), or spelled out in it (`spelled`).
"""
import json
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BATCH, SEQ, WIDTH, HEADS, KV_HEADS, HIDDEN, VOCABULARY, STEPS = 8, 6, 16, 4, 2, 24, 37, 5
HEAD = WIDTH // HEADS
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

    def product(self, name, x, n_in, n_out):
        return self.op("MatMul", x, self.parameter(f"{name}.weight", n_in, n_out), name=name)

    def heads(self, x, perm, count=HEADS):
        split = self.op("Reshape", x, self.shape(BATCH, SEQ, count, HEAD))
        return self.op("Transpose", split, perm=perm)

    def split(self, x, *sizes):
        names = [f"split_{len(self.nodes)}_{i}" for i in range(len(sizes))]
        self.nodes.append(helper.make_node("Split", [x, self.shape(*sizes)], names, name=names[0], axis=-1))
        return names

    def mix(self, q, k, v, mask):
        """Attention of q, v [batch, heads, seq, head] and k [batch, heads, head, seq]."""
        scale = self.constant("scale", np.float32(HEAD ** -0.5))
        scores = self.op("Add", self.op("Mul", self.op("MatMul", q, k), scale), mask)
        mixed = self.op("MatMul", self.op("Softmax", scores, axis=-1), v)
        return self.op("Reshape", self.op("Transpose", mixed, perm=[0, 2, 1, 3]), self.shape(BATCH, SEQ, WIDTH))

    def attention(self, name, x, mask):
        q, k, v = (self.linear(f"{name}.{n}", x, WIDTH, WIDTH) for n in "qkv")
        joined = self.mix(self.heads(q, [0, 2, 1, 3]), self.heads(k, [0, 2, 3, 1]), self.heads(v, [0, 2, 1, 3]), mask)
        return self.linear(f"{name}.o", joined, WIDTH, WIDTH)

    def fused_attention(self, name, x, mask):
        weight = self.parameter(f"{name}.qkv.weight", 3 * WIDTH, WIDTH)
        bias = self.parameter(f"{name}.qkv.bias", 3 * WIDTH)
        rows = self.op("Reshape", x, self.shape(BATCH * SEQ, WIDTH))
        made = self.op("Gemm", rows, weight, bias, name=f"{name}.qkv", transB=1)
        made = self.op("Reshape", made, self.shape(BATCH, SEQ, 3 * WIDTH))
        q, k, v = self.split(made, WIDTH, WIDTH, WIDTH)
        joined = self.mix(self.heads(q, [0, 2, 1, 3]), self.heads(k, [0, 2, 3, 1]), self.heads(v, [0, 2, 1, 3]), mask)
        return self.linear(f"{name}.o", joined, WIDTH, WIDTH)

    def rotate(self, x):
        """x cos + (-x2, x1) sin, the two halves of each head."""
        angle = np.arange(SEQ)[:, None] * 10.0 ** -np.tile(np.arange(HEAD // 2), 2)
        sine, cosine = (self.constant(f.__name__, f(angle).astype(np.float32)[None, None]) for f in (np.sin, np.cos))
        low, high = self.split(x, HEAD // 2, HEAD // 2)
        turned = self.op("Concat", self.op("Neg", high), low, axis=-1)
        return self.op("Add", self.op("Mul", x, cosine), self.op("Mul", turned, sine))

    def repeat(self, x):
        """Each head HEADS / KV_HEADS times."""
        wide = self.op("Unsqueeze", x, self.constant("axis_2", np.array([2])))
        group = HEADS // KV_HEADS
        wide = self.op("Expand", wide, self.shape(BATCH, KV_HEADS, group, SEQ, HEAD))
        return self.op("Reshape", wide, self.shape(BATCH, HEADS, SEQ, HEAD))

    def grouped_attention(self, name, x, mask, packed):
        inner = KV_HEADS * HEAD
        if packed:
            made = self.product(f"{name}.qkv", x, WIDTH, WIDTH + 2 * inner)
            q, k, v = self.split(made, WIDTH, inner, inner)
        else:
            q = self.product(f"{name}.q", x, WIDTH, WIDTH)
            k, v = (self.product(f"{name}.{n}", x, WIDTH, inner) for n in "kv")
        q = self.rotate(self.heads(q, [0, 2, 1, 3]))
        k = self.repeat(self.rotate(self.heads(k, [0, 2, 1, 3], KV_HEADS)))
        v = self.repeat(self.heads(v, [0, 2, 1, 3], KV_HEADS))
        joined = self.mix(q, self.op("Transpose", k, perm=[0, 1, 3, 2]), v, mask)
        return self.product(f"{name}.o", joined, WIDTH, WIDTH)

    def gated_mlp(self, name, x, packed):
        if packed:
            gate, up = self.split(self.product(f"{name}.gate_up", x, WIDTH, 2 * HIDDEN), HIDDEN, HIDDEN)
        else:
            gate, up = (self.product(f"{name}.{n}", x, WIDTH, HIDDEN) for n in ("gate", "up"))
        hidden = self.op("Mul", self.op("Mul", gate, self.op("Sigmoid", gate)), up)
        return self.product(f"{name}.down", hidden, HIDDEN, WIDTH)

    def rms_norm(self, name, x):
        square = self.op("Pow", x, self.constant("two", np.float32(2)))
        mean = self.op("ReduceMean", square, self.constant("last", np.array([-1])), keepdims=1)
        root = self.op("Sqrt", self.op("Add", mean, self.constant("eps", np.float32(1e-5))))
        scale = self.constant(f"{name}.weight", 1 + self.rng.normal(size=WIDTH).astype(np.float32) * 0.1)
        return self.op("Mul", self.op("Div", x, root), scale, name=name)

    def mlp(self, name, x):
        hidden = self.op("Gelu", self.linear(f"{name}.up", x, WIDTH, HIDDEN))
        return self.linear(f"{name}.down", hidden, HIDDEN, WIDTH)

    def select(self, keep):
        """0 where `keep`, -1e9 elsewhere."""
        zero, low = self.constant("zero", np.float32(0)), self.constant("low", np.float32(-1e9))
        return self.op("Where", keep, zero, low)


def decoder(g, layers, attention=Graph.attention):
    table = g.parameter("wte", VOCABULARY, WIDTH)
    positions = g.constant("positions", np.tile(np.arange(SEQ), (BATCH, 1)))
    places = g.op("Gather", g.parameter("wpe", SEQ + 3, WIDTH), positions, name="wpe.take")
    x = g.op("Add", g.op("Gather", table, "ids", name="wte.take"), places)
    causal = np.tril(np.ones((SEQ, SEQ), bool))
    mask = g.select(g.constant("causal", np.tile(causal, (BATCH, 1, 1, 1))))
    for i in range(layers):
        x = g.op("Add", x, attention(g, f"h{i}.attn", g.norm(f"h{i}.ln1", x), mask), name=f"h{i}.add1")
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


def fused(g, layers):
    return decoder(g, layers, Graph.fused_attention)


def grouped(g, layers, packed=False):
    x = g.op("Gather", g.parameter("embed", VOCABULARY, WIDTH), "ids", name="embed.take")
    mask = g.select(g.constant("causal", np.tril(np.ones((SEQ, SEQ), bool))[None, None]))
    for i in range(layers):
        x = g.op("Add", x, g.grouped_attention(f"h{i}.attn", g.rms_norm(f"h{i}.n1", x), mask, packed))
        x = g.op("Add", x, g.gated_mlp(f"h{i}.mlp", g.rms_norm(f"h{i}.n2", x), packed))
    return g.product("head", g.rms_norm("norm", x), WIDTH, VOCABULARY), ["ids"]


def packed(g, layers):
    return grouped(g, layers, packed=True)


def node_loss(g, logits):
    """A mean over flattened tokens, as exporters write it."""
    rows = g.op("Reshape", logits, g.shape(-1, VOCABULARY))
    return g.op("SoftmaxCrossEntropyLoss", rows, g.op("Reshape", "labels", g.shape(-1)), reduction="mean",
                ignore_index=-100)


def spelled_loss(g, logits):
    """The sum over the labels that count, divided by their number."""
    last = g.constant("last", np.array([2]))
    counts = g.op("Not", g.op("Equal", "labels", g.constant("ignored", np.array(-100))))
    weights = g.op("Cast", counts, to=TensorProto.FLOAT)
    classes = g.constant("classes", np.arange(VOCABULARY))
    is_label = g.op("Equal", g.op("Unsqueeze", "labels", last), classes)
    rows = g.op("Where", is_label, g.op("LogSoftmax", logits, axis=-1), g.constant("zero", np.float32(0)))
    picked = g.op("Mul", g.op("ReduceSum", rows, last, keepdims=0), weights)
    return g.op("Neg", g.op("Div", g.op("ReduceSum", picked, keepdims=0), g.op("ReduceSum", weights, keepdims=0)))


KINDS = {"decoder": decoder, "encoder": encoder, "fused": fused, "grouped": grouped, "packed": packed}
LOSSES = {"node": node_loss, "spelled": spelled_loss}


def make_data(rng, names):
    shape = (STEPS, BATCH, SEQ)
    lengths = rng.integers(2, SEQ + 1, size=shape[:2])
    data = {"ids": rng.integers(0, VOCABULARY, size=shape), "token_types": rng.integers(0, 2, size=shape),
            "attention_mask": (np.arange(SEQ) < lengths[..., None]).astype(np.int64)}
    labels = rng.integers(0, VOCABULARY, size=shape)
    labels[rng.random(shape) < np.linspace(0, 0.9, BATCH)[None, :, None]] = -100
    return {**{n: data[n] for n in names}, "labels": labels}


def write_case(folder, kind, layers=2, seed=7, loss=None):
    """Writes a case folder whose reference has no numbers; `loss`: one of LOSSES, mptc's own if none."""
    g = Graph(seed)
    output, names = KINDS[kind](g, layers)
    data, shape = make_data(g.rng, names), (BATCH, SEQ, VOCABULARY)
    record = {"kind": "cross_entropy", "logits": output, "labels": "labels", "ignore_index": -100}
    if loss:
        output, names, shape = LOSSES[loss](g, output), [*names, "labels"], ()
        record = {"kind": "output", "name": output}
    info = lambda name, dtype, *shape: helper.make_tensor_value_info(name, dtype, shape)
    graph = helper.make_graph(
        g.nodes, kind, [info(n, TensorProto.INT64, BATCH, SEQ) for n in names],
        [info(output, TensorProto.FLOAT, *shape)],
        [numpy_helper.from_array(a, n) for n, a in g.initializers.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    os.makedirs(folder, exist_ok=True)
    at = lambda name: os.path.join(folder, name)
    onnx.save(model, at("model.onnx"))
    np.savez_compressed(at("data.npz"), **data)
    np.savez(at("grads0.npz"))
    trainable = [n for n, a in g.initializers.items() if a.dtype == np.float32 and a.ndim > 0]
    reference = dict(inputs={n: dict(shape=a.shape[1:], dtype=str(a.dtype)) for n, a in data.items()}, loss=record,
                     optimizer=OPTIMIZER, tied=[], trainable=trainable, steps=STEPS,
                     decay=[n for n in trainable if g.initializers[n].ndim >= 2])
    with open(at("reference.json"), "w", encoding="utf-8") as file:
        json.dump(reference, file)
