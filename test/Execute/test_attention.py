# SPDX-License-Identifier: Apache-2.0
"""Attention as a library call and its form in core ops are one program: gradients and
losses in f64 agree to rounding, of transformers in which it was found."""
import os
import subprocess

import numpy as np
import pytest
import small_transformer
from programs import BUILD, Trained, mptc, training_flags

OPT = os.path.join(BUILD, "bin", "mpt-opt")


def compile_both(of, folder, mesh):
    """The program with the library call, and expanded before it is scheduled."""
    flags = [*training_flags(of), "--precision=f64", *([f"--mesh={mesh}"] if mesh else [])]
    mptc(of.model, "-o", folder / "localized.mlir", *flags, "--stop-after=localize")
    mptc(folder / "localized.mlir", "-o", folder / "whole", "--start-after=localize")
    subprocess.run([OPT, "--mpt-expand-attention=always=true", folder / "localized.mlir", "-o",
                    folder / "expanded.mlir"], check=True)
    mptc(folder / "expanded.mlir", "-o", folder / "expanded", "--start-after=localize")
    return (folder / "localized.mlir").read_text(), (folder / "expanded.mlir").read_text()


@pytest.mark.parametrize("mesh", ("", "tp=2"))
@pytest.mark.parametrize("name", tuple(small_transformer.KINDS))
def test_expanded_form_is_equal(name, mesh, find_case, tmp_path):
    of = find_case(name)
    localized, expanded = compile_both(of, tmp_path, mesh)
    assert "mpt.attention " in localized and "mpt.attention_grad " in localized
    assert "mpt.softmax" not in localized
    assert "mpt.attention" not in expanded
    whole = Trained(tmp_path / "whole", of, tmp_path / "a", steps=2)
    other = Trained(tmp_path / "expanded", of, tmp_path / "b", steps=2)
    np.testing.assert_allclose(whole.curve(), other.curve(), rtol=1e-12)
    for name, gradient in whole.gradients.items():
        scale = np.abs(other.gradients[name]).max()
        np.testing.assert_allclose(gradient, other.gradients[name], rtol=0, atol=1e-11 * max(scale, 1e-3), err_msg=name)
