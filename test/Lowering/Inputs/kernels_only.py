# SPDX-License-Identifier: Apache-2.0
# The kernels of a module of phase 8, as a module: what phase 10 bufferizes.
import re
import sys

text = open(sys.argv[1]).read()
aliases = re.findall(r"^[#!][\w]+ = .*$", text, re.M)
kernels = re.findall(r"^  func\.func private @.*?^  }$", text, re.M | re.S)
print("\n".join(aliases + ["module {"] + kernels + ["}"]))
