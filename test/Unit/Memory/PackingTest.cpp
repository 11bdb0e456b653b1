// SPDX-License-Identifier: Apache-2.0
#include "mpt/Analysis/Memory/Packing.h"
#include <gtest/gtest.h>
#include <random>

using namespace mlir::mpt;

TEST(PackingTest, SharesBytesOverTime) {
  Packing p = packBuffers({{64, 0, 1}, {64, 2, 3}, {32, 1, 2}}, 32);
  EXPECT_EQ(p.offsets, (std::vector<int64_t>{0, 0, 64}));
  EXPECT_EQ(p.bytes, 96);
}

TEST(PackingTest, TakesTheSmallestGap) {
  // a b c d in a row; when b and d are gone, the last fits best into b's place.
  Packing p = packBuffers({{256, 0, 9},
                           {128, 0, 1},
                           {256, 0, 9},
                           {192, 0, 1},
                           {64, 0, 9},
                           {128, 5, 9}},
                          64);
  EXPECT_EQ(p.offsets[5] % 64, 0);
  EXPECT_EQ(p.bytes, 256 + 128 + 256 + 192 + 64);
}

TEST(PackingTest, TouchingLifetimesAreDisjoint) {
  // Operand and result of one op live at the same time.
  Packing p = packBuffers({{64, 0, 1}, {64, 1, 2}}, 64);
  EXPECT_NE(p.offsets[0], p.offsets[1]);
}

TEST(PackingTest, NothingAndEmptyBuffers) {
  EXPECT_EQ(packBuffers({}, 64).bytes, 0);
  EXPECT_EQ(packBuffers({{0, 0, 5}}, 64).bytes, 0);
}

TEST(PackingTest, RandomPackingsAreValid) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    auto number = [&](int64_t n) { return int64_t(random() % n); };
    std::vector<LiveBuffer> buffers;
    for (int64_t i = number(40); i >= 0; --i) {
      int64_t first = number(30);
      buffers.push_back({number(1000) + 1, first, first + number(8)});
    }
    Packing p = packBuffers(buffers, 64);
    for (size_t i = 0; i < buffers.size(); ++i) {
      EXPECT_EQ(p.offsets[i] % 64, 0) << "seed " << seed;
      EXPECT_LE(p.offsets[i] + buffers[i].bytes, p.bytes) << "seed " << seed;
      for (size_t j = 0; j < i; ++j) {
        bool together = buffers[i].first <= buffers[j].last &&
                        buffers[j].first <= buffers[i].last;
        bool disjoint = p.offsets[i] + buffers[i].bytes <= p.offsets[j] ||
                        p.offsets[j] + buffers[j].bytes <= p.offsets[i];
        EXPECT_TRUE(!together || disjoint) << "seed " << seed;
      }
    }
    int64_t least = mostLiveBytes(buffers, 64);
    EXPECT_GE(p.bytes, least) << "seed " << seed;
    EXPECT_LE(p.bytes, 2 * least) << "seed " << seed;
  }
}
