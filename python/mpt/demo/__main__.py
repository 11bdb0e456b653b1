# SPDX-License-Identifier: Apache-2.0
"""python3 -m mpt.demo [gpt|digits] --mptc=build/bin/mptc: runs a demo; the first by default."""
import importlib
import sys

NAMES = ("gpt", "digits")


def main(arguments):
    name = arguments.pop(0) if arguments and not arguments[0].startswith("-") else NAMES[0]
    if name not in NAMES:
        print(f"usage: mpt.demo [{'|'.join(NAMES)}] [--mptc=FILE]", file=sys.stderr)
        return 2
    return importlib.import_module(f"mpt.demo.{name}").main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
