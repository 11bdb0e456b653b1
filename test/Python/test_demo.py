# SPDX-License-Identifier: Apache-2.0
"""The demos run to their end; the GPT's curves agree and its picture is drawn."""
import os
import re
import subprocess
import sys

import pytest

MPTC = os.path.abspath(os.path.join(os.environ["MPT_BUILD"], "bin", "mptc"))


def demo(*arguments, cwd):
    command = [sys.executable, "-m", "mpt.demo", *arguments, f"--mptc={MPTC}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_gpt(tmp_path):
    if not os.path.isdir("/usr/share/common-licenses"):
        pytest.skip("no licence texts on this machine")
    out = demo("gpt", "--steps=4", "--length=2", cwd=tmp_path)
    worst = float(re.search(r"worst relative difference of the curves (\S+) in", out)[1])
    assert worst < 1e-5
    assert len(re.findall(r"^.You may distribute ", out, re.MULTILINE)) == 4
    assert (tmp_path / "demo-loss.png").read_bytes().startswith(b"\x89PNG")


def test_digits(tmp_path):
    assert "accuracy of the trained weights on 3200 digits" in demo("digits", cwd=tmp_path)


def test_unknown_demo(tmp_path):
    command = [sys.executable, "-m", "mpt.demo", "vision"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2 and "mpt.demo [gpt|digits]" in done.stderr
