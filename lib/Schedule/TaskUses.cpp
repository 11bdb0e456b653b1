// SPDX-License-Identifier: Apache-2.0
#include "TaskUses.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::mpt;

std::string Use::str() const {
  return (result ? "result " : "argument ") + std::to_string(index) +
         " of task '" + getTaskName(task.stage, task.kind) + "'";
}

std::string mlir::mpt::spell(const std::set<int> &stages) {
  return "[" +
         llvm::join(
             llvm::map_range(stages, [](int s) { return std::to_string(s); }),
             ", ") +
         "]";
}

void TaskUses::add(Task task) {
  FunctionType type = task.func.getFunctionType();
  auto put = [&](Binding binding, bool result, unsigned index, Type type) {
    map[{binding.kind, binding.name}].push_back({task, result, index, type});
  };
  for (auto [i, input] : llvm::enumerate(type.getInputs()))
    put(*getArgBinding(task.func, i), false, i, input);
  for (auto [i, output] : llvm::enumerate(type.getResults()))
    put(*getResultBinding(task.func, i), true, i, output);
}

const TaskUses::List &TaskUses::get(BindingKind kind, StringRef name) const {
  static const List none;
  auto it = map.find({kind, name});
  return it == map.end() ? none : it->second;
}

bool TaskUses::has(BindingKind kind, StringRef name, int stage,
                   algebra::Kind task, bool result) const {
  return llvm::any_of(get(kind, name), [&](const Use &use) {
    return use.is(stage, task) && use.result == result;
  });
}
