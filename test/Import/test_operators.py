# SPDX-License-Identifier: Apache-2.0
"""Every operator that import knows, on small models made here: the program, run
by numpy in its own element types, against onnx's reference implementation.
Models are random with a fixed seed; f32 results agree to 1e-5."""
import os
import re
import sys

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run_program  # noqa: E402
from importing import Const, config, node_model, onnx, opt  # noqa: E402

RNG = np.random.default_rng(20251125)


def f(*shape, lo=-2.0, hi=2.0):
    return RNG.uniform(lo, hi, shape).astype(np.float32)


def i(*shape, lo=0, hi=5, dtype=np.int64):
    return RNG.integers(lo, hi, shape).astype(dtype)


def b(*shape):
    return RNG.integers(0, 2, shape).astype(bool)


X, Y, V = f(2, 3, 4), f(2, 3, 4), f(3, 1)
EDGES = np.array([-3, -1, -0.5, -0.0, 0, 0.5, 1, 3, 6, 100, -100], np.float32)
CASES = {}


def case(name, op, *args, **attributes):
    assert name not in CASES
    CASES[name] = (op, args, attributes)


for op in ("Abs", "Ceil", "Cos", "Erf", "Exp", "Floor", "Identity", "IsNaN", "Neg", "Reciprocal", "Round", "Sigmoid",
           "Sign", "Sin", "Softsign", "Tan", "Tanh", "Atan", "Asinh", "Sinh", "Cosh"):
    case(op, op, X)
for op in ("Log", "Sqrt", "Acosh"):
    case(op, op, f(5, lo=1.1, hi=4.0))
for op in ("Asin", "Acos", "Atanh"):
    case(op, op, f(5, lo=-0.9, hi=0.9))
for op in ("Relu", "LeakyRelu", "Elu", "Selu", "Celu", "HardSigmoid", "HardSwish", "Softplus", "Mish",
           "ThresholdedRelu", "Shrink"):
    case(op, op, EDGES, opset=22 if op in ("HardSwish", "Mish") else 21)
case("LeakyRelu-alpha", "LeakyRelu", EDGES, alpha=0.3)
case("Celu-alpha", "Celu", EDGES, alpha=2.0)
case("Shrink-bias", "Shrink", EDGES, lambd=1.0, bias=0.25)
case("Gelu", "Gelu", X)
case("Swish", "Swish", X, opset=24, alpha=1.5)
case("Gelu-tanh", "Gelu", X, approximate="tanh")
case("PRelu", "PRelu", X, f(3, 1))
for op in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean"):
    case(op, op, X, V)
case("Add-both", "Add", f(4, 1), f(1, 3))
case("Add-scalar", "Add", X, np.array(2.5, np.float32))
case("Div-int", "Div", i(6, lo=0, hi=20), i(6, lo=1, hi=5))
case("Max-three", "Max", X, V, Y)
case("Sum-one", "Sum", X)
case("Pow", "Pow", f(2, 3, lo=0.5, hi=2), f(3))
case("Pow-2", "Pow", X, Const(2.0, np.float32))
case("Pow-half", "Pow", f(5, lo=0.5, hi=2), Const(0.5, np.float32))
case("Pow-int-exponent", "Pow", X, Const([3], np.int64))
case("Mod", "Mod", i(8, lo=-9, hi=9), np.array([3, -3, 4, -4, 5, -5, 7, -7]))
case("Mod-fmod", "Mod", f(8), f(8, lo=0.5, hi=1), fmod=1)
for op in ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"):
    case(op, op, i(2, 3), i(3))
for op in ("And", "Or", "Xor"):
    case(op, op, b(2, 3), b(3))
for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
    case(op, op, i(2, 3, lo=-9, hi=9), i(3))
