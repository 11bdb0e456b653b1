// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_TARGET_PASSES_TD
#define MPT_TARGET_PASSES_TD
include "mlir/Pass/PassBase.td"

def LowerToLLVMPass : Pass<"mpt-lower-to-llvm", "::mlir::ModuleOp"> {
  let summary = "host program and kernels of the target in the LLVM dialect";
}
def VerifyEmitPass : Pass<"mpt-verify-emit", "::mlir::ModuleOp"> {
  let summary = "the form of phase 10 holds";
}
#endif
