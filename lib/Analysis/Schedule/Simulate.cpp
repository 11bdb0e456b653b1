// SPDX-License-Identifier: Apache-2.0
//
// The loop: while a rank's next action has all its producers ended, start it
// at the latest of their ends (plus the message's time) and of the rank's own
// last end; if no rank can go on, the order is cyclic. TIE and SYNC end when
// the last of their ranks has come to them.

#include "mpt/Analysis/Schedule/Simulate.h"

#include "Tables.h"

#include <algorithm>

namespace mpt::schedule {
namespace {

class Simulator {
public:
  Simulator(const ScheduleProblem &p, const Schedule &s)
      : problem(p), schedule(s), edges(p), positions(s), next(s.numRanks(), 0),
        clock(s.numRanks(), 0), inFlight(s.numRanks(), 0) {}
  Result<Simulation> run();

private:
  bool advance(int rank);
  bool ready(const Task &t, int rank, double &start) const;
  bool after(Kind kind, int stage, int unit, double delay, double &start) const;
  bool meet(const Task &t, int rank, double &start);
  void account(const Task &t, int rank, Span span);
  void finish();

  const ScheduleProblem &problem;
  const Schedule &schedule;
  EdgeTable edges;
  Positions positions;
  std::vector<size_t> next; ///< action a rank is at
  std::vector<double> clock;
  std::vector<int> inFlight;
  /// Arrivals at TIE (by set) and SYNC (-1): rank -> time.
  std::map<int, std::map<int, double>> arrivals;
  Simulation result;
};

/// Raises `start` to when the result of a task has arrived; false: not run.
bool Simulator::after(Kind kind, int stage, int unit, double delay,
                      double &start) const {
  int pos = positions.at(kind, stage, unit);
  if (pos < 0)
    return true;
  int rank = schedule.place[stage];
  if (static_cast<size_t>(pos) >= next[rank])
    return false;
  start = std::max(start, result.times[rank][pos].end + delay);
  return true;
}

bool Simulator::ready(const Task &t, int rank, double &start) const {
  int u = schedule.unit(t), s = t.stage;
  bool backward = t.kind == Kind::B || t.kind == Kind::I;
  if (t.kind != Kind::F && !after(Kind::F, s, u, 0, start))
    return false;
  if (backward && !after(Kind::R, s, u, 0, start))
    return false;
  if (t.kind == Kind::W && !after(Kind::I, s, u, 0, start))
    return false;
  if (t.kind == Kind::F && t.slice > 0 && !after(Kind::F, s, u - 1, 0, start))
    return false;
  if (backward && t.slice + 1 < schedule.slices &&
      !after(positions.backwardKind(s, u + 1), s, u + 1, 0, start))
    return false;
  if (!backward && t.kind != Kind::F)
    return true;
  Direction d = backward ? Direction::Backward : Direction::Forward;
  for (int e : edges.in(s, d)) {
    const Edge &edge = problem.edges[e];
    double delay =
        schedule.place[edge.from] == rank
            ? 0
            : problem.latency + double(edge.bytes) * problem.byteTime;
    if (!after(positions.endKind(d, edge.from, u), edge.from, u, delay, start))
      return false;
  }
  return true;
}

bool Simulator::meet(const Task &t, int rank, double &start) {
  auto &at = arrivals[t.index];
  at.emplace(rank, clock[rank]);
  size_t wanted = t.kind == Kind::SYNC
                      ? schedule.ranks.size()
                      : ranksOf(problem.ties[t.index], schedule.place).size();
  for (auto [r, time] : at)
    start = std::max(start, time);
  return at.size() == wanted;
}

void Simulator::account(const Task &t, int rank, Span span) {
  RankReport &report = result.ranks[rank];
  report.busy += span.end - span.start;
  int u = schedule.unit(t);
  if (problem.training && problem.stages[t.stage].backward) {
    if (t.kind == Kind::F)
      report.peakInFlight = std::max(report.peakInFlight, ++inFlight[rank]);
    else if (positions.lastReader(t.stage, u) ==
             static_cast<int>(result.times[rank].size()))
      --inFlight[rank];
  }
  if (t.kind != Kind::F && t.kind != Kind::B && t.kind != Kind::I)
    return;
  Direction d = t.kind == Kind::F ? Direction::Forward : Direction::Backward;
  for (int e : edges.out(t.stage, d))
    if (isRemote(problem.edges[e], schedule.place)) {
      ++report.sends;
      ++result.ranks[schedule.place[problem.edges[e].to]].receives;
      ++result.messages;
    }
}

bool Simulator::advance(int rank) {
  const auto &actions = schedule.ranks[rank].actions;
  bool moved = false;
  for (; next[rank] < actions.size(); ++next[rank], moved = true) {
    const Action &a = actions[next[rank]];
    double start = clock[rank];
    if (isMicro(a.kind) ? !ready(a, rank, start)
                        : isExchange(a.kind) && !meet(a, rank, start))
      break;
    Span span = {start, start};
    if (isMicro(a.kind)) {
      span.end += problem.stages[a.stage].costs.of(a.kind);
      account(a, rank, span);
    }
    clock[rank] = span.end;
    result.times[rank].push_back(span);
  }
  return moved;
}

void Simulator::finish() {
  for (int r = 0; r < schedule.numRanks(); ++r)
    result.makespan = std::max(result.makespan, clock[r]);
  for (int r = 0; r < schedule.numRanks(); ++r) {
    RankReport &report = result.ranks[r];
    double first = -1, last = 0;
    for (size_t i = 0; i < result.times[r].size(); ++i)
      if (isMicro(schedule.ranks[r].actions[i].kind)) {
        first = first < 0 ? result.times[r][i].start : first;
        last = result.times[r][i].end;
      }
    report.span = first < 0 ? 0 : last - first;
    report.bubble = result.makespan - report.busy;
    result.longestSpan = std::max(result.longestSpan, report.span);
  }
}

Result<Simulation> Simulator::run() {
  for (int s = 0; s < schedule.stages; ++s)
    for (Kind k : {Kind::F, Kind::B, Kind::I, Kind::W, Kind::R})
      if (!(problem.stages[s].costs.of(k) > 0))
        return Diagnostic{"the cost of '" + std::string(kindName(k)) +
                              std::to_string(s) + "' is not positive",
                          0, 0};
  result.ranks.resize(schedule.numRanks());
  result.times.resize(schedule.numRanks());
  for (bool moved = true; moved;) {
    moved = false;
    for (int r = 0; r < schedule.numRanks(); ++r)
      moved |= advance(r);
  }
  for (int r = 0; r < schedule.numRanks(); ++r)
    if (next[r] < schedule.ranks[r].actions.size()) {
      const Action &a = schedule.ranks[r].actions[next[r]];
      return Diagnostic{
          "the simulation stops: " + where(schedule, a, r, next[r]) +
              " waits for a task that never ends",
          a.line, a.column};
    }
  finish();
  return std::move(result);
}

} // namespace

Result<Simulation> simulate(const ScheduleProblem &problem,
                            const Schedule &schedule) {
  return Simulator(problem, schedule).run();
}

} // namespace mpt::schedule
