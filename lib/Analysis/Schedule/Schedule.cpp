// SPDX-License-Identifier: Apache-2.0
//
// Names, spelling, printing and look-up tables of schedules.

#include "mpt/Analysis/Schedule/Schedule.h"

#include "Tables.h"
#include "mpt/Analysis/Schedule/Text.h"

#include <algorithm>
#include <array>

namespace mpt::schedule {

static constexpr std::array<std::string_view, 17> kindNames = {
    "F",    "B",    "I",   "W",  "R",  "AG", "WGT", "TIE", "RS",
    "NORM", "SYNC", "OPT", "SF", "RF", "SB", "RB",  "L"};

std::string_view kindName(Kind kind) {
  return kindNames[static_cast<size_t>(kind)];
}

std::optional<Kind> kindNamed(std::string_view name) {
  for (size_t i = 0; i + 1 < kindNames.size(); ++i) // not L
    if (kindNames[i] == name)
      return static_cast<Kind>(i);
  return std::nullopt;
}

bool Schedule::hasTransfers() const {
  for (const RankList &list : ranks)
    for (const Action &a : list.actions)
      if (isTransfer(a.kind))
        return true;
  return false;
}

double Costs::of(Kind kind) const {
  switch (kind) {
  case Kind::F:
    return f;
  case Kind::B:
    return b;
  case Kind::I:
    return i;
  case Kind::W:
    return w;
  case Kind::R:
    return r;
  default:
    return 0;
  }
}

std::string spell(const Task &t, int slices) {
  std::string s(kindName(t.kind));
  if (t.kind == Kind::SYNC)
    return s;
  if (t.kind == Kind::TIE)
    return s + std::to_string(t.index);
  s += std::to_string(t.stage);
  if (t.microbatch >= 0) {
    s += "." + std::to_string(t.microbatch);
    if (slices > 1)
      s += "." + std::to_string(t.slice);
  } else if (t.index >= 0) {
    s += "." + std::to_string(t.index);
  }
  if (!t.tensor.empty())
    s += ":" + t.tensor;
  return s;
}

std::string Diagnostic::str(std::string_view file) const {
  std::string s(file);
  if (line > 0)
    s += ":" + std::to_string(line) + ":" + std::to_string(column);
  return s + ": " + message;
}

ScheduleProblem chainProblem(int stages, bool training) {
  ScheduleProblem p;
  p.training = training;
  p.stages.resize(stages);
  for (int s = 1; s < stages; ++s) {
    Edge h;
    h.name = "h" + std::to_string(s);
    h.from = s - 1;
    h.to = s;
    h.kept = training;
    p.edges.push_back(h);
  }
  for (int s = 1; training && s < stages; ++s) {
    Edge d;
    d.name = "dh" + std::to_string(s);
    d.from = s;
    d.to = s - 1;
    d.direction = Direction::Backward;
    p.edges.push_back(d);
  }
  return p;
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

static std::string printAction(const Action &a, int slices) {
  std::string s = spell(a, slices);
  for (size_t i = 0; i < a.hooks.size(); ++i)
    s += (i ? " " : "{") + spell(a.hooks[i].task, slices) + "@" +
         std::to_string(a.hooks[i].point);
  return a.hooks.empty() ? s : s + "}";
}

/// True if `[begin, end)` alone would be read as a prologue.
static bool looksLikePrologue(const RankList &list, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i)
    if (list.actions[i].kind != Kind::WGT && list.actions[i].kind != Kind::AG)
      return false;
  return begin < end;
}

static std::string printList(const RankList &list, int slices) {
  std::string s;
  size_t end = list.actions.size();
  bool epilogue = list.loopEnd < end;
  bool firstBar = list.loopBegin > 0 ||
                  (epilogue && looksLikePrologue(list, 0, list.loopEnd));
  bool secondBar = epilogue || (list.loopBegin > 0 &&
                                !looksLikePrologue(list, 0, list.loopBegin));
  for (size_t i = 0; i <= end; ++i) {
    if (i == list.loopBegin && firstBar)
      s += " |";
    if (i == list.loopEnd && secondBar)
      s += " |";
    if (i < end)
      s += " " + printAction(list.actions[i], slices);
  }
  return s;
}

std::string printSchedule(const Schedule &s) {
  std::string out = "mpt.schedule v1 name=" + s.name +
                    " ranks=" + std::to_string(s.numRanks()) +
                    " stages=" + std::to_string(s.stages) +
                    " mb=" + std::to_string(s.microbatches) +
                    " slices=" + std::to_string(s.slices) + "\nplace";
  for (size_t i = 0; i < s.place.size(); ++i)
    out += " " + std::to_string(i) + ":" + std::to_string(s.place[i]);
  out += "\n";
  for (int r = 0; r < s.numRanks(); ++r)
    out += "rank " + std::to_string(r) + ":" + printList(s.ranks[r], s.slices) +
           "\n";
  return out;
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

EdgeTable::EdgeTable(const ScheduleProblem &problem)
    : incoming(2 * problem.stages.size()), outgoing(2 * problem.stages.size()) {
  for (size_t i = 0; i < problem.edges.size(); ++i) {
    const Edge &e = problem.edges[i];
    int d = static_cast<int>(e.direction);
    outgoing[2 * e.from + d].push_back(static_cast<int>(i));
    incoming[2 * e.to + d].push_back(static_cast<int>(i));
  }
}

Positions::Positions(const Schedule &s)
    : stages(s.stages), units(s.units()),
      table(size_t(5) * s.stages * s.units(), -1) {
  for (const RankList &list : s.ranks)
    for (size_t pos = 0; pos < list.actions.size(); ++pos) {
      const Action &a = list.actions[pos];
      if (!isMicro(a.kind))
        continue;
      int &entry =
          table[(static_cast<size_t>(a.kind) * stages + a.stage) * units +
                s.unit(a)];
      if (entry < 0)
        entry = static_cast<int>(pos);
    }
}

int Positions::lastReader(int stage, int unit) const {
  return std::max({at(Kind::B, stage, unit), at(Kind::I, stage, unit),
                   at(Kind::W, stage, unit), at(Kind::R, stage, unit)});
}

int edgeOf(const ScheduleProblem &problem, const EdgeTable &edges,
           const std::vector<int> &place, const Task &t) {
  Direction d = t.kind == Kind::SF || t.kind == Kind::RF ? Direction::Forward
                                                         : Direction::Backward;
  int found = -1;
  for (int e : isSend(t.kind) ? edges.out(t.stage, d) : edges.in(t.stage, d)) {
    const Edge &edge = problem.edges[e];
    if (!isRemote(edge, place) || (!t.tensor.empty() && t.tensor != edge.name))
      continue;
    if (found >= 0)
      return -1;
    found = e;
  }
  return found;
}

Task transferTask(const ScheduleProblem &problem, const EdgeTable &edges,
                  const Schedule &schedule, int edge, int unit, bool send) {
  const Edge &e = problem.edges[edge];
  Task t;
  if (e.direction == Direction::Forward)
    t.kind = send ? Kind::SF : Kind::RF;
  else
    t.kind = send ? Kind::SB : Kind::RB;
  t.stage = send ? e.from : e.to;
  t.microbatch = unit / schedule.slices;
  t.slice = unit % schedule.slices;
  if (edgeOf(problem, edges, schedule.place, t) != edge)
    t.tensor = e.name;
  return t;
}

std::vector<int> ranksOf(const TieSet &set, const std::vector<int> &place) {
  std::vector<int> ranks;
  for (const TieMember &m : set.members)
    ranks.push_back(place[m.stage]);
  std::sort(ranks.begin(), ranks.end());
  ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
  return ranks;
}

std::string where(const Schedule &s, const Task &task, int rank, size_t pos) {
  return "'" + spell(task, s.slices) + "' (rank " + std::to_string(rank) +
         " action " + std::to_string(pos + 1) + ")";
}

} // namespace mpt::schedule
