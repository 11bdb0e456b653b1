// SPDX-License-Identifier: Apache-2.0
//
// Completeness: what the problem asks for against what the lists hold. One
// walk over all lists checks each action alone (range, rank, part, hooks) and
// counts it; then every task the problem asks for is looked up. Reports all
// findings up to a limit; a missing task only once the others are clean.

#include "Tables.h"
#include "mpt/Analysis/Schedule/Verify.h"

#include <algorithm>
#include <tuple>

namespace mpt::schedule {
namespace {

class Checker {
public:
  Checker(const ScheduleProblem &p, const Schedule &s)
      : problem(p), schedule(s), edges(p) {}
  Diagnostics run();

private:
  bool checkHeader();
  void checkAction(int rank, size_t pos);
  bool checkRange(const Task &t, const std::string &at);
  bool checkWanted(const Task &t, const std::string &at);
  bool checkPlace(const Task &t, int rank, const std::string &at);
  void checkPart(const RankList &list, size_t pos, const std::string &at);
  void checkHooks(const Action &a, int rank, size_t pos);
  void checkBucketFinal(const Action &a, const Hook &h, int rank, size_t pos);
  void count(const Task &t, int rank, size_t pos, const std::string &at);
  void checkMicro(int stage, int unit);
  void checkStepTasks();
  void checkTransfers();

  bool has(Kind k, int stage, int unit) const {
    return micro[(static_cast<size_t>(k) * schedule.stages + stage) *
                     schedule.units() +
                 unit] != 0;
  }
  /// Identity of a task that is not of a micro-batch; TIE and SYNC run once
  /// per rank, transfers once per edge, unit and end.
  using Key = std::tuple<Kind, int, int, int>;
  Key key(const Task &t, int rank) const {
    if (isExchange(t.kind))
      return {t.kind, rank, t.index, 0};
    if (isTransfer(t.kind))
      return {t.kind, edgeOf(problem, edges, schedule.place, t),
              schedule.unit(t), 0};
    return {t.kind, t.stage, t.index, 0};
  }
  bool full() const { return out.size() >= 20; }
  void report(std::string message) {
    if (!full())
      out.push_back({std::move(message), line, column});
  }
  void missing(const Task &t, int rank, const std::string &why) {
    line = schedule.ranks[rank].line;
    column = line ? 1 : 0;
    report("rank " + std::to_string(rank) + " lacks '" +
           spell(t, schedule.slices) + "'; " + why);
  }
  void require(Kind kind, int stage, int index, int rank,
               const std::string &why);

