// SPDX-License-Identifier: Apache-2.0
//
// Look-up tables shared by the passes over schedules: where a micro-batch task
// stands, which edges a task reads and writes, which edge a transfer names.
#ifndef MPT_LIB_ANALYSIS_SCHEDULE_TABLES_H
#define MPT_LIB_ANALYSIS_SCHEDULE_TABLES_H

#include "mpt/Analysis/Schedule/Schedule.h"

namespace mpt::schedule {

/// Most stages x micro-batches x slices that the tables are made for.
inline constexpr int64_t maxUnits = int64_t(1) << 26;

/// Edges by stage and direction, as indices into `problem.edges`.
class EdgeTable {
public:
  explicit EdgeTable(const ScheduleProblem &problem);
  const std::vector<int> &in(int stage, Direction d) const {
    return incoming[2 * stage + static_cast<int>(d)];
  }
  const std::vector<int> &out(int stage, Direction d) const {
    return outgoing[2 * stage + static_cast<int>(d)];
  }

private:
  std::vector<std::vector<int>> incoming, outgoing;
};

/// Positions of F, B, I, W, R in their rank's list; -1: absent. Built from a
/// complete schedule; of two equal tasks the first counts.
class Positions {
public:
  explicit Positions(const Schedule &schedule);
  int at(Kind kind, int stage, int unit) const {
    return table[(static_cast<size_t>(kind) * stages + stage) * units + unit];
  }
  /// B, or else I: the task that makes and reads backward edges.
  Kind backwardKind(int stage, int unit) const {
    return at(Kind::B, stage, unit) >= 0 ? Kind::B : Kind::I;
  }
  /// The task at this end of an edge: F, or B or I.
  Kind endKind(Direction d, int stage, int unit) const {
    return d == Direction::Forward ? Kind::F : backwardKind(stage, unit);
  }
  /// Position of the last task that may read what F saved; -1 without one.
  int lastReader(int stage, int unit) const;

private:
  size_t stages, units;
  std::vector<int> table;
};

/// The edge a transfer task names, or -1: none or several fit. `remoteOnly`
/// edges join two ranks.
int edgeOf(const ScheduleProblem &problem, const EdgeTable &edges,
           const std::vector<int> &place, const Task &transfer);

inline bool isRemote(const Edge &e, const std::vector<int> &place) {
  return place[e.from] != place[e.to];
}
/// SF/SB or RF/RB of an edge at a unit of `schedule`. The name is spelled out
/// only where the stage has several edges of that direction.
Task transferTask(const ScheduleProblem &problem, const EdgeTable &edges,
                  const Schedule &schedule, int edge, int unit, bool send);

/// Ranks that have a member of the set, ascending.
std::vector<int> ranksOf(const TieSet &set, const std::vector<int> &place);

/// `'F0.1' (rank 0 action 2)`; actions count from 1.
std::string where(const Schedule &s, const Task &task, int rank, size_t pos);

} // namespace mpt::schedule

#endif // MPT_LIB_ANALYSIS_SCHEDULE_TABLES_H
