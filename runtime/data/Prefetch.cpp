// SPDX-License-Identifier: Apache-2.0
// Two slots: one is in use, one is being filled.
#include "data/Prefetch.h"

namespace mptrt {

Prefetch::Prefetch(int64_t steps, Fill fill)
    : steps(steps), fill(std::move(fill)), thread([this] { work(); }) {}

Prefetch::~Prefetch() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  changed.notify_all();
  thread.join();
}

void Prefetch::work() {
  for (int64_t step = 0; step < steps; ++step) {
    {
      std::unique_lock<std::mutex> lock(mutex);
      changed.wait(lock, [&] { return stopping || step <= taken; });
      if (stopping)
        return;
    }
    fill(step, slots[step % 2]);
    {
      std::lock_guard<std::mutex> lock(mutex);
      filled = step + 1;
    }
    changed.notify_all();
  }
}

const Prefetch::Buffers &Prefetch::take() {
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return filled > taken; });
  int64_t step = taken++;
  lock.unlock();
  changed.notify_all();
  return slots[step % 2];
}

} // namespace mptrt
