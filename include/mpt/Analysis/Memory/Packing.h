// SPDX-License-Identifier: Apache-2.0
//===- Packing.h - buffers by lifetime --------------------------*- C++ -*-===//
//
// Gives each buffer an offset so that buffers that live at the same time are
// disjoint. Largest first (earliest first among equals), each into the smallest
// gap that holds it between the buffers already placed that live with it, else
// behind the last of them. Quadratic in the number of buffers.
//
// Worked example: a, b of 64 bytes live in [0, 1] and [2, 3], c of 32 bytes in
// [1, 2]: a and b share offset 0, c lies at 64; 96 bytes in all.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_ANALYSIS_MEMORY_PACKING_H
#define MPT_ANALYSIS_MEMORY_PACKING_H

#include <cstdint>
#include <vector>

namespace mlir::mpt {

/// Lives from `first` to `last`, both included.
struct LiveBuffer {
  int64_t bytes, first, last;
};

struct Packing {
  std::vector<int64_t> offsets; ///< multiples of the alignment
  int64_t bytes = 0;
};

Packing packBuffers(const std::vector<LiveBuffer> &buffers, int64_t align);

/// The most bytes that live at one time: no packing needs less.
int64_t mostLiveBytes(const std::vector<LiveBuffer> &buffers, int64_t align);

inline int64_t alignTo(int64_t bytes, int64_t align) {
  return (bytes + align - 1) / align * align;
}

} // namespace mlir::mpt
#endif
