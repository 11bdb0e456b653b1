// SPDX-License-Identifier: Apache-2.0
//
// Slots by interval colouring. Each pool of a rank (saved sets of a stage,
// send, receive and hand-over slots of an edge) has one lifetime per unit, in
// positions of the list; taken by ascending begin, each gets the lowest slot
// that is free, which is optimal for intervals. Rules for begin and end:
// Lower.h.

#include "Tables.h"
#include "mpt/Analysis/Schedule/Lower.h"

#include <algorithm>
#include <climits>
#include <functional>
#include <queue>

namespace mpt::schedule {
namespace {

struct Lifetime {
  int begin, end, unit;
};

/// Fills `slots[unit]`; returns how many are needed.
int colour(std::vector<Lifetime> lives, std::vector<int> &slots) {
  std::sort(lives.begin(), lives.end(),
            [](const Lifetime &a, const Lifetime &b) {
              return a.begin != b.begin ? a.begin < b.begin : a.unit < b.unit;
            });
  using Busy = std::pair<int, int>; // end, slot
  std::priority_queue<Busy, std::vector<Busy>, std::greater<>> busy;
  std::priority_queue<int, std::vector<int>, std::greater<>> idle;
  int count = 0;
  for (const Lifetime &life : lives) {
    while (!busy.empty() && busy.top().first < life.begin) {
      idle.push(busy.top().second);
      busy.pop();
    }
    int slot = count;
    if (idle.empty()) {
      ++count;
    } else {
      slot = idle.top();
      idle.pop();
    }
    slots[life.unit] = slot;
    busy.push({life.end, slot});
  }
  return count;
}

class Assigner {
public:
  Assigner(const ScheduleProblem &p, const Schedule &s)
      : problem(p), schedule(s), edges(p), positions(s),
        saves(p.stages.size(), std::vector<int>(s.units(), -1)),
        sendPos(p.edges.size(), std::vector<int>(s.units(), -1)),
        receivePos(sendPos), sendSlot(sendPos), arriveSlot(sendPos) {}
  LoweredSchedule run();

private:
  using Table = std::vector<std::vector<int>>; ///< by edge or stage, and unit

  bool hasSavedSet(int stage) const {
    return problem.training && problem.stages[stage].backward;
  }
  bool inSavedSet(const Edge &e) const {
    return e.kept && e.direction == Direction::Forward && hasSavedSet(e.to);
  }
  int producerPos(const Edge &e, int unit) const {
    return positions.at(positions.endKind(e.direction, e.from, unit), e.from,
                        unit);
  }
  /// Where the reader's buffer comes to life: at the receive, or at the
  /// producer on the same rank.
  int arrival(int edge, int unit) const {
    const Edge &e = problem.edges[edge];
    return isRemote(e, schedule.place) ? receivePos[edge][unit]
                                       : producerPos(e, unit);
  }
  void findTransfers();
  void assignSaved(int stage, LoweredRank &rank);
  void assignArrivals(int edge, LoweredRank &rank);
  void assignSends(int edge, LoweredRank &rank);
  void lowerList(int rank, LoweredRank &out) const;
  void fillTask(LoweredAction &a) const;
  void fillTransfer(const Task &t, int &edge, int &slot, int &peer) const;
  void addPool(LoweredRank &rank, PoolKind kind, int owner, int64_t bytes,
               const std::vector<Lifetime> &lives, std::vector<int> &slots);

