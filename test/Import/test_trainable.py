# SPDX-License-Identifier: Apache-2.0
"""The default trainable set of the reference models is the list in their reference.json, with the exporter's metadata
and without any of it."""
import glob
import os
import re
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from importing import config, onnx, opt  # noqa: E402
from mpt.case import Case  # noqa: E402

MODELS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Models")
CASES = sorted(os.path.basename(f) for f in glob.glob(os.path.join(MODELS, "*")))


def strip(message):
    """Removes node names, doc strings and metadata from a message and all below it."""
    for field, value in message.ListFields():
        if field.name in ("metadata_props", "doc_string") or \
                (field.name == "name" and isinstance(message, onnx.NodeProto)):
            message.ClearField(field.name)
        elif field.message_type and field.is_repeated:
            for part in value:
                strip(part)
        elif field.message_type:
            strip(value)


def trained(folder, model, case):
    onnx.save(model, folder / "m.onnx")
    options = {"loss": case.loss_flag(), "bind": [flag.partition("=")[2] for flag in case.bind_flags()]}
    texts, errors = opt([config("m.onnx", **options)], cwd=folder)
    assert "m.onnx" in texts, errors
    return set(re.findall(r'mpt\.state @"?([^" ]+)"? : [^\n]*\btrainable\b', texts["m.onnx"]))


@pytest.mark.parametrize("stripped", [False, True], ids=["as exported", "stripped"])
@pytest.mark.parametrize("name", CASES)
def test_default_set(tmp_path, name, stripped):
    case = Case(os.path.join(MODELS, name))
    model = onnx.load(case.model)
    if stripped:
        strip(model)
        assert not re.search(rb"InputSpec|graph_signature|name_scopes", model.SerializeToString())
    found = trained(tmp_path, model, case)
    tied = case.reference.get("tied", [])
    for group in tied:
        assert len(found & set(group)) == 1, "one name stands for a tied group"
    first = {name: group[0] for group in tied for name in group}
    assert {first.get(n, n) for n in found} == {first.get(n, n) for n in case.reference["trainable"]}
