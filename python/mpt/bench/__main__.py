# SPDX-License-Identifier: Apache-2.0
"""python3 -m mpt.bench NAME [...]: runs the benchmark mpt/bench/NAME.py."""
import importlib
import pkgutil
import sys

import mpt.bench

NAMES = sorted(m.name for m in pkgutil.iter_modules(mpt.bench.__path__) if m.name != "__main__")


def main(arguments):
    if not arguments or arguments[0] not in NAMES:
        print(f"usage: mpt.bench {{{'|'.join(NAMES)}}} [...]", file=sys.stderr)
        return 2
    return importlib.import_module(f"mpt.bench.{arguments[0]}").main(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
