# SPDX-License-Identifier: Apache-2.0
"""The Python side of mpt: thin, needs numpy only (`export` needs PyTorch)."""
import importlib


def __getattr__(name):
    # Loaded on first use: it imports PyTorch.
    if name == "export":
        return importlib.import_module("mpt.export")
    raise AttributeError(f"module 'mpt' has no attribute '{name}'")
