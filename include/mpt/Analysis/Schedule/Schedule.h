// SPDX-License-Identifier: Apache-2.0
//
// The data of pipeline schedules, free of MLIR.
//
// A `Schedule` is a header and one totally ordered action list per pipeline
// coordinate (called *rank* here and in schedule files; the ranks of one
// coordinate differ only in mesh indices and share its list). A
// `ScheduleProblem` says what must be scheduled: stages, the edges between
// them, per-step tasks, collectives inside tasks, bytes and costs.
//
// The way of a schedule:
//   generate (Generators.h) or parse (Text.h)
//     -> verify (Verify.h)         complete, placed, acyclic
//     -> simulate (Simulate.h)     times of the compute form
//     -> lower (Lower.h)           transfers, slots, peak: a LoweredSchedule
//
// Worked example, two stages on two ranks, two micro-batches:
//   rank 0: F0.0 F0.1 B0.0 B0.1 | TIE0 RS0 NORM0 SYNC OPT0
//   rank 1: WGT1 | F1.0 B1.0 F1.1 B1.1 | TIE0 RS1 NORM1 SYNC OPT1
#ifndef MPT_ANALYSIS_SCHEDULE_SCHEDULE_H
#define MPT_ANALYSIS_SCHEDULE_SCHEDULE_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mpt::schedule {

/// Kinds of actions, in four groups: of one micro-batch, of one step,
/// transfers (lowered form only), local hand-over.
enum class Kind : uint8_t {
  F,    ///< forward
  B,    ///< backward: gradients of inputs and of weights
  I,    ///< backward, inputs only
  W,    ///< backward, weights only
  R,    ///< recompute what F did not save
  AG,   ///< unshard the parameters of a stage
  WGT,  ///< weights of the loss terms of a stage, before its first B
  TIE,  ///< sum a replica set over its stages
  RS,   ///< reduce the gradients of a stage (or of one bucket) over data ranks
  NORM, ///< pack a stage's loss and squared gradient norms
  SYNC, ///< add those of all ranks
  OPT,  ///< update the parameters of a stage
  SF,   ///< send a result of F
  RF,   ///< receive an operand of F
  SB,   ///< send a result of B (or I)
  RB,   ///< receive an operand of B (or I)
  L,    ///< hand over between two stages of one rank; never in text
};

std::string_view kindName(Kind kind);
std::optional<Kind> kindNamed(std::string_view name);
inline bool isMicro(Kind k) { return k <= Kind::R; }
inline bool isStep(Kind k) { return k >= Kind::AG && k <= Kind::OPT; }
inline bool isTransfer(Kind k) { return k >= Kind::SF && k <= Kind::RB; }
inline bool isSend(Kind k) { return k == Kind::SF || k == Kind::SB; }
inline bool isReceive(Kind k) { return k == Kind::RF || k == Kind::RB; }
/// Kinds whose call is shared by several ranks as a whole.
inline bool isExchange(Kind k) { return k == Kind::TIE || k == Kind::SYNC; }

/// What an action does. `F2.5`: stage 2, micro-batch 5; `F2.5.1`: its slice 1;
/// `RS0.3`: bucket 3 of stage 0, `RS0` all its buckets; `TIE0`: tie set 0;
/// `SF0.4:h1`: the edge 'h1' where stage 0 has several.
struct Task {
  Kind kind = Kind::F;
  int stage = -1;      ///< -1: SYNC and TIE
  int microbatch = -1; ///< -1: per-step tasks
  int slice = 0;
  int index = -1;     ///< bucket of RS or set of TIE
  std::string tensor; ///< edge of a transfer; may be empty if there is one
  bool operator==(const Task &o) const {
    return kind == o.kind && stage == o.stage && microbatch == o.microbatch &&
           slice == o.slice && index == o.index && tensor == o.tensor;
  }
};

/// Communication started at a numbered point of a task's body:
/// `B0.7{RS0.3@12}`.
struct Hook {
  Task task;
  int point = 0;
  bool operator==(const Hook &o) const {
    return task == o.task && point == o.point;
  }
};

/// One entry of a list. `line` and `column` count from 1; 0: not from a file.
struct Action : Task {
  std::vector<Hook> hooks;
  int line = 0, column = 0;
  bool operator==(const Action &o) const {
    return Task::operator==(o) && hooks == o.hooks;
  }
};

/// The list of one rank: actions [0, loopBegin) are the step's prologue,
/// [loopBegin, loopEnd) its loop, the rest its epilogue.
struct RankList {
  std::vector<Action> actions;
  size_t loopBegin = 0, loopEnd = 0;
  int line = 0;
  bool operator==(const RankList &o) const {
    return actions == o.actions && loopBegin == o.loopBegin &&
           loopEnd == o.loopEnd;
  }
};

