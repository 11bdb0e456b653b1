// SPDX-License-Identifier: Apache-2.0
//===- VerifySchedule.cpp - the form of phase 7 ---------------------------===//
//
// Reads the action lists back and proves them anew, trusting nothing that
// OrderActions derived:
//   complete      every (stage, micro-batch) has its F and B, every stage its
//                 per-step tasks, every edge its sends and receives
//   acyclic       program order and data edges
//   no deadlock   sends, receives, exchanges and the tasks' own collectives,
//                 under one blocking queue per rank
//   slots         written after the last reader, read with the right value
//   hand-overs    one per local edge and micro-batch, behind its producer, with
//                 the slot the producer wrote
//   peak          is that of the slots used, and within --device-memory
//
//===----------------------------------------------------------------------===//
#include "ReadActions.h"
#include "mpt/Analysis/Schedule/Verify.h"
#include "mpt/Schedule/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYSCHEDULEPASS
#include "mpt/Schedule/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct VerifySchedule
    : mlir::mpt::impl::VerifySchedulePassBase<VerifySchedule> {
  void runOnOperation() override;

private:
  LogicalResult verify(ScheduleOp op);
  LogicalResult verifyHeader(ScheduleOp op);
  LogicalResult report(ScheduleOp op, const ReadSchedule &read,
                       const algebra::Diagnostics &problems);
  LogicalResult verifyHandOvers(const ReadSchedule &read);
  LogicalResult verifyPeaks(ScheduleOp op, ReadSchedule &read);
  int64_t getPoolBytes(const algebra::LoweredSchedule &lowered, size_t rank);

  algebra::ScheduleProblem problem;
};
} // namespace

/// A finding about action n of the lists stands at its op.
LogicalResult VerifySchedule::report(ScheduleOp op, const ReadSchedule &read,
                                     const algebra::Diagnostics &problems) {
  for (const algebra::Diagnostic &d : problems)
    (d.line ? read.ops[d.line - 1] : op.getOperation())->emitError()
        << d.message;
  return failure(!problems.empty());
}

LogicalResult VerifySchedule::verifyHeader(ScheduleOp op) {
  auto header = getOnly<ScheduleHeaderOp>(getOperation());
  auto mesh = getOnly<MeshOp>(getOperation());
  int64_t coordinates = mesh ? mesh.getSize("pp") : 1;
  auto lists = op.getBody().front().getOps<ActionsOp>();
  int64_t found = std::distance(lists.begin(), lists.end());
  if (op.getMicro() != header.getMicro())
    return op.emitError() << "the schedule has " << op.getMicro()
                          << " micro-batches, the program has "
                          << header.getMicro();
  if (found != coordinates)
    return op.emitError() << "the schedule has " << found
                          << " action lists, the mesh has " << coordinates
                          << " pipeline coordinates";
  return success();
}

LogicalResult VerifySchedule::verifyHandOvers(const ReadSchedule &read) {
  bool ok = true;
  size_t index = 0;
  for (const algebra::LoweredRank &rank : read.lowered.ranks) {
    std::map<std::pair<int, int>, int> due; ///< (edge, micro-batch) -> slot
    for (const algebra::LoweredAction &a : rank.actions) {
      Operation *op = read.ops[index++];
      if (a.kind == algebra::Kind::L) {
        auto it = due.find({a.edge, a.microbatch});
        if (it == due.end() || it->second != a.slot) {
          op->emitError() << "hands over slot " << a.slot << ", "
                          << (it == due.end()
                                  ? "which no action before it produced"
                                  : "but the value lies in slot " +
                                        std::to_string(it->second));
          ok = false;
        } else {
          due.erase(it);
        }
        continue;
      }
      for (const algebra::SlotUse &use : a.slots) {
        const algebra::Edge &edge = problem.edges[use.edge];
        bool local =
            read.lowered.place[edge.from] == read.lowered.place[edge.to];
        if (local && edge.from == a.stage)
          due[{use.edge, a.microbatch}] = use.slot;
        if (local && edge.to == a.stage &&
            due.count({use.edge, a.microbatch})) {
          op->emitError() << "reads '" << edge.name
                          << "' before it is handed over";
          ok = false;
        }
      }
    }
  }
  return success(ok);
}

