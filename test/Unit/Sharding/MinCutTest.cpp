// SPDX-License-Identifier: Apache-2.0
#include "mpt/Analysis/Sharding/MinCut.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

using mpt::sharding::CutNetwork;

TEST(MinCut, TakesTheCheapestEdgeOfAPath) {
  CutNetwork network;
  int a = network.addNode(), b = network.addNode();
  network.addEdge(network.source(), a, 5);
  network.addEdge(a, b, 2);
  network.addEdge(b, network.sink(), 4);
  EXPECT_EQ(network.cut(), 2);
  EXPECT_TRUE(network.isWithSource(a));
  EXPECT_FALSE(network.isWithSource(b));
}

TEST(MinCut, StaysNextToTheSourceAmongEqualCuts) {
  CutNetwork network;
  int a = network.addNode();
  network.addEdge(network.source(), a, 3);
  network.addEdge(a, network.sink(), 3);
  EXPECT_EQ(network.cut(), 3);
  EXPECT_FALSE(network.isWithSource(a));
}

TEST(MinCut, SaysWhenThereIsNone) {
  CutNetwork network;
  network.addEdge(network.source(), network.sink(), CutNetwork::kUncut);
  EXPECT_GE(network.cut(), CutNetwork::kUncut);
}

// Against all 2^n ways to divide the nodes of random networks.
TEST(MinCut, EqualsTheBestOfAllCuts) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    constexpr int inner = 6, all = inner + 2;
    int64_t capacity[all][all] = {};
    CutNetwork network;
    for (int i = 0; i < inner; ++i)
      network.addNode();
    for (int edge = 0; edge < 14; ++edge) {
      int from = static_cast<int>(random() % all);
      int to = static_cast<int>(random() % all);
      int64_t size = 1 + static_cast<int64_t>(random() % 9);
      if (from == to)
        continue;
      network.addEdge(from, to, size);
      capacity[from][to] += size;
    }
    auto costOf = [&](int sides) {
      int64_t cost = 0;
      for (int from = 0; from < all; ++from)
        for (int to = 0; to < all; ++to)
          if ((sides >> from & 1) && !(sides >> to & 1))
            cost += capacity[from][to];
      return cost;
    };
    int64_t best = CutNetwork::kUncut;
    for (int sides = 0; sides < 1 << all; ++sides)
      if ((sides & 1) && !(sides & 2))
        best = std::min(best, costOf(sides));
    ASSERT_EQ(network.cut(), best);
    int sides = 1;
    for (int node = 2; node < all; ++node)
      sides |= network.isWithSource(node) << node;
    EXPECT_EQ(costOf(sides), best);
  }
}
