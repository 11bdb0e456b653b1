# SPDX-License-Identifier: Apache-2.0
"""A residual stream crosses a cut once in each direction (T18), as the runtime's trace counts it."""
import collections
import json

from programs import Trained, compile_case


def messages(path, step):
    """Sends and receives of one step by rank, exchanges left out."""
    with open(path, encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    found = collections.Counter(
        e["pid"] for e in events
        if e.get("cat") == "transfer" and e["args"]["step"] == step and e["name"].lstrip("@").startswith(("h", "dh")))
    return [found[rank] for rank in sorted(found)]


def test_one_tensor_per_cut(find_case, tmp_path):
    """A decoder cut between its residual adds: 2m(p-1) messages, each sent and received once."""
    of, microbatches = find_case("decoder"), 4
    program = compile_case(of, tmp_path / "program", "pp=4", microbatches, "--stages=^h0.ln2$,^h1.ln1$,^h1.ln2$")
    Trained(program, of, tmp_path, steps=2, flags=(f"--trace={tmp_path / 'trace.json'}",))
    inner = 4 * microbatches  # an activation and a cotangent on both sides
    for step in range(2):
        assert messages(tmp_path / "trace.json", step) == [inner // 2, inner, inner, inner // 2]