/// Bytes of the slots that the lists of this rank use.
int64_t VerifySchedule::getPoolBytes(const algebra::LoweredSchedule &lowered,
                                     size_t rank) {
  std::map<std::tuple<int, int>, std::pair<int, int64_t>> pools;
  auto use = [&](int kind, int owner, int slot, int64_t bytes) {
    auto &pool = pools[{kind, owner}];
    pool = {std::max(pool.first, slot + 1), bytes};
  };
  for (const algebra::LoweredAction &a : lowered.ranks[rank].actions) {
    if (a.save >= 0)
      use(0, a.stage, a.save, problem.stages[a.stage].savedBytes);
    for (const algebra::SlotUse &s : a.slots) {
      const algebra::Edge &edge = problem.edges[s.edge];
      bool local = lowered.place[edge.from] == lowered.place[edge.to];
      bool inSaved =
          edge.kept && problem.training && problem.stages[edge.to].backward;
      bool arrives = local || edge.to == a.stage;
      if (arrives && inSaved)
        use(0, edge.to, s.slot, problem.stages[edge.to].savedBytes);
      else
        use(arrives ? 1 : 2, s.edge, s.slot, edge.bytes);
    }
  }
  int64_t bytes = 0;
  for (const auto &[key, pool] : pools)
    bytes += pool.first * pool.second;
  return bytes;
}

LogicalResult VerifySchedule::verifyPeaks(ScheduleOp op, ReadSchedule &read) {
  bool ok = true;
  auto lists = op.getBody().front().getOps<ActionsOp>();
  for (auto [r, list] : llvm::enumerate(lists)) {
    algebra::LoweredRank &rank = read.lowered.ranks[r];
    rank.fixedBytes = problem.rankBytes;
    for (auto [stage, place] : llvm::enumerate(read.lowered.place))
      if (place == int(r)) {
        rank.fixedBytes += problem.stages[stage].fixedBytes;
        rank.workBytes =
            std::max(rank.workBytes, problem.stages[stage].workBytes);
      }
    int64_t peak =
        rank.fixedBytes + rank.workBytes + getPoolBytes(read.lowered, r);
    if (rank.peakBytes != peak) {
      ActionsOp(list).emitError() << "found peak = " << rank.peakBytes
                                  << ", its actions need " << peak << " bytes";
      ok = false;
    }
  }
  return success(ok);
}

LogicalResult VerifySchedule::verify(ScheduleOp op) {
  FailureOr<algebra::ScheduleProblem> built =
      buildScheduleProblem(getOperation());
  if (failed(built))
    return failure();
  problem = *built;
  if (failed(verifyHeader(op)))
    return failure();
  FailureOr<ReadSchedule> read = readActions(op, problem);
  if (failed(read) ||
      failed(report(op, *read, algebra::verify(problem, read->schedule))))
    return failure();
  if (!read->schedule.hasTransfers() &&
      llvm::any_of(problem.edges, [&](const algebra::Edge &e) {
        return op.getPlace()[e.from] != op.getPlace()[e.to];
      }))
    return op.emitError() << "the lists hold no sends and receives";
  if (failed(report(op, *read, algebra::verifySlots(problem, read->lowered))) ||
      failed(verifyHandOvers(*read)) || failed(verifyPeaks(op, *read)))
    return failure();
  return report(op, *read, algebra::verifyMemory(problem, read->lowered));
}

void VerifySchedule::runOnOperation() {
  SmallVector<ScheduleOp> schedules(getOperation().getOps<ScheduleOp>());
  if (schedules.size() != 1) {
    getOperation().emitError()
        << "found " << schedules.size() << " 'mpt.schedule', expected one";
    return signalPassFailure();
  }
  if (failed(verify(schedules.front())))
    signalPassFailure();
}
