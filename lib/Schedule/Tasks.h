// SPDX-License-Identifier: Apache-2.0
//===- Tasks.h - task functions of the schedule -----------------*- C++ -*-===//
//
// See IR/Bindings.h for what their arguments and results are bound to.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_SCHEDULE_TASKS_H
#define MPT_LIB_SCHEDULE_TASKS_H

#include "mpt/Analysis/Schedule/Schedule.h"
#include "mpt/IR/Bindings.h"

namespace mlir::mpt {

namespace algebra = ::mpt::schedule;

/// Name of the transfer that adds the totals of all stages.
inline constexpr StringLiteral kTotals = "totals";

struct Task {
  func::FuncOp func;
  int stage;
  algebra::Kind kind;
};

/// The task that this function is; none if it is no task (a kernel).
std::optional<Task> getTask(func::FuncOp func);
/// All tasks of the module, in its order.
SmallVector<Task> getTasks(ModuleOp module);
std::string getTaskName(int stage, algebra::Kind kind);

/// The only op of this type in the module, or null.
template <typename OpT> OpT getOnly(ModuleOp module) {
  auto ops = module.getOps<OpT>();
  return ops.empty() ? OpT() : *ops.begin();
}

/// Bytes of a tensor, rounded up to the alignment of buffers.
int64_t getAlignedBytes(Type type);

} // namespace mlir::mpt
#endif
