# SPDX-License-Identifier: Apache-2.0
"""What initializers become: states with byte ranges, constants, trained or not."""
import os
import re
import sys

import numpy as np
import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run_program  # noqa: E402
from importing import TensorProto, config, helper, info, model_of, onnx, opt, problems  # noqa: E402

node = helper.make_node
X = np.arange(6, dtype=np.float32).reshape(2, 3)
W = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
KIND = "pkg.torch.export.graph_signature.InputSpec.kind"
FOLDED = "pkg.onnxscript.optimizer.folded_from"


def imported(folder, model, **options):
    onnx.save(model, folder / "m.onnx")
    texts, errors = opt([config("m.onnx", **options)], cwd=folder)
    assert "m.onnx" in texts, errors
    return texts["m.onnx"], problems(errors)


def states(text):
    """name -> role, with + if it is trained."""
    found = re.findall(r'mpt\.state @"?([^" ]+)"? : \S+ \{role = "(\w+)"(.*)\}', text)
    return {name: role + ("+" if "trainable" in rest else "") for name, role, rest in found}


def body(text):
    return re.findall(r"= mpt\.(\w+)", text)


def linear(*nodes, w=W, x=X, **more):
    return model_of(list(nodes), {"x": x}, ["y"], [("w", w)], **more)


# ---- sources


def test_inline_source_is_the_bytes_in_the_file(tmp_path):
    text, _ = imported(tmp_path, linear(node("MatMul", ["x", "w"], ["y"])))
    file, offset, size = re.search(r'#mpt.slice<"([^"]*)", (\d+), (\d+), f32>', text).groups()
    data = (tmp_path / file).read_bytes()[int(offset):int(offset) + int(size)]
    assert data == W.tobytes()


def test_external_source_is_relative_to_the_model(tmp_path):
    (tmp_path / "w").mkdir()
    (tmp_path / "w/data.bin").write_bytes(bytes(16) + W.tobytes())
    t = TensorProto(name="w", data_type=1, dims=W.shape, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "w/data.bin"), ("offset", "16"), ("length", "48")):
        t.external_data.add(key=key, value=value)
    model = model_of([node("MatMul", ["x", "w"], ["y"])], {"x": X}, ["y"], [t])
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    texts, _ = opt([config("m.onnx")], "--mlir-print-op-generic", cwd=tmp_path)
    assert '#mpt.slice<"w/data.bin", 16, 48, f32>' in texts["m.onnx"]
    np.testing.assert_allclose(run_program.run(texts["m.onnx"], {"x": X}, tmp_path)["y"], X @ W, rtol=1e-6)


def test_elements_in_other_fields(tmp_path):
    """float16 in int32_data is no array in the file: a constant while small, and it says so."""
    half = np.arange(3, dtype=np.float16)
    t = helper.make_tensor("w", TensorProto.FLOAT16, [3], half.tolist())
    assert t.int32_data
    model = model_of([node("Add", ["x", "w"], ["y"])], {"x": X.astype(np.float16)}, ["y"], [t])
    text, said = imported(tmp_path, model)
    assert states(text) == {} and "dense<[0.000000e+00, 1.000000e+00, 2.000000e+00]> : tensor<3xf16>" in text
    assert said == ["warning: m.onnx: initializer 'w' is taken as a constant, its elements are no array in the "
                    "file; store it as raw_data to train it"]


def test_large_elements_in_other_fields_are_refused(tmp_path):
    t = helper.make_tensor("w", TensorProto.FLOAT16, [40000], [0] * 40000)
    model = model_of([node("Neg", ["w"], ["y"])], {}, ["y"], [t])
    onnx.save(model, tmp_path / "m.onnx")
    _, errors = opt([config("m.onnx")], cwd=tmp_path)
    assert problems(errors) == ["error: m.onnx: initializer 'w' keeps its elements in fields that are no array in the "
                                "file, so it cannot be a state"]


def test_integers_are_constants_up_to_64_kib(tmp_path):
    small, large = np.arange(8192), np.arange(8193)
    model = model_of([node("Neg", ["s"], ["a"]), node("Neg", ["l"], ["b"]), node("Not", ["f"], ["c"])], {},
                     ["a", "b", "c"], [("s", small), ("l", large), ("f", np.arange(70000) % 3 == 0)])
    text, _ = imported(tmp_path, model)
    assert states(text) == {"l": "buffer", "f": "buffer"}
    assert re.search(r"#mpt.slice<.*, 70000, i1>", text)


