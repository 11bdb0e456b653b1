// SPDX-License-Identifier: Apache-2.0
//===- TaskNames.h - names of what crosses tasks ----------------*- C++ -*-===//
//
//   saved, once   "v12", result 1 of op 12 is "v12.1"; its reshard "v12.full";
//                 a received value keeps the name of its transfer
//   transfers     into stage 2 "h2", further ones "h2.1", ...; of a cotangent
//                 from stage 2 "dh2", "dh2.1", ...
//   ties          "<parameter>.tie"
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_SCHEDULE_TASKNAMES_H
#define MPT_LIB_SCHEDULE_TASKNAMES_H

#include "TaskDrafts.h"

namespace mlir::mpt {

/// A value that goes from one stage to another once per micro-batch.
struct Move {
  Value value;
  algebra::Kind task;
  int from, to;
  std::string name;
};

class TaskNames {
public:
  TaskNames(const Classification &classes, TaskDrafts &drafts);

  ArrayRef<Move> getMoves() const { return moves; }
  /// The name that the binding of `value` has in `task`.
  std::string get(const TaskDraft &task, Value value,
                  const DraftBinding &binding) const;
  /// Program order of values: op, then result.
  std::pair<unsigned, unsigned> getOrder(Value value) const;

private:
  std::string getValueName(Value value) const;
  StringRef getMoveName(Value value, int from, int to) const;

  const Classification &classes;
  TaskDrafts &drafts;
  SmallVector<Move> moves;
};

} // namespace mlir::mpt
#endif
