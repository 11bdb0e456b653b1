// SPDX-License-Identifier: Apache-2.0
//===- ReadActions.h - the action lists of form 7 as data -------*- C++ -*-===//
#ifndef MPT_LIB_SCHEDULE_READACTIONS_H
#define MPT_LIB_SCHEDULE_READACTIONS_H

#include "ScheduleProblem.h"
#include "mpt/Analysis/Schedule/Lower.h"

namespace mlir::mpt {

/// What `mpt.schedule` says, in both forms of the algebra. The `line` of an
/// action of `schedule` is 1 + its index in `ops`.
struct ReadSchedule {
  algebra::Schedule schedule;
  algebra::LoweredSchedule lowered; ///< hand-overs included
  SmallVector<Operation *> ops;
};

/// Reads the ops alone: symbols resolve, runs bind exactly the transfers of
/// their task to slots, `pp` counts up. Reports every finding.
FailureOr<ReadSchedule> readActions(ScheduleOp op,
                                    const algebra::ScheduleProblem &problem);

} // namespace mlir::mpt
#endif
