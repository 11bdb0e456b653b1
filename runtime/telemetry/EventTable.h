// SPDX-License-Identifier: Apache-2.0
// What a rank records, numbered at compile time: an id per task, per launch of
// a task, per transfer, in order of the manifest, and one for steps. Names,
// categories and nodes are looked up only when something is printed.
#ifndef MPTRT_TELEMETRY_EVENTTABLE_H
#define MPTRT_TELEMETRY_EVENTTABLE_H

#include "mptrt/Manifest.h"

#include <string>
#include <vector>

namespace mptrt {

class EventTable {
public:
  explicit EventTable(const abi::Manifest &manifest);

  int32_t task(int64_t task) const { return static_cast<int32_t>(task); }
  /// `row` is the launch's place in its task.
  int32_t launch(int64_t task, int64_t row) const;
  int32_t transfer(int64_t transfer) const;
  /// A whole step.
  int32_t step() const { return static_cast<int32_t>(entries.size()) - 1; }

  struct Entry {
    std::string name; // "s1_F", "gemm", "@h1"
    // "task", "kernel", "library", "collective" (of a task), "transfer",
    // "exchange" (a collective between tasks), "step"
    std::string category;
    std::string nodes; // of the ONNX model, separated by commas
    int64_t bytes = 0; // moved, where that is fixed
  };
  const Entry &operator[](int32_t id) const {
    return entries[static_cast<size_t>(id)];
  }

private:
  std::vector<Entry> entries;
  std::vector<int32_t> firstLaunch; // of each task, and the end
  int32_t firstTransfer = 0;
};

} // namespace mptrt

#endif // MPTRT_TELEMETRY_EVENTTABLE_H
