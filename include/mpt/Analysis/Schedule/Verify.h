// SPDX-License-Identifier: Apache-2.0
//
// Proofs about schedules. Each returns what it found; empty means proved.
#ifndef MPT_ANALYSIS_SCHEDULE_VERIFY_H
#define MPT_ANALYSIS_SCHEDULE_VERIFY_H

#include "mpt/Analysis/Schedule/Lower.h"
#include "mpt/Analysis/Schedule/Schedule.h"

namespace mpt::schedule {

/// The problem itself: indices in range, edges of unique names between
/// different stages, forward edges to later stages.
Diagnostics verifyProblem(const ScheduleProblem &problem);

/// Header, placement and completeness: every task the problem asks for exactly
/// once, on its stage's rank, in its part of the list, and no other. If the
/// list holds any transfer it must hold all of them.
Diagnostics verifyComplete(const ScheduleProblem &problem,
                           const Schedule &schedule);

/// Program order and data edges have no cycle; else the shortest one, with the
/// rank and number of each action on it.
Diagnostics verifyDependencies(const ScheduleProblem &problem,
                               const Schedule &schedule);

/// No deadlock under rendezvous when each rank has one blocking queue: a send
/// and its receive, an exchange and a collective of several ranks are one node
/// each, and program order over these nodes has no cycle. Collectives inside
/// tasks take part in program order; those of one coordinate need no proof,
/// since its ranks run one list.
Diagnostics verifyDeadlockFree(const ScheduleProblem &problem,
                               const Schedule &schedule);

/// All of the above, in this order, up to the first that finds something. The
/// deadlock proof of the compute form covers exchanges and collectives.
Diagnostics verify(const ScheduleProblem &problem, const Schedule &schedule);

/// Replays a lowered schedule: a slot is written only after its last reader,
/// and read only with the value written for that micro-batch.
Diagnostics verifySlots(const ScheduleProblem &problem,
                        const LoweredSchedule &lowered);

/// Peak bytes of every rank are within `problem.memoryLimit`.
Diagnostics verifyMemory(const ScheduleProblem &problem,
                         const LoweredSchedule &lowered);

} // namespace mpt::schedule

#endif // MPT_ANALYSIS_SCHEDULE_VERIFY_H
