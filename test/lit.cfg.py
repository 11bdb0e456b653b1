# SPDX-License-Identifier: Apache-2.0
# lit over test/: `lit -DMPT_BUILD=build test`. RUN lines know mpt-opt, mptc,
# FileCheck, not, split-file, python (with onnx and numpy), %build, %test.
import os

import lit.formats

root = os.path.dirname(os.path.abspath(__file__))
build = os.path.abspath(lit_config.params.get("MPT_BUILD", os.path.join(root, "..", "build")))

config.name = "mpt"
config.test_format = lit.formats.ShTest(True)
config.suffixes = [".mlir", ".test"]
config.test_source_root = root
config.test_exec_root = os.path.join(build, "test-lit")
config.excludes = ["Inputs", "Fuzz"]
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(build, "bin"), "/usr/lib/llvm-22/bin", os.environ["PATH"]])
config.environment["PYTHONPATH"] = os.path.join(root, "..", "python")
python = os.path.join(root, "..", ".venv", "bin", "python3")
config.substitutions += [("%build", build), ("%test", root), ("%python", python)]
if os.path.exists("/usr/local/cuda/bin/ptxas"):
    config.available_features.add("ptxas")
    config.substitutions.append(("%ptxas", "/usr/local/cuda/bin/ptxas"))