case("BitwiseNot", "BitwiseNot", i(4, lo=-9, hi=9, dtype=np.int32))
case("Not", "Not", b(4))
case("Where", "Where", b(2, 3, 1), X, f(4))
case("IsInf", "IsInf", np.array([np.inf, -np.inf, np.nan, 1], np.float32))
case("IsInf-negative", "IsInf", np.array([np.inf, -np.inf, np.nan, 1], np.float32), detect_positive=0)
case("Clip", "Clip", X, Const(-1.0, np.float32), Const(1.0, np.float32))
case("Clip-min", "Clip", X, Const(-1.0, np.float32))
case("Clip-max", "Clip", X, None, Const(0.5, np.float32))
case("Clip-tensors", "Clip", X, np.array(-1, np.float32), np.array(1, np.float32))
case("Cast-to-int", "Cast", X, to=onnx.TensorProto.INT32)
case("Cast-to-bool", "Cast", i(4, hi=2), to=onnx.TensorProto.BOOL)
case("Cast-from-bool", "Cast", b(4), to=onnx.TensorProto.FLOAT)
case("Cast-to-f16", "Cast", X, to=onnx.TensorProto.FLOAT16)
case("CastLike", "CastLike", X, i(1))

for args in ((f(4), f(4)), (f(2, 4), f(4)), (f(4), f(4, 3)), (f(4), f(2, 4, 3)), (f(2, 3, 4), f(4)), (f(3, 4), f(4, 5)),
             (f(2, 3, 4), f(4, 5)), (f(2, 3, 4), f(2, 4, 5)), (f(3, 4), f(2, 4, 5)), (f(2, 1, 3, 4), f(5, 4, 6)),
             (f(2, 3, 4), f(1, 4, 5)), (f(1, 2, 3, 4), f(2, 1, 4, 5))):
    case("MatMul-" + "-".join("x".join(map(str, a.shape)) for a in args), "MatMul", *args)
case("Gemm", "Gemm", f(3, 4), f(4, 5), f(5))
case("Gemm-all", "Gemm", f(4, 3), f(5, 4), f(3, 1), transA=1, transB=1, alpha=0.5, beta=2.0)
case("Gemm-no-bias", "Gemm", f(3, 4), f(5, 4), transB=1)
case("Gemm-scalar-bias", "Gemm", f(3, 4), f(4, 5), np.array(3, np.float32))
for equation, args in (("ij,jk->ik", (f(3, 4), f(4, 5))), ("bij,bkj->bki", (f(2, 3, 4), f(2, 5, 4))),
                       ("ij->j", (f(3, 4),)), ("ij->ji", (f(3, 4),)), ("ij,kl->", (f(2, 3), f(2, 2))),
                       ("...ij,...jk->...ik", (f(2, 1, 3, 4), f(5, 4, 2))), ("i...->...", (f(3, 4, 2),)),
                       ("...i,i", (f(2, 3, 4), f(4))), ("ij,jk,kl->il", (f(2, 3), f(3, 4), f(4, 5))),
                       ("ij,jk,ik->j", (f(2, 3), f(3, 4), f(2, 4))), ("bi,bj->bij", (f(1, 3), f(2, 4))),
                       ("b i , j -> b i j", (f(2, 3), f(4))),
                       ("ji,ik", (f(3, 4), f(4, 5))), ("bhsd,bhtd->bhst", (f(2, 2, 3, 4), f(2, 2, 5, 4)))):
    case("Einsum-" + equation, "Einsum", *args, equation=equation)

for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
           "ReduceSumSquare", "ReduceLogSumExp"):
    case(op, op, X, Const([1]))
    case(op + "-all", op, X, keepdims=0)
    case(op + "-last", op, X, Const([-1, 0]), keepdims=0)
    case(op + "-noop", op, X, Const(np.zeros(0, np.int64)), noop_with_empty_axes=1)
    if op != "ReduceSum":
        case(op + "-13", op, X, axes=[1, 2], opset=13)
