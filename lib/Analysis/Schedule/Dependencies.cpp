// SPDX-License-Identifier: Apache-2.0
//
// Program order and data edges as one graph. Nodes are the actions of all
// lists and their hooks (a hook follows its host); data edges are
//   F after F of every producer stage;   R after F;
//   B, I after F, R, WGT and after B or I of every producer stage;  W after I;
//   slices: F after F of the slice before, B after B of the slice behind;
//   sends after their producer, consumers after their receives;
//   AG before F; TIE after the last gradients of its stages; RS after gradients
//   and ties of its bucket; NORM after RS; SYNC after NORM; OPT after SYNC.
// A cycle is told as "x needs y, which stands after z, which needs ...".

#include "OrderGraph.h"
#include "Tables.h"
#include "mpt/Analysis/Schedule/Verify.h"

#include <algorithm>

namespace mpt::schedule {
namespace {

class Builder {
public:
  Builder(const ScheduleProblem &p, const Schedule &s)
      : problem(p), schedule(s), edges(p), positions(s) {}
  Diagnostics run();

private:
  void addNodes();
  void addData(const Task &t, int node, Spot spot);
  void addMicro(const Task &t, int node, Spot spot);
  void addReduce(const Task &t, int node, Spot spot);
  void addTransfer(const Task &t, int node, Spot spot);
  void need(int node, Spot spot, Kind kind, int stage, int unit);
  void needNode(int node, Spot spot, int producer);
  void needGradients(int node, Spot spot, int stage);
  void needAll(int node, Spot spot, Kind kind, int stage);
  const Task &taskAt(Spot spot) const {
    const Action &a = schedule.ranks[spot.rank].actions[spot.pos];
    return spot.sub < 0 ? static_cast<const Task &>(a) : a.hooks[spot.sub].task;
  }
  std::string tell(Spot spot) const {
    return where(schedule, taskAt(spot), spot.rank, spot.pos);
  }
  Diagnostic explain(std::vector<OrderEdge> cycle) const;

