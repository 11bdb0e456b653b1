// SPDX-License-Identifier: Apache-2.0
//
// The event simulator of the compute form.
//
// A rank runs its list one action at a time:
//   start(x) = max(end(previous action of the rank),
//                  max over operands of end(producer) + c if the ranks differ)
// with c = latency + bytes * byteTime. Per-step tasks take no time; TIE and
// SYNC wait for all their ranks. Messages do not hold back each other: the
// wait of a blocking transfer queue is that of `simulateLowered` (Lower.h).
#ifndef MPT_ANALYSIS_SCHEDULE_SIMULATE_H
#define MPT_ANALYSIS_SCHEDULE_SIMULATE_H

#include "mpt/Analysis/Schedule/Schedule.h"

namespace mpt::schedule {

struct Span {
  double start = 0, end = 0;
};

struct RankReport {
  double busy = 0;      ///< sum of the costs of its actions
  double span = 0;      ///< end of its last minus start of its first action
  double bubble = 0;    ///< makespan - busy
  int peakInFlight = 0; ///< most saved sets alive at once
  int sends = 0, receives = 0;
};

struct Simulation {
  double makespan = 0;
  /// Most loaded rank's span; (span - busy) / span is the bubble rate of
  /// papers that let ranks start the next step unevenly.
  double longestSpan = 0;
  int messages = 0; ///< sends of all ranks
  std::vector<RankReport> ranks;
  std::vector<std::vector<Span>> times; ///< per rank, per action
};

/// Runs a verified schedule. Fails on a cost that is not positive, and on an
/// order that cannot run (which `verify` explains).
Result<Simulation> simulate(const ScheduleProblem &problem,
                            const Schedule &schedule);

} // namespace mpt::schedule

#endif // MPT_ANALYSIS_SCHEDULE_SIMULATE_H
