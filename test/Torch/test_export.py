# SPDX-License-Identifier: Apache-2.0
"""mpt.export keeps every parameter of a freshly initialised GPT-2 (bar T2)."""
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import onnx  # noqa: E402
from onnx import numpy_helper  # noqa: E402
from test_random_transformer import MPTC, agrees  # noqa: E402
from torch_case import write_case  # noqa: E402

import mpt  # noqa: E402
from mpt.export import ExportError  # noqa: E402

BATCH, SEQ, VOCAB = 4, 16, 101


class Logits(torch.nn.Module):
    """A transformers model seen as input_ids -> logits."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, input_ids):
        return self.inner(input_ids=input_ids, use_cache=False).logits


def fresh_gpt2():
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        n_layer=2, n_embd=32, n_head=2, vocab_size=VOCAB, n_positions=SEQ, bos_token_id=0, eos_token_id=0,
        resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, use_cache=False)
    return Logits(transformers.GPT2LMHeadModel(config))


def write(module, path):
    args = (torch.zeros(BATCH, SEQ, dtype=torch.int64),)
    mpt.export(module, args, path, input_names=["input_ids"], output_names=["logits"])


def test_every_parameter_is_kept(tmp_path):
    module = fresh_gpt2()
    write(module, str(tmp_path / "model.onnx"))
    kept = {i.name: numpy_helper.to_array(i) for i in onnx.load(tmp_path / "model.onnx").graph.initializer}
    for name, parameter in module.named_parameters():
        assert np.array_equal(kept[name], parameter.detach().numpy()), name


def test_fresh_gpt2_trains_as_in_pytorch(tmp_path):
    draw = np.random.default_rng(1)
    ids = draw.integers(0, VOCAB, (10, BATCH, SEQ + 1))
    # The reference matches by value: equal parameters (norms, zero biases) would be one.
    data = {"input_ids": ids[..., :-1].copy(), "labels": ids[..., 1:].copy()}
    write_case(str(tmp_path / "case"), fresh_gpt2(), data, write, by_name=True)
    assert agrees(str(tmp_path / "case"), "dp=2", tmp_path)


def test_plain_export_draws_warnings_by_name(tmp_path):
    """What PyTorch's exporter merges and drops in the same module: every parameter that the file lacks."""
    module, path = fresh_gpt2(), str(tmp_path / "plain.onnx")
    torch.onnx.export(module.eval(), (torch.zeros(BATCH, SEQ, dtype=torch.int64),), path, dynamo=True, verbose=False,
                      external_data=False, input_names=["input_ids"], output_names=["logits"])
    kept = [numpy_helper.to_array(i) for i in onnx.load(path).graph.initializer]
    names = {i.name for i in onnx.load(path).graph.initializer}
    folded = {n for n, p in module.named_parameters() if p.dim() > 1 and any(p.numel() == v.size for v in kept)}
    lacking = {n for n, _ in module.named_parameters()} - names - folded
    done = subprocess.run([MPTC, path, "-o", str(tmp_path / "program"), "--loss=cross_entropy(logits,labels)"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    warned = "\n".join(line for line in done.stderr.splitlines() if "warning" in line)
    merged, dropped = "'inner.transformer.h.1.ln_2.weight'", "'inner.transformer.h.0.attn.c_attn.bias'"
    assert merged in warned and dropped in warned
    assert {n for n in lacking if f"'{n}'" not in warned} == set()


def test_a_parameter_without_use_is_an_error(tmp_path):
    module = torch.nn.Sequential(torch.nn.Linear(3, 2))
    module.register_parameter("idle", torch.nn.Parameter(torch.ones(2)))
    with pytest.raises(ExportError, match=r"not in the graph \(unused\?\): idle$"):
        mpt.export(module, (torch.zeros(4, 3),), str(tmp_path / "m.onnx"))


def test_command_line(tmp_path):
    (tmp_path / "factories.py").write_text(
        "import torch\n\ndef linear():\n    return torch.nn.Linear(3, 2), (torch.zeros(4, 3),), "
        "{'input_names': ['x'], 'output_names': ['y']}\n")
    command = [sys.executable, "-m", "mpt.export", "factories:linear", "-o", "m.onnx"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0 and "m.onnx: 2 tensors, 8 parameters" in done.stdout, done.stderr
    assert {i.name for i in onnx.load(tmp_path / "m.onnx").graph.initializer} == {"weight", "bias"}
