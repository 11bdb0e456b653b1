// SPDX-License-Identifier: Apache-2.0
#include "mpt/Analysis/Sharding/PlanReshard.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

using namespace mpt::sharding;

namespace {
constexpr int x = 0, y = 1;
const std::vector<int64_t> mesh = {2, 4}, shape = {8, 8};

std::vector<ReshardStep::Kind> kinds(const ReshardPlan &plan) {
  std::vector<ReshardStep::Kind> list;
  for (const ReshardStep &step : plan.steps)
    list.push_back(step.kind);
  return list;
}

/// Everything gathered, then sliced: always possible.
int64_t throughWhole(const Placement &from) {
  Placement at = from;
  int64_t wire = 0;
  for (unsigned dim = 0; dim < at.size(); ++dim)
    while (!at[dim].empty())
      wire += applyStep(shape, mesh, {ReshardStep::Gather, at[dim].back(), dim},
                        at);
  return wire;
}

/// Elements of the block at the end that are not in the one at the start, of
/// the rank that lacks most: nobody can do with less.
int64_t leastWire(const Placement &from, const Placement &to) {
  int64_t most = 0;
  for (int64_t rank = 0; rank < mesh[x] * mesh[y]; ++rank) {
    int64_t at[] = {rank / mesh[y], rank % mesh[y]};
    int64_t both = 1;
    for (unsigned dim = 0; dim < shape.size(); ++dim) {
      auto range = [&](const std::vector<int> &axes) {
        int64_t begin = 0, size = shape[dim];
        for (int axis : axes)
          size /= mesh[axis], begin += at[axis] * size;
        return std::pair(begin, begin + size);
      };
      auto [a, b] = range(from[dim]);
      auto [c, d] = range(to[dim]);
      both *= std::max<int64_t>(0, std::min(b, d) - std::max(a, c));
    }
    most = std::max(most, localElements(shape, mesh, to) - both);
  }
  return most;
}

Placement randomPlacement(std::mt19937 &random) {
  Placement placement(2);
  std::vector<int> axes = {x, y};
  std::shuffle(axes.begin(), axes.end(), random);
  for (int axis : axes)
    if (unsigned at = random() % 3; at < 2)
      placement[at].push_back(axis);
  return placement;
}
} // namespace

// The table of golden sequences, as far as steps of whole axes reach; n = 64.
TEST(PlanReshard, TakesTheSequencesOfTheTable) {
  using K = ReshardStep::Kind;
  auto plan = planReshard(shape, mesh, {{x}, {}}, {{}, {x}});
  EXPECT_EQ(kinds(plan), std::vector<K>{K::Move});
  EXPECT_EQ(plan.wire, 16);
  plan = planReshard(shape, mesh, {{x, y}, {}}, {{x}, {}});
  EXPECT_EQ(kinds(plan), std::vector<K>{K::Gather});
  EXPECT_EQ(plan.wire, 24);
  plan = planReshard(shape, mesh, {{x, y}, {}}, {{x}, {y}});
  EXPECT_EQ(kinds(plan), std::vector<K>{K::Move});
  EXPECT_EQ(plan.wire, 6);
  plan = planReshard(shape, mesh, {{}, {}}, {{x}, {y}});
  EXPECT_EQ(kinds(plan), (std::vector<K>{K::Slice, K::Slice}));
  EXPECT_EQ(plan.wire, 0);
}

TEST(PlanReshard, GoesAroundTheWholeTensor) {
  using K = ReshardStep::Kind;
  auto plan = planReshard(shape, mesh, {{x}, {}}, {{y}, {}});
  EXPECT_EQ(kinds(plan), (std::vector<K>{K::Slice, K::Gather, K::Move}));
  EXPECT_EQ(plan.wire, 8 + 12);
  EXPECT_EQ(plan.peak, 32);
  // Another order of the same axes: no sequence of such steps stays within 8.
  plan = planReshard(shape, mesh, {{x, y}, {}}, {{y, x}, {}});
  EXPECT_EQ(plan.peak, 16);
}

// Uneven cuts are not moved.
TEST(PlanReshard, GathersUnevenDims) {
  using K = ReshardStep::Kind;
  auto plan = planReshard({7, 8}, mesh, {{x}, {}}, {{}, {x}});
  EXPECT_EQ(kinds(plan), (std::vector<K>{K::Gather, K::Slice}));
}

// Property (b) of the research page.
TEST(PlanReshard, LiesBetweenTheBounds) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    Placement from = randomPlacement(random), to = randomPlacement(random);
    ReshardPlan plan = planReshard(shape, mesh, from, to);
    Placement at = from;
    int64_t wire = 0;
    for (const ReshardStep &step : plan.steps)
      wire += applyStep(shape, mesh, step, at);
    EXPECT_EQ(at, to);
    EXPECT_EQ(wire, plan.wire);
    EXPECT_GE(wire, leastWire(from, to));
    EXPECT_LE(wire, throughWhole(from));
  }
}
