// SPDX-License-Identifier: Apache-2.0
#include "Tasks.h"

using namespace mlir;
using namespace mlir::mpt;

std::optional<Task> mlir::mpt::getTask(func::FuncOp func) {
  std::optional<TaskName> name = readTaskName(func.getName());
  if (!name)
    return std::nullopt;
  std::optional<algebra::Kind> kind = algebra::kindNamed(name->kind.str());
  if (!kind || !(algebra::isMicro(*kind) || algebra::isStep(*kind)))
    return std::nullopt;
  return Task{func, int(name->stage), *kind};
}

SmallVector<Task> mlir::mpt::getTasks(ModuleOp module) {
  SmallVector<Task> tasks;
  for (auto func : module.getOps<func::FuncOp>())
    if (std::optional<Task> task = getTask(func))
      tasks.push_back(*task);
  return tasks;
}

std::string mlir::mpt::getTaskName(int stage, algebra::Kind kind) {
  return "s" + std::to_string(stage) + "_" +
         std::string(algebra::kindName(kind));
}

int64_t mlir::mpt::getAlignedBytes(Type type) {
  return (bytesOf(type) + 63) / 64 * 64;
}
