# SPDX-License-Identifier: Apache-2.0
"""Transformers that nobody has seen before train with PyTorch's numbers (bar T2).

Drawn and exported at test time where PyTorch is installed (`tools/dev setup
--torch`); exports of the same generator are stored in test/Models.
"""
import os

import pytest
from mpt.case import Case
from mpt.check import compile_program, train

MPTC = os.path.abspath(os.path.join(os.environ["MPT_BUILD"], "bin", "mptc"))
MODELS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Models")
MESHES = ("tp=2", "dp=2,tp=2,pp=2")
STORED = sorted(name for name in os.listdir(MODELS) if name.startswith("random-"))


def agrees(folder, mesh, workspace):
    of, program = Case(folder), str(workspace / "program")
    compile_program(of, MPTC, program, mesh, microbatches=2)
    comparison = train(of, program, str(workspace), mesh=mesh)
    print(comparison.checks)
    return comparison.ok


@pytest.fixture(name="drawn", scope="module", params=((11, "dynamo"), (12, "legacy"), (16, "mpt")), ids=str)
def drawn_case(request, tmp_path_factory):
    pytest.importorskip("torch")
    from random_transformer import write_random_case
    seed, exporter = request.param
    folder = tmp_path_factory.mktemp("drawn") / f"random-{seed}-{exporter}"
    write_random_case(str(folder), seed, exporter)
    return folder


@pytest.mark.parametrize("mesh", MESHES)
def test_drawn(drawn, mesh, tmp_path):
    assert agrees(drawn, mesh, tmp_path)


@pytest.mark.parametrize("mesh", MESHES)
@pytest.mark.parametrize("name", STORED)
def test_stored(name, mesh, tmp_path):
    assert agrees(os.path.join(MODELS, name), mesh, tmp_path)
