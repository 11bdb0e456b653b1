// SPDX-License-Identifier: Apache-2.0
//
// Generators of schedules in compute form (no transfers).
//
// Any number of stages from the number of ranks on, any number of
// micro-batches. In every list the B of one stage ascend by micro-batch, so
// gradients are added up in the same order for every schedule and placement.
#ifndef MPT_ANALYSIS_SCHEDULE_GENERATORS_H
#define MPT_ANALYSIS_SCHEDULE_GENERATORS_H

#include "mpt/Analysis/Schedule/Schedule.h"

namespace mpt::schedule {

struct GeneratorRequest {
  std::string name = "1f1b"; ///< "gpipe" or "1f1b"
  int ranks = 1;             ///< pipeline coordinates
  int microbatches = 1;
  std::vector<int> place; ///< stage -> rank; empty: contiguousPlacement
};

/// Stage s on rank s * ranks / stages: neighbours share a rank.
std::vector<int> contiguousPlacement(int stages, int ranks);
/// Stage s on rank s mod ranks.
std::vector<int> roundRobinPlacement(int stages, int ranks);

/// Generates the lists for `problem`. Without training they hold F (and AG)
/// only. Refuses an unknown name, fewer stages than ranks, an empty rank.
Result<Schedule> generate(const ScheduleProblem &problem,
                          const GeneratorRequest &request);

} // namespace mpt::schedule

#endif // MPT_ANALYSIS_SCHEDULE_GENERATORS_H
