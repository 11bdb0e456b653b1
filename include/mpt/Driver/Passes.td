// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_DRIVER_PASSES_TD
#define MPT_DRIVER_PASSES_TD
include "mlir/Pass/PassBase.td"

def MarkPhasePass : Pass<"mpt-mark-phase", "::mlir::ModuleOp"> {
  let summary = "says in `mpt.phase` which form the module has";
  let options = [Option<"phase", "phase", "std::string", "", "name of the phase">];
}
#endif
