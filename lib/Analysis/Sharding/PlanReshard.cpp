// SPDX-License-Identifier: Apache-2.0
#include "mpt/Analysis/Sharding/PlanReshard.h"
#include "mpt/Analysis/Sharding/Cuts.h"
#include <algorithm>
#include <map>
#include <optional>
#include <queue>
#include <tuple>

using namespace mpt::sharding;

using Sizes = std::vector<int64_t>;

static Sizes sizesOf(const Sizes &axisSizes, const std::vector<int> &axes) {
  Sizes sizes;
  for (int axis : axes)
    sizes.push_back(axisSizes[axis]);
  return sizes;
}

int64_t mpt::sharding::localElements(const Sizes &shape, const Sizes &axisSizes,
                                     const Placement &placement) {
  int64_t n = 1;
  for (size_t d = 0; d < shape.size(); ++d)
    n *= cutBound(shape[d], sizesOf(axisSizes, placement[d]));
  return n;
}

int64_t mpt::sharding::applyStep(const Sizes &shape, const Sizes &axisSizes,
                                 const ReshardStep &step,
                                 Placement &placement) {
  int64_t ranks = axisSizes[step.axis];
  int64_t before = localElements(shape, axisSizes, placement);
  if (step.kind != ReshardStep::Slice)
    placement[step.kind == ReshardStep::Move ? step.from : step.dim].pop_back();
  if (step.kind == ReshardStep::Gather)
    return before * (ranks - 1);
  placement[step.dim].push_back(step.axis);
  return step.kind == ReshardStep::Move ? before / ranks * (ranks - 1) : 0;
}

static bool isEven(const Sizes &shape, const Sizes &axisSizes,
                   const Placement &placement, unsigned dim) {
  return cutsEvenly(shape[dim], sizesOf(axisSizes, placement[dim]));
}

/// All steps that one can take.
static std::vector<ReshardStep> stepsFrom(const Sizes &shape,
                                          const Sizes &axisSizes,
                                          const Placement &placement) {
  std::vector<bool> used(axisSizes.size(), false);
  for (const auto &axes : placement)
    for (int axis : axes)
      used[axis] = true;
  std::vector<ReshardStep> steps;
  for (unsigned dim = 0; dim < shape.size(); ++dim) {
    for (int axis = 0; axis < int(axisSizes.size()); ++axis)
      if (!used[axis])
        steps.push_back({ReshardStep::Slice, axis, dim});
    if (placement[dim].empty())
      continue;
    int last = placement[dim].back();
    steps.push_back({ReshardStep::Gather, last, dim});
    for (unsigned to = 0; to < shape.size(); ++to) {
      Placement moved = placement;
      moved[dim].pop_back();
      moved[to].push_back(last);
      if (to != dim && isEven(shape, axisSizes, placement, dim) &&
          isEven(shape, axisSizes, moved, to))
        steps.push_back({ReshardStep::Move, last, to, dim});
    }
  }
  return steps;
}

static std::optional<ReshardPlan> search(const Sizes &shape,
                                         const Sizes &axisSizes,
                                         const Placement &from,
                                         const Placement &to, int64_t bound) {
  struct Best {
    int64_t wire;
    int steps;
    Placement before;
    ReshardStep step;
  };
  std::map<Placement, Best> best;
  std::map<Placement, bool> settled;
  using Entry = std::tuple<int64_t, int, Placement>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> queue;
  best[from] = {0, 0, from, {}};
  queue.push({0, 0, from});
  while (!queue.empty()) {
    auto [wire, count, at] = queue.top();
    queue.pop();
    if (settled[at])
      continue;
    settled[at] = true;
    if (at == to)
      break;
    for (const ReshardStep &step : stepsFrom(shape, axisSizes, at)) {
      Placement next = at;
      int64_t total = wire + applyStep(shape, axisSizes, step, next);
      auto known = best.find(next);
      if (localElements(shape, axisSizes, next) > bound ||
          (known != best.end() &&
           std::pair(known->second.wire, known->second.steps) <=
               std::pair(total, count + 1)))
        continue;
      best[next] = {total, count + 1, at, step};
      queue.push({total, count + 1, next});
    }
  }
  if (!best.count(to))
    return std::nullopt;
  ReshardPlan plan;
  plan.wire = best[to].wire;
  plan.peak = localElements(shape, axisSizes, from);
  for (Placement at = to; at != from; at = best[at].before) {
    plan.steps.push_back(best[at].step);
    plan.peak = std::max(plan.peak, localElements(shape, axisSizes, at));
  }
  std::reverse(plan.steps.begin(), plan.steps.end());
  return plan;
}

ReshardPlan mpt::sharding::planReshard(const Sizes &shape,
                                       const Sizes &axisSizes,
                                       const Placement &from,
                                       const Placement &to) {
  int64_t bound = std::max(localElements(shape, axisSizes, from),
                           localElements(shape, axisSizes, to));
  if (auto plan = search(shape, axisSizes, from, to, bound))
    return *plan;
  return *search(shape, axisSizes, from, to,
                 localElements(shape, axisSizes, Placement(shape.size())));
}
