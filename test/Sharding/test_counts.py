# SPDX-License-Identifier: Apache-2.0
"""Collectives of whole transformers, counted in the form of phase 6 by task, kind, group and bytes.

The ids are rows of section 7 of the research page on sharding. N is the bytes of one activation
[batch, seq, width] on one data rank and micro-batch, P those of a rank's parameters.
"""
import collections
import json
import os
import re
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(ROOT, "test", "Execute"))
import small_transformer as small  # noqa: E402

MPTC = os.path.join(os.environ.get("MPT_BUILD", os.path.join(ROOT, "build")), "bin", "mptc")
LAYERS = 3
LINE = re.compile(r"mpt\.(all_reduce|all_gather|reduce_scatter|all_to_all) (?:(sum|max|min) )?(.*?) over \[(.*?)\] "
                  r"\{.*?bytes = (\d+).*?\} : (.*)$")
TRANSFER = re.compile(r"mpt\.transfer @(\S+) : .*?\{.*bytes = (\d+) : i64.*mode = \"(\w+)\".*task = \"(\w+)\"")

Collective = collections.namedtuple("Collective", "kind monoid axes bytes operands")


class Localized:
    """What the tests look at: collectives by task, transfers, types of all values."""

    def __init__(self, text):
        self.tasks, self.transfers, self.types = collections.defaultdict(list), {}, set()
        task = None
        for line in text.splitlines():
            if found := re.search(r"func\.func @(s\d+_\w+)\(", line):
                task = found[1]
                self.tasks[task] = []
            if found := TRANSFER.search(line):
                self.transfers[found[1]] = (found[3], found[4], int(found[2]))
            if found := LINE.search(line):
                kind, monoid, operands, axes, size, _ = found.groups()
                self.tasks[task].append(Collective(kind, monoid, axes.replace('"', ""), int(size),
                                                   operands.count("%")))
            if task:
                self.types.update(tuple(map(int, t.split("x")[:-1])) for t in re.findall(r"tensor<([^,>]*)", line))

    def count(self, task, **wanted):
        return sum(all(getattr(c, k) == v for k, v in wanted.items()) for c in self.tasks[task])


@pytest.fixture(name="localize", scope="module")
def make_localizer(tmp_path_factory):
    cases, done = {}, {}

    def localize(kind, mesh, microbatches=1, *flags):
        key = (kind, mesh, microbatches, flags)
        if kind not in cases:
            cases[kind] = tmp_path_factory.mktemp(kind)
            small.write_case(cases[kind], kind, LAYERS)
        if key not in done:
            with open(cases[kind] / "reference.json", encoding="utf-8") as file:
                loss = json.load(file)["loss"]
            output = cases[kind] / "localized.mlir"
            subprocess.run([MPTC, cases[kind] / "model.onnx", "-o", output, f"--mesh={mesh}", "--clip=1",
                            f"--loss=cross_entropy({loss['logits']},labels){{ignore_index=-100}}",
                            f"--microbatches={microbatches}", "--stop-after=localize", *flags], check=True)
            done[key] = Localized(output.read_text(encoding="utf-8"))
        return done[key]

    return localize


def activation(batch):
    return batch * small.SEQ * small.WIDTH * 4


TP_KINDS = ("decoder", "encoder", "fused", "grouped")


@pytest.mark.parametrize("tp", (2, 4))
@pytest.mark.parametrize("kind", TP_KINDS)
def test_two_all_reduces_per_block_and_direction(localize, kind, tp):
    """T1, T2, T10, T11: also for a fused qkv, grouped queries and gate with up. One more for the
    embedding forward and for the head backward; two of a row each for the cross entropy."""
    program, n = localize(kind, f"tp={tp}"), activation(small.BATCH)
    row = small.BATCH * small.SEQ * 4
    assert program.count("s0_F", kind="all_reduce", monoid="sum", axes="tp", bytes=n) == 2 * LAYERS + 1
    assert program.count("s0_F", kind="all_reduce", monoid="max", axes="tp", bytes=row) == 1
    assert program.count("s0_F", kind="all_reduce", monoid="sum", axes="tp", bytes=row) == 1
    assert len(program.tasks["s0_F"]) == 2 * LAYERS + 3
    assert program.count("s0_B", kind="all_reduce", monoid="sum", axes="tp", bytes=n) == 2 * LAYERS + 1
    assert len(program.tasks["s0_B"]) == 2 * LAYERS + 1
    for task in ("s0_WGT", "s0_NORM", "s0_OPT") + (() if kind == "grouped" else ("s0_RS",)):
        assert not program.tasks[task], task


