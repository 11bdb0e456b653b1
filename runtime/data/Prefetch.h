// SPDX-License-Identifier: Apache-2.0
// Fills the next step's inputs on a thread of its own while a step runs. What
// it fills depends on the step's number only, so the numbers of a run do not
// depend on who is faster.
#ifndef MPTRT_DATA_PREFETCH_H
#define MPTRT_DATA_PREFETCH_H

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mptrt {

class Prefetch {
public:
  using Buffers = std::vector<std::vector<char>>;
  using Fill = std::function<void(int64_t step, Buffers &out)>;

  /// Steps 0 to `steps` - 1, in order.
  Prefetch(int64_t steps, Fill fill);
  ~Prefetch();
  Prefetch(const Prefetch &) = delete;
  Prefetch &operator=(const Prefetch &) = delete;

  /// The inputs of the next step; they stay until the call after.
  const Buffers &take();

private:
  void work();

  const int64_t steps;
  const Fill fill;
  Buffers slots[2];
  std::mutex mutex; // guards the next three
  std::condition_variable changed;
  int64_t filled = 0, taken = 0;
  bool stopping = false;
  std::thread thread; // last: it uses all of the above
};

} // namespace mptrt

#endif // MPTRT_DATA_PREFETCH_H