def test_large_constant_nodes_are_buffers(tmp_path):
    value = onnx.numpy_helper.from_array(np.random.default_rng(0).random(20000), "v")
    model = model_of([node("Constant", [], ["c"], value=value), node("Neg", ["c"], ["y"])], {}, ["y"])
    text, _ = imported(tmp_path, model)
    assert states(text) == {"c": "buffer"}


def test_precision_widens_the_program_and_not_the_source(tmp_path):
    model = linear(node("MatMul", ["x", "w"], ["m"]), node("Mul", ["m", "two"], ["y"]))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(0.1), "two"))
    text, _ = imported(tmp_path, model, precision="f64")
    assert "mpt.state @w : tensor<3x4xf64>" in text and "48, f32>" in text
    assert f"value = {float(np.float32(0.1)):.17g}"[:20] in text and "xf32>" not in text


# ---- transposes and ties


def test_transposed_weight_is_a_choice_of_dims(tmp_path):
    """A tie: one state, read once, contracted along either dim; no copy."""
    model = linear(node("MatMul", ["x", "w"], ["h"]), node("Transpose", ["w"], ["t"]), node("MatMul", ["h", "t"], ["y"]))
    text, _ = imported(tmp_path, model)
    assert body(text) == ["read", "dot_general", "dot_general"]
    assert re.findall(r"contract (\S+ x \S+) ", text) == ["[1] x [0]", "[1] x [1]"]


def test_transposed_batch_weight(tmp_path):
    """[2,3] x [b,3,4] stored as [4,b,3]: order of the free dims is kept."""
    stored = np.random.default_rng(1).random((4, 5, 3)).astype(np.float32)
    x = np.random.default_rng(2).random((5, 2, 3)).astype(np.float32)
    nodes = [node("Transpose", ["w"], ["t"], perm=[1, 2, 0]), node("MatMul", ["x", "t"], ["y"])]
    onnx.save(linear(*nodes, w=stored, x=x), tmp_path / "m.onnx")
    texts, _ = opt([config("m.onnx")], "--mlir-print-op-generic", cwd=tmp_path)
    assert '"mpt.transpose"' not in texts["m.onnx"]
    found = run_program.run(texts["m.onnx"], {"x": x}, tmp_path)["y"]
    np.testing.assert_allclose(found, x @ stored.transpose(1, 2, 0), rtol=1e-5)


def test_transposed_weight_elsewhere_is_transposed(tmp_path):
    text, _ = imported(tmp_path, linear(node("Transpose", ["w"], ["t"]), node("Neg", ["t"], ["y"])))
    assert body(text) == ["read", "transpose", "neg"]


def test_reads_are_at_the_entry_in_the_order_of_the_file(tmp_path):
    model = model_of([node("Add", ["x", "b"], ["h"]), node("MatMul", ["h", "a"], ["y"])], {"x": X}, ["y"],
                     [("a", W), ("b", X[0]), ("unused", X)])
    text, _ = imported(tmp_path, model)
    assert re.findall(r"mpt.read @(\w+)", text) == ["a", "b"] and list(states(text)) == ["a", "b"]


def test_initializer_that_is_an_input_too(tmp_path):
    """As files of IR 3 list them."""
    model = linear(node("MatMul", ["x", "w"], ["y"]))
    model.graph.input.append(helper.make_tensor_value_info("w", 1, W.shape))
    text, _ = imported(tmp_path, model)
    assert states(text) == {"w": "parameter+"} and "(%arg0: tensor<2x3xf32> {mpt.input" in text


# ---- what is trained


