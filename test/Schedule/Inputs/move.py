# SPDX-License-Identifier: Apache-2.0
"""move.py FILE WHAT BEHIND: prints FILE with the first line that holds WHAT
moved behind the first later line that holds BEHIND."""
import sys

lines = open(sys.argv[1]).read().splitlines()
# The texts may leave out that numbers are i64.
plain = [line.replace(" : i64", "") for line in lines]
start = next(i for i, line in enumerate(plain) if "mpt.actions" in line)
what = next(i for i in range(start, len(lines)) if sys.argv[2] in plain[i])
behind = next(i for i in range(what, len(lines)) if sys.argv[3] in plain[i])
lines.insert(behind, lines.pop(what))
print("\n".join(lines))
