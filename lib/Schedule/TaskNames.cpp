// SPDX-License-Identifier: Apache-2.0
#include "TaskNames.h"

using namespace mlir;
using namespace mlir::mpt;
using K = algebra::Kind;

std::pair<unsigned, unsigned> TaskNames::getOrder(Value value) const {
  if (auto result = dyn_cast<OpResult>(value))
    return {classes.getIndex(result.getOwner()), result.getResultNumber()};
  return {0, cast<BlockArgument>(value).getArgNumber()};
}

TaskNames::TaskNames(const Classification &classes, TaskDrafts &drafts)
    : classes(classes), drafts(drafts) {
  for (K kind : {K::F, K::B}) {
    SmallVector<Move> found;
    for (int stage = 0; stage < drafts.getNumStages(); ++stage)
      if (TaskDraft *task = drafts.find(stage, kind))
        for (const auto &[value, binding] : task->results)
          if (binding.kind == BindingKind::Send)
            found.push_back({value, kind, stage, binding.peer, ""});
    auto cut = [&](const Move &m) { return kind == K::F ? m.to : m.from; };
    llvm::sort(found, [&](const Move &a, const Move &b) {
      auto key = [&](const Move &m) {
        return std::tuple(cut(m), getOrder(m.value), m.to);
      };
      return key(a) < key(b);
    });
    int count = 0, last = -1;
    for (Move &move : found) {
      count = cut(move) == last ? count + 1 : 0;
      last = cut(move);
      move.name = (kind == K::F ? "h" : "dh") + std::to_string(last);
      if (count > 0)
        move.name += "." + std::to_string(count);
      moves.push_back(move);
    }
  }
}

StringRef TaskNames::getMoveName(Value value, int from, int to) const {
  for (const Move &move : moves)
    if (move.value == value && move.from == from && move.to == to)
      return move.name;
  llvm_unreachable("a binding to a move that no task sends");
}

std::string TaskNames::getValueName(Value value) const {
  auto result = cast<OpResult>(value);
  auto id = result.getOwner()->getAttrOfType<IntegerAttr>("id");
  if (!id && isa<ReshardOp>(result.getOwner()) &&
      result.getOwner()->getOperand(0).getDefiningOp())
    return getValueName(result.getOwner()->getOperand(0)) + ".full";
  std::string name = id ? "v" + std::to_string(id.getInt())
                        : "n" + std::to_string(getOrder(value).first);
  if (result.getResultNumber() > 0)
    name += "." + std::to_string(result.getResultNumber());
  return name;
}

std::string TaskNames::get(const TaskDraft &task, Value value,
                           const DraftBinding &binding) const {
  switch (binding.kind) {
  case BindingKind::Send:
    return binding.peer < 0
               ? kTotals.str()
               : getMoveName(value, task.stage, binding.peer).str();
  case BindingKind::Recv:
    if (binding.peer >= 0)
      return getMoveName(value, binding.peer, task.stage).str();
    return binding.name == kTotals ? kTotals.str()
                                   : (binding.name + ".tie").str();
  case BindingKind::Save: {
    TaskDraft *forward = drafts.find(task.stage, K::F);
    auto it = forward->args.find(value);
    return it == forward->args.end() ? getValueName(value)
                                     : get(*forward, value, it->second);
  }
  case BindingKind::Once:
    return getValueName(value);
  default:
    return binding.name.str();
  }
}
