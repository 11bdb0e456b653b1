# SPDX-License-Identifier: Apache-2.0
"""What import refuses, with the full text: every problem of a file at once."""
import os
import sys

import numpy as np
import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from importing import Const, TensorProto, config, helper, model_of, node_model, onnx, opt, problems  # noqa: E402

X = np.zeros((2, 3), np.float32)
node = helper.make_node


def lines(folder, model="m.onnx", **options):
    texts, errors = opt([config(model, **options)], cwd=folder)
    assert bool(texts) != ("error" in errors), "a module comes out if and only if there is no error"
    return problems(errors)


def check(folder, model, expected, **options):
    if model is not None:
        onnx.save(model, folder / "m.onnx")
    assert lines(folder, **options) == expected


def of_nodes(*nodes, inputs=None, outputs=("y",), **more):
    return model_of(list(nodes), inputs or {"x": X}, outputs, **more)


def test_all_problems_at_once(tmp_path):
    """Three nodes without handler or with bad attributes; what depends on them is silent."""
    model = of_nodes(
        node("TopK", ["x", "k"], ["a", ""], name="first"), node("Neg", ["a"], ["n"], name="after"),
        node("Softmax", ["x"], ["b"], name="second", axis=2), node("NonZero", ["x"], ["c"]),
        outputs=("a", "b", "c", "n"), initializers=[("k", np.array([1]))])
    check(tmp_path, model, [
        "error: m.onnx: node 'first' (TopK-11): operator is not supported; express it by other operators",
        "error: m.onnx: node 'second' (Softmax-13): axis 2 is out of range for rank 2",
        "error: m.onnx: node #3 (NonZero-13): operator is not supported; express it by other operators",
    ])


def test_attention_that_is_refused(tmp_path):
    shapes = {"q": (1, 2, 3, 4), "k": (1, 2, 5, 4), "k3": (1, 2, 3, 4), "h": (1, 3, 9), "n": (1,)}
    inputs = {k: np.zeros(s, np.int64 if k == "n" else np.float32) for k, s in shapes.items()}
    model = model_of([
        node("Attention", ["q", "k", "k"], ["a", "", "", "p"], name="shown"),
        node("Attention", ["q", "k", "k", "", "", "", "n"], ["b"], name="padded"),
        node("Attention", ["h", "h", "h"], ["c"], name="heads", q_num_heads=2, kv_num_heads=3),
        node("Attention", ["q", "k", "k3"], ["d"], name="unlike"),
        node("Attention", ["q", "k", "k", "k"], ["e"], name="mask"),
    ], inputs, ["a", "b", "c", "d", "e"], opset=24)
    check(tmp_path, model, [
        "error: m.onnx: node 'shown' (Attention-24): the output 'qk_matmul_output' is not supported; leave it out; "
        "attention is computed without the scores as a tensor",
        "error: m.onnx: node 'padded' (Attention-24): the input 'nonpad_kv_seqlen' is not supported; mask padded keys by "
        "'attn_mask'",
        "error: m.onnx: node 'heads' (Attention-24): an input has shape [1, 3, 9] and 'q_num_heads' is 2; expected four "
        "dims, or three of which the last is a multiple of that number",
        "error: m.onnx: node 'unlike' (Attention-24): query, key and value are f32[1, 2, 3, 4], f32[1, 2, 5, 4] and "
        "f32[1, 2, 3, 4]; expected one type, equal heads of query and key, and a number of query heads that is a multiple "
        "of that of key heads",
        "error: m.onnx: node 'mask' (Attention-24): 'attn_mask' has shape [1, 2, 5, 4], the scores have [1, 2, 3, 5]; "
        "expected a mask that broadcasts to them",
    ])


def test_unknown_operator(tmp_path):
    check(tmp_path, of_nodes(node("Frobnicate", ["x"], ["y"], name="n")), [
        "error: m.onnx: node 'n' (Frobnicate): operator 'Frobnicate' does not exist in domain 'ai.onnx', "
        "and the model has no function of the name; replace it, or export the model with its functions"])


