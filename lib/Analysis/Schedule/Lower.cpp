// SPDX-License-Identifier: Apache-2.0
//
// The way from a compute form to a checked lowered schedule, and its listing.

#include "mpt/Analysis/Schedule/Lower.h"

#include "mpt/Analysis/Schedule/Verify.h"

namespace mpt::schedule {

Result<LoweredSchedule> lower(const ScheduleProblem &problem,
                              const Schedule &schedule) {
  Diagnostics problems = verify(problem, schedule);
  if (!problems.empty())
    return problems;
  Result<Schedule> complete = schedule.hasTransfers()
                                  ? Result<Schedule>(schedule)
                                  : insertTransfers(problem, schedule);
  if (!complete)
    return complete.problems;
  if (!schedule.hasTransfers())
    problems = verify(problem, *complete);
  if (!problems.empty())
    return problems;
  LoweredSchedule lowered = assignSlots(problem, *complete);
  problems = verifySlots(problem, lowered);
  if (problems.empty())
    problems = verifyMemory(problem, lowered);
  if (!problems.empty())
    return problems;
  return lowered;
}

static std::string printAttributes(const ScheduleProblem &p,
                                   const LoweredSchedule &l,
                                   const LoweredAction &a) {
  std::string s;
  auto add = [&](const std::string &name, int value) {
    s += (s.empty() ? " {" : ", ") + name + " = " + std::to_string(value);
  };
  if (a.microbatch >= 0)
    add("mb", a.microbatch);
  if (a.microbatch >= 0 && l.slices > 1)
    add("slice", a.slice);
  if (a.save >= 0)
    add("save", a.save);
  for (const SlotUse &use : a.slots)
    add(p.edges[use.edge].name, use.slot);
  if (a.edge >= 0)
    add("slot", a.slot);
  return s.empty() ? s : s + "}";
}

static std::string printAction(const ScheduleProblem &p,
                               const LoweredSchedule &l,
                               const LoweredAction &a) {
  std::string s;
  if (a.kind == Kind::L)
    s = "hand_over " + p.edges[a.edge].name + printAttributes(p, l, a);
  else if (isTransfer(a.kind))
    s = (isSend(a.kind) ? "send " : "recv ") + p.edges[a.edge].name +
        printAttributes(p, l, a) + (isSend(a.kind) ? " to " : " from ") +
        std::to_string(a.peer);
  else
    s = (isExchange(a.kind) ? "exchange " : "run ") + spell(a, l.slices) +
        printAttributes(p, l, a);
  for (const LoweredHook &h : a.hooks) {
    s += " at " + std::to_string(h.point) + " " + spell(h.task, l.slices);
    if (h.slot >= 0)
      s += " {slot = " + std::to_string(h.slot) + "}";
  }
  return s;
}

std::string printLowered(const ScheduleProblem &problem,
                         const LoweredSchedule &lowered) {
  std::string out;
  for (size_t r = 0; r < lowered.ranks.size(); ++r) {
    const LoweredRank &rank = lowered.ranks[r];
    out += "pp " + std::to_string(r) + " peak " +
           std::to_string(rank.peakBytes) + "\n";
    for (const LoweredAction &a : rank.actions)
      out += "  " + printAction(problem, lowered, a) + "\n";
  }
  return out;
}

} // namespace mpt::schedule
