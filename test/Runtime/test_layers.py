# SPDX-License-Identifier: Apache-2.0
"""The runtime's layers: a directory includes itself and those below it, and
nothing of MLIR or LLVM."""
import os
import re

ROOT = os.path.join(os.path.dirname(__file__), "..", "..", "runtime")
LAYERS = {  # directory: those below that it may include by name
    "status": [], "device": [], "comm": [], "layout": [],
    "data": ["layout"], "checkpoint": ["layout"], "telemetry": ["layout"],
    "exec": ["layout", "data", "checkpoint", "telemetry"],
}
HEADERS = {  # public headers by the lowest layer that may include them
    "Status.h": 0, "Device.h": 1, "Transport.h": 2, "Communicator.h": 2, "Bootstrap.h": 2,
    "Manifest.h": 0, "abi.def": 0, "backends.def": 2,
}
LEVEL = {"status": 0, "device": 1, "comm": 2, "layout": 1, "data": 1, "checkpoint": 2,
         "telemetry": 1, "exec": 2}


def includes():
    for folder, _, files in os.walk(ROOT):
        for name in files:
            if not name.endswith((".h", ".cpp")):
                continue
            path = os.path.relpath(os.path.join(folder, name), ROOT)
            with open(os.path.join(folder, name)) as file:
                for line in re.findall(r'^#include [<"](.*?)[>"]', file.read(), re.M):
                    yield path, line


def test_nothing_of_the_compiler():
    for path, included in includes():
        assert not re.match(r"(mlir|llvm|mpt)/", included), (path, included)


def test_layers():
    for path, included in includes():
        room = path.split(os.sep)[0]
        if room not in LAYERS:
            continue
        if included.startswith("mptrt/"):
            assert HEADERS[included[6:]] <= LEVEL[room], (path, included)
        elif "/" in included and included.split("/")[0] in LAYERS:
            other = included.split("/")[0]
            assert other == room or other in LAYERS[room], (path, included)


def test_vendors_stay_in_their_directories():
    owners = {"cuda": "device/cuda", "nccl": "comm/nccl", "mpi.h": "comm/mpi"}
    for path, included in includes():
        for vendor, owner in owners.items():
            if included.startswith(vendor):
                assert path.startswith(owner), (path, included)
