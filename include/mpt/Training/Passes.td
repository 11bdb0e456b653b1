// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_TRAINING_PASSES_TD
#define MPT_TRAINING_PASSES_TD
include "mlir/Pass/PassBase.td"

def DifferentiatePass : Pass<"mpt-differentiate-program", "::mlir::ModuleOp"> {
  let summary = "append loss, adjoints and updates: @step";
}
def VerifyDifferentiatePass : Pass<"mpt-verify-differentiate", "::mlir::ModuleOp"> {
  let summary = "the form of phase 2 holds";
}
#endif
