// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_SCHEDULE_PASSES_TD
#define MPT_SCHEDULE_PASSES_TD
include "mlir/Pass/PassBase.td"

def SplitStagesPass : Pass<"mpt-split-stages", "::mlir::ModuleOp"> {
  let summary = "one function per stage and task";
}
def VerifySplitPass : Pass<"mpt-verify-split", "::mlir::ModuleOp"> {
  let summary = "the form of phase 5 holds";
}
def OrderActionsPass : Pass<"mpt-order-actions", "::mlir::ModuleOp"> {
  let summary = "one action list per pipeline coordinate";
}
def VerifySchedulePass : Pass<"mpt-verify-schedule", "::mlir::ModuleOp"> {
  let summary = "the form of phase 7 holds";
}
#endif