  const ScheduleProblem &problem;
  const Schedule &schedule;
  EdgeTable edges;
  std::vector<int> micro; ///< position + 1 of F, B, I, W, R by stage and unit
  std::map<Key, size_t> others; ///< position + 1
  bool transfers = false;
  int line = 0, column = 0;
  Diagnostics out;
};

bool Checker::checkHeader() {
  const Schedule &s = schedule;
  auto str = [](int n) { return std::to_string(n); };
  if (s.stages != problem.numStages())
    report("the schedule has stages=" + str(s.stages) + ", the program has " +
           str(problem.numStages()) + " stages");
  else if (s.microbatches < 1 || s.slices < 1 || s.ranks.empty() ||
           int64_t(s.stages) * s.microbatches > maxUnits / s.slices)
    report("the schedule has ranks=" + str(s.numRanks()) +
           " mb=" + str(s.microbatches) + " slices=" + str(s.slices) +
           "; each must be at least 1 and their tasks at most " +
           std::to_string(maxUnits));
  else if (static_cast<int>(s.place.size()) != s.stages)
    report("the schedule places " + str(int(s.place.size())) + " of " +
           str(s.stages) + " stages");
  if (!out.empty())
    return false;
  std::vector<bool> used(s.numRanks());
  for (int stage = 0; stage < s.stages; ++stage) {
    if (s.place[stage] < 0 || s.place[stage] >= s.numRanks()) {
      report("stage " + str(stage) + " is placed on rank " +
             str(s.place[stage]) + "; expected 0 to " + str(s.numRanks() - 1));
      return false;
    }
    used[s.place[stage]] = true;
  }
  for (int r = 0; r < s.numRanks(); ++r)
    if (!used[r])
      report("rank " + str(r) +
             " has no stage; place one on it or use fewer "
             "ranks");
  return out.empty();
}

bool Checker::checkRange(const Task &t, const std::string &at) {
  auto outside = [&](const char *what, int found, int count) {
    if (found >= 0 && found < count)
      return false;
    report(at + " names " + what + " " + std::to_string(found) +
           (count > 0 ? "; expected 0 to " + std::to_string(count - 1)
                      : "; there is none"));
    return true;
  };
  if (t.kind == Kind::SYNC)
    return true;
  if (t.kind == Kind::TIE)
    return !outside("tie set", t.index, static_cast<int>(problem.ties.size()));
  if (outside("stage", t.stage, schedule.stages))
    return false;
  if (isMicro(t.kind) || isTransfer(t.kind))
    return !outside("micro-batch", t.microbatch, schedule.microbatches) &&
           !outside("slice", t.slice, schedule.slices);
  if (t.kind == Kind::RS && t.index >= 0)
    return !outside("bucket", t.index, problem.stages[t.stage].buckets);
  return true;
}

/// Does the program have such a task at all?
bool Checker::checkWanted(const Task &t, const std::string &at) {
  bool train = problem.training;
  auto stage = [&]() -> const Stage & { return problem.stages[t.stage]; };
  bool wanted = true;
  switch (t.kind) {
  case Kind::F:
    break;
  case Kind::B:
  case Kind::I:
  case Kind::W:
  case Kind::R:
    wanted = train && stage().backward;
    break;
  case Kind::AG:
    wanted = stage().gather;
    break;
  case Kind::WGT:
    wanted = train && stage().weights;
    break;
  case Kind::RS:
    wanted = train && stage().buckets > 0;
    break;
  case Kind::NORM:
    wanted = train && stage().norm;
    break;
  case Kind::OPT:
    wanted = train && stage().update;
    break;
  case Kind::TIE:
  case Kind::SYNC:
    wanted = train;
    break;
  case Kind::L:
    wanted = false;
    break;
  default: {
    if (edgeOf(problem, edges, schedule.place, t) >= 0)
      return true;
    report(at + " names no edge, or one of several, between two ranks; write "
                "the edge after a colon");
    return false;
  }
  }
  if (!wanted)
    report(at + " is no task of this program");
  return wanted;
}

bool Checker::checkPlace(const Task &t, int rank, const std::string &at) {
  if (t.kind == Kind::SYNC)
    return true;
  if (t.kind == Kind::TIE) {
    std::vector<int> ranks = ranksOf(problem.ties[t.index], schedule.place);
    if (std::find(ranks.begin(), ranks.end(), rank) != ranks.end())
      return true;
    report(at + " stands on a rank without a stage of that set");
    return false;
  }
  int placed = schedule.place[t.stage];
  if (placed == rank)
    return true;
  report(at + " stands on the wrong rank; stage " + std::to_string(t.stage) +
         " is placed on rank " + std::to_string(placed));
  return false;
}

void Checker::checkPart(const RankList &list, size_t pos,
                        const std::string &at) {
  enum { Prologue = 1, Loop = 2, Epilogue = 4 };
  int part = pos < list.loopBegin ? Prologue
             : pos < list.loopEnd ? Loop
                                  : Epilogue;
  int allowed = Loop;
  switch (list.actions[pos].kind) {
  case Kind::AG:
  case Kind::WGT:
    allowed = Prologue | Loop;
    break;
  case Kind::TIE:
  case Kind::RS:
    allowed = Loop | Epilogue;
    break;
  case Kind::NORM:
  case Kind::SYNC:
  case Kind::OPT:
    allowed = Epilogue;
    break;
  default:
    break;
  }
  if (part & allowed)
    return;
  const char *names[] = {"prologue", "loop", "epilogue"};
  auto name = [&](int bits) {
    std::string s;
    for (int i = 0; i < 3; ++i)
      if (bits & (1 << i))
        s += std::string(s.empty() ? "" : " or the ") + names[i];
    return s;
  };
  report(at + " stands in the " + name(part) + "; expected in the " +
         name(allowed));
}

/// RS of a bucket inside the last task that adds to it needs the point from
/// which on its gradients are final.
void Checker::checkBucketFinal(const Action &a, const Hook &h, int rank,
                               size_t pos) {
  if (h.task.kind != Kind::RS || h.task.stage != a.stage ||
      (a.kind != Kind::B && a.kind != Kind::W))
    return;
  const Stage &stage = problem.stages[a.stage];
  int first = h.task.index < 0 ? 0 : h.task.index;
  int last = h.task.index < 0 ? stage.buckets - 1 : h.task.index;
  for (int b = first; b <= last; ++b) {
    auto it = stage.bucketPoint.find(b);
    if (it != stage.bucketPoint.end() && it->second <= h.point)
      continue;
    report("'" + spell(h.task, schedule.slices) + "@" +
           std::to_string(h.point) + "' in " + where(schedule, a, rank, pos) +
           " is too early: bucket " + std::to_string(b) + " is final at " +
           (it == stage.bucketPoint.end()
                ? "the end of the task"
                : "point " + std::to_string(it->second)));
  }
}

void Checker::checkHooks(const Action &a, int rank, size_t pos) {
  for (const Hook &h : a.hooks) {
    std::string at = "'" + spell(h.task, schedule.slices) + "@" +
                     std::to_string(h.point) + "' in " +
                     where(schedule, a, rank, pos);
    Kind k = h.task.kind;
    if (!isMicro(a.kind) || (k != Kind::RS && k != Kind::AG && !isReceive(k))) {
      report(at + " cannot run at a point; points are in F, B, I, W and R, and "
                  "start AG, RS, RF and RB");
      continue;
    }
    const auto &points = problem.stages[a.stage].points;
    auto it = points.find(a.kind);
    if (it != points.end() && h.point >= it->second)
      report(at + " names point " + std::to_string(h.point) +
             "; the task has " + std::to_string(it->second) + " points");
    if (!checkRange(h.task, at) || !checkWanted(h.task, at) ||
        !checkPlace(h.task, rank, at))
      continue;
    checkBucketFinal(a, h, rank, pos);
    count(h.task, rank, pos, at);
  }
}

void Checker::count(const Task &t, int rank, size_t pos,
                    const std::string &at) {
  size_t first = 0;
  if (isMicro(t.kind)) {
    int &entry =
        micro[(static_cast<size_t>(t.kind) * schedule.stages + t.stage) *
                  schedule.units() +
              schedule.unit(t)];
    first = static_cast<size_t>(entry);
    if (entry == 0)
      entry = static_cast<int>(pos) + 1;
  } else {
    auto [it, fresh] = others.emplace(key(t, rank), pos + 1);
    first = fresh ? 0 : it->second;
  }
  if (first)
    report(at + " appears twice; it is action " + std::to_string(first) +
           " already");
}

void Checker::checkAction(int rank, size_t pos) {
  const RankList &list = schedule.ranks[rank];
  const Action &a = list.actions[pos];
  line = a.line;
  column = a.column;
  std::string at = where(schedule, a, rank, pos);
  if (!checkRange(a, at) || !checkWanted(a, at) || !checkPlace(a, rank, at))
    return;
  transfers |= isTransfer(a.kind);
  checkPart(list, pos, at);
  count(a, rank, pos, at);
  checkHooks(a, rank, pos);
}

void Checker::checkMicro(int stage, int unit) {
  Task t;
  t.stage = stage;
  t.microbatch = unit / schedule.slices;
  t.slice = unit % schedule.slices;
  int rank = schedule.place[stage];
  std::string of = "stage " + std::to_string(stage) + " needs one ";
  t.kind = Kind::F;
  if (!has(Kind::F, stage, unit))
    missing(t, rank, of + "F per micro-batch");
  if (!problem.training || !problem.stages[stage].backward)
    return;
  bool b = has(Kind::B, stage, unit), i = has(Kind::I, stage, unit),
       w = has(Kind::W, stage, unit);
  if (b && (i || w)) {
    t.kind = i ? Kind::I : Kind::W;
    line = schedule.ranks[rank].line;
    column = line ? 1 : 0;
    report("rank " + std::to_string(rank) + " has '" +
           spell(t, schedule.slices) + "' beside B; " + of +
           "B (or I and W) per micro-batch");
    return;
  }
  t.kind = !i && !w ? Kind::B : w ? Kind::I : Kind::W;
  if (b || (i && (w || problem.stages[stage].buckets == 0)))
    return;
  missing(t, rank, of + "B (or I and W) per micro-batch");
}

void Checker::require(Kind kind, int stage, int index, int rank,
                      const std::string &why) {
  Task t;
  t.kind = kind;
  t.stage = stage;
  t.index = index;
  if (!others.count(key(t, rank)))
    missing(t, rank, why);
}

void Checker::checkStepTasks() {
  bool train = problem.training;
  for (int s = 0; s < schedule.stages; ++s) {
    const Stage &stage = problem.stages[s];
    int rank = schedule.place[s];
    std::string why = "stage " + std::to_string(s) + " needs it once per step";
    if (stage.gather)
      require(Kind::AG, s, -1, rank, why);
    if (!train)
      continue;
    if (stage.weights)
      require(Kind::WGT, s, -1, rank, why);
    bool all = others.count({Kind::RS, s, -1, 0}) > 0;
    for (int b = 0; b < stage.buckets; ++b) {
      bool one = others.count({Kind::RS, s, b, 0}) > 0;
      line = schedule.ranks[rank].line;
      column = line ? 1 : 0;
      if (one && all)
        report("rank " + std::to_string(rank) + " reduces bucket " +
               std::to_string(b) + " of stage " + std::to_string(s) +
               " twice; 'RS" + std::to_string(s) + "' means all buckets");
      if (!one && !all)
        require(Kind::RS, s, stage.buckets > 1 ? b : -1, rank, why);
    }
    if (stage.norm)
      require(Kind::NORM, s, -1, rank, why);
    if (stage.update)
      require(Kind::OPT, s, -1, rank, why);
  }
  for (int set = 0; train && set < static_cast<int>(problem.ties.size()); ++set)
    for (int rank : ranksOf(problem.ties[set], schedule.place))
      require(Kind::TIE, -1, set, rank,
              "every rank with a stage of tie set " + std::to_string(set) +
                  " needs it once per step");
  for (int rank = 0; train && rank < schedule.numRanks(); ++rank)
    require(Kind::SYNC, -1, -1, rank, "every rank needs it once per step");
}

/// If the lists hold transfers outside hooks, they must hold all.
void Checker::checkTransfers() {
  if (!transfers)
    return;
  for (size_t e = 0; e < problem.edges.size() && !full(); ++e) {
    const Edge &edge = problem.edges[e];
    if (!isRemote(edge, schedule.place))
      continue;
    for (int unit = 0; unit < schedule.units(); ++unit)
      for (bool send : {true, false}) {
        Task t = transferTask(problem, edges, schedule, static_cast<int>(e),
                              unit, send);
        int rank = schedule.place[t.stage];
        if (!others.count(key(t, rank)))
          missing(t, rank,
                  "edge '" + edge.name + "' from stage " +
                      std::to_string(edge.from) + " to stage " +
                      std::to_string(edge.to) + " needs a send and a receive");
      }
  }
}

Diagnostics Checker::run() {
  if (!checkHeader())
    return out;
  micro.resize(size_t(5) * schedule.stages * schedule.units());
  for (int rank = 0; rank < schedule.numRanks(); ++rank)
    for (size_t i = 0; i < schedule.ranks[rank].actions.size() && !full(); ++i)
      checkAction(rank, i);
  if (!out.empty())
    return out;
  for (int s = 0; s < schedule.stages; ++s)
    for (int u = 0; u < schedule.units() && !full(); ++u)
      checkMicro(s, u);
  checkStepTasks();
  checkTransfers();
  return out;
}

} // namespace

Diagnostics verifyComplete(const ScheduleProblem &problem,
                           const Schedule &schedule) {
  return Checker(problem, schedule).run();
}

} // namespace mpt::schedule
