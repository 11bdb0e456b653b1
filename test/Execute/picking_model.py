# SPDX-License-Identifier: Apache-2.0
"""A case whose model picks, puts, adds up and rotates: operators that import writes in core ops."""
import json
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

B, S, D, V, K = 4, 6, 8, 11, 3
NODES = [
    # Two rows of the table are moved, for all tokens.
    ("ScatterND", ["table", "moved", "offset"], "moved_table", {"reduction": "add"}),
    ("Gather", ["moved_table", "ids"], "tokens", {}),
    ("CumSum", ["tokens", "one"], "running", {}),
    ("RotaryEmbedding", ["running", "cos", "sin", "positions"], "turned", {"num_heads": 2, "interleaved": 1}),
    ("Einsum", ["turned", "weight"], "mixed", {"equation": "...i,ij->...j"}),
    # mixed[:, 4:6] = mixed[:, :2], as exporters spell it.
    ("Slice", ["mixed", "zero", "two", "one"], "early", {}),
    ("ScatterND", ["mixed", "late", "early"], "repeated", {}),
    ("Slice", ["mixed", "zero", "one", "two"], "first", {}),
    ("ScatterElements", ["repeated", "place", "first"], "put", {"axis": 2}),
    ("GatherND", ["put", "rows"], "picked", {"batch_dims": 1}),
    ("GatherElements", ["picked", "columns"], "element", {"axis": 2}),
    ("ReduceMean", ["put", "inner"], "mean", {}),
    ("Add", ["element", "mean"], "prediction", {}),
]


def write_case(folder, moves_rows=True):
    """`moves_rows`: with rows of the table moved by a parameter of its own."""
    rng = np.random.default_rng(5)
    weights = {"table": (V, D), "offset": (2, D), "weight": (D, D)}
    steps = list(NODES)
    if not moves_rows:
        del weights["offset"], steps[0]
        steps[0] = ("Gather", ["table", "ids"], "tokens", {})
    angles = rng.uniform(0, 6, (S, D // 4)).astype(np.float32)
    constants = {**{n: rng.normal(size=s).astype(np.float32) for n, s in weights.items()},
                 "moved": np.array([[2], [-1]]), "one": np.array([1]), "zero": np.array([0]), "two": np.array([2]),
                 "cos": np.cos(angles), "sin": np.sin(angles), "positions": np.tile(np.arange(S)[::-1], (B, 1)),
                 "inner": np.array([1, 2]), "late": np.stack(np.broadcast_arrays(*np.ogrid[:B, 4:6]), -1)}
    data = {"ids": rng.integers(0, V, (2, B, S)), "place": rng.integers(-D, D, (2, B, S, 1)),
            "rows": rng.integers(-S, S, (2, B, K, 1)), "columns": rng.integers(-D, D, (2, B, K, 1)),
            "target": rng.normal(size=(2, B, K, 1)).astype(np.float32)}
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, a.shape[1:]) for n, a in data.items() if n != "target"]
    output = helper.make_tensor_value_info("prediction", TensorProto.FLOAT, (B, K, 1))
    nodes = [helper.make_node(op, ins, [out], name=out, **attributes) for op, ins, out, attributes in steps]
    graph = helper.make_graph(nodes, "picking", inputs, [output],
                              [numpy_helper.from_array(a, n) for n, a in constants.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=11),
              os.path.join(folder, "model.onnx"))
    np.savez(os.path.join(folder, "data.npz"), **data)
    np.savez(os.path.join(folder, "grads0.npz"))
    reference = {"steps": 2, "trainable": list(weights), "inputs": {n: {} for n in data},
                 "loss": {"kind": "mse", "prediction": "prediction", "target": "target"},
                 "optimizer": {"kind": "adamw", "lr": 1e-2, "betas": [0.9, 0.95], "eps": 1e-8, "weight_decay": 0.0}, "decay": []}
    with open(os.path.join(folder, "reference.json"), "w", encoding="utf-8") as file:
        json.dump(reference, file)
