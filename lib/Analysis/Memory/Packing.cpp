// SPDX-License-Identifier: Apache-2.0
#include "mpt/Analysis/Memory/Packing.h"
#include <algorithm>
#include <limits>
#include <numeric>

using namespace mlir::mpt;

static bool liveTogether(const LiveBuffer &a, const LiveBuffer &b) {
  return a.first <= b.last && b.first <= a.last;
}

namespace {
struct Range {
  int64_t begin, end;
};
} // namespace

/// The smallest gap of at least `bytes` between the ranges, or their end.
static int64_t bestGap(std::vector<Range> taken, int64_t bytes) {
  std::sort(taken.begin(), taken.end(),
            [](Range a, Range b) { return a.begin < b.begin; });
  int64_t end = 0, best = -1;
  int64_t smallest = std::numeric_limits<int64_t>::max();
  for (Range r : taken) {
    int64_t gap = r.begin - end;
    if (gap >= bytes && gap < smallest) {
      smallest = gap;
      best = end;
    }
    end = std::max(end, r.end);
  }
  return best < 0 ? end : best;
}

Packing mlir::mpt::packBuffers(const std::vector<LiveBuffer> &buffers,
                               int64_t align) {
  Packing packing;
  packing.offsets.assign(buffers.size(), 0);
  std::vector<size_t> order(buffers.size()), placed;
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) {
    if (buffers[i].bytes != buffers[j].bytes)
      return buffers[i].bytes > buffers[j].bytes;
    if (buffers[i].first != buffers[j].first)
      return buffers[i].first < buffers[j].first;
    return i < j;
  });
  for (size_t i : order) {
    int64_t bytes = alignTo(buffers[i].bytes, align);
    std::vector<Range> taken;
    for (size_t j : placed)
      if (liveTogether(buffers[i], buffers[j]))
        taken.push_back(
            {packing.offsets[j],
             packing.offsets[j] + alignTo(buffers[j].bytes, align)});
    packing.offsets[i] = bestGap(taken, bytes);
    packing.bytes = std::max(packing.bytes, packing.offsets[i] + bytes);
    placed.push_back(i);
  }
  return packing;
}

int64_t mlir::mpt::mostLiveBytes(const std::vector<LiveBuffer> &buffers,
                                 int64_t align) {
  int64_t most = 0;
  // The maximum is reached where some buffer begins to live.
  for (const LiveBuffer &at : buffers) {
    int64_t bytes = 0;
    for (const LiveBuffer &b : buffers)
      if (b.first <= at.first && at.first <= b.last)
        bytes += alignTo(b.bytes, align);
    most = std::max(most, bytes);
  }
  return most;
}
