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

/// What is constrained beside inputs and outputs.
struct ConstraintSeeds {
  SmallVector<Value> residuals; ///< whole but for the batch
  SmallVector<Value> queries;   ///< dim 1, the heads, over tp
};

/// Sets `storage` on parameters and the stop flag (PlanTensors.cpp).
LogicalResult planStorage(ModuleOp module, func::FuncOp func,
                          const ProgramRoles &roles, MeshOp mesh,
                          const Config &config, ConstraintSeeds &seeds);
/// Values that carry the residual stream: sums of two values that are made in
/// the program, one of which skipped layers, and those of their operands that
/// are used elsewhere, too (PlanConstraints.cpp).
SmallVector<Value> findResiduals(func::FuncOp func, const ProgramRoles &roles);
/// Inserts `mpt.constrain`: inputs, outputs, seeds.
LogicalResult planConstraints(func::FuncOp func, const ProgramRoles &roles,
                              MeshOp mesh, const ConstraintSeeds &seeds);
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
