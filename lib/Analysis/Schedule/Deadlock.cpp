// SPDX-License-Identifier: Apache-2.0
//
// Freedom of deadlock under rendezvous with one blocking queue per rank.
//
// Every rank's list becomes the sequence of its calls that involve another
// rank: sends, receives, TIE, SYNC, collectives inside tasks and hooks, the
// last two merged by point. Calls that meet are one node: send and receive of
// (edge, unit), TIE by set, SYNC, the n-th call of a group. The ranks can
// finish iff program order over these nodes has no cycle: the first node of a
// topological order finds all its ranks waiting for it, and so on. A producer
// stands before its send and a reader behind its receive in the list of its
// rank, so data edges between ranks are in this graph, too.

#include "OrderGraph.h"
#include "Tables.h"
#include "mpt/Analysis/Schedule/Verify.h"

#include <algorithm>
#include <tuple>

namespace mpt::schedule {
namespace {

class Contraction {
public:
  Contraction(const ScheduleProblem &p, const Schedule &s)
      : problem(p), schedule(s), edges(p),
        calls(p.groups.size(), std::vector<int>(s.numRanks())) {}
  Diagnostics run();

private:
  void addAction(int rank, int pos);
  void addTask(const Task &t, Spot spot);
  void addCollective(const Action &a, Spot spot, int group);
  void addCall(std::tuple<int, int, int> key, std::string name, Spot spot);
  void checkCounts();
  std::string tell(const Spot &spot) const {
    return names[spot.sub] + " (action " + std::to_string(spot.pos + 1) + ")";
  }
  Diagnostic explain(std::vector<OrderEdge> cycle) const;

