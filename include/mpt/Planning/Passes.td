// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_PLANNING_PASSES_TD
#define MPT_PLANNING_PASSES_TD
include "mlir/Pass/PassBase.td"

def PlanPass : Pass<"mpt-plan-program", "::mlir::ModuleOp"> {
  let summary = "mesh, sharding constraints, stages, schedule header";
  let dependentDialects = ["::mlir::mpt::MptDialect"];
}
def VerifyPlanPass : Pass<"mpt-verify-plan", "::mlir::ModuleOp"> {
  let summary = "the form of phase 3 holds";
}
#endif