USES = {
    "weight of a contraction": ([node("MatMul", ["x", "w"], ["y"])], W, "parameter+"),
    "through a reshape": ([node("Reshape", ["w", "s"], ["r"]), node("MatMul", ["x", "r"], ["y"])], W.reshape(6, 2),
                          "parameter+"),
    "rank 1 that is added": ([node("Add", ["x", "w"], ["y"])], X[0], "parameter+"),
    "rank 1 that is multiplied": ([node("Mul", ["x", "w"], ["y"])], X[0], "parameter+"),
    "channels of a larger rank": ([node("Mul", ["x", "w"], ["y"])], X[:, :1], "parameter+"),
    "bias of one feature": ([node("Add", ["one", "w"], ["y"])], X[0, :1], "parameter+"),
    "one number over all features": ([node("Add", ["x", "w"], ["y"])], X[0, :1], "buffer"),
    "table that is added": ([node("Add", ["x", "w"], ["y"])], X, "parameter+"),
    "table that is multiplied": ([node("Mul", ["x", "w"], ["y"])], X, "buffer"),
    "looked up and multiplied": ([node("Gather", ["w", "s"], ["r"]), node("Mul", ["x", "r"], ["y"])],
                                 np.ones((7, 3), np.float32), "buffer"),
    "looked up, scaled and added": ([node("Gather", ["w", "s"], ["r"]), node("Mul", ["r", "half"], ["h"]),
                                     node("Add", ["x", "h"], ["y"])], np.ones((7, 3), np.float32), "parameter+"),
    "mask that is added": ([node("Add", ["x", "w"], ["y"])], np.where(X > 2, -1e9, 0).astype(np.float32), "buffer"),
    "branch of a select": ([node("Less", ["x", "x"], ["c"]), node("Where", ["c", "x", "w"], ["y"])], X, "buffer"),
    "scale of a norm": ([node("LayerNormalization", ["x", "w"], ["y"])], X[0], "parameter+"),
    "behind a floor": ([node("Add", ["x", "w"], ["a"]), node("Floor", ["a"], ["y"])], X[0], "parameter"),
    "compared only": ([node("Less", ["x", "w"], ["y"])], X, "buffer"),
}


@pytest.mark.parametrize("use", USES)
def test_use_decides(tmp_path, use):
    nodes, w, role = USES[use]
    model = linear(*nodes, w=w)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([3, -1]), "s"))
    model.graph.node.insert(0, node("ReduceSum", ["x", "last"], ["one"]))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1]), "last"))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(0.5), "half"))
    assert states(imported(tmp_path, model)[0]) == {"w": role}


COSINE = [node("Concat", ["f", "f"], ["e"], axis=-1), node("Cos", ["e"], ["c"]), node("Mul", ["x", "c"], ["y"])]
FREQUENCIES = {
    "times constants": ([node("Mul", ["p", "w"], ["f"]), *COSINE], {}, "buffer"),
    "times integers": ([node("Cast", ["p"], ["pf"], to=1), node("Transpose", ["pf"], ["t"]), node("Unsqueeze", ["w", "zero"], ["r"]),
                        node("Gemm", ["t", "r"], ["f"], transA=1), *COSINE], {"p": np.array([[4], [2]])}, "buffer"),
    "times data": ([node("Mul", ["p", "w"], ["f"]), *COSINE], {"p": X[:, :1]}, "parameter+"),
    "with a phase": ([node("Mul", ["p", "w"], ["g"]), node("Add", ["g", "w"], ["f"]), *COSINE], {}, "parameter+"),
    "also otherwise": ([node("Mul", ["p", "w"], ["f"]), *COSINE[:2], node("Add", ["c", "e"], ["d"]), node("Mul", ["x", "d"], ["y"])],
                       {}, "parameter+"),
    "times a table": ([node("Mul", ["table", "w"], ["f"]), *COSINE], {}, "parameter+"),
}


@pytest.mark.parametrize("what", FREQUENCIES)
def test_frequencies_of_positions_are_no_parameter(tmp_path, what):
    """As inv_freq of a rotary embedding, where the exporter leaves its product with positions in the graph."""
    nodes, inputs, role = FREQUENCIES[what]
    data = {"w": np.array([1, 0.1], np.float32), "zero": np.array([0]), "table": np.ones((2, 2), np.float32),
            "p": np.array([[0], [1]], np.float32)}
    model = model_of(nodes, {"x": np.ones((2, 4), np.float32), **inputs}, ["y"],
                     [(n, a) for n, a in data.items() if n not in inputs])
    found = states(imported(tmp_path, model)[0])
    assert found.pop("w") == role == found.pop("p", role)
    assert found in ({}, {"table": "buffer"})


def test_scalars_are_constants(tmp_path):
    text, _ = imported(tmp_path, linear(node("Mul", ["x", "w"], ["y"]), w=np.float32(2)))
    assert states(text) == {}


