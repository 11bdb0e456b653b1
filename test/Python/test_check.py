# SPDX-License-Identifier: Apache-2.0
"""mpt.check catches a falsified reference of each kind, and says so in its exit code."""
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CASE = os.path.join(ROOT, "test", "Models", "regression-mse")
MPTC = os.path.join(os.environ["MPT_BUILD"], "bin", "mptc")


def run_check(folder, *flags):
    result = subprocess.run(
        [sys.executable, "-m", "mpt.check", str(folder), f"--mptc={MPTC}", "--json", *flags],
        capture_output=True, text=True, check=False)
    return result


@pytest.fixture(name="case")
def copy_of_case(tmp_path):
    folder = tmp_path / "case"
    shutil.copytree(CASE, folder)
    return folder


def failed(result):
    assert result.returncode == 1, result.stderr
    return [check["name"] for check in json.loads(result.stdout)["checks"] if not check["ok"]]


def edit_json(folder, change):
    path = folder / "reference.json"
    reference = json.loads(path.read_text())
    change(reference)
    path.write_text(json.dumps(reference))


def edit_npz(path, name, factor):
    arrays = dict(np.load(path))
    arrays[name] = (arrays[name] * factor).astype(arrays[name].dtype)
    np.savez(path, **arrays)


def test_true_reference_holds(case):
    result = run_check(case)
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads(result.stdout)
    assert report["ok"] and report["steps"] == 50
    assert [check["name"] for check in report["checks"]] == ["loss0", "gradient", "curve", "parameters"]


def test_false_loss_is_caught(case):
    edit_json(case, lambda r: r["losses"].__setitem__(0, r["losses"][0] * (1 + 1e-5)))
    assert "loss0" in failed(run_check(case))


def test_false_curve_is_caught(case):
    edit_json(case, lambda r: r["losses"].__setitem__(30, r["losses"][30] * (1 + 1e-4)))
    assert failed(run_check(case)) == ["curve"]


def test_false_gradient_is_caught(case):
    edit_npz(case / "grads0.npz", "3.weight", 1 + 1e-4)
    assert failed(run_check(case)) == ["gradient"]


def test_false_parameter_is_caught(case):
    edit_npz(case / "params.npz", "5.bias", 1 + 1e-4)
    assert failed(run_check(case)) == ["parameters"]


def test_missing_trainable_is_caught(case):
    edit_json(case, lambda r: r["trainable"].remove("0.bias"))
    assert "gradient" in failed(run_check(case))


def test_folder_without_files_is_no_case(tmp_path):
    result = run_check(tmp_path)
    assert result.returncode == 65
    assert "is no case" in result.stderr


def test_model_that_does_not_compile(case):
    (case / "model.onnx").write_bytes(b"\x08\x07\x12")
    assert run_check(case).returncode == 65
