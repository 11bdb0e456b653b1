# SPDX-License-Identifier: Apache-2.0
"""Raw token files: the windows of a file train as the same arrays in an .npz do, whatever the
mesh and the shuffle; what does not fit is refused with its full text (exit 65)."""
import json

import numpy as np
import pytest
from programs import compile_case, execute
from small_transformer import BATCH, SEQ, VOCABULARY

STEPS = 4
COUNT = (STEPS * BATCH + 1) * SEQ + 3  # some windows and some tokens are left over


@pytest.fixture(name="decoder", scope="module")
def compiled(find_case, tmp_path_factory):
    """The case and a program for each mesh."""
    of, folder = find_case("decoder"), tmp_path_factory.mktemp("tokens")
    return of, {mesh: compile_case(of, folder / f"p{i}", mesh, 2) for i, mesh in enumerate(("", "dp=2,pp=2"))}


def tokens():
    return np.random.default_rng(5).integers(0, VOCABULARY, size=COUNT)


def curve(program, folder, *flags):
    execute(program, f"--log={folder}", "--lr=0.01", *flags)
    for rank in range(8):
        with open(folder / f"rank-{rank}.jsonl", encoding="utf-8") as file:
            rows = [row for row in map(json.loads, file) if row["event"] == "step"]
        if "loss" in rows[0]:
            assert all(row["data_seconds"] >= 0 for row in rows)
            return [row["loss"] for row in rows]
    return None


@pytest.mark.parametrize("kind", ("u8", "u16", "u32"))
def test_windows_equal_arrays(decoder, kind, tmp_path):
    of, programs = decoder
    path, raw = tmp_path / f"text.{kind}", tokens()
    raw.astype({"u8": "<u1", "u16": "<u2", "u32": "<u4"}[kind]).tofile(path)
    windows = np.stack([raw[i * SEQ:i * SEQ + SEQ + 1] for i in range(STEPS * BATCH + 1)])
    ids = next(name for name in of.reference["inputs"] if name != "labels")
    np.savez(tmp_path / "data.npz", **{ids: windows[:, :-1], "labels": windows[:, 1:]})
    for mesh, program in programs.items():
        for shuffle in ((), ("--shuffle=3",)):
            by_tokens = curve(program, tmp_path / "a", f"--data={path}", *shuffle)
            assert by_tokens == curve(program, tmp_path / "b", f"--data={tmp_path / 'data.npz'}", *shuffle)
            assert len(by_tokens) == STEPS, mesh


def test_order_does_not_depend_on_the_mesh(decoder, tmp_path):
    _, programs = decoder
    path = tmp_path / "text.bin"
    tokens().astype("<u2").tofile(path)
    flags = (f"--data={path}", "--tokens=u16", "--shuffle=11")
    one, cut = (curve(programs[mesh], tmp_path / "log", *flags) for mesh in programs)
    np.testing.assert_allclose(one, cut, rtol=1e-5)
    assert one != curve(programs[""], tmp_path / "log", *flags[:2], "--shuffle=12")


@pytest.mark.parametrize("name,contents,message", (
    ("a.u16", b"abc", "3 bytes are no whole number of u16 tokens"),
    ("a.u8", bytes(SEQ * BATCH),
     f"{SEQ * BATCH} tokens give {BATCH - 1} windows of {SEQ} + 1, less than one step of {BATCH}"),
    ("a.u8", b"", f"0 tokens give 0 windows of {SEQ} + 1, less than one step of {BATCH}"),
    ("a.bin", b"abcdefgh", "neither an .npz nor an .npy file; a file of tokens ends in .u8, .u16 or .u32, "
                           "or needs --tokens=TYPE"),
))
def test_refusals(decoder, name, contents, message, tmp_path):
    (tmp_path / name).write_bytes(contents)
    done = execute(decoder[1][""], f"--data={tmp_path / name}", ok=False)
    assert done.returncode == 65
    assert done.stderr.strip().endswith(f"error: data file '{tmp_path / name}': {message}")


def test_programs_that_read_no_tokens(find_case, tmp_path):
    of = find_case("mlp-digits")
    program = compile_case(of, tmp_path / "program")
    (tmp_path / "a.u8").write_bytes(bytes(1000))
    done = execute(program, f"--data={tmp_path / 'a.u8'}", ok=False)
    assert done.returncode == 65
    assert done.stderr.strip().endswith(
        "tokens are for programs of one input of ids, [batch, length], and labels of the same shape that "
        "--loss='cross_entropy(...)' made; this one reads 'x' (f32 [64, 64]), 'labels' (label i64 [64]); "
        "use an .npz file")


def test_a_wrong_type(decoder):
    done = execute(decoder[1][""], "--data=x", "--tokens=u64", ok=False)
    assert done.returncode == 2
    assert done.stderr.strip().endswith("'--tokens' has value 'u64'; expected 'u8', 'u16' or 'u32'")
