// SPDX-License-Identifier: Apache-2.0
//===- TaskUses.h - where each name is bound in tasks -----------*- C++ -*-===//
#ifndef MPT_LIB_SCHEDULE_TASKUSES_H
#define MPT_LIB_SCHEDULE_TASKUSES_H

#include "Tasks.h"
#include <map>
#include <set>

namespace mlir::mpt {

/// An argument or result, as one that its name is bound to.
struct Use {
  Task task;
  bool result;
  unsigned index;
  Type type;
  bool is(int stage, algebra::Kind kind) const {
    return task.stage == stage && task.kind == kind;
  }
  /// `result 0 of task 's1_F'`.
  std::string str() const;
};

/// All arguments and results of all tasks, by what they are bound to.
class TaskUses {
public:
  using List = SmallVector<Use>;
  using Map = std::map<std::pair<BindingKind, StringRef>, List>;

  /// Every argument and result of the task has a binding.
  void add(Task task);
  const List &get(BindingKind kind, StringRef name) const;
  bool has(BindingKind kind, StringRef name, int stage, algebra::Kind task,
           bool result) const;
  const Map &all() const { return map; }

private:
  Map map;
};

/// `[0, 2]`.
std::string spell(const std::set<int> &stages);

/// States exist and have the types of their uses; trainable ones and their
/// optimizer states are written by OPT, once on every stage that uses the
/// parameter, nothing else is; replicas are declared. Reports every finding.
LogicalResult verifyStates(ModuleOp module, const TaskUses &uses);

} // namespace mlir::mpt
#endif
