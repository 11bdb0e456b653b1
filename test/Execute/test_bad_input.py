# SPDX-License-Identifier: Apache-2.0
"""Bad input of compiler and executable: exit code and the full text of each message (bar S8)."""
import os
import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from programs import MPTC, case, compile_case, execute, mptc, training_flags


def model(tmp_path, nodes, inputs=None, outputs=("y",), initializers=(), opset=18):
    graph = helper.make_graph(
        nodes, "g", inputs or [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs], list(initializers))
    path = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9), path)
    return path


def weight(name="w", shape=(3, 2)):
    return numpy_helper.from_array(np.ones(shape, np.float32), name)


def gemm():
    return helper.make_node("Gemm", ["x", "w"], ["y"], name="fc")


def rejected(code, *arguments):
    """The lines of stderr of a failing mptc."""
    result = mptc(*arguments, ok=False)
    assert result.returncode == code, (result.returncode, result.stderr)
    return result.stderr
