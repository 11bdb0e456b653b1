// SPDX-License-Identifier: Apache-2.0
//
// Transfers by projecting one global order.
//
// Messages are sorted by (end of producer, rank, position, edge). Let a task
// start at s and end at e > s: the messages it reads were sent by time s, its
// own are sent at e. So the order "messages by time, a task behind what it
// reads and before what it sends" is total and every rank's list is a part of
// it: no cycle is possible. A rank's list is merged from its tasks and its
// share of the messages: before a task the share up to its last receive, then
// every send whose turn it is. Receives in hooks stand where the user wrote
// them; the deadlock proof that follows judges them.

#include "Tables.h"
#include "mpt/Analysis/Schedule/Lower.h"
#include "mpt/Analysis/Schedule/Simulate.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace mpt::schedule {
namespace {

struct Message {
  double time;
  int rank, pos, edge, unit;
  bool operator<(const Message &o) const {
    return std::tie(time, rank, pos, edge) <
           std::tie(o.time, o.rank, o.pos, o.edge);
  }
};

/// A message as one of its ranks sees it.
struct Turn {
  int edge, unit, producer; ///< producer: position, -1 for a receive
  bool isSend() const { return producer >= 0; }
};

class Inserter {
public:
  Inserter(const ScheduleProblem &p, const Schedule &s)
      : problem(p), schedule(s), edges(p), positions(s), turns(s.numRanks()) {}
  Result<Schedule> run();

private:
  std::set<std::pair<int, int>> hookedReceives() const;
  void project(const Simulation &times);
  RankList merge(int rank);
  Action transfer(const Turn &turn) const;

  const ScheduleProblem &problem;
  const Schedule &schedule;
  EdgeTable edges;
  Positions positions;
  std::vector<std::vector<Turn>> turns; ///< by rank, in global order
};

std::set<std::pair<int, int>> Inserter::hookedReceives() const {
  std::set<std::pair<int, int>> hooked;
  for (const RankList &list : schedule.ranks)
    for (const Action &a : list.actions)
      for (const Hook &h : a.hooks)
        if (isReceive(h.task.kind))
          hooked.insert({edgeOf(problem, edges, schedule.place, h.task),
                         schedule.unit(h.task)});
  return hooked;
}

void Inserter::project(const Simulation &times) {
  std::vector<Message> messages;
  for (size_t i = 0; i < problem.edges.size(); ++i) {
    const Edge &e = problem.edges[i];
    if (!isRemote(e, schedule.place))
      continue;
    int rank = schedule.place[e.from];
    for (int u = 0; u < schedule.units(); ++u) {
      int pos =
          positions.at(positions.endKind(e.direction, e.from, u), e.from, u);
      messages.push_back(
          {times.times[rank][pos].end, rank, pos, static_cast<int>(i), u});
    }
  }
  std::sort(messages.begin(), messages.end());
  std::set<std::pair<int, int>> hooked = hookedReceives();
  for (const Message &m : messages) {
    turns[m.rank].push_back({m.edge, m.unit, m.pos});
    if (!hooked.count({m.edge, m.unit}))
      turns[schedule.place[problem.edges[m.edge].to]].push_back(
          {m.edge, m.unit, -1});
  }
}

Action Inserter::transfer(const Turn &turn) const {
  Action a;
  static_cast<Task &>(a) = transferTask(problem, edges, schedule, turn.edge,
                                        turn.unit, turn.isSend());
  return a;
}

RankList Inserter::merge(int rank) {
  const RankList &from = schedule.ranks[rank];
  const std::vector<Turn> &mine = turns[rank];
  std::map<std::pair<int, int>, size_t> turnOf; // of receives
  for (size_t i = 0; i < mine.size(); ++i)
    if (!mine[i].isSend())
      turnOf[{mine[i].edge, mine[i].unit}] = i;
  RankList to;
  size_t next = 0;
  auto emit = [&] { to.actions.push_back(transfer(mine[next++])); };
  for (size_t pos = 0; pos <= from.actions.size(); ++pos) {
    auto sendReady = [&] {
      while (next < mine.size() && mine[next].isSend() &&
             mine[next].producer < static_cast<int>(pos))
        emit();
    };
    sendReady();
    if (pos == from.loopBegin)
      to.loopBegin = to.actions.size();
    if (pos == from.loopEnd)
      to.loopEnd = to.actions.size();
    if (pos == from.actions.size())
      break;
    const Action &a = from.actions[pos];
    if (a.kind == Kind::F || a.kind == Kind::B || a.kind == Kind::I) {
      Direction d =
          a.kind == Kind::F ? Direction::Forward : Direction::Backward;
      for (int e : edges.in(a.stage, d)) {
        auto it = turnOf.find({e, schedule.unit(a)});
        while (it != turnOf.end() && next <= it->second)
          emit();
      }
      sendReady();
    }
    to.actions.push_back(a);
  }
  return to;
}

Result<Schedule> Inserter::run() {
  if (schedule.hasTransfers())
    return Diagnostic{"the schedule has transfers already", 0, 0};
  Result<Simulation> times = simulate(problem, schedule);
  if (!times)
    return times.problems;
  project(*times);
  Schedule out = schedule;
  for (int r = 0; r < schedule.numRanks(); ++r)
    out.ranks[r] = merge(r);
  return out;
}

} // namespace

Result<Schedule> insertTransfers(const ScheduleProblem &problem,
                                 const Schedule &schedule) {
  return Inserter(problem, schedule).run();
}

} // namespace mpt::schedule