def annotated(**values):
    model = linear(node("Mul", ["x", "w"], ["y"]), w=values.pop("w", X))
    for key, value in values.items():
        info = model.graph.value_info.add(name="w")
        info.metadata_props.add(key={"kind": KIND, "folded": FOLDED}[key], value=value)
    model.graph.metadata_props.add(key="pkg.torch.export.ExportedProgram.graph_signature",
                                   value="\n# inputs\np_v: PARAMETER target='v.weight'\nb_u: BUFFER target='u'\n")
    return model


@pytest.mark.parametrize("model, role", [
    (annotated(kind="PARAMETER"), "parameter+"),
    (annotated(kind="PARAMETER", w=np.float32(2)), "parameter+"),
    (annotated(kind="BUFFER", w=X[0]), "buffer"),
    (annotated(folded="['v.weight', 'u']"), "parameter+"),
    (annotated(folded="['u', 'val_3']", w=X[0]), "buffer"),
])
def test_metadata_comes_before_use(tmp_path, model, role):
    assert states(imported(tmp_path, model)[0]) == {"w": role}


def test_flags_come_first(tmp_path):
    model = linear(node("MatMul", ["x", "w"], ["m"]), node("Mul", ["m", "layer.rotary"], ["y"]))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones((2, 4), np.float32), "layer.rotary"))
    assert states(imported(tmp_path, model)[0]) == {"w": "parameter+", "layer.rotary": "buffer"}
    flags = {"freeze": ["^w$"], "train": ["rot"]}
    assert states(imported(tmp_path, model, **flags)[0]) == {"w": "parameter", "layer.rotary": "parameter+"}


def test_flag_that_matches_nothing(tmp_path):
    _, said = imported(tmp_path, linear(node("MatMul", ["x", "w"], ["y"])), freeze=["layer"])
    assert said == ["warning: m.onnx: --freeze 'layer' matches no state; --list-params prints the names"]


def test_only_what_reaches_the_loss_is_trained(tmp_path):
    nodes = [node("MatMul", ["x", "w"], ["y"]), node("MatMul", ["x", "v"], ["z"])]
    model = model_of(nodes, {"x": X}, ["y", "z"], [("w", W), ("v", W)])
    assert states(imported(tmp_path, model)[0]) == {"w": "parameter+", "v": "parameter+"}
    text, _ = imported(tmp_path, model, loss="mse(z, target)")
    assert states(text) == {"w": "parameter", "v": "parameter+"}


# ---- the program around them


def test_constants_stay_narrow(tmp_path):
    """A list of elements cannot be sharded, so it is not repeated along the batch."""
    model = linear(node("Add", ["x", "w"], ["y"]), w=X[0].astype(np.int64), x=X.astype(np.int64))
    text, _ = imported(tmp_path, model)
    assert body(text) == ["constant", "broadcast", "add"] and "dense<[0, 1, 2]> : tensor<3xi64>" in text


def test_constants_drop_what_is_equal(tmp_path):
    """A mask that the file repeats for every sample is listed once, whatever equal dims it has."""
    mask = np.broadcast_to(np.arange(6).reshape(1, 2, 1, 3), (4, 2, 5, 3)).copy()
    x = np.zeros((4, 2, 5, 3), np.int64)
    text, _ = imported(tmp_path, linear(node("Add", ["x", "w"], ["y"]), w=mask, x=x))
    assert body(text) == ["constant", "broadcast", "add"] and "dims = [1, 3]" in text
    assert "dense<[[0, 1, 2], [3, 4, 5]]> : tensor<2x3xi64>" in text


def test_large_masks_drop_what_is_equal(tmp_path):
    """Also one that is too large for a constant as a whole: it is no state, which could not be cut along the batch."""
    mask = np.broadcast_to(np.tri(200, dtype=bool), (4, 200, 200)).copy()
    text, _ = imported(tmp_path, linear(node("And", ["x", "w"], ["y"]), w=mask, x=np.ones((4, 200, 200), bool)))
    assert body(text) == ["constant", "broadcast", "and"] and "dims = [1, 2]" in text and "mpt.state" not in text