def test_operators_of_a_runtime(tmp_path):
    """Files that ONNX Runtime's optimizer has rewritten; its LayerNormalization is not ONNX's either."""
    nodes = [node(op, ["x", "w"], [op], domain="com.microsoft") for op in ("SkipLayerNormalization", "LayerNormalization")]
    model = of_nodes(*nodes, outputs=[n.op_type for n in nodes], initializers=[("w", X[0])], domains=["com.microsoft"])
    check(tmp_path, model, [
        f"error: m.onnx: node #{i} (com.microsoft::{n.op_type}): operator '{n.op_type}' does not exist in domain "
        "'com.microsoft', and the model has no function of the name; replace it, or export the model with its functions"
        for i, n in enumerate(nodes)])


def free(**dims):
    infos = [helper.make_tensor_value_info(n, TensorProto.FLOAT, d) for n, d in dims.items()]
    graph = helper.make_graph([node("Relu", [i.name], [i.name + "_out"]) for i in infos], "g", infos,
                              [helper.make_tensor_value_info(i.name + "_out", TensorProto.FLOAT, d)
                               for i, d in zip(infos, dims.values())])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def test_unbound_dims(tmp_path):
    """Each name once; a dim without a name by its place."""
    check(tmp_path, free(x=["batch", "seq", 3], z=["batch", None]), [
        "error: m.onnx: dim 0 of input 'x', 'batch', has no size; give it by --bind batch=N",
        "error: m.onnx: dim 1 of input 'x', 'seq', has no size; give it by --bind seq=N",
        "error: m.onnx: dim 1 of input 'z' has no size; give it by --bind z:1=N",
    ])


def test_bound_dims(tmp_path):
    check(tmp_path, free(x=["batch", "seq", 3], z=["batch", None]), [], bind=["batch=2", "seq=4", "z:1=5"])


def test_wrong_binds(tmp_path):
    check(tmp_path, free(x=["batch", 3]), [
        "error: m.onnx: --bind 'seq' gives no size; write NAME=N or INPUT:DIM=N with N of at least 1",
        "error: m.onnx: --bind 'batch=0' gives no size; write NAME=N or INPUT:DIM=N with N of at least 1",
        "error: m.onnx: dim 0 of input 'x', 'batch', has no size; give it by --bind batch=N",
        "error: m.onnx: dim 1 of input 'x' is 3 in the file, --bind gives 4",
        "error: m.onnx: --bind 'length' names no dim of an input; free dims are 'batch'",
    ], bind=["seq", "batch=0", "x:1=4", "length=7"])


def test_declared_output_differs(tmp_path):
    info = helper.make_tensor_value_info("y", TensorProto.FLOAT, [3, "n"])
    check(tmp_path, of_nodes(node("Neg", ["x"], ["y"]), outputs=[info]), [
        "error: m.onnx: output 'y' is declared as float32[3, n], the graph computes f32[2, 3]; bind the sizes that the "
        "file was exported with"])


def test_cycle(tmp_path):
    model = of_nodes(node("Add", ["x", "b"], ["a"], name="p"), node("Neg", ["a"], ["b"], name="q"), outputs=("b",))
    check(tmp_path, model, [
        "error: m.onnx: the graph has a cycle of 2 nodes: 'p' -> 'q' -> 'p'; a graph must be acyclic; use Loop or Scan "
        "to iterate"])


def test_truncated_file(tmp_path):
    model = of_nodes(node("Add", ["x", "w"], ["y"]), initializers=[("w", X)])
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString()[:-20])
    check(tmp_path, None, [
        "error: m.onnx: truncated at byte 72: field 'graph' of Model needs 82 bytes, 68 remain; copy or export the "
        "model again"])


def test_wrong_type(tmp_path):
    model = of_nodes(node("Add", ["x", "i"], ["y"], name="sum"), inputs={"x": X, "i": np.zeros(3, np.int64)})
    check(tmp_path, model, [
        "error: m.onnx: node 'sum' (Add-14): input 'A' ('x') is float32, but input 'B' ('i') is int64; they must be "
        "equal; insert a Cast"])