case("ReduceLogSum", "ReduceLogSum", f(2, 3, lo=0.5, hi=2), Const([1]))
case("ReduceSum-11", "ReduceSum", X, axes=[-1], keepdims=0, opset=11)
case("ReduceMax-bool", "ReduceMax", b(3, 4), Const([1]))
TIES = i(3, 5, 2, hi=3).astype(np.float32)
for op in ("ArgMax", "ArgMin"):
    case(op, op, TIES)
    case(op + "-last", op, TIES, axis=-2, keepdims=0, select_last_index=1)
case("Hardmax", "Hardmax", TIES, axis=1)
for exclusive in (0, 1):
    for reverse in (0, 1):
        case(f"CumSum-{exclusive}{reverse}", "CumSum", i(2, 7, 3), Const(1), exclusive=exclusive, reverse=reverse)
case("CumSum", "CumSum", f(5, lo=0, hi=1), Const(-1))
case("CumSum-constant", "CumSum", Const(i(2, 6)), Const(1))
case("GlobalAveragePool", "GlobalAveragePool", f(2, 3, 4, 5))
case("GlobalMaxPool", "GlobalMaxPool", f(2, 3, 4, 5))

case("Reshape", "Reshape", X, Const([4, -1]))
case("Reshape-copy", "Reshape", X, Const([0, 2, -1]))
case("Reshape-zero", "Reshape", f(0, 3), Const([3, 0]), allowzero=1)
case("Flatten", "Flatten", X, axis=2)
case("Flatten-0", "Flatten", X, axis=0)
case("Transpose", "Transpose", X)
case("Transpose-perm", "Transpose", X, perm=[1, 2, 0])
case("Squeeze", "Squeeze", f(1, 3, 1), Const([-1]))
case("Squeeze-all", "Squeeze", f(1, 3, 1))
case("Squeeze-11", "Squeeze", f(1, 3, 1), axes=[0], opset=11)
case("Unsqueeze", "Unsqueeze", X, Const([0, -1]))
case("Unsqueeze-11", "Unsqueeze", X, axes=[1, 4], opset=11)
case("Expand", "Expand", f(3, 1), Const([2, 1, 4]))
case("Tile", "Tile", f(2, 3), Const([2, 1]))
case("Tile-two", "Tile", f(2, 3), Const([2, 3]))
case("Concat", "Concat", f(2, 3), f(2, 1), f(2, 2), axis=-1)
case("Split", "Split", f(6, 2), outputs=3, axis=0, num_outputs=3)
case("Split-uneven", "Split", f(7, 2), outputs=3, axis=0, num_outputs=3)
case("Split-sizes", "Split", f(2, 6), Const([1, 5]), outputs=2, axis=1)
case("Split-11", "Split", f(2, 6), outputs=2, axis=1, split=[2, 4], opset=11)
case("Slice", "Slice", f(5, 6), Const([1, 0]), Const([4, 6]), Const([0, 1]), Const([1, 2]))
case("Slice-negative", "Slice", f(5, 6), Const([-1]), Const([-100]), Const([1]), Const([-2]))
case("Slice-clamped", "Slice", f(5, 6), Const([-100]), Const([100]))
case("Slice-9", "Slice", f(5, 6), starts=[1], ends=[-1], axes=[1], opset=9)
case("Pad", "Pad", f(2, 3), Const([1, 0, 0, 2]), Const(1.5, np.float32))
case("Pad-axes", "Pad", f(2, 3), Const([1, 2]), None, Const([1]))
case("Pad-reflect", "Pad", f(4, 3), Const([1, 2, 2, 1]), mode="reflect")
case("Pad-edge", "Pad", f(4, 3), Const([1, 2, 5, 1]), mode="edge")
case("Pad-wrap", "Pad", f(4, 3), Const([1, 2, 2, 1]), mode="wrap")
case("Dropout", "Dropout", X, Const(0.5, np.float32))
case("Dropout-mask", "Dropout", X, outputs=2)
case("DepthToSpace", "DepthToSpace", f(1, 8, 2, 3), blocksize=2)
case("DepthToSpace-CRD", "DepthToSpace", f(1, 8, 2, 3), blocksize=2, mode="CRD")
case("SpaceToDepth", "SpaceToDepth", f(1, 2, 4, 6), blocksize=2)
case("Shape", "Shape", X)
case("Shape-part", "Shape", X, start=-2, end=3)
case("Size", "Size", X)

