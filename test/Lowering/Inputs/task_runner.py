# SPDX-License-Identifier: Apache-2.0
"""Runs task functions of phase 8 on numpy arrays: kernels are compiled for this
machine by MLIR's own passes, launches are interpreted. What an op means is then
compared with numpy, independently of phases 9 and 10 and of the runtime."""
import ctypes
import os
import re
import subprocess

import numpy as np

DTYPES = {"f32": np.float32, "f64": np.float64, "i64": np.int64,
          "i32": np.int32, "i1": np.bool_}
BUILD = os.environ.get("MPT_BUILD", os.path.join(os.path.dirname(__file__), "..", "..", "..", "build"))
LLVM = "/usr/lib/llvm-22/bin"
BUFFERIZE = ["--one-shot-bufferize=bufferize-function-boundaries "
             "function-boundary-type-conversion=identity-layout-map",
             "--canonicalize", "--drop-equivalent-buffer-results"]
LOWER = ["--convert-linalg-to-loops", "--convert-scf-to-cf", "--expand-strided-metadata",
         "--lower-affine", "--math-expand-ops", "--convert-math-to-llvm", "--convert-math-to-libm",
         "--arith-expand", "--convert-arith-to-llvm", "--convert-index-to-llvm",
         "--finalize-memref-to-llvm",
         "--convert-func-to-llvm=use-bare-ptr-memref-call-conv",
         "--convert-cf-to-llvm", "--reconcile-unrealized-casts"]


def pipe(command, text):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    assert done.returncode == 0, " ".join(command) + "\n" + done.stderr
    return done.stdout


def tensor(text):
    """`tensor<2x3xf32>` -> shape, dtype."""
    parts = re.fullmatch(r"tensor<((?:\d+x)*)(\w+)>", text).groups()
    return tuple(int(d) for d in parts[0].split("x")[:-1]), DTYPES[parts[1]]


def kernels_of(text):
    aliases = re.findall(r"^[#!]\w+ = .*$", text, re.M)
    bodies = re.findall(r"^  func\.func private @.*?^  }$", text, re.M | re.S)
    return "\n".join(aliases + ["module {"] + bodies + ["}"]).replace("func.func private", "func.func")


class Program:
    def __init__(self, text, folder):
        opt = os.path.join(BUILD, "bin", "mpt-opt")
        self.text = pipe([opt, "--mpt-form-kernels", "--mpt-verify-fuse"], text)
        lowered = pipe([opt] + BUFFERIZE + LOWER, kernels_of(self.text))
        ir = pipe([f"{LLVM}/mlir-translate", "--mlir-to-llvmir"], lowered)
        library = os.path.join(folder, "kernels.so")
        pipe(["clang-22", "-x", "ir", "-", "-O1", "-shared", "-fPIC", "-lm",
              "-Wno-override-module", "-o", library], ir)
        self.kernels = ctypes.CDLL(library)

    def offset(self, axes, size):
        """This rank's block of a dim, cut level by level: offset and extent."""
        offset, bound = 0, size
        for axis in axes:
            bound = -(-bound // self.mesh[axis])
            offset += self.index[axis] * bound
        return offset, max(0, min(bound, size - offset))

    def call(self, name, args):
        words = [a if isinstance(a, int) else a.ctypes.data for a in args]
        getattr(self.kernels, name)(*map(ctypes.c_int64, words))

    def gemm(self, args, attrs):
        dims = {k: [int(d) for d in v.split(",")]
                for k, v in re.findall(r"(\w+) = array<i64: ([\d, ]+)>", attrs)}
        get = lambda key: dims.get(key, [])
        a, b, c = args
        names = iter("abcdefghijklmnopqrstuvwxyz")
        left, right = [""] * a.ndim, [""] * b.ndim
        batch = ""
        for l, r in zip(get("lhs_batch"), get("rhs_batch")):
            left[l] = right[r] = next(names)
            batch += left[l]
        for l, r in zip(get("lhs_contract"), get("rhs_contract")):
            left[l] = right[r] = next(names)
        free = ""
        for side in left, right:
            for i, name in enumerate(side):
                if not name:
                    side[i] = next(names)
                    free += side[i]
        product = np.einsum(f"{''.join(left)},{''.join(right)}->{batch + free}", a, b)
        c[...] = product + (c if "accumulate" in attrs else 0)

    def run(self, task, inputs, mesh, index):
        """`mesh`, `index`: sizes of the axes and this rank's indices."""
        self.mesh, self.index = mesh, index
        body = re.search(r"^  func\.func @" + task + r"\((.*?)\) -> .*? {\n(.*?)^  }$",
                         self.text, re.M | re.S).group(2)
        values = {f"%arg{i}": np.ascontiguousarray(x) for i, x in enumerate(inputs)}
        # Arguments are updated in place: work on copies.
        values = {k: v.copy() for k, v in values.items()}
        look = lambda names: [values[n.strip()] for n in names.split(",") if n.strip()]
        for line in body.splitlines():
            line = line.strip()
            if m := re.match(r"return(?: (.*) :.*)?$", line):
                return look(m.group(1) or "")
            name, op = line.split(" = ", 1)
            name = name.split(":")[0]
            if op.startswith("tensor.empty"):
                shape, dtype = tensor(op.rsplit(" : ", 1)[1])
                # What a kernel does not write must show.
                values[name] = np.full(shape, 77, dtype)
            elif m := re.match(r"(?:mpt\.launch @(\w+)|mpt\.library \"gemm\")\((.*?)\) into\((.*?)\)(.*) :", op):
                ins, outs = look(m.group(2)), look(m.group(3))
                if m.group(1):
                    self.call(m.group(1), ins + outs)
                else:
                    self.gemm(ins + outs, m.group(4))
                values[name] = outs[0]
                values.update({f"{name}#{i}": out for i, out in enumerate(outs)})
            elif m := re.match(r"mpt\.reshape (\S+) .*-> (.*)$", op):
                values[name] = values[m.group(1)].reshape(tensor(m.group(2))[0])
            elif m := re.match(r"mpt\.shard_(offset|extent) {axes = \[(.*?)\], size = (\d+)}", op):
                axes = [a.strip(' "') for a in m.group(2).split(",")]
                values[name] = self.offset(axes, int(m.group(3)))[m.group(1) == "extent"]
            elif m := re.match(r"tensor\.extract (\S+)\[\]", op):
                values[name] = int(values[m.group(1)])
            else:
                raise AssertionError("cannot interpret: " + line)
