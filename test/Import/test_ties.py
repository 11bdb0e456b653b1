# SPDX-License-Identifier: Apache-2.0
"""Copies that an exporter made of one parameter become one state again."""
import os
import re
import sys

import numpy as np
import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run_program  # noqa: E402
from importing import config, helper, model_of, onnx, opt, problems  # noqa: E402

node = helper.make_node
RNG = np.random.default_rng(20251125)
TABLE = RNG.standard_normal((24, 8)).astype(np.float32)
IDS = np.array([[1, 5, 23], [0, 2, 2]])
NOTE = ("remark: m.onnx: initializers 'table' and 'head' hold the same numbers{} and are trained as one parameter, "
        "'table'; --keep-copies trains them apart")


def imported(folder, model, *flags, **options):
    onnx.save(model, folder / "m.onnx")
    texts, errors = opt([config("m.onnx", **options)], *flags, cwd=folder)
    assert "m.onnx" in texts, errors
    return texts["m.onnx"], problems(errors)


def states(text):
    return re.findall(r"mpt\.state @(\S+) :", text)


def lookup(head, *nodes, table=TABLE, ids=IDS):
    """Embedding, then `nodes`, which contract 'h' with 'head'."""
    nodes = nodes or [node("MatMul", ["h", "head"], ["y"])]
    return model_of([node("Gather", ["table", "ids"], ["h"]), *nodes], {"ids": ids}, ["y"],
                    [("table", table), ("head", head)])


def test_transposed_head(tmp_path):
    """As the legacy exporter folds it."""
    text, said = imported(tmp_path, lookup(TABLE.T.copy()))
    assert states(text) == ["table"] and said == [NOTE.format(", transposed,")]
    assert "contract [2] x [1]" in text and "mpt.transpose" not in text
    text, _ = imported(tmp_path, lookup(TABLE.T.copy()), "--mlir-print-op-generic")
    found = run_program.run(text, {"ids": IDS}, tmp_path)["y"]
    np.testing.assert_allclose(found, TABLE[IDS] @ TABLE.T, rtol=1e-5, atol=1e-5)


def test_equal_head(tmp_path):
    model = lookup(TABLE, node("Transpose", ["head"], ["t"]), node("MatMul", ["h", "t"], ["y"]))
    text, said = imported(tmp_path, model)
    assert states(text) == ["table"] and said == [NOTE.format("")]


def test_other_uses_of_the_copy_are_transposed(tmp_path):
    """Also where the dims of a product would change places, and where the copy is transposed again."""
    nodes = [node("MatMul", ["h", "head"], ["a"]), node("Mul", ["head", "head"], ["b"]),
             node("Transpose", ["head"], ["c"]), node("Add", ["c", "c"], ["d"]),
             node("Einsum", ["head", "h"], ["e"], equation="ij,bsk->ijbsk")]
    model = model_of([node("Gather", ["table", "ids"], ["h"]), *nodes], {"ids": IDS}, ["a", "b", "d", "e"],
                     [("table", TABLE), ("head", TABLE.T.copy())])
    text, said = imported(tmp_path, model, "--mlir-print-op-generic", train=["head"])
    assert said == [NOTE.format(", transposed,")]
    found, h = run_program.run(text, {"ids": IDS}, tmp_path), TABLE[IDS]
    for name, expected in (("a", h @ TABLE.T), ("b", TABLE.T ** 2), ("d", 2 * TABLE),
                           ("e", np.einsum("ij,bsk->ijbsk", TABLE.T, h))):
        np.testing.assert_allclose(found[name], expected, rtol=1e-5, atol=1e-5)


def test_keep_copies(tmp_path):
    text, said = imported(tmp_path, lookup(TABLE.T.copy()), keep_copies=True)
    assert states(text) == ["table", "head"] and said == []


def test_a_frozen_copy_stays_apart(tmp_path):
    text, said = imported(tmp_path, lookup(TABLE.T.copy()), freeze=["head"])
    assert states(text) == ["table", "head"] and said == []


@pytest.mark.parametrize("where", [(0, 0), (23, 7), (11, 3)])
def test_one_other_element(tmp_path, where):
    other = TABLE.T.copy()
    other.T[where] += 1
    text, said = imported(tmp_path, lookup(other))
    assert states(text) == ["table", "head"] and said == []


def test_layers_that_begin_as_copies(tmp_path):
    """torch.nn.TransformerEncoder copies one layer: equal weights in equal places, in two layers."""
    w = RNG.standard_normal((8, 8)).astype(np.float32)
    model = model_of([node("MatMul", ["x", "w0"], ["a"]), node("Relu", ["a"], ["b"]), node("MatMul", ["b", "w1"], ["y"])],
                     {"x": TABLE}, ["y"], [("w0", w), ("w1", w)])
    text, said = imported(tmp_path, model)
    assert states(text) == ["w0", "w1"] and said == []


@pytest.mark.parametrize("table", [np.zeros((24, 8)), np.ones((24, 8)), np.eye(24, 8)], ids=["zeros", "ones", "identity"])
def test_few_numbers_are_no_evidence(tmp_path, table):
    table = table.astype(np.float32)
    text, said = imported(tmp_path, lookup(table.T.copy(), table=table))
    assert states(text) == ["table", "head"] and said == []


@pytest.mark.parametrize("differ", [False, True])
def test_large_tables_are_compared_in_bands(tmp_path, differ):
    """More than one band; the last element of all may differ."""
    table = RNG.standard_normal((3000, 700)).astype(np.float32)
    head = table.T.copy()
    head[-1, -1] += differ
    text, _ = imported(tmp_path, lookup(head, table=table))
    assert states(text) == (["table", "head"] if differ else ["table"])


def test_external_data(tmp_path):
    model = lookup(TABLE.T.copy())
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    texts, errors = opt([config("m.onnx")], cwd=tmp_path)
    assert states(texts["m.onnx"]) == ["table"] and problems(errors) == [NOTE.format(", transposed,")]
