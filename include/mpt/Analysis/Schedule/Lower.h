// SPDX-License-Identifier: Apache-2.0
//
// From the compute form to what ranks execute: transfers and slots.
//
// 1. Transfers. The schedule is simulated, all messages between ranks are
//    sorted by the time their producer ends, and each rank gets the projection
//    of that one order, which makes it free of deadlock. A receive is posted
//    directly before its consumer (earlier where a hook `F0.3{RF0.4@2}` says
//    so), a send as soon as the projected order allows.
// 2. Slots, by colouring lifetimes in list order, lowest free number first:
//    saved set   from F (or the receive into it) to B (or W);
//    receive     from its posting to its reader (kept: to the last reader);
//    send        from its producer to the send, but at least up to the next
//                producer of the same edge: a task never waits for the send of
//                the run before it (two buffers suffice for that);
//    hand-over   from producer to reader.
// 3. Peak bytes: fixed parts + slots of all pools + the largest working set.
#ifndef MPT_ANALYSIS_SCHEDULE_LOWER_H
#define MPT_ANALYSIS_SCHEDULE_LOWER_H

#include "mpt/Analysis/Schedule/Schedule.h"

namespace mpt::schedule {

/// `edge` (index into the problem's) lies in slot `slot` of its pool; for a
/// kept forward operand that pool is the saved sets of its reader.
struct SlotUse {
  int edge = 0, slot = 0;
};

/// A hook with its resolved edge and slot (-1: no transfer).
struct LoweredHook {
  Task task;
  int point = 0;
  int edge = -1, slot = -1, peer = -1;
};

/// One action of a rank. Transfers and hand-overs: `edge`, `slot`, and `peer`,
/// the other rank. Micro-batch tasks: `save`, the saved set (-1: none), and
/// `slots`, where each received and sent edge lies, received ones first.
struct LoweredAction : Task {
  int edge = -1, slot = -1, peer = -1;
  int save = -1;
  std::vector<SlotUse> slots;
  std::vector<LoweredHook> hooks;
};

enum class PoolKind : uint8_t { Saved, Send, Receive, HandOver };
/// Equal buffers of a rank; `owner`: stage of a saved set, else edge.
struct Pool {
  PoolKind kind = PoolKind::Saved;
  int owner = 0, slots = 0;
  int64_t bytes = 0; ///< of one slot
};

struct LoweredRank {
  std::vector<LoweredAction> actions;
  size_t loopBegin = 0, loopEnd = 0;
  std::vector<Pool> pools;
  int64_t fixedBytes = 0, workBytes = 0, peakBytes = 0;
};

struct LoweredSchedule {
  std::string name;
  int stages = 0, microbatches = 0, slices = 1;
  std::vector<int> place;
  std::vector<LoweredRank> ranks;
};

/// Step 1, for a verified schedule. Refuses a schedule that holds transfers
/// outside hooks already. Receives in hooks stay where they are; only `verify`
/// can tell whether the result is then free of deadlock.
Result<Schedule> insertTransfers(const ScheduleProblem &problem,
                                 const Schedule &schedule);

/// Steps 2 and 3, for a verified schedule with transfers.
LoweredSchedule assignSlots(const ScheduleProblem &problem,
                            const Schedule &schedule);

/// Everything: verify; insert transfers unless the schedule brings its own;
/// prove it free of deadlock; assign slots; check slots and memory.
Result<LoweredSchedule> lower(const ScheduleProblem &problem,
                              const Schedule &schedule);

/// The listing of a lowered schedule, one action a line:
///   pp 0 peak 155264
///     run F0.0 {mb = 0, save = 0, h1 = 0}
///     send h1 {mb = 0, slot = 0} to 1
std::string printLowered(const ScheduleProblem &problem,
                         const LoweredSchedule &lowered);

/// Makespan of a lowered schedule when every rank has one compute queue and
/// one blocking transfer queue: a transfer starts when both ranks have reached
/// it in their queues and the operand is there, and lasts as long as a message
/// of `simulate`. Counts the waits that `simulate` does not see. Infinite if
/// the transfers deadlock.
double simulateLowered(const ScheduleProblem &problem,
                       const LoweredSchedule &lowered);

} // namespace mpt::schedule

#endif // MPT_ANALYSIS_SCHEDULE_LOWER_H
