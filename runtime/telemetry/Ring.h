// SPDX-License-Identifier: Apache-2.0
// The last events of one rank. Times are the host's, of the call that enqueued
// the work: on a device that executes at once that is the work itself.
#ifndef MPTRT_TELEMETRY_RING_H
#define MPTRT_TELEMETRY_RING_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mptrt {

struct EventRecord {
  int32_t id = 0; // EventTable
  int32_t step = 0;
  int32_t microbatch = -1;
  int32_t sendTo = -1, receiveFrom = -1; // ranks, of messages
  int64_t begin = 0, end = 0;            // nanoseconds, monotonic
  int64_t bytes = 0;
  int64_t waited = 0; // nanoseconds of it, for messages of others
};

class Ring {
public:
  explicit Ring(size_t capacity) : records(capacity) {}

  static int64_t now();
  void add(const EventRecord &record) {
    records[static_cast<size_t>(count++) % records.size()] = record;
  }
  /// The records of the latest step, newest first; none may have been lost.
  template <typename Function> void forStep(int64_t step, Function function) {
    for (int64_t i = count - 1; i >= lost(); --i) {
      const EventRecord &record =
          records[static_cast<size_t>(i) % records.size()];
      if (record.step != step)
        return;
      function(record);
    }
  }
  /// Oldest first.
  std::vector<EventRecord> inOrder() const;
  /// How many were overwritten.
  int64_t lost() const;

private:
  std::vector<EventRecord> records;
  int64_t count = 0;
};

} // namespace mptrt

#endif // MPTRT_TELEMETRY_RING_H
