// SPDX-License-Identifier: Apache-2.0
//
// GPipe and 1F1B for any stage count and placement.
//
// If stages do not go back to an earlier rank, the stages of one rank form a
// block that runs as one stage of a p-stage pipeline: F ascending, B
// descending inside the block. Any other placement (round robin) takes the
// lists of the pipeline with one rank per stage, simulates them with T_B = 2
// T_F, and merges those of one rank by start time; that order respects all
// dependencies, since start times grow along them.

#include "mpt/Analysis/Schedule/Generators.h"
#include "mpt/Analysis/Schedule/Simulate.h"

#include <algorithm>

namespace mpt::schedule {

std::vector<int> contiguousPlacement(int stages, int ranks) {
  std::vector<int> place(stages);
  for (int s = 0; s < stages; ++s)
    place[s] = static_cast<int>(int64_t(s) * ranks / stages);
  return place;
}

std::vector<int> roundRobinPlacement(int stages, int ranks) {
  std::vector<int> place(stages);
  for (int s = 0; s < stages; ++s)
    place[s] = s % ranks;
  return place;
}

namespace {

struct Pass {
  bool forward;
  int microbatch;
};

/// The passes of rank `rank` in a pipeline of `ranks` blocks.
std::vector<Pass> passes(const std::string &name, int rank, int ranks, int m,
                         bool training) {
  std::vector<Pass> list;
  int warmup = name == "1f1b" && training ? std::min(ranks - rank - 1, m) : m;
  for (int i = 0; i < warmup; ++i)
    list.push_back({true, i});
  if (!training)
    return list;
  for (int i = 0; i < m; ++i) {
    if (warmup + i < m)
      list.push_back({true, warmup + i});
    list.push_back({false, i});
  }
  return list;
}

Action microAction(Kind kind, int stage, int microbatch) {
  Action a;
  a.kind = kind;
  a.stage = stage;
  a.microbatch = microbatch;
  return a;
}

/// Loop lists for blocks: `place` must not decrease.
void fillBlocks(const ScheduleProblem &p, Schedule &s) {
  for (int r = 0; r < s.numRanks(); ++r) {
    int begin = static_cast<int>(
        std::lower_bound(s.place.begin(), s.place.end(), r) - s.place.begin());
    int end = static_cast<int>(
        std::upper_bound(s.place.begin(), s.place.end(), r) - s.place.begin());
    auto &actions = s.ranks[r].actions;
    for (Pass pass :
         passes(s.name, r, s.numRanks(), s.microbatches, p.training)) {
      for (int st = begin; pass.forward && st < end; ++st)
        actions.push_back(microAction(Kind::F, st, pass.microbatch));
      for (int st = end - 1; !pass.forward && st >= begin; --st)
        if (p.stages[st].backward)
          actions.push_back(microAction(Kind::B, st, pass.microbatch));
    }
  }
}

/// Loop lists for any placement, by merging those of one rank per stage.
Diagnostics fillMerged(const ScheduleProblem &problem, Schedule &s) {
  ScheduleProblem even = problem;
  even.latency = even.byteTime = 0;
  for (Stage &stage : even.stages)
    stage.costs = Costs();
  Schedule wide = s;
  wide.ranks.assign(s.stages, RankList());
  for (int st = 0; st < s.stages; ++st)
    wide.place[st] = st;
  fillBlocks(even, wide);
  for (RankList &list : wide.ranks)
    list.loopEnd = list.actions.size();
  Result<Simulation> times = simulate(even, wide);
  if (!times)
    return times.problems;
  struct Timed {
    double start;
    Action action;
  };
  std::vector<std::vector<Timed>> merged(s.numRanks());
  for (int st = 0; st < s.stages; ++st)
    for (size_t i = 0; i < wide.ranks[st].actions.size(); ++i)
      merged[s.place[st]].push_back(
          {times->times[st][i].start, wide.ranks[st].actions[i]});
  for (int r = 0; r < s.numRanks(); ++r) {
    std::sort(
        merged[r].begin(), merged[r].end(), [](const Timed &a, const Timed &b) {
          if (a.start != b.start)
            return a.start < b.start;
          bool fa = a.action.kind == Kind::F, fb = b.action.kind == Kind::F;
          return fa != fb ? !fa : a.action.stage < b.action.stage;
        });
    for (Timed &t : merged[r])
      s.ranks[r].actions.push_back(std::move(t.action));
  }
  return {};
}

Action stepAction(Kind kind, int stage, int index = -1) {
  Action a;
  a.kind = kind;
  a.stage = stage;
  a.index = index;
  return a;
}

/// Adds what runs once per step around the loop of rank `r`.
void addSteps(const ScheduleProblem &p, Schedule &s, int r) {
  RankList &list = s.ranks[r];
  std::vector<Action> head;
  auto forStages = [&](auto f) {
    for (int st = 0; st < s.stages; ++st)
      if (s.place[st] == r)
        f(st, p.stages[st]);
  };
  forStages([&](int st, const Stage &stage) {
    if (stage.gather)
      head.push_back(stepAction(Kind::AG, st));
  });
  forStages([&](int st, const Stage &stage) {
    if (p.training && stage.weights)
      head.push_back(stepAction(Kind::WGT, st));
  });
  list.actions.insert(list.actions.begin(), head.begin(), head.end());
  list.loopBegin = head.size();
  list.loopEnd = list.actions.size();
  if (!p.training)
    return;
  auto add = [&](Kind kind, int stage, int index = -1) {
    list.actions.push_back(stepAction(kind, stage, index));
  };
  for (size_t set = 0; set < p.ties.size(); ++set) {
    auto here = [&](const TieMember &m) { return s.place[m.stage] == r; };
    const auto &members = p.ties[set].members;
    if (std::any_of(members.begin(), members.end(), here))
      add(Kind::TIE, -1, static_cast<int>(set));
  }
  forStages([&](int st, const Stage &stage) {
    if (stage.buckets > 0)
      add(Kind::RS, st);
  });
  forStages([&](int st, const Stage &stage) {
    if (stage.norm)
      add(Kind::NORM, st);
  });
  add(Kind::SYNC, -1);
  forStages([&](int st, const Stage &stage) {
    if (stage.update)
      add(Kind::OPT, st);
  });
}

std::optional<std::string> checkRequest(const ScheduleProblem &p,
                                        const GeneratorRequest &q,
                                        const std::vector<int> &place) {
  int stages = p.numStages();
  if (q.name != "gpipe" && q.name != "1f1b")
    return "unknown schedule '" + q.name + "'; expected gpipe or 1f1b";
  if (q.microbatches < 1 || q.ranks < 1)
    return "found " + std::to_string(q.ranks) + " ranks and " +
           std::to_string(q.microbatches) +
           " micro-batches; expected at least 1 of each";
  if (stages < q.ranks)
    return "found " + std::to_string(stages) + " stages for " +
           std::to_string(q.ranks) +
           " ranks; expected at least one stage per rank";
  if (static_cast<int>(place.size()) != stages)
    return "the placement has " + std::to_string(place.size()) +
           " entries; expected " + std::to_string(stages);
  std::vector<bool> used(q.ranks);
  for (int r : place) {
    if (r < 0 || r >= q.ranks)
      return "the placement names rank " + std::to_string(r) +
             "; expected 0 to " + std::to_string(q.ranks - 1);
    used[r] = true;
  }
  for (int r = 0; r < q.ranks; ++r)
    if (!used[r])
      return "the placement leaves rank " + std::to_string(r) +
             " without a stage";
  return std::nullopt;
}

} // namespace

Result<Schedule> generate(const ScheduleProblem &problem,
                          const GeneratorRequest &request) {
  std::vector<int> place =
      request.place.empty() && request.ranks >= 1
          ? contiguousPlacement(problem.numStages(), request.ranks)
          : request.place;
  if (auto message = checkRequest(problem, request, place))
    return Diagnostic{*message, 0, 0};
  Schedule s;
  s.name = request.name;
  s.stages = problem.numStages();
  s.microbatches = request.microbatches;
  s.place = std::move(place);
  s.ranks.resize(request.ranks);
  if (std::is_sorted(s.place.begin(), s.place.end())) {
    fillBlocks(problem, s);
  } else {
    Diagnostics problems = fillMerged(problem, s);
    if (!problems.empty())
      return problems;
  }
  for (int r = 0; r < s.numRanks(); ++r)
    addSteps(problem, s, r);
  return s;
}

} // namespace mpt::schedule