  const ScheduleProblem &problem;
  const Schedule &schedule;
  EdgeTable edges;
  OrderGraph graph;
  std::map<std::tuple<int, int, int>, int> nodes;
  std::vector<std::vector<int>> calls; ///< by group and rank
  std::vector<std::string> names;      ///< of calls; a Spot's `sub`
  int last = -1;
  Spot lastSpot;
  Diagnostics out;
};

enum NodeClass { Transfer, Tie, Sync, Call };

void Contraction::addCall(std::tuple<int, int, int> key, std::string name,
                          Spot spot) {
  auto [it, fresh] = nodes.emplace(key, 0);
  if (fresh)
    it->second = graph.addNode();
  spot.sub = static_cast<int>(names.size());
  names.push_back("'" + std::move(name) + "'");
  if (last >= 0)
    graph.addEdge({last, it->second, /*program=*/true, lastSpot, spot});
  last = it->second;
  lastSpot = spot;
}

void Contraction::addTask(const Task &t, Spot spot) {
  std::string name = spell(t, schedule.slices);
  if (isTransfer(t.kind))
    addCall(
        {Transfer, edgeOf(problem, edges, schedule.place, t), schedule.unit(t)},
        name, spot);
  else if (t.kind == Kind::SYNC)
    addCall({Sync, 0, 0}, name, spot);
  else if (t.kind == Kind::TIE &&
           ranksOf(problem.ties[t.index], schedule.place).size() > 1)
    addCall({Tie, t.index, 0}, name, spot);
}

void Contraction::addCollective(const Action &a, Spot spot, int group) {
  const Group &g = problem.groups[group];
  if (g.ranks.empty())
    return;
  if (std::find(g.ranks.begin(), g.ranks.end(), spot.rank) == g.ranks.end()) {
    if (out.empty())
      out.push_back({where(schedule, a, spot.rank, spot.pos) +
                         " calls group '" + g.name + "', which has no rank " +
                         std::to_string(spot.rank),
                     a.line, a.column});
    return;
  }
  int n = calls[group][spot.rank]++;
  if (g.ranks.size() > 1)
    addCall({Call, group, n},
            spell(a, schedule.slices) + "' in group '" + g.name, spot);
}

/// A task's collectives and hooks in program order: what stands at point p
/// comes behind the collectives with at most p points before them.
void Contraction::addAction(int rank, int pos) {
  const Action &a = schedule.ranks[rank].actions[pos];
  Spot spot = {rank, pos, 0};
  if (isTransfer(a.kind) || isExchange(a.kind))
    return addTask(a, spot);
  const Stage &stage = problem.stages[a.stage];
  static const std::vector<Collective> none;
  auto it = stage.collectives.find(a.kind);
  const auto &inside = it == stage.collectives.end() ? none : it->second;
  std::vector<const Hook *> hooks;
  for (const Hook &h : a.hooks)
    hooks.push_back(&h);
  std::sort(hooks.begin(), hooks.end(), [](const Hook *x, const Hook *y) {
    return x->point != y->point ? x->point < y->point : x < y;
  });
  size_t next = 0;
  for (const Hook *h : hooks) {
    for (; next < inside.size() && inside[next].points <= h->point; ++next)
      addCollective(a, spot, inside[next].group);
    addTask(h->task, spot);
    if (h->task.kind == Kind::RS || h->task.kind == Kind::AG) {
      auto body = problem.stages[h->task.stage].collectives.find(h->task.kind);
      if (body != problem.stages[h->task.stage].collectives.end())
        for (const Collective &c : body->second)
          addCollective(a, spot, c.group);
    }
  }
  for (; next < inside.size(); ++next)
    addCollective(a, spot, inside[next].group);
}

void Contraction::checkCounts() {
  for (size_t g = 0; g < problem.groups.size(); ++g)
    for (int rank : problem.groups[g].ranks) {
      int first = problem.groups[g].ranks.front();
      if (rank < 0 || rank >= schedule.numRanks()) {
        out.push_back({"group '" + problem.groups[g].name + "' names rank " +
                           std::to_string(rank) + "; the schedule has " +
                           std::to_string(schedule.numRanks()),
                       0, 0});
        return;
      }
      if (calls[g][rank] == calls[g][first])
        continue;
      out.push_back({"group '" + problem.groups[g].name + "': rank " +
                         std::to_string(first) + " calls it " +
                         std::to_string(calls[g][first]) + " times, rank " +
                         std::to_string(rank) + " " +
                         std::to_string(calls[g][rank]) + " times",
                     0, 0});
      return;
    }
}

/// One clause per run of edges on one rank.
Diagnostic Contraction::explain(std::vector<OrderEdge> cycle) const {
  size_t start = 0;
  while (start + 1 < cycle.size() &&
         cycle[start].fromSpot.rank == cycle.back().fromSpot.rank)
    ++start;
  std::rotate(cycle.begin(), cycle.begin() + start, cycle.end());
  std::string text = "deadlock under rendezvous:";
  const Spot &spot = cycle.front().fromSpot;
  for (size_t i = 0; i < cycle.size(); ++i) {
    const Spot &from = cycle[i].fromSpot;
    while (i + 1 < cycle.size() && cycle[i + 1].fromSpot.rank == from.rank)
      ++i;
    text += " rank " + std::to_string(from.rank) + " waits in " + tell(from) +
            " before it reaches " + tell(cycle[i].toSpot) +
            (i + 1 < cycle.size() ? "," : "");
  }
  const Action &a = schedule.ranks[spot.rank].actions[spot.pos];
  return {text + "; all ranks must meet in one common order", a.line, a.column};
}

Diagnostics Contraction::run() {
  for (int rank = 0; rank < schedule.numRanks(); ++rank) {
    last = -1;
    int n = static_cast<int>(schedule.ranks[rank].actions.size());
    for (int pos = 0; pos < n; ++pos)
      addAction(rank, pos);
  }
  if (out.empty())
    checkCounts();
  if (!out.empty())
    return out;
  std::vector<OrderEdge> cycle = graph.findCycle();
  if (!cycle.empty())
    out.push_back(explain(std::move(cycle)));
  return out;
}

} // namespace

Diagnostics verifyDeadlockFree(const ScheduleProblem &problem,
                               const Schedule &schedule) {
  return Contraction(problem, schedule).run();
}

Diagnostics verify(const ScheduleProblem &problem, const Schedule &schedule) {
  Diagnostics out = verifyProblem(problem);
  if (out.empty())
    out = verifyComplete(problem, schedule);
  if (out.empty())
    out = verifyDependencies(problem, schedule);
  if (out.empty())
    out = verifyDeadlockFree(problem, schedule);
  return out;
}

} // namespace mpt::schedule
