// SPDX-License-Identifier: Apache-2.0
// The manifest does not say which received operands are part of a saved set:
// those of which every receive names the slot that the F of its micro-batch
// has.
#include "exec/SavedSets.h"

#include <algorithm>
#include <map>

namespace mptrt {

static const abi::Task *taskOf(const abi::Manifest &manifest,
                               const abi::Action &action) {
  if (action.op != abi::ActionRun || action.microbatch < 0)
    return nullptr;
  return &manifest.tasks[static_cast<size_t>(action.task)];
}

SavedSets::SavedSets(const abi::Manifest &manifest,
                     const abi::Coordinate &coordinate)
    : changes(coordinate.actions.size()) {
  findTasks(manifest, coordinate);
  findReceives(manifest, coordinate);
}

void SavedSets::findTasks(const abi::Manifest &manifest,
                          const abi::Coordinate &coordinate) {
  std::map<std::pair<int64_t, int64_t>, size_t> last; // stage, micro-batch
  for (size_t i = 0; i < coordinate.actions.size(); ++i) {
    const abi::Action &action = coordinate.actions[i];
    const abi::Task *task = taskOf(manifest, action);
    if (!task || action.index.size() < 2)
      continue;
    changes[i].slot = {task->stage, action.index[1]};
    changes[i].starts = changes[i].uses = task->kind == "F";
    if (changes[i].starts)
      slots.insert(changes[i].slot);
    last[{task->stage, action.microbatch}] = i;
  }
  for (const auto &entry : last)
    changes[entry.second].ends = true;
}

void SavedSets::findReceives(const abi::Manifest &manifest,
                             const abi::Coordinate &coordinate) {
  std::map<std::pair<int64_t, int64_t>, int64_t> slotOf; // of an F
  for (const abi::Action &action : coordinate.actions) {
    const abi::Task *task = taskOf(manifest, action);
    if (task && task->kind == "F" && action.index.size() > 1)
      slotOf[{task->stage, action.microbatch}] = action.index[1];
  }
  std::map<int64_t, bool> isPart; // by transfer
  for (bool mark : {false, true})
    for (size_t i = 0; i < coordinate.actions.size(); ++i) {
      const abi::Action &action = coordinate.actions[i];
      if (action.op != abi::ActionReceive)
        continue;
      int64_t stage =
          manifest.transfers[static_cast<size_t>(action.transfer)].to;
      auto slot = slotOf.find({stage, action.microbatch});
      bool same = slot != slotOf.end() && slot->second == action.slot;
      bool &part = isPart.emplace(action.transfer, true).first->second;
      if (!mark)
        part = part && same;
      else if (part)
        changes[i].uses = true, changes[i].slot = {stage, action.slot};
    }
}

void SavedSets::restart() {
  used.clear();
  alive = mostInFlight = mostUsed = 0;
}

void SavedSets::after(size_t action) {
  const Change &change = changes[action];
  if (change.uses)
    used.insert(change.slot);
  if (change.starts)
    ++alive;
  mostInFlight = std::max(mostInFlight, alive);
  mostUsed = std::max(mostUsed, static_cast<int64_t>(used.size()));
  if (change.ends) {
    --alive;
    used.erase(change.slot);
  }
}

} // namespace mptrt
