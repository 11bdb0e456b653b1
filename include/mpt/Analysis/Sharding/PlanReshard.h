// SPDX-License-Identifier: Apache-2.0
//===- PlanReshard.h - the cheapest way between two placements --*- C++ -*-===//
//
// Free of MLIR. A placement is a list of axes per dim, major to minor. Steps
// take one axis each: slice (append an axis that nothing uses, free), move (the
// last axis of one dim to the end of another, an all-to-all of even cuts),
// gather (drop the last axis of a dim). The cheapest sequence by bytes on the
// wire is found by Dijkstra's search over placements; of equal ones the one
// with fewer steps. No step leaves a rank with more than the larger of both
// ends holds, unless there is no other way.
//
// Worked example, 2-D mesh x=2, y=4, [{x}, {}] to [{y}, {}]: slice y on dim 1,
// gather x, move y to dim 0. Through the whole tensor it would move four times
// the bytes.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_ANALYSIS_SHARDING_PLANRESHARD_H
#define MPT_ANALYSIS_SHARDING_PLANRESHARD_H

#include <cstdint>
#include <vector>

namespace mpt::sharding {

/// Axes, by index, of each dim.
using Placement = std::vector<std::vector<int>>;

struct ReshardStep {
  enum Kind { Slice, Move, Gather } kind;
  int axis;
  unsigned dim;      ///< sliced, gathered, or moved to
  unsigned from = 0; ///< moved from
};

struct ReshardPlan {
  std::vector<ReshardStep> steps;
  int64_t wire = 0; ///< elements that one rank receives
  int64_t peak = 0; ///< elements that one rank holds at most
};

/// Elements of one rank's block.
int64_t localElements(const std::vector<int64_t> &shape,
                      const std::vector<int64_t> &axisSizes,
                      const Placement &placement);
/// What a step does to a placement and its elements on the wire.
int64_t applyStep(const std::vector<int64_t> &shape,
                  const std::vector<int64_t> &axisSizes,
                  const ReshardStep &step, Placement &placement);
ReshardPlan planReshard(const std::vector<int64_t> &shape,
                        const std::vector<int64_t> &axisSizes,
                        const Placement &from, const Placement &to);

} // namespace mpt::sharding

#endif // MPT_ANALYSIS_SHARDING_PLANRESHARD_H