struct Schedule {
  std::string name;
  int stages = 0, microbatches = 0, slices = 1;
  std::vector<int> place; ///< stage -> rank
  std::vector<RankList> ranks;

  int numRanks() const { return static_cast<int>(ranks.size()); }
  /// Units of work per stage: micro-batch times slice, micro-batch major.
  int units() const { return microbatches * slices; }
  int unit(const Task &t) const { return t.microbatch * slices + t.slice; }
  bool hasTransfers() const;
  bool operator==(const Schedule &o) const {
    return name == o.name && stages == o.stages &&
           microbatches == o.microbatches && slices == o.slices &&
           place == o.place && ranks == o.ranks;
  }
};

/// The text of a task (`F0.1`), without hooks.
std::string spell(const Task &task, int slices = 1);

//===----------------------------------------------------------------------===//
// What is to be scheduled
//===----------------------------------------------------------------------===//

/// Time of one run of each task, in any one unit. Must be positive.
struct Costs {
  double f = 1, b = 2, i = 1, w = 1, r = 1;
  double of(Kind kind) const;
};

/// A collective inside a task's body, in program order. `points`: how many
/// points of the body come before it.
struct Collective {
  int group = 0;
  int points = 0;
};

/// The ranks (pipeline coordinates) that call a collective together. Empty:
/// only the ranks of the caller's own coordinate, e.g. a group over "tp".
struct Group {
  std::string name;
  std::vector<int> ranks;
};

struct Stage {
  bool backward = true; ///< has B (or I and W); false if nothing needs it
  bool weights = false; ///< runs WGT
  bool gather = false;  ///< runs AG before its first F
  bool norm = true;     ///< runs NORM
  bool update = true;   ///< runs OPT
  int buckets = 1;      ///< gradient buckets of RS; 0: no RS
  /// Point of the last B from which on a bucket's gradients are final; absent:
  /// only at its end. Needed by hooks `B..{RSs.b@point}`.
  std::map<int, int> bucketPoint;
  int64_t fixedBytes = 0; ///< parameters, accumulators, states, inputs
  int64_t savedBytes = 0; ///< one saved set, received operands in it included
  int64_t workBytes = 0;  ///< largest working set of one of its tasks
  Costs costs;
  std::map<Kind, std::vector<Collective>> collectives;
  std::map<Kind, int> points; ///< number of points in a task's body
};

enum class Direction : uint8_t { Forward, Backward };

/// A tensor that one stage makes and another reads, once per micro-batch. Any
/// two stages, any number of edges between them. Forward edges go from F to F,
/// backward edges from B to B (or I to I).
struct Edge {
  std::string name; ///< unique: the symbol of the transfer
  int from = 0, to = 0;
  Direction direction = Direction::Forward;
  int64_t bytes = 0;
  /// The reader's later tasks read it, too. A kept forward operand is part of
  /// the reader's saved set: it is received there and has no slot of its own.
  bool kept = false;
};

/// Stages that use one parameter. `bucket`: that of the member's RS which the
/// sum must precede.
struct TieMember {
  int stage = 0;
  int bucket = 0;
};
struct TieSet {
  std::string name;
  std::vector<TieMember> members;
};

struct ScheduleProblem {
  bool training = true; ///< false: F (and AG) only
  std::vector<Stage> stages;
  std::vector<Edge> edges;
  std::vector<TieSet> ties;
  std::vector<Group> groups;
  int64_t rankBytes = 0;   ///< fixed bytes of every rank: step block, totals
  int64_t memoryLimit = 0; ///< bytes per rank; 0: none
  double latency = 0;      ///< time of a message between two ranks
  double byteTime = 0;     ///< and per byte

  int numStages() const { return static_cast<int>(stages.size()); }
};

/// A chain of `stages` stages: edges h1, h2, ... forward (kept by the reader,
/// as h<s> into stage s) and dh1, dh2, ... backward.
ScheduleProblem chainProblem(int stages, bool training = true);

//===----------------------------------------------------------------------===//
// Diagnostics
//===----------------------------------------------------------------------===//

struct Diagnostic {
  std::string message;
  int line = 0, column = 0; ///< 0: not from a file
  /// `file:line:column: message`; without a position `file: message`.
  std::string str(std::string_view file) const;
};
using Diagnostics = std::vector<Diagnostic>;

/// A value, or why there is none.
template <typename T> struct Result {
  std::optional<T> value;
  Diagnostics problems;
  Result(T v) : value(std::move(v)) {}
  Result(Diagnostics p) : problems(std::move(p)) {}
  Result(Diagnostic d) : problems{std::move(d)} {}
  explicit operator bool() const { return value.has_value(); }
  T &operator*() { return *value; }
  T *operator->() { return &*value; }
};

} // namespace mpt::schedule

#endif // MPT_ANALYSIS_SCHEDULE_SCHEDULE_H
