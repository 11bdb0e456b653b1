// SPDX-License-Identifier: Apache-2.0
//
// Problems and shorthands of the schedule tests.
#ifndef MPT_TEST_UNIT_SCHEDULE_PROBLEMS_H
#define MPT_TEST_UNIT_SCHEDULE_PROBLEMS_H

#include "mpt/Analysis/Schedule/Generators.h"
#include "mpt/Analysis/Schedule/Lower.h"
#include "mpt/Analysis/Schedule/Simulate.h"
#include "mpt/Analysis/Schedule/Text.h"
#include "mpt/Analysis/Schedule/Verify.h"

#include <gtest/gtest.h>

namespace mpt::schedule {

/// Two stages with a tied table and the loss on stage 1, bytes and all.
inline ScheduleProblem tiedProblem() {
  ScheduleProblem p = chainProblem(2);
  p.rankBytes = 128; // step block, totals
  for (Stage &s : p.stages)
    s.fixedBytes = 84480 + 512; // parameters, accumulators, moments; inputs
  p.stages[0].savedBytes = 16640;
  p.stages[1].savedBytes = 24960;
  p.stages[0].workBytes = 24576;
  p.stages[1].workBytes = 28672;
  p.stages[1].weights = true;
  for (Edge &e : p.edges)
    e.bytes = 4096;
  p.ties.push_back({"wte.tie", {{0, 0}, {1, 0}}});
  return p;
}

inline constexpr const char *tiedText =
    R"(mpt.schedule v1 name=1f1b ranks=2 stages=2 mb=2 slices=1
place 0:0 1:1
rank 0: F0.0 F0.1 B0.0 B0.1 | TIE0 RS0 NORM0 SYNC OPT0
rank 1: WGT1 | F1.0 B1.0 F1.1 B1.1 | TIE0 RS1 NORM1 SYNC OPT1
)";

inline Schedule parsed(const std::string &text) {
  Result<Schedule> s = parseSchedule(text);
  if (s)
    return *s;
  ADD_FAILURE() << s.problems.front().str("text");
  return Schedule();
}

inline Schedule generated(const ScheduleProblem &p, const std::string &name,
                          int ranks, int microbatches,
                          std::vector<int> place = {}) {
  Result<Schedule> s = generate(p, {name, ranks, microbatches, place});
  if (s)
    return *s;
  ADD_FAILURE() << s.problems.front().message;
  return Schedule();
}

/// All messages, one a line; "" if there is none.
inline std::string messages(const Diagnostics &problems) {
  std::string all;
  for (const Diagnostic &d : problems)
    all += (all.empty() ? "" : "\n") + d.str("s.mpts");
  return all;
}

} // namespace mpt::schedule

#endif // MPT_TEST_UNIT_SCHEDULE_PROBLEMS_H
