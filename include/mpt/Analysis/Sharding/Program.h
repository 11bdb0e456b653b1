// SPDX-License-Identifier: Apache-2.0
//===- Program.h - roles of the ops of a program ----------------*- C++ -*-===//
//
// What phases 3 and 4 and their verifiers need to know about a program before
// it is split: which ops are forward (the loss included), which of them need a
// stage, and what becomes of the batch.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_ANALYSIS_SHARDING_PROGRAM_H
#define MPT_ANALYSIS_SHARDING_PROGRAM_H

#include "mpt/IR/Mpt.h"

namespace mlir::mpt {

/// What a value has of the batch, dim 0 of every input.
struct BatchUse {
  enum Kind {
    None,    ///< depends on no input
    Carried, ///< `dim` is the batch
    Reduced, ///< the batch was summed over or otherwise lost
  } kind = None;
  int64_t dim = -1;
};

class ProgramRoles {
public:
  explicit ProgramRoles(func::FuncOp func);

  /// No adjoint, and nothing that follows from adjoints; reads are none.
  bool isForward(Operation *op) const { return forward.contains(op); }
  /// Forward and neither free to clone nor known before the loop over
  /// micro-batches: what follows from constants, and weights of the loss (sums
  /// over the batch of what follows from inputs).
  bool needsStage(Operation *op) const;
  /// Depends on no input of the program, but on states.
  bool isOfStates(Operation *op) const { return ofStates.contains(op); }
  /// Of a training program: depends on inputs and constants alone.
  bool isOfData(Operation *op) const { return ofData.contains(op); }
  BatchUse getBatch(Value v) const { return batch.lookup(v); }

private:
  void trackBatch(Operation *op);

  DenseSet<Operation *> forward, beforeLoop, ofStates, ofData;
  DenseMap<Value, BatchUse> batch;
};

/// The stage of each op, -1 if any will do. Adjoints are where their forward
/// ops are; what says nothing (a gradient's sum, the adjoint of a free op) is
/// where its last operand is.
DenseMap<Operation *, int64_t> getStages(func::FuncOp func);

/// The ONNX node of an op, "" if unnamed.
StringRef getNodeName(Operation *op);

} // namespace mlir::mpt
#endif
