# SPDX-License-Identifier: Apache-2.0
"""Losses that the graph computes itself are cut into micro-batches like mptc's own."""
import pytest
import small_transformer
from programs import Trained, case, compile_case

PLANS = (("", 1), ("dp=2", 4), ("pp=2", 4), ("dp=2,tp=2,pp=2", 2))


@pytest.mark.parametrize("loss", small_transformer.LOSSES)
def test_equals_the_loss_of_mptc(loss, tmp_path):
    """Weights of micro-batches come from labels, whatever ops count them: known before the first one."""
    small_transformer.write_case(tmp_path / "own", "decoder", layers=1)
    small_transformer.write_case(tmp_path / loss, "decoder", layers=1, loss=loss)
    own, of = case(tmp_path / "own"), case(tmp_path / loss)
    expected = Trained(compile_case(own, tmp_path / "one", "", 1, "--precision=f64"), own, tmp_path / "a")
    for i, (mesh, microbatches) in enumerate(PLANS):
        program = compile_case(of, tmp_path / f"p{i}", mesh, microbatches, "--precision=f64")
        found = Trained(program, of, tmp_path / f"b{i}")
        assert found.curve() == pytest.approx(expected.curve(), rel=1e-12), mesh
        assert found.curve("grad_norm") == pytest.approx(expected.curve("grad_norm"), rel=1e-12), mesh