@pytest.mark.parametrize("kind,mesh", (("grouped", "tp=4"), ("grouped", "dp=2,tp=4"), ("packed", "tp=4")))
def test_more_ranks_than_key_heads(localize, kind, mesh):
    """T22: the same counts as T1 inside the loop; the layers of keys and values stay whole, and their
    gradients are one more all-reduce per step. Each rank holds one key head."""
    program, n = localize(kind, mesh, 2), activation(small.BATCH // (4 if "dp" in mesh else 2))
    for task in ("s0_F", "s0_B"):
        assert program.count(task, kind="all_reduce", monoid="sum", axes="tp", bytes=n) == 2 * LAYERS + 1
    assert len(program.tasks["s0_F"]) == 2 * LAYERS + 3
    assert len(program.tasks["s0_B"]) == 2 * LAYERS + 1
    over = [c for c in program.tasks["s0_RS"] if "tp" in c.axes]
    inner = 2 * small.KV_HEADS * small.HEAD + (small.WIDTH if kind == "packed" else 0)
    assert [c.bytes for c in over] == [LAYERS * small.WIDTH * inner * 4]
    assert (n // small.WIDTH // small.SEQ // 4, 1, small.SEQ, small.HEAD) in program.types


def test_packed_parts_are_exchanged_once(localize):
    """A packed layer of unequal parts is cut by columns all the same: one all-gather of its result
    and one reduce-scatter of its cotangent per block, beside T1."""
    program, n = localize("packed", "tp=2"), activation(small.BATCH)
    packed = n * (small.WIDTH + 2 * small.KV_HEADS * small.HEAD) // small.WIDTH
    assert program.count("s0_F", kind="all_gather", axes="tp", bytes=packed) == LAYERS
    assert program.count("s0_B", kind="reduce_scatter", axes="tp", bytes=packed) == LAYERS
    assert len(program.tasks["s0_F"]) == 3 * LAYERS + 3
    assert len(program.tasks["s0_B"]) == 3 * LAYERS + 1


@pytest.mark.parametrize("kind", small.KINDS)
def test_no_full_logits(localize, kind):
    """T11c: with an odd vocabulary."""
    for shape in localize(kind, "tp=2").types:
        assert small.VOCABULARY not in shape or small.SEQ not in shape, shape


@pytest.mark.parametrize("kind", small.KINDS)
def test_gradients_are_reduced_once_per_step(localize, kind):
    """T7, T12: nothing over dp inside the loop, one bucket after it; a tied table counts once."""
    program = localize(kind, "dp=2", 4)
    assert not program.tasks["s0_F"] and not program.tasks["s0_B"]
    (bucket,) = program.tasks["s0_RS"]
    assert (bucket.kind, bucket.monoid, bucket.axes) == ("all_reduce", "sum", "dp")
    graph = small.Graph(7)
    small.KINDS[kind](graph, LAYERS)
    trained = [a for n, a in graph.initializers.items() if n.split(".")[-1] in ("weight", "bias") or n in (
        "wte", "wpe", "words", "kinds", "places", "embed")]
    assert bucket.operands == len(trained)
    assert bucket.bytes == sum(a.nbytes for a in trained)


@pytest.mark.parametrize("mesh,micro", (("dp=2,tp=2", 2), ("dp=2,tp=2,pp=3", 2), ("tp=2,pp=2", 4)))
@pytest.mark.parametrize("kind", TP_KINDS)
def test_axes_do_not_mix(localize, kind, mesh, micro):
    """Collectives of F and B are over tp, those of RS over dp; one exchange per step carries norm,
    loss and stop flag over all axes (T19): NORM and OPT have no collective."""
    program = localize(kind, mesh, micro)
    for task, collectives in program.tasks.items():
        stage, name = task.split("_")
        axes = {"F": "tp", "B": "tp", "RS": "dp", "WGT": "dp"}.get(name)
        assert all(c.axes == axes for c in collectives), task
        assert name not in ("NORM", "OPT") or not collectives
    assert [n for n, t in program.transfers.items() if t[1] == "NORM"] == ["totals"]


def test_cut_sends_one_activation(localize):
    """T18: one message of N per cut, micro-batch and direction; T12b: the tied table's two gradients
    are added once per step, V/t x H of each rank."""
    program, n = localize("fused", "dp=2,tp=2,pp=3", 2), activation(small.BATCH // 4)
    moves = collections.Counter((t[1], t[2]) for t in program.transfers.values() if t[0] == "move")
    assert moves == {("F", n): 2, ("B", n): 2}
    rows = -(-small.VOCABULARY // 2)
    assert program.transfers["wte.tie"] == ("sum", "acc", rows * small.WIDTH * 4)


@pytest.mark.parametrize("kind", TP_KINDS)
def test_parameters_are_cut(localize, kind):
    """All matrices of the blocks and the vocabulary lie on 1/t of the ranks each: the gradients of
    one data rank are the parameters cut over tp but for what has the width alone."""
    whole = localize(kind, "dp=2").tasks["s0_RS"][0].bytes
    cut = localize(kind, "dp=2,tp=2").tasks["s0_RS"][0].bytes
    vectors = 4 * small.WIDTH * (LAYERS * 8 + 8)
    assert whole / 2 <= cut <= whole / 2 + vectors


def test_explain(tmp_path):
    """--explain: why each parameter is stored so, activations per stage, collectives with what they move."""
    small.write_case(tmp_path, "fused", LAYERS)
    with open(tmp_path / "reference.json", encoding="utf-8") as file:
        logits = json.load(file)["loss"]["logits"]
    run = subprocess.run([MPTC, tmp_path / "model.onnx", "-o", tmp_path / "out.mlir", "--mesh=tp=2,pp=3", "--explain",
                          f"--loss=cross_entropy({logits},labels)", "--stop-after=schedule"],
                         capture_output=True, text=True, check=True)
    n = activation(small.BATCH)
    lines = [" ".join(line.split()) for line in run.stderr.splitlines()]
    assert (f'h0.attn.qkv.weight #mpt.s<[{{}}, {{"tp"=2}}, {{}}]> by columns: its input is whole, nothing moves; '
            f"by rows the result would be summed for {3 * n} bytes") in lines
    assert f"s1_B 2 x all_reduce sum over tp, {n} bytes, {n} received" in lines
    kept = lines.index("activations that one rank keeps per micro-batch")
    assert [line.split()[:2] for line in lines[kept + 1:kept + 4]] == [["stage", str(i)] for i in range(3)]
