// SPDX-License-Identifier: Apache-2.0
// Walks the action list of one rank. Everything is enqueued; nothing waits.
// A task orders its own streams by its events; around a transfer, which runs
// on the comm stream, the executor orders all streams by events of its own.
#ifndef MPTRT_EXEC_EXECUTOR_H
#define MPTRT_EXEC_EXECUTOR_H

#include "exec/SavedSets.h"
#include "exec/TaskContext.h"

#include <functional>

namespace mptrt {

class Executor {
public:
  /// Creates all groups (every rank must), loads the kernels, allocates the
  /// arena. `device` and `communicator` outlive this.
  Status prepare(const Program &program, Device &device,
                 Communicator &communicator, const EventTable &events,
                 Ring &ring);

  /// One step. `beforeUpdates` (may be empty) is called before the first OPT
  /// task is enqueued. The host has to wait for the result.
  Status run(int64_t step, const std::function<Status()> &beforeUpdates);

  /// The loss of a step's inputs and nothing else: the same list without the
  /// tasks and transfers of the backward pass and of the update. Any part of a
  /// proved order is an order. Of the totals only the loss is valid then.
  Status evaluate();

  /// As the last step has used them.
  const SavedSets &saved() const { return savedSets; }

  const abi::Coordinate &coordinate() const { return *own; }
  /// An address in the arena.
  DevicePtr at(int64_t offset) const { return arena.get() + offset; }
  /// The group of all ranks.
  Group world() const { return worldGroup; }
  /// Holds back `stream` until all that is enqueued is done.
  Status joinInto(Stream stream);
  /// Holds back all other streams until what is enqueued on `stream` is done.
  Status joinFrom(Stream stream);

private:
  Status createGroups();
  bool isOfLoss(const abi::Action &action) const;
  Status runAction(const abi::Action &action);
  Status runTask(const abi::Action &action);
  Status runTransfer(const abi::Action &action);
  Status sendOrReceive(const abi::Action &action);
  Status handOver(const abi::Action &action);
  Status exchange(const abi::Action &action);
  const abi::TransferPlace *placeOf(const abi::Action &action) const;
  int peerRank(const abi::Action &action) const;
  std::string describe(const abi::Action &action) const;

  std::unique_ptr<TaskContext> context;
  const abi::Coordinate *own = nullptr;
  std::vector<std::vector<int>> members; // of this rank's instances, by group
  DeviceMemory arena;
  Group worldGroup = -1;
  Event firstEvent = 0; // of the executor's own
  SavedSets savedSets;
};

} // namespace mptrt

#endif // MPTRT_EXEC_EXECUTOR_H
