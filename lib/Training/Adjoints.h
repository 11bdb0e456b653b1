// SPDX-License-Identifier: Apache-2.0
//===- Adjoints.h - reverse-mode differentiation of a program ---*- C++ -*-===//
#ifndef MPT_LIB_TRAINING_ADJOINTS_H
#define MPT_LIB_TRAINING_ADJOINTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::mpt {

/// Gradient of each state read by the program that `isTrainable` holds for;
/// states that do not reach `root` are absent.
using StateGradients = llvm::DenseMap<StringAttr, Value>;

/// Appends before the return the adjoints of `root`, which has cotangent
/// `seed`.
FailureOr<StateGradients>
appendAdjoints(func::FuncOp program, Value root, Value seed,
               llvm::function_ref<bool(StringAttr)> isTrainable,
               int64_t &nextId);

} // namespace mlir::mpt
#endif
