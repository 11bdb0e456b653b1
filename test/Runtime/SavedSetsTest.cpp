// SPDX-License-Identifier: Apache-2.0
// Which saved sets are in use while an action list is walked.
#include "exec/SavedSets.h"

#include <gtest/gtest.h>

namespace mptrt {
namespace {

abi::Action run(int64_t task, int64_t microbatch, int64_t save) {
  return {abi::ActionRun, task, -1, microbatch, -1, {microbatch, save}};
}

abi::Action receive(int64_t transfer, int64_t microbatch, int64_t slot) {
  return {abi::ActionReceive, -1, transfer, microbatch, slot, {}};
}

/// Stage 1 of two: F, B, and a task of the step; h comes in.
abi::Manifest manifest() {
  abi::Manifest m;
  m.tasks = {{"s1_F", "F", 1, 0, {}},
             {"s1_B", "B", 1, 0, {}},
             {"s1_OPT", "OPT", 1, 0, {}}};
  m.transfers.resize(1);
  m.transfers[0].name = "h";
  m.transfers[0].to = 1;
  return m;
}

SavedSets walk(const std::vector<abi::Action> &actions) {
  abi::Coordinate coordinate;
  coordinate.actions = actions;
  SavedSets sets(manifest(), coordinate);
  for (int step = 0; step < 2; ++step) { // the second is as the first
    sets.restart();
    for (size_t i = 0; i < actions.size(); ++i)
      sets.after(i);
  }
  return sets;
}

TEST(SavedSets, LiveFromForwardToBackward) {
  SavedSets sets = walk({run(0, 0, 0),
                         run(0, 1, 1),
                         run(1, 0, 0),
                         run(0, 2, 0),
                         run(1, 1, 1),
                         run(1, 2, 0),
                         {abi::ActionRun, 2, -1, -1, -1, {0, 0}}});
  EXPECT_EQ(sets.planned(), 2);
  EXPECT_EQ(sets.peak(), 2);
  EXPECT_EQ(sets.inFlight(), 2);
}

TEST(SavedSets, AReceivedOperandTakesItsSetEarlier) {
  // Of micro-batch 1 it comes before the set of 0 is free: a second one.
  SavedSets sets = walk({receive(0, 0, 0), run(0, 0, 0), receive(0, 1, 1),
                         run(1, 0, 0), run(0, 1, 1), run(1, 1, 1)});
  EXPECT_EQ(sets.planned(), 2);
  EXPECT_EQ(sets.peak(), 2);
  EXPECT_EQ(sets.inFlight(), 1);
}

TEST(SavedSets, AnOperandWithSlotsOfItsOwnDoesNot) {
  SavedSets sets = walk({receive(0, 0, 0), run(0, 0, 0), receive(0, 1, 1),
                         run(1, 0, 0), run(0, 1, 0), run(1, 1, 0)});
  EXPECT_EQ(sets.planned(), 1);
  EXPECT_EQ(sets.peak(), 1);
}

} // namespace
} // namespace mptrt
