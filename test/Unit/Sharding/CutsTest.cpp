// SPDX-License-Identifier: Apache-2.0
// Cuts of a dim: worked examples, and that blocks tile the dim for all small
// sizes and axes.
#include "mpt/Analysis/Sharding/Cuts.h"
#include <gtest/gtest.h>
#include <vector>

using namespace mpt::sharding;
using Axes = std::vector<int64_t>;

TEST(Cuts, TenClassesOverFour) {
  Axes tp = {4};
  EXPECT_EQ(cutBound(10, tp), 3);
  EXPECT_FALSE(cutsEvenly(10, tp));
  EXPECT_EQ(cutBlock(10, tp, Axes{0}), (Block{0, 3}));
  EXPECT_EQ(cutBlock(10, tp, Axes{2}), (Block{6, 3}));
  EXPECT_EQ(cutBlock(10, tp, Axes{3}), (Block{9, 1}));
}

TEST(Cuts, BatchOverMicroThenData) {
  Axes axes = {4, 3}; // 64 samples, 4 micro-batches, 3 data ranks
  EXPECT_EQ(cutBound(64, axes), 6);
  EXPECT_EQ(cutBlock(64, axes, Axes{1, 0}), (Block{16, 6}));
  EXPECT_EQ(cutBlock(64, axes, Axes{1, 2}), (Block{28, 4}));
}

TEST(Cuts, EmptyBlocks) {
  EXPECT_EQ(cutBlock(8, Axes{3, 2}, Axes{2, 0}), (Block{6, 2}));
  EXPECT_EQ(cutBlock(8, Axes{3, 2}, Axes{2, 1}), (Block{8, 0}));
  EXPECT_EQ(cutBlock(2, Axes{4}, Axes{3}), (Block{2, 0}));
}

TEST(Cuts, NoAxesIsWhole) {
  EXPECT_EQ(cutBound(7, Axes{}), 7);
  EXPECT_TRUE(cutsEvenly(7, Axes{}));
  EXPECT_EQ(cutBlock(7, Axes{}, Axes{}), (Block{0, 7}));
}

TEST(Cuts, BlocksTileTheDim) {
  for (int64_t n = 1; n <= 24; ++n)
    for (int64_t a = 1; a <= 4; ++a)
      for (int64_t b = 1; b <= 4; ++b) {
        int64_t next = 0, bound = cutBound(n, Axes{a, b});
        bool allFull = true;
        for (int64_t i = 0; i < a; ++i)
          for (int64_t j = 0; j < b; ++j) {
            Block block = cutBlock(n, Axes{a, b}, Axes{i, j});
            EXPECT_LE(block.extent, bound);
            if (block.extent) {
              EXPECT_EQ(block.offset, next);
            }
            next += block.extent;
            allFull = allFull && block.extent == bound;
          }
        EXPECT_EQ(next, n) << n << " over " << a << ", " << b;
        EXPECT_EQ(allFull, cutsEvenly(n, Axes{a, b}));
      }
}

TEST(Cuts, PadsPastTheEndMeetNoElement) {
  EXPECT_FALSE(padsPastEnd(5, Axes{2, 2}));
  EXPECT_TRUE(padsPastEnd(10, Axes{4}));
  for (int64_t n = 1; n <= 9; ++n)
    for (int64_t a = 1; a <= 4; ++a)
      for (int64_t b = 1; b <= 4; ++b) {
        if (!padsPastEnd(n, Axes{a, b}))
          continue;
        int64_t bound = cutBound(n, Axes{a, b});
        for (int64_t i = 0; i < a; ++i)
          for (int64_t j = 0; j < b; ++j) {
            Block block = cutBlock(n, Axes{a, b}, Axes{i, j});
            if (block.extent && block.extent < bound) {
              EXPECT_EQ(block.offset + block.extent, n);
            }
          }
      }
}
