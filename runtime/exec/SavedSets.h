// SPDX-License-Identifier: Apache-2.0
// What a rank keeps between a micro-batch's F and the last task that reads it,
// counted while the action list is walked: the sets in use, by their slots, and
// the micro-batches in flight. A set is in use from its F on, or, where a
// received operand is part of it, from that receive on.
#ifndef MPTRT_EXEC_SAVEDSETS_H
#define MPTRT_EXEC_SAVEDSETS_H

#include "mptrt/Manifest.h"

#include <set>
#include <utility>
#include <vector>

namespace mptrt {

class SavedSets {
public:
  SavedSets() = default;
  SavedSets(const abi::Manifest &manifest, const abi::Coordinate &coordinate);

  /// Slots that the program has, over the coordinate's stages.
  int64_t planned() const { return static_cast<int64_t>(slots.size()); }

  void restart();
  /// The action of this place in the list has been enqueued.
  void after(size_t action);
  int64_t peak() const { return mostUsed; }
  int64_t inFlight() const { return mostInFlight; }

private:
  using Slot = std::pair<int64_t, int64_t>; // stage, number
  /// What an action does to the sets.
  struct Change {
    bool uses = false, starts = false, ends = false;
    Slot slot;
  };
  void findTasks(const abi::Manifest &manifest,
                 const abi::Coordinate &coordinate);
  void findReceives(const abi::Manifest &manifest,
                    const abi::Coordinate &coordinate);

  std::vector<Change> changes; // by action
  std::set<Slot> slots;
  std::set<Slot> used;
  int64_t alive = 0, mostInFlight = 0, mostUsed = 0;
};

} // namespace mptrt

#endif // MPTRT_EXEC_SAVEDSETS_H