  const ScheduleProblem &problem;
  const Schedule &schedule;
  EdgeTable edges;
  Positions positions;
  Table saves, sendPos, receivePos, sendSlot, arriveSlot;
};

void Assigner::findTransfers() {
  auto record = [&](const Task &t, size_t pos) {
    if (!isTransfer(t.kind))
      return;
    int e = edgeOf(problem, edges, schedule.place, t);
    (isSend(t.kind) ? sendPos : receivePos)[e][schedule.unit(t)] =
        static_cast<int>(pos);
  };
  for (const RankList &list : schedule.ranks)
    for (size_t pos = 0; pos < list.actions.size(); ++pos) {
      record(list.actions[pos], pos);
      for (const Hook &h : list.actions[pos].hooks)
        record(h.task, pos);
    }
}

void Assigner::addPool(LoweredRank &rank, PoolKind kind, int owner,
                       int64_t bytes, const std::vector<Lifetime> &lives,
                       std::vector<int> &slots) {
  rank.pools.push_back({kind, owner, colour(lives, slots), bytes});
}

void Assigner::assignSaved(int stage, LoweredRank &rank) {
  if (!hasSavedSet(stage))
    return;
  std::vector<Lifetime> lives;
  for (int u = 0; u < schedule.units(); ++u) {
    int begin = positions.at(Kind::F, stage, u);
    for (int e : edges.in(stage, Direction::Forward))
      if (inSavedSet(problem.edges[e]))
        begin = std::min(begin, arrival(e, u));
    lives.push_back({begin, positions.lastReader(stage, u), u});
  }
  addPool(rank, PoolKind::Saved, stage, problem.stages[stage].savedBytes, lives,
          saves[stage]);
}

void Assigner::assignArrivals(int edge, LoweredRank &rank) {
  const Edge &e = problem.edges[edge];
  if (inSavedSet(e)) {
    arriveSlot[edge] = saves[e.to];
    return;
  }
  std::vector<Lifetime> lives;
  for (int u = 0; u < schedule.units(); ++u) {
    int reader = positions.at(positions.endKind(e.direction, e.to, u), e.to, u);
    int end = e.kept ? std::max(reader, positions.lastReader(e.to, u)) : reader;
    lives.push_back({arrival(edge, u), end, u});
  }
  addPool(rank,
          isRemote(e, schedule.place) ? PoolKind::Receive : PoolKind::HandOver,
          edge, e.bytes, lives, arriveSlot[edge]);
}

void Assigner::assignSends(int edge, LoweredRank &rank) {
  const Edge &e = problem.edges[edge];
  std::vector<Lifetime> lives;
  for (int u = 0; u < schedule.units(); ++u)
    lives.push_back({producerPos(e, u), sendPos[edge][u], u});
  std::sort(
      lives.begin(), lives.end(),
      [](const Lifetime &a, const Lifetime &b) { return a.begin < b.begin; });
  for (size_t i = 0; i + 1 < lives.size(); ++i)
    lives[i].end = std::max(lives[i].end, lives[i + 1].begin);
  addPool(rank, PoolKind::Send, edge, e.bytes, lives, sendSlot[edge]);
}

void Assigner::fillTransfer(const Task &t, int &edge, int &slot,
                            int &peer) const {
  edge = edgeOf(problem, edges, schedule.place, t);
  const Edge &e = problem.edges[edge];
  slot = (isSend(t.kind) ? sendSlot : arriveSlot)[edge][schedule.unit(t)];
  peer = schedule.place[isSend(t.kind) ? e.to : e.from];
}

void Assigner::fillTask(LoweredAction &a) const {
  int u = schedule.unit(a);
  if (hasSavedSet(a.stage))
    a.save = saves[a.stage][u];
  if (a.kind == Kind::R)
    return;
  Direction d = a.kind == Kind::F ? Direction::Forward : Direction::Backward;
  for (int e : edges.in(a.stage, d))
    if (a.kind != Kind::W || problem.edges[e].kept)
      a.slots.push_back({e, arriveSlot[e][u]});
  if (a.kind == Kind::W)
    return;
  for (int e : edges.out(a.stage, d))
    a.slots.push_back(
        {e, (isRemote(problem.edges[e], schedule.place) ? sendSlot
                                                        : arriveSlot)[e][u]});
}

void Assigner::lowerList(int rank, LoweredRank &out) const {
  const RankList &list = schedule.ranks[rank];
  for (size_t pos = 0; pos <= list.actions.size(); ++pos) {
    if (pos == list.loopBegin)
      out.loopBegin = out.actions.size();
    if (pos == list.loopEnd)
      out.loopEnd = out.actions.size();
    if (pos == list.actions.size())
      break;
    const Action &from = list.actions[pos];
    LoweredAction a;
    static_cast<Task &>(a) = from;
    if (isTransfer(a.kind))
      fillTransfer(a, a.edge, a.slot, a.peer);
    if (isMicro(a.kind))
      fillTask(a);
    for (const Hook &h : from.hooks) {
      LoweredHook hook;
      hook.task = h.task;
      hook.point = h.point;
      if (isTransfer(h.task.kind))
        fillTransfer(h.task, hook.edge, hook.slot, hook.peer);
      a.hooks.push_back(std::move(hook));
    }
    out.actions.push_back(a);
    for (const SlotUse &use : a.slots) {
      const Edge &e = problem.edges[use.edge];
      if (e.from != a.stage || isRemote(e, schedule.place))
        continue;
      LoweredAction handOver;
      static_cast<Task &>(handOver) = from;
      handOver.kind = Kind::L;
      handOver.edge = use.edge;
      handOver.slot = use.slot;
      handOver.peer = rank;
      out.actions.push_back(std::move(handOver));
    }
  }
}

LoweredSchedule Assigner::run() {
  findTransfers();
  LoweredSchedule out;
  out.name = schedule.name;
  out.stages = schedule.stages;
  out.microbatches = schedule.microbatches;
  out.slices = schedule.slices;
  out.place = schedule.place;
  out.ranks.resize(schedule.numRanks());
  for (int s = 0; s < schedule.stages; ++s) {
    LoweredRank &rank = out.ranks[schedule.place[s]];
    rank.fixedBytes += problem.stages[s].fixedBytes;
    rank.workBytes = std::max(rank.workBytes, problem.stages[s].workBytes);
    assignSaved(s, rank);
  }
  for (size_t i = 0; i < problem.edges.size(); ++i) {
    int e = static_cast<int>(i);
    const Edge &edge = problem.edges[i];
    assignArrivals(e, out.ranks[schedule.place[edge.to]]);
    if (isRemote(edge, schedule.place))
      assignSends(e, out.ranks[schedule.place[edge.from]]);
  }
  for (int r = 0; r < schedule.numRanks(); ++r) {
    LoweredRank &rank = out.ranks[r];
    rank.fixedBytes += problem.rankBytes;
    rank.peakBytes = rank.fixedBytes + rank.workBytes;
    for (const Pool &pool : rank.pools)
      rank.peakBytes += pool.slots * pool.bytes;
    lowerList(r, rank);
  }
  return out;
}

} // namespace

LoweredSchedule assignSlots(const ScheduleProblem &problem,
                            const Schedule &schedule) {
  return Assigner(problem, schedule).run();
}

} // namespace mpt::schedule
