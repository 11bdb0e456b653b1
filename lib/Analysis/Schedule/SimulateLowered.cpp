// SPDX-License-Identifier: Apache-2.0
//
// Times of a lowered loop with a blocking transfer queue beside the compute
// queue of each rank. All actions are enqueued at time 0 in list order:
//   a task waits for its predecessor, its receives, the sends out of the slots
//   it writes and, if it holds collectives, for all transfers listed before it;
//   a transfer waits for its predecessor in both ranks' queues (a task with
//   collectives counts as one), for its producer, and for the last reader of
//   the slot it writes.
// The receive of a hook counts as posted when its host's turn comes. Both
// queues advance until neither can.

#include "mpt/Analysis/Schedule/Lower.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace mpt::schedule {
namespace {

class Simulator {
public:
  Simulator(const ScheduleProblem &p, const LoweredSchedule &l)
      : problem(p), lowered(l), ranks(l.ranks.size()) {}
  double run();

private:
  struct Queues {
    std::vector<LoweredAction> actions;  ///< the loop, hooks written out
    std::vector<size_t> work, transfers; ///< positions in it
    size_t nextWork = 0, nextTransfer = 0;
    double workEnd = 0, transferEnd = 0;
    std::vector<double> end;                ///< by position; < 0: not yet
    std::vector<std::vector<size_t>> waits; ///< positions on this rank
  };
  using Slot = std::tuple<bool, int, int>; // send side, edge or -stage-1, slot

  void prepare(int rank);
  bool hasCollectives(const LoweredAction &a) const;
  bool ready(const Queues &q, size_t pos, double &start) const;
  void flatten(int rank);
  bool runWork(Queues &q);
  bool runTransfer(int rank);

  const ScheduleProblem &problem;
  const LoweredSchedule &lowered;
  std::vector<Queues> ranks;
};

bool Simulator::hasCollectives(const LoweredAction &a) const {
  if (!isMicro(a.kind))
    return false;
  const auto &c = problem.stages[a.stage].collectives;
  auto it = c.find(a.kind);
  return it != c.end() && !it->second.empty();
}

void Simulator::flatten(int rank) {
  const LoweredRank &r = lowered.ranks[rank];
  for (size_t pos = r.loopBegin; pos < r.loopEnd; ++pos) {
    for (const LoweredHook &h : r.actions[pos].hooks) {
      LoweredAction a;
      static_cast<Task &>(a) = h.task;
      a.edge = h.edge;
      a.slot = h.slot;
      a.peer = h.peer;
      if (isReceive(a.kind))
        ranks[rank].actions.push_back(std::move(a));
    }
    ranks[rank].actions.push_back(r.actions[pos]);
  }
}

/// Fills queues and, per action, what it must wait for on its own rank.
void Simulator::prepare(int rank) {
  Queues &q = ranks[rank];
  flatten(rank);
  q.end.assign(q.actions.size(), -1);
  q.waits.resize(q.actions.size());
  std::map<Slot, size_t> last; ///< last user of a slot
  int previousTransfer = -1, previousCollective = -1;
  for (size_t pos = 0; pos < q.actions.size(); ++pos) {
    const LoweredAction &a = q.actions[pos];
    auto use = [&](Slot slot) {
      auto it = last.find(slot);
      if (it != last.end())
        q.waits[pos].push_back(it->second);
      last[slot] = pos;
    };
    if (isTransfer(a.kind)) {
      q.transfers.push_back(pos);
      use({isSend(a.kind), a.edge, a.slot});
      if (isReceive(a.kind) && problem.edges[a.edge].kept)
        use({false, -1 - a.stage, a.slot});
      if (previousCollective >= 0)
        q.waits[pos].push_back(static_cast<size_t>(previousCollective));
      previousTransfer = static_cast<int>(pos);
    } else if (isMicro(a.kind)) {
      q.work.push_back(pos);
      if (a.save >= 0)
        use({false, -1 - a.stage, a.save});
      for (const SlotUse &u : a.slots)
        use({problem.edges[u.edge].from == a.stage, u.edge, u.slot});
      if (hasCollectives(a)) {
        if (previousTransfer >= 0)
          q.waits[pos].push_back(static_cast<size_t>(previousTransfer));
        previousCollective = static_cast<int>(pos);
      }
    }
  }
}

bool Simulator::ready(const Queues &q, size_t pos, double &start) const {
  for (size_t w : q.waits[pos]) {
    if (q.end[w] < 0)
      return false;
    start = std::max(start, q.end[w]);
  }
  return true;
}

bool Simulator::runWork(Queues &q) {
  bool moved = false;
  for (; q.nextWork < q.work.size(); ++q.nextWork, moved = true) {
    size_t pos = q.work[q.nextWork];
    double start = q.workEnd;
    if (!ready(q, pos, start))
      break;
    const LoweredAction &a = q.actions[pos];
    q.end[pos] = q.workEnd = start + problem.stages[a.stage].costs.of(a.kind);
  }
  return moved;
}

/// Runs the next transfer of `rank` if its peer has come to it, too.
bool Simulator::runTransfer(int rank) {
  Queues &q = ranks[rank];
  if (q.nextTransfer == q.transfers.size())
    return false;
  size_t pos = q.transfers[q.nextTransfer];
  const LoweredAction &a = q.actions[pos];
  Queues &other = ranks[a.peer];
  if (other.nextTransfer == other.transfers.size())
    return false;
  size_t otherPos = other.transfers[other.nextTransfer];
  const LoweredAction &b = other.actions[otherPos];
  double start = std::max(q.transferEnd, other.transferEnd);
  if (b.edge != a.edge || b.microbatch != a.microbatch || b.slice != a.slice ||
      !ready(q, pos, start) || !ready(other, otherPos, start))
    return false;
  double end = start + problem.latency +
               double(problem.edges[a.edge].bytes) * problem.byteTime;
  q.end[pos] = other.end[otherPos] = q.transferEnd = other.transferEnd = end;
  ++q.nextTransfer;
  ++other.nextTransfer;
  return true;
}

double Simulator::run() {
  int n = static_cast<int>(ranks.size());
  for (int r = 0; r < n; ++r)
    prepare(r);
  for (bool moved = true; moved;) {
    moved = false;
    for (int r = 0; r < n; ++r) {
      moved |= runWork(ranks[r]);
      while (runTransfer(r))
        moved = true;
    }
  }
  double makespan = 0;
  for (const Queues &q : ranks) {
    if (q.nextWork < q.work.size() || q.nextTransfer < q.transfers.size())
      return std::numeric_limits<double>::infinity();
    makespan = std::max(makespan, q.workEnd);
  }
  return makespan;
}

} // namespace

double simulateLowered(const ScheduleProblem &problem,
                       const LoweredSchedule &lowered) {
  return Simulator(problem, lowered).run();
}

} // namespace mpt::schedule
