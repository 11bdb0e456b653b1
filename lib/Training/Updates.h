// SPDX-License-Identifier: Apache-2.0
//===- Updates.h - the end of a step ----------------------------*- C++ -*-===//
#ifndef MPT_LIB_TRAINING_UPDATES_H
#define MPT_LIB_TRAINING_UPDATES_H

#include "Adjoints.h"
#include "Loss.h"
#include "mpt/IR/Mpt.h"

namespace mlir::mpt {

/// States of the step block.
inline constexpr StringLiteral kStepLr = "step.lr";
inline constexpr StringLiteral kStepCount = "step.count";
inline constexpr StringLiteral kStepStop = "step.stop";

/// Adds the optimizer's states and the step block to the module, then totals,
/// norm, updates and writes to the program, and makes it return totals and
/// norm. Every state of `parameters` has a gradient.
LogicalResult appendUpdates(func::FuncOp program, ArrayRef<StateOp> parameters,
                            const StateGradients &gradients, Value loss,
                            const TrainingOptions &options);

} // namespace mlir::mpt
#endif
