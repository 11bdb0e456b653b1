// SPDX-License-Identifier: Apache-2.0
//
// Generators and simulator against closed forms and published numbers. Unit
// costs T_F = 1, T_B = 2 (its two halves 1 + 1) unless stated.

#include "Problems.h"

#include <algorithm>
#include <cmath>

namespace mpt::schedule {
namespace {

Simulation simulated(const ScheduleProblem &p, const Schedule &s) {
  Result<Simulation> r = simulate(p, s);
  if (r)
    return *r;
  ADD_FAILURE() << r.problems.front().message;
  return Simulation();
}

std::vector<int> peaks(const Simulation &sim) {
  std::vector<int> v;
  for (const RankReport &r : sim.ranks)
    v.push_back(r.peakInFlight);
  return v;
}

std::vector<int> sends(const Simulation &sim) {
  std::vector<int> v;
  for (const RankReport &r : sim.ranks)
    v.push_back(r.sends);
  return v;
}

/// The file a user would write for the same schedule.
TEST(Generators, TiedProblemGivesTheKnownText) {
  EXPECT_EQ(printSchedule(generated(tiedProblem(), "1f1b", 2, 2)), tiedText);
}

TEST(Generators, OneForwardOneBackwardOnFourRanks) {
  Schedule s = generated(chainProblem(4), "1f1b", 4, 8);
  EXPECT_EQ(printSchedule(s),
            R"(mpt.schedule v1 name=1f1b ranks=4 stages=4 mb=8 slices=1
place 0:0 1:1 2:2 3:3
rank 0: F0.0 F0.1 F0.2 F0.3 B0.0 F0.4 B0.1 F0.5 B0.2 F0.6 B0.3 F0.7 B0.4 B0.5 B0.6 B0.7 | RS0 NORM0 SYNC OPT0
rank 1: F1.0 F1.1 F1.2 B1.0 F1.3 B1.1 F1.4 B1.2 F1.5 B1.3 F1.6 B1.4 F1.7 B1.5 B1.6 B1.7 | RS1 NORM1 SYNC OPT1
rank 2: F2.0 F2.1 B2.0 F2.2 B2.1 F2.3 B2.2 F2.4 B2.3 F2.5 B2.4 F2.6 B2.5 F2.7 B2.6 B2.7 | RS2 NORM2 SYNC OPT2
rank 3: F3.0 B3.0 F3.1 B3.1 F3.2 B3.2 F3.3 B3.3 F3.4 B3.4 F3.5 B3.5 F3.6 B3.6 F3.7 B3.7 | RS3 NORM3 SYNC OPT3
)");
}

TEST(Generators, InferenceHasForwardTasksOnly) {
  ScheduleProblem p = chainProblem(3, /*training=*/false);
  Schedule s = generated(p, "1f1b", 2, 2);
  EXPECT_EQ(printSchedule(s),
            "mpt.schedule v1 name=1f1b ranks=2 stages=3 mb=2 slices=1\n"
            "place 0:0 1:0 2:1\n"
            "rank 0: F0.0 F1.0 F0.1 F1.1\n"
            "rank 1: F2.0 F2.1\n");
  EXPECT_EQ(messages(verify(p, s)), "");
  EXPECT_TRUE(lower(p, s));
}

TEST(Generators, ParameterGathersStandInThePrologue) {
  ScheduleProblem p = chainProblem(2);
  p.stages[0].gather = p.stages[1].gather = p.stages[1].weights = true;
  p.stages[0].backward = p.stages[0].update = p.stages[0].norm = false;
  p.stages[0].buckets = 0; // frozen
  p.edges.pop_back();
  Schedule s = generated(p, "1f1b", 1, 2);
  EXPECT_EQ(printSchedule(s),
            "mpt.schedule v1 name=1f1b ranks=1 stages=2 mb=2 slices=1\n"
            "place 0:0 1:0\n"
            "rank 0: AG0 AG1 WGT1 | F0.0 F1.0 B1.0 F0.1 F1.1 B1.1 | RS1 NORM1 "
            "SYNC OPT1\n");
  EXPECT_EQ(messages(verify(p, s)), "");
}

/// Micro-batches of a stage's B in the order they run.
std::vector<std::vector<int>> backwardOrder(const Schedule &s) {
  std::vector<std::vector<int>> order(s.stages);
  for (const RankList &list : s.ranks)
    for (const Action &a : list.actions)
      if (a.kind == Kind::B)
        order[a.stage].push_back(a.microbatch);
  return order;
}

/// Gradients are accumulated in one order whatever the schedule and placement.
TEST(Generators, AccumulationOrderIsThatOfOneRank) {
  for (int stages : {2, 3, 4, 6})
    for (int m : {1, 2, 3, 7}) {
      ScheduleProblem p = chainProblem(stages);
      auto reference = backwardOrder(generated(p, "gpipe", 1, m));
      for (const auto &one : reference) {
        EXPECT_EQ(static_cast<int>(one.size()), m);
        EXPECT_TRUE(std::is_sorted(one.begin(), one.end()));
      }
      for (const char *name : {"gpipe", "1f1b"})
        for (int ranks = 1; ranks <= stages; ++ranks)
          for (bool robin : {false, true}) {
            Schedule s = generated(p, name, ranks, m,
                                   robin ? roundRobinPlacement(stages, ranks)
                                         : contiguousPlacement(stages, ranks));
            EXPECT_EQ(backwardOrder(s), reference);
            EXPECT_EQ(messages(verify(p, s)), "");
          }
    }
}

TEST(Generators, OneRankNeedsOneSavedSetPerStage) {
  ScheduleProblem p = chainProblem(3);
  EXPECT_EQ(peaks(simulated(p, generated(p, "1f1b", 1, 6))),
            std::vector<int>({3}));
}

TEST(Generators, RequestsThatCannotBe) {
  ScheduleProblem p = chainProblem(2);
  auto why = [&](GeneratorRequest q) {
    Result<Schedule> s = generate(p, q);
    return s ? std::string("accepted") : s.problems.front().message;
  };
  EXPECT_EQ(why({"zb-h1", 2, 2, {}}),
            "unknown schedule 'zb-h1'; expected gpipe or 1f1b");
  EXPECT_EQ(why({"1f1b", 3, 2, {}}),
            "found 2 stages for 3 ranks; expected at least one stage per rank");
  EXPECT_EQ(why({"1f1b", 2, 0, {}}), "found 2 ranks and 0 micro-batches; "
                                     "expected at least 1 of each");
  EXPECT_EQ(why({"1f1b", 2, 2, {0}}),
            "the placement has 1 entries; expected 2");
  EXPECT_EQ(why({"1f1b", 2, 2, {0, 2}}),
            "the placement names rank 2; expected 0 to 1");
  EXPECT_EQ(why({"1f1b", 2, 2, {0, 0}}),
            "the placement leaves rank 1 without a stage");
}

//===----------------------------------------------------------------------===//
// Simulator
//===----------------------------------------------------------------------===//

struct Row {
  const char *name;
  int p, m;
  double makespan, rate;
  std::vector<int> peak, sends;
};

TEST(Simulate, PublishedRows) {
  const Row rows[] = {{"gpipe", 4, 8, 33, .2727, {8, 8, 8, 8}, {8, 16, 16, 8}},
                      {"1f1b", 4, 8, 33, .2727, {4, 3, 2, 1}, {8, 16, 16, 8}},
                      {"1f1b", 4, 2, 15, .6000, {2, 2, 2, 1}, {2, 4, 4, 2}},
                      {"1f1b",
                       8,
                       16,
                       69,
                       .3043,
                       {8, 7, 6, 5, 4, 3, 2, 1},
                       {16, 32, 32, 32, 32, 32, 32, 16}},
                      {"1f1b",
                       8,
                       8,
                       45,
                       .4667,
                       {8, 7, 6, 5, 4, 3, 2, 1},
                       {8, 16, 16, 16, 16, 16, 16, 8}}};
  for (const Row &row : rows) {
    ScheduleProblem p = chainProblem(row.p);
    Simulation sim = simulated(p, generated(p, row.name, row.p, row.m));
    EXPECT_EQ(sim.makespan, row.makespan);
    EXPECT_NEAR((sim.makespan - 3 * row.m) / sim.makespan, row.rate, 5e-5);
    EXPECT_EQ(peaks(sim), row.peak);
    EXPECT_EQ(sends(sim), row.sends);
  }
}

TEST(Simulate, IdentitiesUpToEightRanks) {
  for (int p = 1; p <= 8; ++p) {
    ScheduleProblem problem = chainProblem(p);
    for (int m = 1; m <= 24; ++m)
      for (const char *name : {"gpipe", "1f1b"}) {
        SCOPED_TRACE(std::string(name) + " p=" + std::to_string(p) +
                     " m=" + std::to_string(m));
        Schedule s = generated(problem, name, p, m);
        ASSERT_EQ(messages(verify(problem, s)), "");
        Simulation sim = simulated(problem, s);
        ASSERT_EQ(sim.makespan, 3 * (m + p - 1));
        ASSERT_EQ(sim.messages, 2 * m * (p - 1));
        int receives = 0;
        for (int r = 0; r < p; ++r) {
          bool gpipe = s.name == "gpipe";
          ASSERT_EQ(sim.ranks[r].peakInFlight, gpipe ? m : std::min(m, p - r));
          ASSERT_EQ(sim.ranks[r].busy, 3 * m);
          ASSERT_EQ(sim.ranks[r].bubble, 3 * (p - 1));
          receives += sim.ranks[r].receives;
        }
        ASSERT_EQ(receives, sim.messages);
        ASSERT_EQ(sim.ranks[0].span, sim.makespan);
        ASSERT_EQ(sim.ranks[p - 1].span, 3 * m);
      }
  }
}

/// The walkthrough's times: T_F = 1, T_B = 2, makespan 9.
TEST(Simulate, TimesOfTheSmallExample) {
  ScheduleProblem p = tiedProblem();
  Simulation sim = simulated(p, parsed(tiedText));
  auto list = [&](int rank, size_t begin) {
    std::vector<double> v;
    for (size_t i = begin; i < begin + 4; ++i) {
      v.push_back(sim.times[rank][i].start);
      v.push_back(sim.times[rank][i].end);
    }
    return v;
  };
  EXPECT_EQ(list(0, 0), std::vector<double>({0, 1, 1, 2, 4, 6, 7, 9}));
  EXPECT_EQ(list(1, 1), std::vector<double>({1, 2, 2, 4, 4, 5, 5, 7}));
  EXPECT_EQ(sim.makespan, 9);
  EXPECT_EQ(sim.times[1].back().end, 9) << "SYNC waits for rank 0";
}

/// Extra time of 1F1B by message latency c = 0.1, in units of c.
TEST(Simulate, LatencyTermOfOneForwardOneBackward) {
  struct Case {
    int p, m, extra;
  };
  for (Case c :
       {Case{4, 8, 16}, Case{8, 24, 54}, Case{8, 64, 124}, Case{16, 48, 118}}) {
    ScheduleProblem p = chainProblem(c.p);
    p.latency = 0.1;
    Simulation sim = simulated(p, generated(p, "1f1b", c.p, c.m));
    EXPECT_NEAR(sim.makespan, 3 * (c.m + c.p - 1) + 0.1 * c.extra, 1e-9);
  }
}

/// Qi et al., Zero Bubble Pipeline Parallelism, tables 5 and 9: measured times
/// in ms and the 1F1B bubble rate of their event model.
TEST(Simulate, BubbleRatesOfZeroBubbleTableFive) {
  struct Case {
    int p, m;
    double f, b, w, c, rate;
  };
  const Case cases[] = {{8, 24, 18.522, 18.086, 9.337, .601, .2431},
                        {8, 32, 18.513, 18.086, 9.331, .626, .1985},
                        {8, 64, 18.546, 18.097, 9.321, .762, .1240},
                        {8, 24, 29.718, 29.444, 19.927, .527, .2347},
                        {8, 32, 29.802, 29.428, 19.530, .577, .1898},
                        {8, 64, 29.935, 29.621, 19.388, .535, .1091},
                        {16, 48, 11.347, 11.248, 8.132, .377, .2552},
                        {16, 64, 11.307, 11.254, 8.101, .379, .2082},
                        {16, 128, 11.325, 11.308, 8.109, .378, .1251},
                        {32, 96, 10.419, 10.207, 7.715, .408, .2646},
                        {32, 128, 10.408, 10.204, 7.703, .408, .2168},
                        {32, 256, 10.402, 10.248, 7.698, .460, .1352}};
  for (const Case &c : cases) {
    ScheduleProblem p = chainProblem(c.p);
    p.latency = c.c;
    for (Stage &s : p.stages) {
      s.costs.f = c.f;
      s.costs.b = c.b + c.w;
    }
    Simulation sim = simulated(p, generated(p, "1f1b", c.p, c.m));
    double ideal = c.m * (c.f + c.b + c.w);
    EXPECT_NEAR((sim.longestSpan - ideal) / sim.longestSpan, c.rate, 5.1e-5)
        << c.p << " " << c.m;
  }
}

TEST(Simulate, RefusesCostsAndOrdersItCannotRun) {
  ScheduleProblem p = tiedProblem();
  p.stages[1].costs.b = 0;
  EXPECT_EQ(messages(simulate(p, parsed(tiedText)).problems),
            "s.mpts: the cost of 'B1' is not positive");
  std::string text = tiedText;
  text.replace(text.find("F0.0 F0.1 B0.0"), 14, "B0.0 F0.0 F0.1");
  EXPECT_EQ(messages(simulate(tiedProblem(), parsed(text)).problems),
            "s.mpts:3:9: the simulation stops: 'B0.0' (rank 0 action 1) waits "
            "for a task that never ends");
}

} // namespace
} // namespace mpt::schedule