  const ScheduleProblem &problem;
  const Schedule &schedule;
  EdgeTable edges;
  Positions positions;
  OrderGraph graph;
  std::vector<int> base; ///< first node of a rank's actions
  std::vector<Spot> spots;
  /// Nodes of per-step tasks by kind and stage (TIE: set; SYNC: rank).
  std::map<std::pair<Kind, int>, std::vector<int>> steps;
  std::map<std::pair<int, int>, int> receives; ///< (edge, unit) -> node
};

void Builder::addNodes() {
  std::vector<std::pair<int, int>> order; // program edges
  auto record = [&](const Task &t, int node, int rank) {
    if (isStep(t.kind))
      steps[{t.kind, t.kind == Kind::TIE    ? t.index
                     : t.kind == Kind::SYNC ? rank
                                            : t.stage}]
          .push_back(node);
    if (isReceive(t.kind))
      receives[{edgeOf(problem, edges, schedule.place, t), schedule.unit(t)}] =
          node;
  };
  for (int r = 0; r < schedule.numRanks(); ++r) {
    base.push_back(static_cast<int>(spots.size()));
    const auto &actions = schedule.ranks[r].actions;
    for (size_t i = 0; i < actions.size(); ++i) {
      record(actions[i], graph.addNode(), r);
      spots.push_back({r, static_cast<int>(i), -1});
    }
  }
  for (int r = 0; r < schedule.numRanks(); ++r) {
    const auto &actions = schedule.ranks[r].actions;
    int last = -1;
    auto chain = [&](int node) {
      if (last >= 0)
        order.push_back({last, node});
      last = node;
    };
    for (size_t i = 0; i < actions.size(); ++i) {
      chain(base[r] + static_cast<int>(i));
      for (size_t h = 0; h < actions[i].hooks.size(); ++h) {
        int node = graph.addNode();
        spots.push_back({r, static_cast<int>(i), static_cast<int>(h)});
        record(actions[i].hooks[h].task, node, r);
        chain(node);
      }
    }
  }
  for (auto [a, b] : order)
    graph.addEdge({a, b, /*program=*/true, spots[a], spots[b]});
}

void Builder::needNode(int node, Spot spot, int producer) {
  if (producer != node)
    graph.addEdge({producer, node, /*program=*/false, spots[producer], spot});
}

void Builder::need(int node, Spot spot, Kind kind, int stage, int unit) {
  int pos = positions.at(kind, stage, unit);
  if (pos >= 0)
    needNode(node, spot, base[schedule.place[stage]] + pos);
}

void Builder::needAll(int node, Spot spot, Kind kind, int stage) {
  auto it = steps.find({kind, stage});
  if (it != steps.end())
    for (int producer : it->second)
      needNode(node, spot, producer);
}

/// Every task of `stage` that adds to its gradients.
void Builder::needGradients(int node, Spot spot, int stage) {
  for (int u = 0; u < schedule.units(); ++u)
    for (Kind k : {Kind::B, Kind::I, Kind::W})
      need(node, spot, k, stage, u);
}

void Builder::addMicro(const Task &t, int node, Spot spot) {
  int u = schedule.unit(t), s = t.stage;
  bool backward = t.kind == Kind::B || t.kind == Kind::I;
  if (t.kind != Kind::F)
    need(node, spot, Kind::F, s, u);
  if (backward) {
    need(node, spot, Kind::R, s, u);
    needAll(node, spot, Kind::WGT, s);
    if (t.slice + 1 < schedule.slices)
      need(node, spot, positions.backwardKind(s, u + 1), s, u + 1);
  }
  if (t.kind == Kind::W)
    need(node, spot, Kind::I, s, u);
  if (t.kind == Kind::F) {
    needAll(node, spot, Kind::AG, s);
    if (t.slice > 0)
      need(node, spot, Kind::F, s, u - 1);
  }
  if (!backward && t.kind != Kind::F)
    return;
  Direction d = backward ? Direction::Backward : Direction::Forward;
  for (int e : edges.in(s, d)) {
    const Edge &edge = problem.edges[e];
    need(node, spot, positions.endKind(d, edge.from, u), edge.from, u);
    auto it = receives.find({e, u});
    if (it != receives.end())
      needNode(node, spot, it->second);
  }
}

void Builder::addReduce(const Task &t, int node, Spot spot) {
  if (t.kind == Kind::TIE) {
    for (const TieMember &m : problem.ties[t.index].members)
      if (schedule.place[m.stage] == spot.rank)
        needGradients(node, spot, m.stage);
    return;
  }
  needGradients(node, spot, t.stage);
  for (size_t set = 0; set < problem.ties.size(); ++set)
    for (const TieMember &m : problem.ties[set].members)
      if (m.stage == t.stage && (t.index < 0 || t.index == m.bucket))
        for (int tie : steps[{Kind::TIE, static_cast<int>(set)}])
          if (spots[tie].rank == spot.rank)
            needNode(node, spot, tie);
}

void Builder::addTransfer(const Task &t, int node, Spot spot) {
  if (!isSend(t.kind))
    return;
  int u = schedule.unit(t);
  Kind k = t.kind == Kind::SF ? Kind::F : positions.backwardKind(t.stage, u);
  need(node, spot, k, t.stage, u);
}

void Builder::addData(const Task &t, int node, Spot spot) {
  if (isMicro(t.kind))
    return addMicro(t, node, spot);
  if (isTransfer(t.kind))
    return addTransfer(t, node, spot);
  switch (t.kind) {
  case Kind::TIE:
  case Kind::RS:
    return addReduce(t, node, spot);
  case Kind::NORM:
    for (int u = 0; u < schedule.units(); ++u)
      need(node, spot, Kind::F, t.stage, u);
    needGradients(node, spot, t.stage);
    return needAll(node, spot, Kind::RS, t.stage);
  case Kind::SYNC:
    for (int s = 0; s < schedule.stages; ++s)
      if (schedule.place[s] == spot.rank)
        needAll(node, spot, Kind::NORM, s);
    return;
  case Kind::OPT:
    return needAll(node, spot, Kind::SYNC, spot.rank);
  default:
    return;
  }
}

/// Walks the cycle against its edges, starting at a data edge: runs of program
/// order become one "stands after".
Diagnostic Builder::explain(std::vector<OrderEdge> cycle) const {
  std::reverse(cycle.begin(), cycle.end());
  auto data = [](const OrderEdge &e) { return !e.program; };
  std::rotate(cycle.begin(), std::find_if(cycle.begin(), cycle.end(), data),
              cycle.end());
  std::string text = "the order cannot run: " + tell(cycle.front().toSpot);
  for (size_t i = 0; i < cycle.size(); ++i) {
    bool program = cycle[i].program;
    while (program && i + 1 < cycle.size() && cycle[i + 1].program)
      ++i;
    text += (i == 0 ? " " : ", which ") +
            std::string(program ? "stands after " : "needs ") +
            tell(cycle[i].fromSpot);
  }
  const Spot &spot = cycle.front().toSpot;
  const Action &a = schedule.ranks[spot.rank].actions[spot.pos];
  return {text, a.line, a.column};
}

Diagnostics Builder::run() {
  addNodes();
  for (size_t node = 0; node < spots.size(); ++node)
    addData(taskAt(spots[node]), static_cast<int>(node), spots[node]);
  std::vector<OrderEdge> cycle = graph.findCycle();
  if (cycle.empty())
    return {};
  return {explain(std::move(cycle))};
}

} // namespace

Diagnostics verifyDependencies(const ScheduleProblem &problem,
                               const Schedule &schedule) {
  return Builder(problem, schedule).run();
}

} // namespace mpt::schedule
