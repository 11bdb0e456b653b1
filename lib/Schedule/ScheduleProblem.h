// SPDX-License-Identifier: Apache-2.0
//===- ScheduleProblem.h - what tasks ask of a schedule ---------*- C++ -*-===//
//
//   mpt.transfer move  -> an edge; kept if its reader saves it
//   mpt.transfer sum   -> of accumulators: a tie set; of NORM: SYNC
//   task functions     -> the stage's kinds of tasks, their collectives, points
//   bindings           -> bytes that are fixed, saved, or work
//
// Bytes are an upper bound of what phase 9 places, each tensor rounded up to
// 64: a state, an accumulator, a value of once, the totals sent and received
// have a place of their own per stage; a gradient lies in its accumulator;
// inputs and outputs have one place per micro-batch. The working set is every
// other intermediate value of the stage's largest task. A result that is bound
// lies where it is bound to.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_SCHEDULE_SCHEDULEPROBLEM_H
#define MPT_LIB_SCHEDULE_SCHEDULEPROBLEM_H

#include "Tasks.h"

namespace mlir::mpt {

/// The problem of a module of form 6 or 7. Reports what the algebra has no
/// word for: a task kind it does not know, a transfer without its tasks.
FailureOr<algebra::ScheduleProblem> buildScheduleProblem(ModuleOp module);

/// Bytes of intermediate values that phase 9 may have to hold at once in
/// `task`, whatever it fuses: every op result that is not returned.
int64_t getWorkBytes(Task task);

} // namespace mlir::mpt
#endif
