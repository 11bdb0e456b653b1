# SPDX-License-Identifier: Apache-2.0
"""Parameters that an exporter merged into one initializer are states of their own again."""
import os
import re
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from importing import config, helper, model_of, onnx, opt, problems  # noqa: E402

ONES, ZEROS, X = np.ones(8, np.float32), np.zeros(8, np.float32), np.ones((3, 8), np.float32)
W = np.random.default_rng(0).random((8, 8), np.float32)
APART = "; each is trained on its own; --keep-merged trains them as one, python3 -m mpt.export writes a file that " \
        "keeps them apart"
MERGED = ["warning: m.onnx: initializer 'n.bias' stands also for 'l.bias', 'm.bias', which the exporter merged" + APART,
          "warning: m.onnx: initializer 'n.weight' stands also for 'm.weight', which the exporter merged" + APART]
PARTS = {"n.weight", "n.bias", "w", "m.weight", "m.bias", "l.bias"}


def imported(folder, model, **options):
    onnx.save(model, folder / "m.onnx")
    texts, errors = opt([config("m.onnx", **options)], cwd=folder)
    assert "m.onnx" in texts, errors
    return texts["m.onnx"], problems(errors)


def sources(text):
    """name -> place in the file, of the trained states."""
    return dict(re.findall(r"mpt\.state @(\S+) : .*#mpt\.slice<\"m.onnx\", (\d+), .*trainable", text))


def two_norms(*nodes, names=("n.weight", "n.bias", "n.weight", "n.bias", "n.bias")):
    """Two norms and a linear layer, in a file that has one weight and one bias for them."""
    a, b, c, d, e = names
    nodes = [*nodes, helper.make_node("LayerNormalization", ["x", a, b], ["p"], name="first"),
             helper.make_node("MatMul", ["p", "w"], ["q"], name="product"),
             helper.make_node("Add", ["q", e], ["r"], name="sum"),
             helper.make_node("LayerNormalization", ["r", c, d], ["y"], name="second")]
    return model_of(nodes, {"x": X}, ["y"], [("n.weight", ONES), ("n.bias", ZEROS), ("w", W)])


def torchscript():
    """An Identity for each other name."""
    kept = {"m.weight": "n.weight", "m.bias": "n.bias", "l.bias": "n.bias"}
    identities = [helper.make_node("Identity", [kept[k]], [k]) for k in ("l.bias", "m.bias", "m.weight")]
    return two_norms(*identities, names=("n.weight", "n.bias", "m.weight", "m.bias", "l.bias"))


def dynamo(operations=None, lost=()):
    """Metadata that names the parameters of each operation; the signature names all, `lost` ones too."""
    model = two_norms()
    operations = operations or {
        "first": "%first : call(args = (%x, [8], %p_n_weight, %p_n_bias, 1e-05), kwargs = {})",
        "product": "%linear : call(args = (%first, %p_l_weight, %p_l_bias), kwargs = {})",
        "sum": "%linear : call(args = (%first, %p_l_weight, %p_l_bias), kwargs = {})",
        "second": "%second : call(args = (%linear, [8], %p_m_weight, %p_m_bias, 1e-05), kwargs = {})"}
    for node in model.graph.node:
        node.metadata_props.add(key="pkg.torch.onnx.fx_node", value=operations[node.name])
    names = ["n.weight", "n.bias", "l.weight", "l.bias", "m.weight", "m.bias", *lost]
    lines = [f"p_{n.replace('.', '_')}: PARAMETER target='{n}'" for n in names]
    model.graph.metadata_props.add(key="pkg.torch.export.ExportedProgram.graph_signature",
                                   value="\n# inputs\n" + "\n".join(lines) + "\nx: USER_INPUT\n")
    for name, key, value in (("w", "pkg.onnxscript.optimizer.folded_from", "['l.weight']"),
                             ("n.weight", "pkg.torch.export.graph_signature.InputSpec.kind", "PARAMETER"),
                             ("n.bias", "pkg.torch.export.graph_signature.InputSpec.kind", "PARAMETER")):
        model.graph.value_info.add(name=name).metadata_props.add(key=key, value=value)
    return model