case("ConstantOfShape", "ConstantOfShape", Const([2, 3]))
case("Range", "Range", Const(3, np.int64), Const(-6, np.int64), Const(-2, np.int64))
case("Range-float", "Range", Const(1.0, np.float32), Const(2.2, np.float32), Const(0.5, np.float32))
case("EyeLike", "EyeLike", f(3, 4), k=1)
case("Trilu", "Trilu", f(2, 4, 4), Const(1))
case("Trilu-lower", "Trilu", f(4, 5), upper=0)
case("OneHot", "OneHot", i(2, 3, lo=-4, hi=4), Const(4), Const([0.5, 2.0], np.float32), axis=1)
case("Gather", "Gather", f(5, 3), i(2, 2, lo=-5, hi=5))
case("Gather-axis", "Gather", f(2, 5, 3), i(4, lo=0, hi=5), axis=1)
case("Gather-scalar", "Gather", f(5, 3), Const(-2))
case("Gather-constant", "Gather", f(5, 3), Const([4, 0, -1]))
GRID = np.stack(np.broadcast_arrays(*np.ogrid[:3, 2:-3:-1]), -1)  # columns in reverse, some from the end
for data in ("", "-constant"):
    x, y, z = (Const(v) if data else v for v in (i(3, 4), f(3, 4, 2), b(3, 4)))
    case("GatherElements" + data, "GatherElements", x, Const(i(2, 4, lo=-3, hi=3)), axis=0)
    case("GatherElements-rows" + data, "GatherElements", y, Const(np.array([2, -1]).reshape(1, 2, 1) + np.zeros((3, 2, 2), int)), axis=1)
    case("GatherElements-one" + data, "GatherElements", y, Const(np.full((3, 3, 2), -2)), axis=1)
    case("GatherElements-data" + data, "GatherElements", y, i(3, 1, 2, lo=-4, hi=4), axis=1)
    case("GatherElements-many" + data, "GatherElements", z, i(3, 5, lo=-4, hi=4, dtype=np.int32), axis=1)
    case("GatherND" + data, "GatherND", x, Const([[0, 1], [-1, 2]]))
    case("GatherND-grid" + data, "GatherND", y, Const(GRID))
    case("GatherND-spread" + data, "GatherND", z, Const(GRID[:, None, None]))
    case("GatherND-turned" + data, "GatherND", y, Const(GRID.transpose(1, 0, 2)))
    case("GatherND-one-row" + data, "GatherND", y, Const(np.broadcast_to([1, -2], (2, 1, 2))))
    case("GatherND-data" + data, "GatherND", y, i(2, 2, 2, lo=-3, hi=3))
    case("GatherND-rows" + data, "GatherND", y, i(5, 1, lo=-3, hi=3))
    case("GatherND-batch" + data, "GatherND", y, i(3, 5, 1, lo=-4, hi=4), batch_dims=1)
    case("GatherND-batch-known" + data, "GatherND", y, Const(i(3, 5, 1, lo=-4, hi=4)), batch_dims=1)
    case("GatherND-batch-elements" + data, "GatherND", z, i(3, 2, 2, 1, lo=-4, hi=4), batch_dims=1)
    case("GatherND-batch-inner" + data, "GatherND", y, i(3, 5, 2, lo=-2, hi=2), batch_dims=1)
    case("GatherND-batch-ints" + data, "GatherND", Const(i(3, 4, 2)) if data else i(3, 4, 2), i(3, 1, lo=0, hi=4),
         batch_dims=1)
case("GatherND-large", "GatherND", f(2, 9, 1100), Const(np.stack(np.broadcast_arrays(*np.ogrid[:2, :9, :1100]), -1)))

