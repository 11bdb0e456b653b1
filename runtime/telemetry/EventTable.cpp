// SPDX-License-Identifier: Apache-2.0
// Numbers: all tasks, then all launches task by task, then all transfers, then
// the step.
#include "telemetry/EventTable.h"

#include <algorithm>

namespace mptrt {

static EventTable::Entry launchEntry(const abi::Launch &launch) {
  EventTable::Entry entry;
  bool isKernel = launch.what == "kernel";
  entry.name = isKernel ? launch.kernel : launch.what;
  bool isCollective = launch.group >= 0;
  entry.category =
      isKernel ? "kernel" : (isCollective ? "collective" : "library");
  for (const std::string &node : launch.nodes)
    entry.nodes += (entry.nodes.empty() ? "" : ", ") + node;
  entry.bytes = launch.bytes;
  return entry;
}

EventTable::EventTable(const abi::Manifest &manifest) {
  for (const abi::Task &task : manifest.tasks)
    entries.push_back({task.name, "task", "", 0});
  for (const abi::Task &task : manifest.tasks) {
    firstLaunch.push_back(static_cast<int32_t>(entries.size()));
    for (const abi::Launch &launch : task.launches)
      entries.push_back(launchEntry(launch));
    // What a task launches beyond its rows.
    entries.push_back({task.name + " (unlisted launch)", "kernel", "", 0});
  }
  firstLaunch.push_back(static_cast<int32_t>(entries.size()));
  firstTransfer = firstLaunch.back();
  for (const abi::Transfer &transfer : manifest.transfers)
    entries.push_back({"@" + transfer.name,
                       transfer.kind == "sum" ? "exchange" : "transfer", "",
                       transfer.bytes});
  entries.push_back({"step", "step", "", 0});
}

int32_t EventTable::launch(int64_t task, int64_t row) const {
  size_t index = static_cast<size_t>(task);
  int64_t last = firstLaunch[index + 1] - 1;
  return static_cast<int32_t>(std::min(firstLaunch[index] + row, last));
}

int32_t EventTable::transfer(int64_t transfer) const {
  return firstTransfer + static_cast<int32_t>(transfer);
}

} // namespace mptrt