def test_element_types_without_form(tmp_path):
    model = of_nodes(node("Cast", ["s"], ["y"], name="cast", to=TensorProto.FLOAT), node("Cast", ["x"], ["z"], to=17),
                     inputs={"s": np.array(["a"], object), "x": X}, outputs=("y", "z"))
    check(tmp_path, model, [
        "error: m.onnx: input 's' has elements of type string, which programs do not have",
        "error: m.onnx: node #1 (Cast-21): cast to float8e4m3fn, which programs do not have",
    ])


def test_target_that_is_data(tmp_path):
    model = of_nodes(node("Reshape", ["x", "s"], ["y"], name="r"), inputs={"x": X, "s": np.zeros(2, np.int64)})
    check(tmp_path, model, [
        "error: m.onnx: node 'r' (Reshape-21): input 's' is not known at compile time; export with static shapes, so "
        "that it is a constant"])


@pytest.mark.parametrize("op, args, attributes, text", [
    ("MatMul", [X, X], {}, "cannot multiply f32[2, 3] and f32[2, 3], sizes differ along dims [1] and [0]"),
    ("Add", [X, np.zeros((4, 3), np.float32)], {}, "shapes [2, 3] and [4, 3] do not broadcast"),
    ("Reshape", [X, Const([4, -1])], {}, "cannot reshape f32[2, 3] to [4, -1]"),
    ("Reshape", [X, Const([-1, -1])], {}, "shape [-1, -1] has two dims of size -1"),
    ("Concat", [X, np.zeros((3, 3), np.float32)], {"axis": 1},
     "cannot concatenate f32[2, 3] and f32[3, 3] along axis 1"),
    ("Gather", [X, Const([0, 2])], {}, "index 2 is out of range for dim 0 of f32[2, 3]"),
    ("Expand", [X, Const([1 << 40, 1, 1])], {}, f"a result of shape [{1 << 40}, 2, 3] has a negative dim or more than 2^40 elements"),
    ("Split", [X, Const([1, 1])], {"outputs": 2, "axis": 1}, "parts [1, 1] are not 2 parts of dim 1 of f32[2, 3]"),
    ("Slice", [X, Const([0]), Const([1]), Const([0]), Const([0])], {}, "step of axis 0 is 0"),
    ("Dropout", [X, None, Const(True)], {},
     "training mode is not supported; export with training_mode = false"),
    ("SoftmaxCrossEntropyLoss", [X, np.zeros(2, np.int64), Const([1, 1, 1], np.float32)], {},
     "class weights (input 'weight') are not supported; scale the scores, or leave the weights out"),
    ("Einsum", [X], {"equation": "ii->i"}, "equation 'ii->i' has a letter twice in one term (a diagonal); write it "
     "with letters that differ"),
    ("Einsum", [X], {"equation": "ijk->i"}, "term 'ijk' does not fit an operand of rank 2"),
    ("Einsum", [X], {"equation": "ij,jk"}, "equation 'ij,jk' has 2 terms for 1 inputs"),
    ("ScatterND", [X, Const([[0]]), X[:1]], {"reduction": "max"}, "reduction 'max' is not supported; use none or add"),
    ("ScatterND", [X, Const([[0]]), X], {}, "cannot scatter f32[2, 3] at i64[1, 1] into f32[2, 3]; expected floats, with "
     "the dims of the indices but the last, then those of the data that are not picked from"),
    ("ScatterElements", [X, Const([[0]]), X[:1, :1]], {}, "cannot scatter f32[1, 1] at i64[1, 1] into f32[2, 3]; "
     "expected equal dims but along the axis"),
    ("RotaryEmbedding", [np.zeros((1, 2, 3, 5), np.float32), X, X], {"opset": 23},
     "input has shape [1, 2, 3, 5], 'num_heads' is 0 and 'rotary_embedding_dim' 0; expected four dims, or three of which "
     "the last is a multiple of the heads, and an even number of features"),
    ("RotaryEmbedding", [np.zeros((1, 2, 3, 4), np.float32), X, X], {"opset": 23},
     "a cache of shape [2, 3] gives [2, 3] angles; expected [1, 3, 2]"),
    ("GatherElements", [X, Const([[0, 2]])], {}, "index 2 is out of range for dim 0 of f32[2, 2]"),
    ("GatherElements", [X, Const([0])], {}, "cannot gather from f32[2, 3] at i64[1]"),
    ("GatherND", [X, Const([[0, 3], [1, 0]])], {}, "index 3 is out of range for dim 1 of f32[2, 3]"),
    ("GatherND", [X, Const([[0, 0, 0]])], {}, "cannot gather from f32[2, 3] at i64[1, 3]"),
    ("Pad", [X, Const([0, 3, 0, 0])], {"mode": "reflect"},
     "pads of dim 1 of size 3 are 3 and 0, which mode 'reflect' does not have"),
])
def test_operands(tmp_path, op, args, attributes, text):
    outputs = attributes.pop("outputs", 1)
    model, _ = node_model(op, args, outputs, **attributes)
    onnx.save(model, tmp_path / "m.onnx")
    found, = lines(tmp_path)
    assert found.split("): ", 1)[1] == text


