// SPDX-License-Identifier: Apache-2.0
//
// Replays lowered lists, rank by rank. Every slot remembers the unit whose
// value it holds, from its writer (F or receive, producer, ...) to its last
// reader; a writer must find it empty (or its own unit, where several edges
// share a saved set), a reader must find its unit. Independent of how
// AssignSlots.cpp chose the numbers. Memory: the peak against the limit, and
// the first action whose slots cross it.

#include "mpt/Analysis/Schedule/Verify.h"

#include "Tables.h"

#include <tuple>

namespace mpt::schedule {
namespace {

using Key = std::tuple<PoolKind, int, int>; // pool, owner, slot

class Replay {
public:
  Replay(const ScheduleProblem &p, const LoweredSchedule &l)
      : problem(p), lowered(l) {}
  Diagnostics run();

private:
  void step(const LoweredAction &a);
  void receive(const Task &t, int edge, int slot);
  void read(const LoweredAction &a, const SlotUse &use, bool last);
  void write(const Task &t, Key key);
  void check(const Task &t, Key key);
  void release(Key key) { holds.erase(key); }

  int unit(const Task &t) const {
    return t.microbatch * lowered.slices + t.slice;
  }
  bool inSavedSet(const Edge &e) const {
    return e.kept && e.direction == Direction::Forward && problem.training &&
           problem.stages[e.to].backward;
  }
  Key arrival(int edge, int slot) const {
    const Edge &e = problem.edges[edge];
    if (inSavedSet(e))
      return {PoolKind::Saved, e.to, slot};
    return {isRemote(e, lowered.place) ? PoolKind::Receive : PoolKind::HandOver,
            edge, slot};
  }
  std::string name(const Key &key) const;
  std::string held(int u) const {
    return "micro-batch " + std::to_string(u / lowered.slices) +
           (lowered.slices > 1 ? " slice " + std::to_string(u % lowered.slices)
                               : "");
  }
  std::string at(const Task &t) const {
    return "'" + spell(t, lowered.slices) + "' (rank " + std::to_string(rank) +
           " action " + std::to_string(pos + 1) + ")";
  }
  void report(std::string message) {
    if (out.empty())
      out.push_back({std::move(message), 0, 0});
  }

