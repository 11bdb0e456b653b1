// SPDX-License-Identifier: Apache-2.0
//===- TaskPlan.h - buffers of one task -------------------------*- C++ -*-===//
//
// Values of a task that share memory form one storage: a destination and its
// result, the operand and result of an all_reduce, a tensor and its views.
//   argument      lies where it is bound to
//   result        is computed where it is bound to, unless something there is
//                 still read then (e.g. an accumulator that is zeroed while the
//                 gradient in it is in use); copied there at the end otherwise,
//                 as is an argument, or a value that is bound twice
//   all others    share a working region by lifetime
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LOWERING_TASKPLAN_H
#define MPT_LOWERING_TASKPLAN_H

#include "Places.h"

namespace mlir::mpt {

struct Storage {
  int64_t bytes = 0;
  /// Positions of the first and last access in the task; -1: none.
  int64_t first = -1, last = -1;
  bool isArgument = false;
  bool isWorking = false; ///< address is relative to the region
  std::optional<Address> address;

  void access(int64_t position) {
    if (first < 0)
      first = position;
    last = std::max(last, position);
  }
};

struct TaskPlan {
  func::FuncOp task;
  int64_t stage;
  SmallVector<Storage> storages;
  DenseMap<Value, unsigned> storageOf;
  /// At the end of the task, in order: bytes of one storage into another.
  struct Copy {
    unsigned from, to;
    Type type;
  };
  SmallVector<Copy> copies;
  int64_t workBytes = 0;
};

TaskPlan planTask(func::FuncOp task, const Places &places);

/// Whether the op runs on the communication queue.
inline bool isCollective(Operation *op) {
  return isa<AllReduceOp, AllGatherOp, ReduceScatterOp, AllToAllOp>(op);
}

} // namespace mlir::mpt
#endif
