# SPDX-License-Identifier: Apache-2.0
"""A small decoder transformer drawn at random, its data, and the three ways to export it.

    python3 random_transformer.py SEED EXPORTER FOLDER   writes its reference case
"""
import os
import random
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch_case import randomise, write_case

import mpt

EXPORTERS = ("dynamo", "legacy", "mpt")


class Shape:
    """What is drawn: sizes and variants of the architecture."""

    def __init__(self, seed):
        draw = random.Random(seed)
        self.layers = draw.randint(2, 3)
        self.heads = draw.choice((2, 4))
        self.width = self.heads * draw.choice((6, 8, 12))
        self.hidden = draw.choice((2, 3, 4)) * self.width
        self.vocab = draw.choice((97, 131, 151))
        self.batch, self.seq = 8, draw.choice((12, 20))
        self.tied, self.prenorm, self.fused, self.bias = (draw.random() < 0.5 for _ in range(4))
        self.activation = draw.choice((F.relu, F.gelu, F.silu, lambda x: F.gelu(x, approximate="tanh")))
        self.rms = draw.random() < 0.4
        self.sdpa = draw.random() < 0.5


class Attention(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.s = s
        if s.fused:
            self.qkv = nn.Linear(s.width, 3 * s.width, bias=s.bias)
        else:
            self.q, self.k, self.v = (nn.Linear(s.width, s.width, bias=s.bias) for _ in range(3))
        self.out = nn.Linear(s.width, s.width, bias=s.bias)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.qkv(x).split(c, dim=-1) if self.s.fused else (self.q(x), self.k(x), self.v(x))
        q, k, v = (z.view(b, t, self.s.heads, c // self.s.heads).transpose(1, 2) for z in (q, k, v))
        if self.s.sdpa:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = q @ k.transpose(-2, -1) / (c // self.s.heads) ** 0.5
            mask = torch.ones(t, t, dtype=torch.bool).tril()
            y = scores.masked_fill(~mask, float("-inf")).softmax(-1) @ v
        return self.out(y.transpose(1, 2).reshape(b, t, c))


class Block(nn.Module):
    def __init__(self, s):
        super().__init__()
        make = nn.RMSNorm if s.rms else nn.LayerNorm
        self.s, self.attention = s, Attention(s)
        self.norm_1, self.norm_2 = make(s.width, eps=1e-5), make(s.width, eps=1e-5)
        self.up, self.down = nn.Linear(s.width, s.hidden, bias=s.bias), nn.Linear(s.hidden, s.width, bias=s.bias)

    def feed_forward(self, x):
        return self.down(self.s.activation(self.up(x)))

    def forward(self, x):
        if self.s.prenorm:
            x = x + self.attention(self.norm_1(x))
            return x + self.feed_forward(self.norm_2(x))
        x = self.norm_1(x + self.attention(x))
        return self.norm_2(x + self.feed_forward(x))


class Transformer(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(s.vocab, s.width), nn.Embedding(s.seq, s.width)
        self.blocks = nn.ModuleList(Block(s) for _ in range(s.layers))
        self.norm = nn.LayerNorm(s.width)
        self.head = nn.Linear(s.width, s.vocab, bias=False)
        if s.tied:
            self.head.weight = self.tokens.weight

    def forward(self, ids):
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def token_data(s, seed, steps):
    """Sequences that count upwards in steps of their own, with noise: something to learn."""
    draw = np.random.default_rng(seed)
    start, stride = draw.integers(0, s.vocab, (2, steps, s.batch, 1))
    ids = (start + stride % 5 * np.arange(s.seq + 1) + (draw.random((steps, s.batch, s.seq + 1)) < 0.1)) % s.vocab
    return {"input_ids": ids[..., :-1].copy(), "labels": ids[..., 1:].copy()}


def exporter_for(kind, s):
    args = (torch.zeros(s.batch, s.seq, dtype=torch.int64),)
    names = {"input_names": ["input_ids"], "output_names": ["logits"]}

    def write(module, path):
        if kind == "mpt":
            mpt.export(module, args, path, **names)
        else:
            torch.onnx.export(module.eval(), args, path, dynamo=kind == "dynamo", verbose=False,
                              opset_version=18 if kind == "dynamo" else 17,
                              **({"external_data": False} if kind == "dynamo" else {}), **names)
    return write


def write_random_case(folder, seed, kind, steps=10):
    s = Shape(seed)
    write_case(folder, randomise(Transformer(s), seed), token_data(s, seed, steps), exporter_for(kind, s))


if __name__ == "__main__":
    write_random_case(sys.argv[3], int(sys.argv[1]), sys.argv[2])
    print({k: v for k, v in vars(Shape(int(sys.argv[1]))).items()}, os.listdir(sys.argv[3]))
