# SPDX-License-Identifier: Apache-2.0
"""A reference case: an ONNX model, its data, and what PyTorch computed.

A case is a folder with model.onnx, data.npz, grads0.npz, perhaps params.npz, and
reference.json, which names inputs, loss, optimizer and trainable set.
"""
import json
import os
import re

import numpy as np


class CaseError(Exception):
    """The folder is no case; the message says what is missing or wrong."""


def _load(path):
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


class Case:
    """The files of a case folder, read."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.name = os.path.basename(self.folder)
        self.model = os.path.join(self.folder, "model.onnx")
        self.data = os.path.join(self.folder, "data.npz")
        for path in (self.model, self.data, self._path("reference.json"), self._path("grads0.npz")):
            if not os.path.exists(path):
                raise CaseError(f"'{folder}' is no case: '{path}' is missing")
        try:
            with open(self._path("reference.json"), encoding="utf-8") as file:
                self.reference = json.load(file)
            self.shapes = {name: array.shape[1:] for name, array in _load(self.data).items()}
            self.gradients = _load(self._path("grads0.npz"))
            params = self._path("params.npz")
            self.parameters = _load(params) if os.path.exists(params) else None
        except (ValueError, OSError) as error:
            raise CaseError(f"'{folder}' is no case: {error}") from error

    def _path(self, name):
        return os.path.join(self.folder, name)

    @property
    def steps(self):
        return self.reference["steps"]

    def loss_flag(self):
        """The value of mptc's --loss."""
        loss = self.reference["loss"]
        if loss["kind"] == "cross_entropy":
            ignored = loss.get("ignore_index", -100)
            return f"cross_entropy({loss['logits']},{loss['labels']}){{ignore_index={ignored}}}"
        if loss["kind"] == "mse":
            return f"mse({loss['prediction']},{loss['target']})"
        if loss["kind"] == "output":
            return f"output:{loss['name']}"
        raise CaseError(f"'{self.name}': unknown loss '{loss['kind']}'")

    def optimizer_flags(self):
        """Flags of mptc for optimizer, decay and clip."""
        o = self.reference["optimizer"]
        betas = ",".join(repr(float(b)) for b in o["betas"])
        flags = [f"--optimizer={o['kind']}{{betas=[{betas}],eps={o['eps']!r},"
                 f"weight_decay={o['weight_decay']!r}}}"]
        decay = "|".join(re.escape(name) for name in self.reference["decay"])
        flags.append(f"--decay=^({decay})$" if decay else "--decay=^$")
        if o.get("clip"):
            flags.append(f"--clip={o['clip']!r}")
        return flags

    def rate_flags(self):
        """Flags of the executable for the learning rate."""
        o = self.reference["optimizer"]
        return [f"--lr={o['lr']!r}", f"--warmup={o.get('warmup', 0)}"]

    def bind_flags(self):
        """Binds every dim of the graph's inputs to the size that the data has."""
        loss = self.reference["loss"]
        made = set() if loss["kind"] == "output" else {loss.get("labels"), loss.get("target")}
        flags = []
        for name in self.reference["inputs"]:
            if name in made:
                continue
            for dim, size in enumerate(self.shapes[name]):
                flags.append(f"--bind={name}:{dim}={size}")
        return flags