def external(location):
    t = TensorProto(name="w", data_type=1, dims=[2, 3], data_location=TensorProto.EXTERNAL)
    t.external_data.add(key="location", value=location)
    return of_nodes(node("Add", ["x", "w"], ["y"]), initializers=[t])


@pytest.mark.parametrize("location, make, text", [
    ("../w.bin", lambda d: (d.parent / "w.bin").write_bytes(bytes(24)), "the location leaves the model's directory by '..'"),
    ("link.bin", lambda d: ((d / "w.bin").write_bytes(bytes(24)), os.symlink("w.bin", d / "link.bin")), "it is a symbolic link"),
    ("d/w.bin", lambda d: (os.mkdir(d / "r"), (d / "r/w.bin").write_bytes(bytes(24)), os.symlink("r", d / "d")), "its component 'd' is a symbolic link"),
    ("/dev/zero", lambda d: None, "the location is an absolute path"),
    ("pipe", lambda d: os.mkfifo(d / "pipe"), "it is a fifo, expected a regular file"),
    ("none.bin", lambda d: None, "the file does not exist"),
])
def test_external_data(tmp_path, location, make, text):
    folder = tmp_path / "model"
    folder.mkdir()
    make(folder)
    (folder / "m.onnx").write_bytes(external(location).SerializeToString())
    assert lines(folder) == [
        f"error: m.onnx: initializer 'w' has external data that is refused: '{location}': {text}; keep it in a plain "
        "file beside the model"]


def test_external_data_too_short(tmp_path):
    (tmp_path / "w.bin").write_bytes(bytes(20))
    (tmp_path / "m.onnx").write_bytes(external("w.bin").SerializeToString())
    assert lines(tmp_path) == [
        "error: m.onnx: initializer 'w' has 20 bytes of data, its shape needs 24; export the model again"]


def test_model_is_a_device(tmp_path):
    assert lines(tmp_path, "/dev/zero") == [
        "error: /dev/zero: is a device, expected a regular file; pass an ONNX model"]


def test_no_model(tmp_path):
    texts, errors = opt(["module attributes {mpt.config = {}} {}"])
    assert problems(errors) == ['error: mpt.config: no model is named; set model = "FILE.onnx"']


def test_precision(tmp_path):
    check(tmp_path, of_nodes(node("Neg", ["x"], ["y"])), [
        "error: m.onnx: precision 'bf16' is not supported; use f32 or f64"], precision="bf16")


def test_names_that_clash(tmp_path):
    model = of_nodes(node("Add", ["x", "predict"], ["y"]), initializers=[("predict", X)])
    check(tmp_path, model, [
        "error: m.onnx: initializer 'predict' has the name of a program or of another state; rename it"])


def test_bad_pattern(tmp_path):
    model = of_nodes(node("Add", ["x", "w"], ["y"]), initializers=[("w", X)])
    check(tmp_path, model, [
        "error: m.onnx: --freeze '(' is no regular expression: parentheses not balanced"], freeze=["("])
