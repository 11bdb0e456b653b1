// SPDX-License-Identifier: Apache-2.0
//===- Planner.h - the decisions of phase 3 ---------------------*- C++ -*-===//
#ifndef MPT_LIB_PLANNING_PLANNER_H
#define MPT_LIB_PLANNING_PLANNER_H

#include "mpt/Analysis/Sharding/Program.h"
#include "mpt/IR/Config.h"

namespace mlir::mpt {

/// Sets `stage` on every forward op that needs one; returns the number of
/// stages (PlanStages.cpp).
FailureOr<int64_t> planStages(func::FuncOp func, const ProgramRoles &roles,
                              const Config &config);

/// Sets `storage` on parameters and the stop flag (PlanTensors.cpp).
LogicalResult planStorage(ModuleOp module, func::FuncOp func,
                          const ProgramRoles &roles, MeshOp mesh,
                          const Config &config);
/// Inserts `mpt.constrain`: inputs, residual stream, outputs.
LogicalResult planConstraints(func::FuncOp func, const ProgramRoles &roles,
                              MeshOp mesh);
/// Marks ops that the backward pass computes again instead of keeping
/// (PlanRecompute.cpp).
void planRecompute(func::FuncOp func, const ProgramRoles &roles);

/// Storage of parameters by `--shard='REGEX=[{}, {tp}]'` (ParseSharding.cpp).
LogicalResult applyShardOptions(ModuleOp module, MeshOp mesh,
                                const Config &config);
/// A sharding in the flag's text; axes of size 1 are left out.
FailureOr<ShardingAttr> parseSharding(StringRef text, MeshOp mesh,
                                      function_ref<InFlightDiagnostic()> error);

} // namespace mlir::mpt
#endif
