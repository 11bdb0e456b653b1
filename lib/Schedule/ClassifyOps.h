// SPDX-License-Identifier: Apache-2.0
//===- ClassifyOps.h - which task an op of form 4 belongs to ----*- C++ -*-===//
//
// Two questions decide: does the value vary by micro-batch (its type is sharded
// or partial over `micro`), and is it behind a gradient?
//
//   varies, before the loss     Forward, of its stage
//   varies, an adjoint          Backward, of the stage of its origin
//   varies not, from inputs     Once (loss weights): task WGT
//   varies not, from states     Free: cloned into every task that needs it
//   free to clone, no stage     Free; also what follows from constants (masks)
//   behind the end of `micro`   Tail: RS, NORM or OPT
//
// A loss is accumulated as early as possible: the ops from there to `totals`
// that scale its partial sum (by the seed) are Tail.
//
// Stages: of a reshard that of its operand; else the op's own; of an adjoint
// that of its origin (of a cloned one that of its first reader); of a sum of
// cotangents that of all its operands, or that of the value's producer, which
// the origins of its users tell; else that of the first operand that has one.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_SCHEDULE_CLASSIFYOPS_H
#define MPT_LIB_SCHEDULE_CLASSIFYOPS_H

#include "mpt/IR/Mpt.h"
#include "llvm/ADT/DenseSet.h"

namespace mlir::mpt {

enum class Home { Free, Once, Forward, Backward, Tail };

inline constexpr StringLiteral kMicro = "micro";
bool variesByMicrobatch(Type type);
/// Cheaper to compute again than to keep or send: cloned into each reader.
bool isFreeToClone(Operation *op);

class Classification {
public:
  explicit Classification(func::FuncOp program);

  Home getHome(Operation *op) const { return infos.lookup(op).home; }
  /// Of Forward and Backward ops.
  int getStage(Operation *op) const { return infos.lookup(op).stage; }
  /// Position in the program.
  unsigned getIndex(Operation *op) const { return infos.lookup(op).index; }
  /// Forward values summed over micro-batches, with their entry of `totals`.
  ArrayRef<std::pair<Value, StringAttr>> getLosses() const { return losses; }
  TotalsOp getTotals() const { return totals; }

  /// Registers an op that was made of `origin`.
  void add(Operation *op, Operation *origin, int stage);

private:
  struct Info {
    Home home = Home::Free;
    int stage = -1;
    unsigned index = 0;
    bool fromInput = false, backward = false, ofConstants = false;
  };

  Info classify(Operation *op) const;
  int findStage(Operation *op) const;
  int findSumStage(Operation *sum) const;
  int getOriginStage(Operation *adjoint) const;
  int getOperandStage(Operation *op) const;
  int getForwardStage(Operation *op) const;
  void findLosses();

  llvm::DenseMap<Operation *, Info> infos;
  llvm::DenseMap<int64_t, Operation *> byId;
  SmallVector<std::pair<Value, StringAttr>> losses;
  TotalsOp totals;
};

} // namespace mlir::mpt
#endif
