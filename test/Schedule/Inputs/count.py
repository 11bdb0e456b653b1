# SPDX-License-Identifier: Apache-2.0
"""Counts, for each coordinate of a module of form 7 on stdin: sends, receives, and
the saved sets it needs at once: replayed (a set lives from F to B) and as numbered."""
import re
import sys

sent = received = 0
live, numbered, peak = set(), set(), 0
for line in sys.stdin.read().replace(" : i64", "").splitlines() + ["mpt.actions pp = -1"]:
    if "mpt.actions" in line:
        if sent or received:
            print(f"pp {pp}: {sent} sends, {received} receives, {peak} live, {len(numbered)} numbered")
        pp = re.search(r"pp = (-?\d+)", line)[1]
        sent = received = peak = 0
        live, numbered = set(), set()
    sent += "mpt.send @" in line
    received += "mpt.recv @" in line
    run = re.search(r"mpt.run @s(\d+)_([FB]) \{mb = (\d+), save = (\d+)", line)
    if run:
        stage, task, mb, save = run.groups()
        numbered.add((stage, save))
        (live.add if task == "F" else live.discard)((stage, mb))
        peak = max(peak, len(live))
