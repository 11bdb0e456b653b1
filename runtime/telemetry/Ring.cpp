// SPDX-License-Identifier: Apache-2.0
// The ring's reading side.
#include "telemetry/Ring.h"

#include <algorithm>
#include <ctime>

namespace mptrt {

int64_t Ring::now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000000000 + time.tv_nsec;
}

int64_t Ring::lost() const {
  return std::max<int64_t>(0, count - static_cast<int64_t>(records.size()));
}

std::vector<EventRecord> Ring::inOrder() const {
  std::vector<EventRecord> result;
  for (int64_t i = lost(); i < count; ++i)
    result.push_back(records[static_cast<size_t>(i) % records.size()]);
  return result;
}

} // namespace mptrt