def test_large_repeated_tensors_are_their_first_block(tmp_path):
    """What is too large for a constant even so: of a mask per sample one sample's is read."""
    block = np.arange(90000).reshape(1, 300, 300) % 7 == 0
    x = np.zeros((4, 1, 300, 300), bool)
    model = linear(node("And", ["x", "w"], ["y"]), w=np.tile(block, (4, 1, 1, 1)), x=x)
    text, _ = imported(tmp_path, model)
    assert body(text) == ["read", "broadcast", "and"] and "dims = [2, 3]" in text
    file, offset, size = re.search(r'tensor<300x300xi1>.*#mpt.slice<"([^"]*)", (\d+), (\d+), i1>', text).groups()
    assert (tmp_path / file).read_bytes()[int(offset):int(offset) + int(size)] == block.tobytes()


def test_masks_that_are_added_drop_what_is_equal(tmp_path):
    """Whether the exporter says that it is no parameter or the entries say so."""
    mask = np.where(np.tri(3), 0, np.float32(-1e9)).reshape(1, 1, 3, 3).repeat(4, axis=0).astype(np.float32)
    x = np.zeros((4, 2, 3, 3), np.float32)
    for w, metadata in ((mask, {}), (mask + 1e9, {"folded": "['u', 'val_3']"})):
        model = annotated(w=w, **metadata)
        model.graph.node[0].op_type = "Add"
        model.graph.input[0].CopyFrom(info("x", x))
        text, _ = imported(tmp_path, model)
        assert body(text) == ["constant", "broadcast", "add"] and "dims = [2, 3]" in text


def test_shape_arithmetic_folds(tmp_path):
    """Reshape(x, Concat(Shape(x)[0], -1)) as exporters write it."""
    nodes = [node("Shape", ["x"], ["s"]), node("Gather", ["s", "zero"], ["n"]), node("Unsqueeze", ["n", "axes"], ["u"]),
             node("Concat", ["u", "rest"], ["t"], axis=0), node("Reshape", ["x", "t"], ["y"])]
    model = model_of(nodes, {"x": np.zeros((2, 3, 4), np.float32)}, ["y"],
                     [("zero", np.array(0)), ("axes", np.array([0])), ("rest", np.array([-1]))])
    text, _ = imported(tmp_path, model)
    assert body(text) == ["reshape"] and "-> tensor<2x12xf32>" in text


def test_functions_are_inlined(tmp_path):
    """With the call's attributes, an omitted input and names of both nodes."""
    inner = [helper.make_node("LeakyRelu", ["a"], ["l"], name="leak"), node("Clip", ["l", "lo"], ["b"])]
    inner[0].attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
    function = helper.make_function("local", "act", ["a", "lo"], ["b"], inner, [helper.make_opsetid("", 21)],
                                    attributes=["slope"])
    model = model_of([node("act", ["x"], ["y"], name="call", domain="local", slope=0.25)], {"x": X}, ["y"],
                     functions=[function], domains=["local"])
    onnx.save(model, tmp_path / "m.onnx")
    texts, errors = opt([config("m.onnx")], "--mlir-print-op-generic", cwd=tmp_path)
    assert '"0" = "call/leak"' in texts["m.onnx"], errors
    x = np.array([[-4, 0, 4], [-1, 1, 2]], np.float32)
    np.testing.assert_array_equal(run_program.run(texts["m.onnx"], {"x": x})["y"], np.where(x > 0, x, x / 4))


def test_nodes_without_names_are_counted(tmp_path):
    text, _ = imported(tmp_path, model_of([node("Neg", ["x"], ["a"]), node("Exp", ["a"], ["y"])], {"x": X}, ["y"]))
    assert 'mpt.nodes = {"0" = "Neg_0", "1" = "Exp_1"}' in text


def test_old_softmax_is_flat(tmp_path):
    """Up to opset 12 the dims from the axis on are one."""
    x = np.random.default_rng(3).random((2, 3, 4)).astype(np.float32)
    nodes = [node("Softmax", ["x"], ["y"]), node("Hardmax", ["x"], ["z"])]
    onnx.save(model_of(nodes, {"x": x}, ["y", "z"], opset=11), tmp_path / "m.onnx")
    texts, _ = opt([config("m.onnx")], "--mlir-print-op-generic", cwd=tmp_path)
    found, e = run_program.run(texts["m.onnx"], {"x": x}), np.exp(x)
    np.testing.assert_allclose(found["y"], e / e.sum((1, 2), keepdims=True), rtol=1e-5)
    np.testing.assert_array_equal(found["z"], x == x.max((1, 2), keepdims=True))
