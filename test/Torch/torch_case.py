# SPDX-License-Identifier: Apache-2.0
"""Writes a reference case (format: mpt.case) of a PyTorch module: what PyTorch computes when it trains it."""
import copy
import json
import os

import numpy as np
import torch

OPTIMIZER = {"kind": "adamw", "lr": 1e-3, "betas": [0.9, 0.95], "eps": 1e-8, "weight_decay": 0.1,
             "clip": 1.0, "warmup": 5}


def randomise(module, seed):
    """Distinct values for every parameter, norms and biases included."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in module.parameters():
            noise = torch.randn(p.shape, generator=generator)
            if p.dim() >= 2:
                p.copy_(noise * 0.08)
            else:
                p.add_(noise * 0.02)
    return module


def norm(value):
    return float(np.linalg.norm(value.ravel()))


def matches(graph, module, by_name):
    """[(initializer, parameter, layout)]: equal by value, or by name; the layout is '', 'T' or a shape."""
    from onnx import numpy_helper
    parameters = {n: p.detach().numpy() for n, p in module.named_parameters()}
    if by_name:
        return [(i.name, i.name, "") for i in graph.initializer if i.name in parameters]
    found = []
    for initializer in graph.initializer:
        value = numpy_helper.to_array(initializer)
        if value.dtype != np.float32 or value.size < 2:
            continue
        for name in sorted(parameters, key=lambda n: not initializer.name.endswith(n)):
            p = parameters[name]
            if p.shape == value.shape and np.array_equal(p, value):
                found.append((initializer.name, name, ""))
            elif p.ndim == 2 and p.T.shape == value.shape and np.array_equal(p.T, value):
                found.append((initializer.name, name, "T"))
            elif p.size == value.size and np.array_equal(p.ravel(), value.ravel()):
                found.append((initializer.name, name, value.shape))
            else:
                continue
            break
    return found


def lay_out(value, layout):
    if layout == "T":
        value = value.T
    elif layout:
        value = value.reshape(layout)
    return np.ascontiguousarray(value).astype(np.float32)


def lm_loss(module, batch):
    logits = module(batch["input_ids"])
    return torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), batch["labels"].reshape(-1))


def train(module, data, steps, decayed, dtype):
    """(losses, gradients of step 0, parameters) by AdamW with clip and warm-up."""
    module = copy.deepcopy(module).to(dtype)
    named = dict(module.named_parameters())
    o = OPTIMIZER
    groups = [{"params": [p for n, p in named.items() if (n in decayed) == decays],
               "weight_decay": o["weight_decay"] * decays} for decays in (True, False)]
    adam = torch.optim.AdamW([g for g in groups if g["params"]], lr=o["lr"], betas=tuple(o["betas"]), eps=o["eps"])
    losses, gradients = [], None
    for step in range(steps):
        for group in adam.param_groups:
            group["lr"] = o["lr"] * min(1.0, (step + 1) / o["warmup"])
        adam.zero_grad(set_to_none=True)
        loss = lm_loss(module, {k: torch.from_numpy(v[step]) for k, v in data.items()})
        loss.backward()
        if gradients is None:
            gradients = {n: p.grad.double().numpy().copy() for n, p in named.items()}
        torch.nn.utils.clip_grad_norm_(module.parameters(), o["clip"])
        adam.step()
        losses.append(float(loss.detach()))
    return losses, gradients, {n: p.detach().double().numpy() for n, p in named.items()}


def write_case(folder, module, data, exporter, by_name=False):
    """Exports `module` by exporter(module, path) into `folder` and writes its reference for all steps of `data`.

    `by_name` where parameters have equal values: initializers bear their names.
    """
    import onnx
    os.makedirs(folder, exist_ok=True)
    exporter(module, os.path.join(folder, "model.onnx"))
    pairs = matches(onnx.load(os.path.join(folder, "model.onnx")).graph, module, by_name)
    assert {n for _, n, _ in pairs} == set(dict(module.named_parameters())), "a parameter is no initializer"
    decayed = {n for n, p in module.named_parameters() if p.dim() >= 2}
    steps = len(data["input_ids"])
    losses, gradients, parameters = train(module, data, steps, decayed, torch.float64)
    single = train(module, data, steps, decayed, torch.float32)
    total = np.sqrt(sum(norm(g) ** 2 for g in gradients.values()))
    noise = {n for n, g in gradients.items() if norm(g) < 1e-6 * total}
    uses = {}
    for initializer, name, _ in pairs:
        uses.setdefault(name, []).append(initializer)

    def spread(exact, rounded):
        return {i: norm(rounded[n] - exact[n]) / norm(exact[n]) for i, n, _ in pairs if n not in noise}

    np.savez_compressed(os.path.join(folder, "data.npz"), **data)
    np.savez_compressed(os.path.join(folder, "grads0.npz"), **{i: lay_out(gradients[n], t) for i, n, t in pairs})
    np.savez_compressed(os.path.join(folder, "params.npz"), **{i: lay_out(parameters[n], t) for i, n, t in pairs})
    reference = {
        "inputs": {k: {"shape": list(v.shape[1:]), "dtype": str(v.dtype)} for k, v in data.items()},
        "loss": {"kind": "cross_entropy", "logits": "logits", "labels": "labels", "ignore_index": -100},
        "optimizer": OPTIMIZER, "steps": steps, "losses": losses,
        "trainable": [i for i, _, _ in pairs], "decay": [i for i, n, _ in pairs if n in decayed],
        "tied": [group for group in uses.values() if len(group) > 1],
        "no_gradient": [i for i, n, _ in pairs if n in noise],
        "gradient_spread_f32": spread(gradients, single[1]),
        "parameter_spread_f32": spread(parameters, single[2])}
    with open(os.path.join(folder, "reference.json"), "w", encoding="utf-8") as file:
        json.dump(reference, file, indent=1)
