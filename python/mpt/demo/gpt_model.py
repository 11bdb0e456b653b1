# SPDX-License-Identifier: Apache-2.0
"""The demo's model in PyTorch; `tools/dev setup --torch`, then

    cd python/mpt/demo && python3 -m mpt.export gpt_model:factory -o gpt.onnx

makes the file that the project ships.
"""
import torch
from torch import nn
from torch.nn import functional as F

VOCAB, SEQ, WIDTH, HEADS, LAYERS = 128, 96, 96, 4, 3


class Block(nn.Module):
    """Pre-norm attention and MLP."""

    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = (z.view(b, t, HEADS, c // HEADS).transpose(1, 2) for z in self.qkv(self.ln_1(x)).split(c, dim=-1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(b, t, c))
        return x + self.down(F.gelu(self.up(self.ln_2(x)), approximate="tanh"))


class Gpt(nn.Module):
    """ASCII codes to logits of the next one; the head is the table of the codes."""

    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(VOCAB, WIDTH), nn.Embedding(SEQ, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.ln_f = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, VOCAB, bias=False)
        for table in (self.wte, self.wpe):
            nn.init.normal_(table.weight, std=0.02)
        self.head.weight = self.wte.weight

    def forward(self, ids):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_f(x))


def factory():
    torch.manual_seed(1)
    batch = torch.export.Dim("batch", min=1, max=4096)
    return Gpt(), (torch.zeros(4, SEQ, dtype=torch.int64),), {
        "input_names": ["ids"], "output_names": ["logits"], "dynamic_shapes": ({0: batch},)}
