// SPDX-License-Identifier: Apache-2.0
//===- VerifyTask.h - the form of one task of phase 5 -----------*- C++ -*-===//
#ifndef MPT_LIB_SCHEDULE_VERIFYTASK_H
#define MPT_LIB_SCHEDULE_VERIFYTASK_H

#include "Tasks.h"

namespace mlir::mpt {

/// What can be said of a function without looking at others: its name and
/// stage, one binding per argument and result of a kind that such a task has,
/// a body that takes values from arguments only and knows no axis `micro` (but
/// in WGT), points numbered in order, accumulators read once and added to.
/// Reports every finding.
LogicalResult verifyTask(func::FuncOp func, int64_t stages);

/// `mpt.save = "h1"` as an attribute list writes it.
std::string spell(MLIRContext *context, Binding binding);

} // namespace mlir::mpt
#endif
