// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_SHARDING_PASSES_TD
#define MPT_SHARDING_PASSES_TD
include "mlir/Pass/PassBase.td"

def ShardProgramPass : Pass<"mpt-shard-program", "::mlir::ModuleOp"> {
  let summary = "shardings into types, reshards between them";
}
def SinkReductionsPass : Pass<"mpt-sink-reductions", "::mlir::ModuleOp"> {
  let summary = "sums over device axes end where it is cheapest";
}
def VerifyShardPass : Pass<"mpt-verify-shard", "::mlir::ModuleOp"> {
  let summary = "the form of phase 4 holds";
}
def LocalizeTasksPass : Pass<"mpt-localize-tasks", "::mlir::ModuleOp"> {
  let summary = "local types; every exchange a collective";
}
def VerifyLocalizePass : Pass<"mpt-verify-localize", "::mlir::ModuleOp"> {
  let summary = "the form of phase 6 holds";
}
#endif
