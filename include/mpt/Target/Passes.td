// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_TARGET_PASSES_TD
#define MPT_TARGET_PASSES_TD
include "mlir/Pass/PassBase.td"

def LowerToLLVMPass : Pass<"mpt-lower-to-llvm", "::mlir::ModuleOp"> {
  let summary = "host program and kernels of the target in the LLVM dialect";
  let description = [{
    Task functions become `llvm.func @s0_F(ctx, arena, index) -> i32` that call
    the functions of abi.def and return the first nonzero status; kernels become
    the target's code; states, mesh, arenas and schedule become the manifest, a
    constant global. Nothing of dialect `mpt` remains.

    ```mlir
    mpt.launch @k(%x) into (%y) {stream = "compute"} : (...) -> ()
    // becomes
    llvm.store %x, %words0 : !llvm.ptr, !llvm.ptr ...
    %s = llvm.call @mptrt_launch(%ctx, %compute, %k, %words, %two, %rows, %grain) ...
    ```
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::cf::ControlFlowDialect", "::mlir::func::FuncDialect", "::mlir::gpu::GPUDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect"];
}
def VerifyEmitPass : Pass<"mpt-verify-emit", "::mlir::ModuleOp"> {
  let summary = "the form of phase 10 holds";
}

def KernelDestinationsPass : Pass<"mpt-kernel-destinations", "::mlir::func::FuncOp"> {
  let summary = "results of a kernel are written into its last arguments";
  let description = [{
    Of `func.func @k(ins..., outs...) -> outs` the inputs may not be written and
    every result is materialized in its destination, so that One-Shot Bufferize
    makes it a function on memrefs without results. Functions that are no
    kernels are left alone.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect"];
}
def KernelResultsPass : Pass<"mpt-kernel-results", "::mlir::func::FuncOp"> {
  let summary = "a kernel on buffers has no results";
  let description = [{
    After bufferization: a result that does not lie in its destination is copied
    there.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}
def KernelRowsPass : Pass<"mpt-kernel-rows", "::mlir::func::FuncOp"> {
  let summary = "loop nests over rows are fused and become a range of rows";
  let description = [{
    Neighbouring nests whose outer loops run over the same rows are fused where
    every buffer that one of them writes is used by both at the own row only;
    buffers of the kernel that live in one row shrink to it. If then one
    parallel nest writes all results, its bounds become the arguments
    `%begin, %end` and `mpt.space = [rows, grain]`; else the whole kernel is one
    row. `%begin, %end : index` are added in any case.

    ```mlir
    affine.for %i = 0 to 32 { affine.store %c, %m[%i] }
    affine.for %i = 0 to 32 { affine.for %j = 0 to 64 { ... %m[%i] ... } }
    // becomes
    affine.for %i = %begin to %end { affine.store %c, %m[0]  affine.for %j ... }
    ```
  }];
  let options = [
    Option<"flatten", "flatten", "bool", "false",
           "a single nest of parallel loops becomes one loop, so that a row is an element">];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::memref::MemRefDialect"];
}
def LaneReductionsPass : Pass<"mpt-lane-reductions", "::mlir::func::FuncOp"> {
  let summary = "sums along a contiguous row run in 32 lanes";
  let description = [{
    ```mlir
    affine.for %j = 0 to 768 { %s = load %r[%i]; %x = load %m[%i, %j]; store %s + %x, %r[%i] }
    // becomes
    %lanes = affine.for %j = 0 to 768 step 32 iter_args(%l = zeros) { yield %l + vector_load %m[%i, %j] }
    store load %r[%i] + tree(%lanes), %r[%i]
    ```
    The order of the sum is a function of the loop, not of the machine; what 32
    does not divide follows one by one.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::vector::VectorDialect"];
}
def ApproximateMathPass : Pass<"mpt-approximate-math"> {
  let summary = "functions of f32 become arithmetic";
  let description = [{
    Polynomials with an error of at most a few ulp (stated and tested in
    test/Target/math-accuracy.test); no libm and no libdevice call is left for
    the functions listed there. f64 is left alone.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::vector::VectorDialect"];
}
def KernelWordsPass : Pass<"mpt-kernel-words", "::mlir::ModuleOp"> {
  let summary = "kernels take their operands as an array of words";
  let description = [{
    Puts `llvm.func @k(words: ptr, begin: i64, end: i64)` around each kernel,
    which loads pointers and scalars from the array (mptrt/Device.h).
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}
def CheckGpuMathPass : Pass<"mpt-check-gpu-math"> {
  let summary = "refuses functions and buffers that a GPU's kernels cannot have";
}
def KernelThreadsPass : Pass<"mpt-kernel-threads", "::mlir::ModuleOp"> {
  let summary = "kernels of a GPU: one thread per row";
  let description = [{
    Moves the functions into `gpu.module @kernels` and puts `llvm.func @k(words...)`
    with `nvvm.kernel` around each kernel, in which thread t of the grid computes
    row t.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::gpu::GPUDialect"];
}
#endif