UNIQUE = np.stack([RNG.permutation(4)[:2] for _ in range(6)]).reshape(3, 2, 2).transpose(0, 2, 1)
for reduction in ("none", "add"):
    case("ScatterElements-" + reduction, "ScatterElements", f(3, 4, 2), UNIQUE - 4 * (UNIQUE > 1), f(3, 2, 2), axis=1,
         reduction=reduction)
    case("ScatterElements-one-" + reduction, "ScatterElements", i(3, 4), i(3, 1, hi=4), i(3, 1), axis=-1,
         reduction=reduction)
    case("ScatterND-" + reduction, "ScatterND", f(4, 3, 2), Const([[1], [-1]]), f(2, 3, 2), reduction=reduction)
    case("ScatterND-elements-" + reduction, "ScatterND", f(4, 3), np.array([[[0, 1]], [[-1, 2]]]), f(2, 1),
         reduction=reduction)
    # Boxes: m[:, :-1] = y, m[1, 2:] = y with whole rows, and one whose dims change places.
    case("ScatterND-box-" + reduction, "ScatterND", f(3, 4), Const(np.stack(np.broadcast_arrays(*np.ogrid[:3, :3]), -1)),
         f(3, 3), reduction=reduction)
    case("ScatterND-box-rows-" + reduction, "ScatterND", i(3, 4, 2), Const([[[1, -2], [1, -1]]]), i(1, 2, 2),
         reduction=reduction)
    case("ScatterND-box-turned-" + reduction, "ScatterND", f(3, 4, 5),
         Const(np.stack(np.broadcast_arrays(*np.ogrid[1:3, :4]), -1).transpose(1, 0, 2)), f(4, 2, 5), reduction=reduction)
    # No boxes: a step, rows twice, one coordinate along two dims.
    case("ScatterND-step-" + reduction, "ScatterND", f(4, 3), Const([[0], [2]]), f(2, 3), reduction=reduction)
    case("ScatterND-diagonal-" + reduction, "ScatterND", f(3, 3), Const([[0, 0], [1, 1], [2, 2]]), f(3),
         reduction=reduction)
case("ScatterND-add-box-twice", "ScatterND", f(4, 3), Const([[[1], [2]], [[1], [2]]]), f(2, 2, 3), reduction="add")
case("ScatterND-bool", "ScatterND", b(3, 4), Const([[1], [2]]), b(2, 4))
case("ScatterND-add-twice", "ScatterND", f(4, 3), Const([[1], [1]]), f(2, 3), reduction="add")

ROWS, COS, SIN = i(2, 3, hi=7), f(7, 4), f(7, 4)
for name, args, attributes in (
    ("", (f(2, 5, 3, 8), COS, SIN, ROWS), {}),
    ("-pairs", (f(2, 5, 3, 8), COS, SIN, ROWS), {"interleaved": 1}),
    ("-part", (f(2, 5, 3, 12), COS, SIN, ROWS), {"rotary_embedding_dim": 8}),
    ("-3d", (f(2, 3, 40), COS, SIN, ROWS), {"num_heads": 5}),
    ("-3d-pairs", (f(2, 3, 60), COS[ROWS], SIN[ROWS]), {"num_heads": 5, "interleaved": 1, "rotary_embedding_dim": 8}),
    ("-looked-up", (f(2, 5, 3, 8), COS[ROWS], SIN[ROWS]), {}),
):
    case("RotaryEmbedding" + name, "RotaryEmbedding", *args, opset=23, **attributes)