  const ScheduleProblem &problem;
  const LoweredSchedule &lowered;
  std::map<Key, int> holds;                      ///< slot -> unit
  std::map<std::pair<int, int>, size_t> lastUse; ///< (stage, unit) -> action
  int rank = 0;
  size_t pos = 0;
  Diagnostics out;
};

std::string Replay::name(const Key &key) const {
  auto [kind, owner, slot] = key;
  std::string n = std::to_string(slot);
  switch (kind) {
  case PoolKind::Saved:
    return "saved set " + n + " of stage " + std::to_string(owner);
  case PoolKind::Send:
    return "send slot " + n + " of '" + problem.edges[owner].name + "'";
  case PoolKind::Receive:
    return "receive slot " + n + " of '" + problem.edges[owner].name + "'";
  case PoolKind::HandOver:
    return "hand-over slot " + n + " of '" + problem.edges[owner].name + "'";
  }
  return n;
}

void Replay::write(const Task &t, Key key) {
  auto it = holds.find(key);
  bool shared = std::get<0>(key) == PoolKind::Saved;
  if (it != holds.end() && !(shared && it->second == unit(t)))
    report(at(t) + " writes " + name(key) + ", which holds " +
           held(it->second) +
           (std::get<0>(key) == PoolKind::Send
                ? " until it is sent"
                : " until its last reader has run"));
  holds[key] = unit(t);
}

void Replay::check(const Task &t, Key key) {
  auto it = holds.find(key);
  if (it == holds.end() || it->second != unit(t))
    report(at(t) + " reads " + name(key) + ", which holds " +
           (it == holds.end() ? "nothing" : held(it->second)) + "; expected " +
           held(unit(t)));
}

void Replay::receive(const Task &t, int edge, int slot) {
  write(t, arrival(edge, slot));
}

void Replay::read(const LoweredAction &a, const SlotUse &use, bool last) {
  const Edge &e = problem.edges[use.edge];
  Key key = arrival(use.edge, use.slot);
  check(a, key);
  if (!inSavedSet(e) && (last || !e.kept))
    release(key);
}

void Replay::step(const LoweredAction &a) {
  if (isSend(a.kind)) {
    Key key = {PoolKind::Send, a.edge, a.slot};
    check(a, key);
    release(key);
  } else if (isReceive(a.kind)) {
    receive(a, a.edge, a.slot);
  }
  for (const LoweredHook &h : a.hooks)
    if (isReceive(h.task.kind))
      receive(h.task, h.edge, h.slot);
  if (!isMicro(a.kind))
    return;
  Key save = {PoolKind::Saved, a.stage, a.save};
  bool last = lastUse[{a.stage, unit(a)}] == pos;
  if (a.save >= 0)
    a.kind == Kind::F ? write(a, save) : check(a, save);
  for (const SlotUse &use : a.slots) {
    const Edge &e = problem.edges[use.edge];
    if (e.to == a.stage)
      read(a, use, last);
    else if (isRemote(e, lowered.place))
      write(a, {PoolKind::Send, use.edge, use.slot});
    else
      write(a, arrival(use.edge, use.slot));
  }
  if (last)
    release(save);
}

Diagnostics Replay::run() {
  for (rank = 0; rank < static_cast<int>(lowered.ranks.size()); ++rank) {
    const auto &actions = lowered.ranks[rank].actions;
    holds.clear();
    for (size_t i = 0; i < actions.size(); ++i)
      if (isMicro(actions[i].kind))
        lastUse[{actions[i].stage, unit(actions[i])}] = i;
    for (pos = 0; pos < actions.size(); ++pos)
      step(actions[pos]);
  }
  return out;
}

std::string plural(int n, const char *one, const char *many) {
  return std::to_string(n) + " " + (n == 1 ? one : many);
}

std::string describe(const ScheduleProblem &p, const Pool &pool) {
  std::string owner = pool.kind == PoolKind::Saved
                          ? "stage " + std::to_string(pool.owner)
                          : "'" + p.edges[pool.owner].name + "'";
  const char *names[][2] = {{"saved set", "saved sets"},
                            {"send slot", "send slots"},
                            {"receive slot", "receive slots"},
                            {"hand-over slot", "hand-over slots"}};
  auto &name = names[static_cast<int>(pool.kind)];
  return plural(pool.slots, name[0], name[1]) + " of " + owner + " x " +
         std::to_string(pool.bytes);
}

/// The first action that takes a slot the limit has no room for.
std::string crossing(const ScheduleProblem &p, const LoweredSchedule &l,
                     int rank) {
  const LoweredRank &r = l.ranks[rank];
  int64_t sum = r.fixedBytes + r.workBytes;
  if (sum > p.memoryLimit)
    return "the fixed part and the working set alone cross it";
  std::map<std::pair<PoolKind, int>, std::pair<int, int64_t>> pools;
  for (const Pool &pool : r.pools)
    pools[{pool.kind, pool.owner}] = {0, pool.bytes};
  auto take = [&](PoolKind kind, int owner, int slot) {
    auto it = pools.find({kind, owner});
    if (it == pools.end() || slot < it->second.first)
      return;
    sum += (slot + 1 - it->second.first) * it->second.second;
    it->second.first = slot + 1;
  };
  auto takeArrival = [&](int edge, int slot) {
    bool own = pools.count({PoolKind::Receive, edge}) > 0 ||
               pools.count({PoolKind::HandOver, edge}) > 0;
    if (own) {
      take(PoolKind::Receive, edge, slot);
      take(PoolKind::HandOver, edge, slot);
    } else {
      take(PoolKind::Saved, p.edges[edge].to, slot);
    }
  };
  for (size_t i = 0; i < r.actions.size(); ++i) {
    const LoweredAction &a = r.actions[i];
    if (isReceive(a.kind))
      takeArrival(a.edge, a.slot);
    for (const LoweredHook &h : a.hooks)
      if (isReceive(h.task.kind))
        takeArrival(h.edge, h.slot);
    if (a.save >= 0)
      take(PoolKind::Saved, a.stage, a.save);
    for (const SlotUse &use : a.slots)
      if (p.edges[use.edge].from != a.stage ||
          !isRemote(p.edges[use.edge], l.place))
        takeArrival(use.edge, use.slot);
      else
        take(PoolKind::Send, use.edge, use.slot);
    if (sum > p.memoryLimit)
      return "'" + spell(a, l.slices) + "' (rank " + std::to_string(rank) +
             " action " + std::to_string(i + 1) + ") crosses it";
  }
  return "";
}

} // namespace

Diagnostics verifySlots(const ScheduleProblem &problem,
                        const LoweredSchedule &lowered) {
  return Replay(problem, lowered).run();
}

Diagnostics verifyMemory(const ScheduleProblem &problem,
                         const LoweredSchedule &lowered) {
  Diagnostics out;
  for (size_t r = 0; problem.memoryLimit > 0 && r < lowered.ranks.size(); ++r) {
    const LoweredRank &rank = lowered.ranks[r];
    if (rank.peakBytes <= problem.memoryLimit)
      continue;
    std::string text = "rank " + std::to_string(r) + " needs " +
                       std::to_string(rank.peakBytes) +
                       " bytes, the limit is " +
                       std::to_string(problem.memoryLimit) + ": fixed " +
                       std::to_string(rank.fixedBytes);
    for (const Pool &pool : rank.pools)
      text += ", " + describe(problem, pool);
    text += ", working set " + std::to_string(rank.workBytes) + "; " +
            crossing(problem, lowered, static_cast<int>(r));
    out.push_back({std::move(text), 0, 0});
  }
  return out;
}

} // namespace mpt::schedule
