// SPDX-License-Identifier: Apache-2.0
//
// How a dim of n elements is cut over an ordered list of axes, free of MLIR:
// level by level, major axis first, in blocks of ceil(bound / k), where `bound`
// is n at the first level and the block size of the level before at the others.
// Trailing blocks may be short or empty. Because all blocks of a level have one
// bound, the blocks of a minor axis put side by side are the block of the axes
// before it: padding only ever stands at the end.
//
// Worked example: 10 over [4]: bound 3, extents 3 3 3 1. 8 over [3, 2]: bounds
// 3, then 2; coordinates (2, 0) have offset 6 and extent 2, (2, 1) offset 8 and
// extent 0.
//
// Lists are anything one can iterate over (std::vector, ArrayRef, ...).
#ifndef MPT_ANALYSIS_SHARDING_CUTS_H
#define MPT_ANALYSIS_SHARDING_CUTS_H

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace mpt::sharding {

inline int64_t ceilDiv(int64_t n, int64_t k) { return (n + k - 1) / k; }

/// Size of every local dim: the largest extent.
template <typename Sizes> int64_t cutBound(int64_t n, const Sizes &axisSizes) {
  for (int64_t k : axisSizes)
    n = ceilDiv(n, k);
  return n;
}

/// Whether all blocks are full: extents equal the bound everywhere.
template <typename Sizes> bool cutsEvenly(int64_t n, const Sizes &axisSizes) {
  for (int64_t k : axisSizes) {
    if (n % k != 0)
      return false;
    n /= k;
  }
  return true;
}

/// Whether pads (offset + extent .. offset + bound of a short block) lie past
/// the end of the dim, so that no position of a real element falls on a pad of
/// another rank. 5 over [2, 2] is a counterexample: bound 2, and position 3 is
/// a pad of block (0, 1) and the first element of (1, 0). Sufficient: false for
/// some tiny dims that would do.
template <typename Sizes> bool padsPastEnd(int64_t n, const Sizes &axisSizes) {
  bool major = true;
  for (int64_t k : axisSizes) {
    if (!major && n % k != 0)
      return false;
    major = false;
    n = ceilDiv(n, k);
  }
  return true;
}

/// What one rank holds: elements [offset, offset + extent) of the dim. An empty
/// block has an offset of at most n.
struct Block {
  int64_t offset = 0;
  int64_t extent = 0;
  bool operator==(const Block &o) const {
    return offset == o.offset && extent == o.extent;
  }
};

/// The block at these coordinates, one per axis, major to minor.
template <typename Sizes, typename Coordinates>
Block cutBlock(int64_t n, const Sizes &axisSizes,
               const Coordinates &coordinates) {
  int64_t bound = n, offset = 0, end = n;
  auto at = std::begin(coordinates);
  for (int64_t k : axisSizes) {
    bound = ceilDiv(bound, k);
    offset += bound * *at++;
    end = std::min(end, offset + bound);
  }
  offset = std::min(offset, n);
  return {offset, std::max<int64_t>(end - offset, 0)};
}

} // namespace mpt::sharding

#endif // MPT_ANALYSIS_SHARDING_CUTS_H
