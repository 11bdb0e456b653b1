# SPDX-License-Identifier: Apache-2.0
"""Rooms include only what lies below them; the runtime knows nothing of MLIR."""
import os
import re
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# A room may include itself and the rooms named here.
MIDDLE = ("Import", "Training", "Planning", "Sharding", "Schedule", "Lowering", "Target")
COMPILER = {"IR": (), "Analysis": ("IR",), **{room: ("IR", "Analysis") for room in MIDDLE},
            "Driver": ("IR", "Analysis", *MIDDLE)}
RUNTIME = {"status": (), "device": ("status",), "comm": ("status", "device")}
RUNTIME["layout"] = ("status", "device")
for _room in ("data", "checkpoint", "telemetry"):
    RUNTIME[_room] = ("status", "device", "comm", "layout")
RUNTIME["exec"] = tuple(RUNTIME)
# What the compiler may see of the runtime: the ABI and its expansion.
ABI = {"mptrt/abi.def", "mptrt/Manifest.h"}


def tracked(*patterns):
    result = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return result.stdout.split()


def includes(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return re.findall(r'^\s*#?include\s+["<]([^">]+)[">]', file.read(), re.MULTILINE)


def sources(*folders):
    return [f for folder in folders for f in tracked(f"{folder}/*.cpp", f"{folder}/*.h", f"{folder}/*.td", f"{folder}/*.def")]


def test_compiler_rooms():
    wrong = []
    for path in sources("lib", "include/mpt"):
        room = path.removeprefix("include/mpt/").removeprefix("lib/").split("/")[0]
        for name in includes(path):
            if name.startswith("mpt/") and name.split("/")[1] not in (room, *COMPILER[room]):
                wrong.append(f"{path} includes {name}")
            if name.startswith("mptrt/") and name not in ABI:
                wrong.append(f"{path} includes {name}")
    assert not wrong, "\n".join(wrong)


def test_runtime_rooms():
    wrong = []
    for path in sources("runtime"):
        parts = path.split("/")
        room = parts[1]
        for name in includes(path):
            if re.match(r"(mpt|mlir|llvm)/", name):
                wrong.append(f"{path} includes {name}")
            if re.match(r"(cuda|cublas)", name) and "device/cuda" not in path:
                wrong.append(f"{path} includes {name}")
            if re.match(r"nccl", name) and "comm/nccl" not in path:
                wrong.append(f"{path} includes {name}")
            if name == "mpi.h" and "comm/mpi" not in path:
                wrong.append(f"{path} includes {name}")
            other = name.split("/")[0]
            if room in RUNTIME and other in RUNTIME and other not in (room, *RUNTIME[room]):
                wrong.append(f"{path} includes {name}")
    assert not wrong, "\n".join(wrong)


def test_licence_line():
    missing = []
    for path in tracked("*.cpp", "*.h", "*.td", "*.def", "*.py", "*CMakeLists.txt", "*.cmake"):
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            if "SPDX-License-Identifier: Apache-2.0" not in file.read(200):
                missing.append(path)
    assert not missing, "\n".join(missing)


def test_no_options_or_environment_in_libraries():
    wrong = []
    for path in sources("lib"):
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
        for pattern in (r"\bcl::opt\b", r"\bgetenv\b"):
            if re.search(pattern, text) and "lib/Target/" not in path:
                wrong.append(f"{path} uses {pattern}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("word", ("Utils", "Common"))
def test_no_room_without_a_subject(word):
    assert not [p for p in tracked("lib/*", "include/*", "runtime/*") if f"/{word}" in p]


def test_sources_are_listed():
    """Every .cpp of lib, runtime and tools stands in the CMakeLists.txt of its folder or a folder above."""
    unlisted = []
    for path in tracked("lib/*.cpp", "runtime/*.cpp", "tools/*.cpp"):
        folder, found = os.path.dirname(path), False
        while folder and not found:
            lists = os.path.join(ROOT, folder, "CMakeLists.txt")
            if os.path.exists(lists):
                with open(lists, encoding="utf-8") as file:
                    found = os.path.basename(path) in file.read()
            folder = os.path.dirname(folder)
        if not found:
            unlisted.append(path)
    assert not unlisted, "\n".join(unlisted)


def test_lit_files_check_something():
    mute = []
    for path in tracked("test/*.mlir", "test/*.test"):
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
        if not re.search(r"CHECK|FileCheck|expected-(error|warning|note|remark)|RUN:.*(diff|cmp|verify-roundtrip)", text):
            mute.append(path)
    assert not mute, "\n".join(mute)
