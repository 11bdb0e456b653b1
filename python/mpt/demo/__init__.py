# SPDX-License-Identifier: Apache-2.0
"""What `tools/dev demo` shows: compile, train on several ranks, compare with one."""
import subprocess
import sys


def call(command):
    """Prints a command and runs it; its failure ends the demo with its code."""
    print("$ " + " ".join(f"'{a}'" if any(c in a for c in "(){}|") else a for a in command), flush=True)
    result = subprocess.run(command, check=False)
    if result.returncode:
        sys.exit(result.returncode)


def worst_difference(partitioned, single):
    return max(abs(a - b) / b for a, b in zip(partitioned, single))
