# SPDX-License-Identifier: Apache-2.0
"""What the runtime counts while it runs a schedule over one tensor per cut: messages, their bytes
and micro-batches in flight equal the published table, saved sets in use at once the slots that
the schedule was proved with (bar T5)."""
import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from programs import execute, inspect, mptc

WIDTH, STEPS = 6, 3
CUTS = {  # schedule, coordinates, micro-batches: sends of a step by rank, in flight by rank
    ("gpipe", 4, 8): ([8, 16, 16, 8], [8, 8, 8, 8]),
    ("1f1b", 4, 8): ([8, 16, 16, 8], [4, 3, 2, 1]),
    ("1f1b", 4, 2): ([2, 4, 4, 2], [2, 2, 2, 1]),
    ("1f1b", 8, 8): ([8] + [16] * 6 + [8], [8, 7, 6, 5, 4, 3, 2, 1]),
}


def layers(path, count, batch):
    """`count` of MatMul and Tanh: one tensor between any two."""
    rng = np.random.default_rng(count)
    nodes, weights, value = [], [], "x"
    for i in range(count):
        w = rng.normal(size=(WIDTH, WIDTH)).astype(np.float32)
        weights.append(numpy_helper.from_array(w, f"w{i}"))
        nodes.append(helper.make_node("MatMul", [value, f"w{i}"], [f"a{i}"], name=f"fc{i}"))
        value = "y" if i + 1 == count else f"h{i}"
        nodes.append(helper.make_node("Tanh", [f"a{i}"], [value], name=f"tanh{i}"))
    graph = helper.make_graph(
        nodes, "layers", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, WIDTH])], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), path)


def rows(folder, rank):
    with open(folder / f"rank-{rank}.jsonl", encoding="utf-8") as file:
        return [row for row in map(json.loads, file) if row["event"] == "step"]


@pytest.mark.parametrize("case", CUTS, ids=lambda case: "-".join(map(str, case)))
def test_counts(case, tmp_path):
    schedule, p, m = case
    sends, alive = CUTS[case]
    batch = 2 * m
    layers(tmp_path / "model.onnx", p, batch)
    program = tmp_path / "program"
    cuts = ",".join(f"fc{i}" for i in range(1, p))
    mptc(tmp_path / "model.onnx", "-o", program, "--loss=mse(y,target)", f"--mesh=pp={p}",
         f"--stages={cuts}", f"--microbatches={m}", f"--schedule={schedule}")
    rng = np.random.default_rng(1)
    shape = (STEPS, batch, WIDTH)
    np.savez(tmp_path / "data.npz", x=rng.normal(size=shape).astype("f4"),
             target=rng.normal(size=shape).astype("f4"))
    execute(program, f"--data={tmp_path / 'data.npz'}", f"--log={tmp_path / 'log'}", "--comm=threads")
    ranks = inspect(program)["ranks"]
    tensor = batch // m * WIDTH * 4
    for rank in range(p):
        found = rows(tmp_path / "log", rank)
        assert len(found) == STEPS
        for row in found:
            assert row["sends"] == row["receives"] == sends[rank] == ranks[rank]["sends"]
            assert row["bytes_sent"] == row["bytes_received"] == sends[rank] * tensor
            assert row["saved_sets"] == ranks[rank]["saved_sets"] and row["in_flight"] == alive[rank]
            assert row["collectives"] == 1  # norm, loss and stop together
            assert 0 <= row["idle"] <= 1 and row["compute_seconds"] > 0
    assert sum(sends) == 2 * m * (p - 1)
