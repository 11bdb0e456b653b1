// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_LOWERING_PASSES_TD
#define MPT_LOWERING_PASSES_TD
include "mlir/Pass/PassBase.td"

def ExpandAttentionPass : Pass<"mpt-expand-attention", "::mlir::ModuleOp"> {
  let summary = "attention in core ops where the target has no call for it";
  let options = [Option<"always", "always", "bool", "false", "whatever the target">];
}
def FormKernelsPass : Pass<"mpt-form-kernels", "::mlir::ModuleOp"> {
  let summary = "every tensor op in an outlined kernel or a library call";
}
def VerifyFusePass : Pass<"mpt-verify-fuse", "::mlir::ModuleOp"> {
  let summary = "the form of phase 8 holds";
}
def PlanMemoryPass : Pass<"mpt-plan-memory", "::mlir::ModuleOp"> {
  let summary = "buffers of arenas instead of tensors; streams and events";
}
def VerifyAllocatePass : Pass<"mpt-verify-allocate", "::mlir::ModuleOp"> {
  let summary = "the form of phase 9 holds";
}
#endif
