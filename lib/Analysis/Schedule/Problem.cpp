// SPDX-License-Identifier: Apache-2.0
//
// Checks a problem before any schedule is looked at: indices in range, edge
// names unique, edges along the direction of data. All findings at once.

#include "mpt/Analysis/Schedule/Verify.h"

#include <set>

namespace mpt::schedule {

static std::optional<std::string> checkEdge(const ScheduleProblem &p,
                                            const Edge &e) {
  std::string head = "edge '" + e.name + "' ";
  int n = p.numStages();
  if (e.from < 0 || e.from >= n || e.to < 0 || e.to >= n)
    return head + "joins stages " + std::to_string(e.from) + " and " +
           std::to_string(e.to) + "; expected stages below " +
           std::to_string(n);
  bool forward = e.direction == Direction::Forward;
  if (forward ? e.from >= e.to : e.from <= e.to)
    return head + (forward ? "goes forward" : "goes backward") +
           " from stage " + std::to_string(e.from) + " to stage " +
           std::to_string(e.to) + "; expected " +
           (forward ? "a later" : "an earlier") + " stage";
  if (!forward &&
      (!p.training || !p.stages[e.from].backward || !p.stages[e.to].backward))
    return head + "goes backward, but " +
           (p.training ? "one of its stages has no backward task"
                       : "there is no training");
  return std::nullopt;
}

Diagnostics verifyProblem(const ScheduleProblem &p) {
  Diagnostics out;
  auto report = [&](std::string message) {
    out.push_back({std::move(message), 0, 0});
  };
  if (p.stages.empty())
    report("the program has no stage");
  std::set<std::string> names;
  for (const Edge &e : p.edges) {
    if (!names.insert(e.name).second)
      report("two edges are named '" + e.name + "'; names must be unique");
    if (auto message = checkEdge(p, e))
      report(*message);
  }
  for (const TieSet &set : p.ties)
    for (const TieMember &m : set.members)
      if (m.stage < 0 || m.stage >= p.numStages() || m.bucket < 0 ||
          m.bucket >= p.stages[m.stage].buckets)
        report("tie set '" + set.name + "' names bucket " +
               std::to_string(m.bucket) + " of stage " +
               std::to_string(m.stage) + ", which does not exist");
  for (int s = 0; s < p.numStages(); ++s)
    for (const auto &[kind, calls] : p.stages[s].collectives)
      for (const Collective &c : calls)
        if (c.group < 0 || c.group >= static_cast<int>(p.groups.size()))
          report("'" + std::string(kindName(kind)) + std::to_string(s) +
                 "' calls group " + std::to_string(c.group) + " of " +
                 std::to_string(p.groups.size()));
  return out;
}

} // namespace mpt::schedule
