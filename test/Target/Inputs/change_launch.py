# SPDX-License-Identifier: Apache-2.0
# Prints the module with the kernel number of its first launch changed.
import re
import sys

text = open(sys.argv[1]).read()
launch = re.search(r"llvm\.call @mptrt_launch\(%\w+, %\w+, (%\w+),", text)
name = launch.group(1)
at = text.rindex(f"{name} = llvm.mlir.constant(", 0, launch.start())
print(text[:at] + re.sub(r"constant\(\d+", f"constant({sys.argv[2]}", text[at:], count=1))
