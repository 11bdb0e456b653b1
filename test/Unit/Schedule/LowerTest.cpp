// SPDX-License-Identifier: Apache-2.0
//
// Lowering: the list of the small example to the letter, the transfer order on
// four ranks, proofs over many schedules, skips and several tensors, memory.

#include "Problems.h"

#include <chrono>
#include <limits>

namespace mpt::schedule {
namespace {

LoweredSchedule lowered(const ScheduleProblem &p, const Schedule &s) {
  Result<LoweredSchedule> l = lower(p, s);
  if (l)
    return *l;
  ADD_FAILURE() << messages(l.problems);
  return LoweredSchedule();
}

TEST(Lower, TiedExampleToTheLetter) {
  ScheduleProblem p = tiedProblem();
  LoweredSchedule l = lowered(p, parsed(tiedText));
  EXPECT_EQ(printLowered(p, l), R"(pp 0 peak 155264
  run F0.0 {mb = 0, save = 0, h1 = 0}
  send h1 {mb = 0, slot = 0} to 1
  run F0.1 {mb = 1, save = 1, h1 = 1}
  send h1 {mb = 1, slot = 1} to 1
  recv dh1 {mb = 0, slot = 0} from 1
  run B0.0 {mb = 0, save = 0, dh1 = 0}
  recv dh1 {mb = 1, slot = 0} from 1
  run B0.1 {mb = 1, save = 1, dh1 = 0}
  exchange TIE0
  run RS0
  run NORM0
  exchange SYNC
  run OPT0
pp 1 peak 146944
  run WGT1
  recv h1 {mb = 0, slot = 0} from 0
  run F1.0 {mb = 0, save = 0, h1 = 0}
  run B1.0 {mb = 0, save = 0, dh1 = 0}
  recv h1 {mb = 1, slot = 0} from 0
  send dh1 {mb = 0, slot = 0} to 0
  run F1.1 {mb = 1, save = 0, h1 = 0}
  run B1.1 {mb = 1, save = 0, dh1 = 1}
  send dh1 {mb = 1, slot = 1} to 0
  exchange TIE0
  run RS1
  run NORM1
  exchange SYNC
  run OPT1
)");
}

TEST(Lower, TransferOrderOnFourRanks) {
  ScheduleProblem p = chainProblem(4);
  Result<Schedule> s = insertTransfers(p, generated(p, "1f1b", 4, 8));
  ASSERT_TRUE(s);
  std::string text = printSchedule(*s);
  for (const char *line :
       {"rank 0: F0.0 SF0.0 F0.1 SF0.1 F0.2 SF0.2 F0.3 SF0.3 RB0.0 B0.0 F0.4 "
        "SF0.4 RB0.1 B0.1 ",
        " RB0.7 B0.7 | RS0",
        "rank 1: RF1.0 F1.0 RF1.1 SF1.0 F1.1 RF1.2 SF1.1 F1.2 RF1.3 SF1.2 "
        "RB1.0 B1.0 SB1.0 F1.3 SF1.3 RB1.1 B1.1 RF1.4 SB1.1 F1.4 ",
        "rank 3: RF3.0 F3.0 B3.0 RF3.1 SB3.0 F3.1 B3.1 RF3.2 SB3.1 F3.2 B3.2 ",
        " RF3.7 SB3.6 F3.7 B3.7 SB3.7 | RS3"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  EXPECT_EQ(parsed(text), *s);
  EXPECT_EQ(messages(insertTransfers(p, *s).problems),
            "s.mpts: the schedule has transfers already");
}

/// Number of slots of the pool of this kind and owner.
int slots(const LoweredRank &r, PoolKind kind, int owner) {
  for (const Pool &pool : r.pools)
    if (pool.kind == kind && pool.owner == owner)
      return pool.slots;
  return 0;
}

/// Every generated schedule lowers, and its saved sets are those in flight.
TEST(Lower, AllGeneratedSchedulesAreProved) {
  for (int stages : {1, 2, 3, 4, 8})
    for (int m : {1, 2, 3, 8, 13})
      for (const char *name : {"gpipe", "1f1b"})
        for (int ranks = 1; ranks <= stages; ++ranks)
          for (bool robin : {false, true})
            for (double latency : {0.0, 0.3}) {
              ScheduleProblem p = chainProblem(stages);
              p.latency = latency;
              Schedule s =
                  generated(p, name, ranks, m,
                            robin ? roundRobinPlacement(stages, ranks)
                                  : contiguousPlacement(stages, ranks));
              LoweredSchedule l = lowered(p, s);
              Result<Simulation> sim = simulate(p, s);
              ASSERT_TRUE(sim);
              double strict = simulateLowered(p, l);
              EXPECT_GE(strict, sim->makespan - 1e-9);
              EXPECT_LT(strict, std::numeric_limits<double>::infinity());
              if (ranks == stages)
                for (int r = 0; r < ranks; ++r) {
                  // A set comes to life with the receive into it, which the
                  // order of messages may put one backward ahead of F.
                  int sets = slots(l.ranks[r], PoolKind::Saved, r);
                  EXPECT_GE(sets, sim->ranks[r].peakInFlight);
                  EXPECT_LE(sets, sim->ranks[r].peakInFlight + 1);
                }
            }
}

TEST(Lower, StagesOfOneRankHandOver) {
  ScheduleProblem p = tiedProblem();
  p.edges[0].kept = false; // also a slot of its own for h1
  LoweredSchedule l = lowered(p, generated(p, "1f1b", 1, 2));
  EXPECT_EQ(printLowered(p, l), R"(pp 0 peak 248576
  run WGT1
  run F0.0 {mb = 0, save = 0, h1 = 0}
  hand_over h1 {mb = 0, slot = 0}
  run F1.0 {mb = 0, save = 0, h1 = 0}
  run B1.0 {mb = 0, save = 0, dh1 = 0}
  hand_over dh1 {mb = 0, slot = 0}
  run B0.0 {mb = 0, save = 0, dh1 = 0}
  run F0.1 {mb = 1, save = 0, h1 = 0}
  hand_over h1 {mb = 1, slot = 0}
  run F1.1 {mb = 1, save = 0, h1 = 0}
  run B1.1 {mb = 1, save = 0, dh1 = 0}
  hand_over dh1 {mb = 1, slot = 0}
  run B0.1 {mb = 1, save = 0, dh1 = 0}
  exchange TIE0
  run RS0
  run RS1
  run NORM0
  run NORM1
  exchange SYNC
  run OPT0
  run OPT1
)");
}

/// A kept operand on the same rank is written right into the saved set.
TEST(Lower, KeptOperandOfTheSameRankLiesInTheSavedSet) {
  ScheduleProblem p = tiedProblem();
  LoweredSchedule l = lowered(p, generated(p, "gpipe", 1, 2));
  const LoweredRank &r = l.ranks[0];
  EXPECT_EQ(slots(r, PoolKind::HandOver, 0), 0);
  EXPECT_EQ(slots(r, PoolKind::Saved, 1), 2);
  EXPECT_EQ(r.actions[4].kind, Kind::F); // F0.1, after WGT1 F0.0 L F1.0
  EXPECT_EQ(r.actions[4].slots[0].slot, 1);
}

/// U-Net: skips 0 -> 3 and 0 -> 2, two tensors 1 -> 2, one without gradient.
ScheduleProblem skipProblem() {
  ScheduleProblem p = chainProblem(4);
  auto add = [&](const char *name, int from, int to, bool kept) {
    p.edges.push_back({name, from, to, Direction::Forward, 64, kept});
  };
  add("skip", 0, 3, true);
  add("skip2", 0, 2, false);
  add("mask", 1, 2, false);
  p.edges.push_back({"dskip", 3, 0, Direction::Backward, 64, false});
  p.edges.push_back({"dskip2", 2, 0, Direction::Backward, 64, true});
  return p;
}

TEST(Lower, SkipsAndSeveralTensorsPerCut) {
  ScheduleProblem p = skipProblem();
  for (const char *name : {"gpipe", "1f1b"})
    for (int ranks : {1, 2, 3, 4})
      for (bool robin : {false, true})
        lowered(p, generated(p, name, ranks, 5,
                             robin ? roundRobinPlacement(4, ranks)
                                   : contiguousPlacement(4, ranks)));
  Result<Schedule> s = insertTransfers(p, generated(p, "1f1b", 4, 1));
  ASSERT_TRUE(s);
  EXPECT_EQ(printSchedule(*s),
            R"(mpt.schedule v1 name=1f1b ranks=4 stages=4 mb=1 slices=1
place 0:0 1:1 2:2 3:3
rank 0: F0.0 SF0.0:h1 SF0.0:skip SF0.0:skip2 RB0.0:dskip RB0.0:dskip2 RB0.0:dh1 B0.0 | RS0 NORM0 SYNC OPT0
rank 1: RF1.0 F1.0 SF1.0:h2 SF1.0:mask RB1.0 B1.0 SB1.0 | RS1 NORM1 SYNC OPT1
rank 2: RF2.0:skip2 RF2.0:h2 RF2.0:mask F2.0 SF2.0 RB2.0 B2.0 SB2.0:dh2 SB2.0:dskip2 | RS2 NORM2 SYNC OPT2
rank 3: RF3.0:skip RF3.0:h3 F3.0 B3.0 SB3.0:dh3 SB3.0:dskip | RS3 NORM3 SYNC OPT3
)");
}

TEST(Lower, SplitBackwardKeepsTheSavedSetUntilW) {
  ScheduleProblem p = chainProblem(2);
  Schedule s =
      parsed("mpt.schedule v1 name=own ranks=2 stages=2 mb=2 slices=1\n"
             "place 0:0 1:1\n"
             "rank 0: F0.0 F0.1 B0.0 B0.1 | RS0 NORM0 SYNC OPT0\n"
             "rank 1: F1.0 I1.0 F1.1 I1.1 W1.0 W1.1 | RS1 NORM1 SYNC OPT1\n");
  LoweredSchedule l = lowered(p, s);
  EXPECT_EQ(slots(l.ranks[1], PoolKind::Saved, 1), 2);
  Result<Simulation> sim = simulate(p, s);
  ASSERT_TRUE(sim);
  EXPECT_EQ(sim->makespan, 7) << "two less than with B, at the price of a set";
  EXPECT_EQ(sim->ranks[1].peakInFlight, 2);
}

TEST(Lower, HookPostsAReceiveEarly) {
  ScheduleProblem p = tiedProblem();
  std::string text = tiedText;
  text.replace(text.find("B1.0"), 4, "B1.0{RF1.1@2}");
  LoweredSchedule l = lowered(p, parsed(text));
  std::string list = printLowered(p, l);
  EXPECT_NE(list.find("  run F1.0 {mb = 0, save = 0, h1 = 0}\n"
                      "  run B1.0 {mb = 0, save = 0, dh1 = 0} at 2 RF1.1 {slot "
                      "= 1}\n"
                      "  send dh1 {mb = 0, slot = 0} to 0\n"
                      "  run F1.1 {mb = 1, save = 1, h1 = 1}\n"),
            std::string::npos)
      << list;
  EXPECT_EQ(l.ranks[1].peakBytes, 146944 + 24960) << "a second saved set";
  EXPECT_EQ(simulateLowered(p, l), 9);
}

//===----------------------------------------------------------------------===//
// Slots, memory, time
//===----------------------------------------------------------------------===//

/// Changes the tied example's slots and returns what the replay says.
template <typename Edit> std::string replayed(Edit edit) {
  ScheduleProblem p = tiedProblem();
  LoweredSchedule l = lowered(p, parsed(tiedText));
  edit(l);
  return messages(verifySlots(p, l));
}

TEST(Slots, ReplayFindsWrongNumbers) {
  EXPECT_EQ(replayed([](LoweredSchedule &) {}), "");
  EXPECT_EQ(
      replayed([](LoweredSchedule &l) { l.ranks[0].actions[2].save = 0; }),
      "s.mpts: 'F0.1' (rank 0 action 3) writes saved set 0 of stage 0, "
      "which holds micro-batch 0 until its last reader has run");
  EXPECT_EQ(replayed([](LoweredSchedule &l) {
              std::swap(l.ranks[1].actions[3], l.ranks[1].actions[4]);
            }),
            "s.mpts: 'RF1.1' (rank 1 action 4) writes saved set 0 of stage 1, "
            "which holds micro-batch 0 until its last reader has run");
  EXPECT_EQ(replayed([](LoweredSchedule &l) {
              std::swap(l.ranks[0].actions[5], l.ranks[0].actions[6]);
            }),
            "s.mpts: 'RB0.1' (rank 0 action 6) writes receive slot 0 of 'dh1', "
            "which holds micro-batch 0 until its last reader has run");
  EXPECT_EQ(replayed([](LoweredSchedule &l) {
              std::swap(l.ranks[0].actions[1], l.ranks[0].actions[2]);
              l.ranks[0].actions[1].slots[0].slot = 0;
            }),
            "s.mpts: 'F0.1' (rank 0 action 2) writes send slot 0 of 'h1', "
            "which holds micro-batch 0 until it is sent");
  EXPECT_EQ(
      replayed([](LoweredSchedule &l) { l.ranks[1].actions[8].slot = 0; }),
      "s.mpts: 'SB1.1' (rank 1 action 9) reads send slot 0 of 'dh1', "
      "which holds nothing; expected micro-batch 1");
  EXPECT_EQ(
      replayed([](LoweredSchedule &l) { l.ranks[0].actions[5].save = 1; }),
      "s.mpts: 'B0.0' (rank 0 action 6) reads saved set 1 of stage 0, "
      "which holds micro-batch 1; expected micro-batch 0");
}

TEST(Memory, LimitNamesBytesAndAction) {
  ScheduleProblem p = tiedProblem();
  p.memoryLimit = 155264;
  EXPECT_TRUE(lower(p, parsed(tiedText)));
  p.memoryLimit = 155263;
  EXPECT_EQ(messages(lower(p, parsed(tiedText)).problems),
            "s.mpts: rank 0 needs 155264 bytes, the limit is 155263: fixed "
            "85120, 2 saved sets of stage 0 x 16640, 2 send slots of 'h1' x "
            "4096, 1 receive slot of 'dh1' x 4096, working set 24576; 'RB0.0' "
            "(rank 0 action 5) crosses it");
  p.memoryLimit = 140000;
  EXPECT_EQ(messages(lower(p, parsed(tiedText)).problems),
            "s.mpts: rank 0 needs 155264 bytes, the limit is 140000: fixed "
            "85120, 2 saved sets of stage 0 x 16640, 2 send slots of 'h1' x "
            "4096, 1 receive slot of 'dh1' x 4096, working set 24576; 'F0.1' "
            "(rank 0 action 3) crosses it\n"
            "s.mpts: rank 1 needs 146944 bytes, the limit is 140000: fixed "
            "85120, 1 saved set of stage 1 x 24960, 2 send slots of 'dh1' x "
            "4096, working set 28672; 'B1.0' (rank 1 action 4) crosses it");
  p.memoryLimit = 1;
  EXPECT_EQ(messages(verifyMemory(p, assignSlots(p, *insertTransfers(
                                                        p, parsed(tiedText)))))
                .substr(0, 56),
            "s.mpts: rank 0 needs 155264 bytes, the limit is 1: fixed");
}

TEST(SimulateLowered, CountsTheWaitOfABlockingQueue) {
  ScheduleProblem p = tiedProblem();
  EXPECT_EQ(simulateLowered(p, lowered(p, parsed(tiedText))), 9);
  p.latency = 0.5;
  Result<Simulation> free = simulate(p, parsed(tiedText));
  ASSERT_TRUE(free);
  EXPECT_EQ(free->makespan, 10);
  EXPECT_EQ(simulateLowered(p, lowered(p, parsed(tiedText))), 10.5)
      << "SF0.1 blocks B0.0's receive until B1.0 has left the slot";
}

/// 64 ranks, 512 micro-batches, four stages a rank.
TEST(Lower, LargeSchedulesTakeSeconds) {
  ScheduleProblem p = chainProblem(256);
  auto begin = std::chrono::steady_clock::now();
  LoweredSchedule l =
      lowered(p, generated(p, "1f1b", 64, 512, roundRobinPlacement(256, 64)));
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(l.ranks.size(), 64u);
  EXPECT_LT(seconds.count(), 30) << "ten on a free machine";
}

} // namespace
} // namespace mpt::schedule