case("Softmax", "Softmax", X)
case("Softmax-axis", "Softmax", X, axis=1)
case("LogSoftmax", "LogSoftmax", X, axis=-1)
case("LayerNormalization", "LayerNormalization", X, f(4), f(4))
case("LayerNormalization-no-bias", "LayerNormalization", X, f(4))
case("LayerNormalization-axis", "LayerNormalization", X, f(3, 4), f(4), outputs=3, axis=1, epsilon=1e-2)
Q4, K4, V4 = f(2, 4, 3, 8), f(2, 2, 5, 8), f(2, 2, 5, 6)
SEEN = np.array([[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], bool)
for name, args, attributes in (
    ("", (Q4, K4, V4), {}),
    ("-causal", (Q4, K4, V4), {"is_causal": 1, "scale": 0.3}),
    ("-mask", (Q4, K4, V4, SEEN), {}),  # one row sees nothing
    ("-added", (Q4, K4, V4, f(2, 1, 3, 5)), {"softcap": 1.5, "is_causal": 1}),
    ("-3d", (f(2, 3, 12), f(2, 3, 6), f(2, 3, 4)), {"q_num_heads": 4, "kv_num_heads": 2, "is_causal": 1}),
    ("-past", (Q4, K4, V4, f(3, 8), f(2, 2, 3, 8), f(2, 2, 3, 6)), {"is_causal": 1, "outputs": 3}),
):
    case("Attention" + name, "Attention", *args, opset=23, **attributes)
case("Attention-short-mask", "Attention", Q4, K4, V4, f(2, 1, 3, 4), opset=24)
case("Attention-key-mask", "Attention", Q4, K4, V4, f(2, 1, 1, 5), opset=23)
case("RMSNormalization", "RMSNormalization", X, f(4), opset=23)
for reduction in ("mean", "sum", "none"):
    for op in ("SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss"):
        case(f"{op}-{reduction}", op, f(6, 5), i(6), reduction=reduction)
        case(f"{op}-{reduction}-ignored", op, f(3, 5, 2), np.array([[0, 1], [2, 2], [4, 2]]), reduction=reduction,
             ignore_index=2)
case("SoftmaxCrossEntropyLoss-log_prob", "SoftmaxCrossEntropyLoss", f(3, 5, 2), i(3, 2), outputs=2)


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("operators")
    modules, made = [], {}
    for k, (name, (op, args, attributes)) in enumerate(CASES.items()):
        model, inputs = node_model(op, args, **attributes)
        path = folder / f"m{k}.onnx"
        onnx.save(model, path)
        modules.append(config(path))
        made[name] = (str(path), model, inputs)
    texts, errors = opt(modules, "--mlir-print-op-generic")
    return made, texts, errors, str(folder)


@pytest.mark.parametrize("name", CASES)
def test_operator(name, imported):
    made, texts, errors, folder = imported
    path, model, inputs = made[name]
    assert path in texts, [line for line in errors.splitlines() if path in line]
    actual = run_program.run(texts[path], inputs, folder)
    expected = ReferenceEvaluator(model).run(None, inputs)
    for out, value in zip(model.graph.output, expected):
        value = np.asarray(value)
        assert actual[out.name].dtype == value.dtype and actual[out.name].shape == value.shape
        np.testing.assert_allclose(actual[out.name].astype(float), value.astype(float), rtol=1e-5, atol=1e-6)


def test_negative_pads_cut(tmp_path):
    """Onnx's reference does not do these."""
    model, inputs = node_model("Pad", [f(4, 3), Const([-1, 0, 1, -1])])
    onnx.save(model, tmp_path / "m.onnx")
    texts, _ = opt([config("m.onnx")], "--mlir-print-op-generic", cwd=tmp_path)
    expected = np.concatenate([inputs["in0"][1:, :2], np.zeros((1, 2))])
    np.testing.assert_array_equal(run_program.run(texts["m.onnx"], inputs)["out0"], expected)


def test_every_operator_has_a_case():
    """The rows of lib/Import against the cases above and those of the other tests."""
    root = os.path.join(os.path.dirname(__file__), "..", "..", "lib", "Import")
    rows = set()
    for file in os.listdir(root):
        if file.startswith("Onnx"):
            with open(os.path.join(root, file)) as text:
                rows |= set(re.findall(r'\{"(\w+)", import\w+', text.read()))
    elsewhere = {"Constant"}
    assert rows - {op for op, _, _ in CASES.values()} == elsewhere
