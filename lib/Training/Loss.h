// SPDX-License-Identifier: Apache-2.0
//===- Loss.h - the loss at the end of a program ----------------*- C++ -*-===//
#ifndef MPT_LIB_TRAINING_LOSS_H
#define MPT_LIB_TRAINING_LOSS_H

#include "Options.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::mpt {

/// loss = sum * seed, where the seed depends on inputs only: it is the
/// cotangent of `sum`.
struct LossTerm {
  Value loss, sum, seed;
  Location loc;
};

/// Appends the loss before the function's return and adds the label's argument.
/// Reports what does not fit together with the outputs there are.
FailureOr<LossTerm> appendLoss(func::FuncOp program, const LossOptions &options,
                               int64_t &nextId);

} // namespace mlir::mpt
#endif