def check_parts(text):
    places = sources(text)
    assert set(places) == PARTS
    assert places["m.weight"] == places["n.weight"] and places["l.bias"] == places["m.bias"] == places["n.bias"]
    used = dict(re.findall(r"(%\S+) = mpt.read @(\S+)", text))
    norms = [[used[v] for v in m] for m in re.findall(r"layer_norm %\S+, (%\S+), (%\S+) ", text)]
    assert norms == [["n.weight", "n.bias"], ["m.weight", "m.bias"]]


def test_torchscript(tmp_path):
    text, said = imported(tmp_path, torchscript())
    check_parts(text)
    assert said == MERGED


def test_dynamo(tmp_path):
    text, said = imported(tmp_path, dynamo())
    check_parts(text)
    assert said == MERGED


def test_keep_merged(tmp_path):
    for model in (torchscript(), dynamo()):
        text, said = imported(tmp_path, model, keep_merged=True)
        assert set(sources(text)) == {"n.weight", "n.bias", "w"} and said == []


def test_dropped_bias(tmp_path):
    """A bias of zeros that no node reads; a parameter that no operation has is no loss."""
    model = dynamo(lost=["unused"])
    del model.graph.node[2]
    model.graph.node[2].input[0] = "q"
    text, said = imported(tmp_path, model)
    assert set(sources(text)) == PARTS - {"l.bias"}
    assert said == [MERGED[0].replace("'l.bias', ", ""), MERGED[1],
                    "warning: m.onnx: the exporter dropped parameters of the module: 'l.bias'; they are not trained; "
                    "python3 -m mpt.export writes a file that has them"]


def test_doubt_splits_nothing(tmp_path):
    """One operation with three parameters, of which the file has two uses: which is dropped?"""
    call = "%all : call(args = (%p_m_weight, %p_m_bias, %p_l_bias), kwargs = {})"
    own = "%first : call(args = (%x, [8], %p_n_weight, %p_n_bias, 1e-05), kwargs = {})"
    model = dynamo({"first": own, "product": own, "sum": own, "second": call})
    text, said = imported(tmp_path, model)
    assert set(sources(text)) == {"n.weight", "n.bias", "w"}
    assert said == ["warning: m.onnx: the exporter dropped parameters of the module: 'l.bias', 'm.bias', 'm.weight'; they "
                    "are not trained; python3 -m mpt.export writes a file that has them"]


def test_a_tied_parameter_may_have_another_name(tmp_path):
    """All uses name one parameter: the file has it under the name of its tie."""
    model = dynamo({"first": "%first : call(args = (%x, %p_tie, %p_n_bias), kwargs = {})",
                    "product": "%b : call(args = (%first, %p_l_weight), kwargs = {})",
                    "sum": "%sum : call(args = (%b, %p_n_bias), kwargs = {})",
                    "second": "%second : call(args = (%sum, %p_tie, %p_n_bias), kwargs = {})"}, lost=["tie"])
    text, said = imported(tmp_path, model)
    assert set(sources(text)) == {"n.weight", "n.bias", "w"} and said == []


def test_own_name_comes_first(tmp_path):
    """A merged initializer that an operation also has under its own name: weight and scale of one norm are equal."""
    model = dynamo({"first": "%a : call(args = (%x, %p_n_weight, %p_n_bias), kwargs = {})",
                    "product": "%b : call(args = (%first, %p_l_weight), kwargs = {})",
                    "sum": "%c : call(args = (%b, %p_n_bias), kwargs = {})",
                    "second": "%d : call(args = (%c, %p_n_weight, %p_m_bias), kwargs = {})"})
    text, said = imported(tmp_path, model)
    assert set(sources(text)) == {"n.weight", "n.bias", "w", "m.bias"}
    assert said == [MERGED[0].replace("'l.bias', ", "")]
