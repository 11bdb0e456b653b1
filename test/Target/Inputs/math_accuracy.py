# SPDX-License-Identifier: Apache-2.0
# math_accuracy.py DIR: compiles one elementwise kernel per function through
# mpt-approximate-math, runs it on samples of its range and prints the worst
# error in units of the last place of the f32 result, the reference being f64.
# Fails where the error exceeds what is stated here, where a special value is
# wrong, or where the kernel calls something.
import ctypes
import math
import os
import subprocess
import sys

import numpy as np

COUNT = 1 << 16
SEED = 7
# name: bound in ulp, range, reference
FUNCTIONS = {
    "exp": (1.1, (-87, 88), np.exp),
    "log": (1.0, (1e-30, 1e30), np.log),
    "log2": (1.8, (1e-30, 1e30), np.log2),
    "log1p": (2.5, (-0.99, 100), np.log1p),
    "expm1": (2.5, (-20, 20), np.expm1),
    "erf": (1.5, (-5, 5), np.vectorize(math.erf)),
    "erfc": (2.6, (-3, 9), np.vectorize(math.erfc)),
    "tanh": (1.5, (-10, 10), np.tanh),
}
SPECIAL = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0], np.float32)
PIPELINE = (
    "builtin.module(mpt-approximate-math,lower-affine,convert-scf-to-cf,"
    "convert-math-to-llvm,convert-math-to-libm,convert-arith-to-llvm,"
    "finalize-memref-to-llvm,convert-func-to-llvm{use-bare-ptr-memref-call-conv},"
    "convert-cf-to-llvm,reconcile-unrealized-casts)")


def source():
    kernel = """func.func @{name}(%x: memref<{n}xf32>, %y: memref<{n}xf32>) {{
  affine.for %i = 0 to {n} {{
    %a = affine.load %x[%i] : memref<{n}xf32>
    %b = math.{name} %a : f32
    affine.store %b, %y[%i] : memref<{n}xf32>
  }}
  return
}}
"""
    return "".join(kernel.format(name=name, n=COUNT) for name in FUNCTIONS)


def build(folder):
    path = lambda name: os.path.join(folder, name)
    os.makedirs(folder, exist_ok=True)
    with open(path("k.mlir"), "w") as file:
        file.write(source())
    run = lambda *command: subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    run("mpt-opt", path("k.mlir"), "--pass-pipeline=" + PIPELINE, "-o", path("k.llvm.mlir"))
    run("mlir-translate", "--mlir-to-llvmir", path("k.llvm.mlir"), "-o", path("k.ll"))
    run("clang++-22", "-O2", "-march=native", "-ffp-contract=off", "-shared", "-fPIC",
        path("k.ll"), "-o", path("k.so"))
    symbols = subprocess.run(["nm", "-u", path("k.so")], capture_output=True, text=True).stdout
    called = [name for name in symbols.split() if name.rstrip("f") in FUNCTIONS]
    return ctypes.CDLL(path("k.so")), called


def apply(function, x):
    padded = np.zeros(COUNT, np.float32)
    padded[:len(x)] = x
    y = np.empty_like(padded)
    function(padded.ctypes.data_as(ctypes.c_void_p), y.ctypes.data_as(ctypes.c_void_p))
    return y[:len(x)]


def samples(low, high, positive):
    rng = np.random.default_rng(SEED)
    yield rng.uniform(low, high, COUNT)
    small = np.exp(rng.uniform(-20, math.log(high), COUNT))
    yield small if positive else np.clip(small * rng.choice([-1, 1], COUNT), low, high)
    yield np.clip(rng.uniform(0.5, 1.5, COUNT), low, high)
    yield np.clip(rng.uniform(-1, 1, COUNT), low, high)


def worst(function, reference, low, high):
    result = 0.0
    for x in samples(low, high, low > 0):
        x = x.astype(np.float32)
        expected = reference(x.astype(np.float64))
        unit = np.spacing(np.abs(expected).astype(np.float32)).astype(np.float64)
        result = max(result, float(np.max(np.abs(apply(function, x) - expected) / unit)))
    return result


def main():
    library, called = build(sys.argv[1])
    ok = not called
    print(f"seed {SEED}, calls: {called or 'none'}")
    for name, (bound, (low, high), reference) in FUNCTIONS.items():
        function = getattr(library, name)
        ulp = worst(function, reference, low, high)
        with np.errstate(all="ignore"):
            expected = np.array([reference(float(v)) for v in SPECIAL.astype(np.float64)], np.float32)
        exact = np.array_equal(apply(function, SPECIAL), expected, equal_nan=True)
        print(f"{name}: {ulp:.2f} ulp, bound {bound}; special values {'right' if exact else 'wrong'}")
        ok = ok and ulp <= bound and exact
    sys.exit(0 if ok else 1)


main()
