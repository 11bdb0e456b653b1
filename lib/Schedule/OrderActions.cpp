// SPDX-License-Identifier: Apache-2.0
//===- OrderActions.cpp - phase 7: one action list per coordinate ---------===//
//
//   tasks, transfers --ScheduleProblem--> problem
//   header           --generate or parse--> schedule over F, B, WGT, ...
//   both             --lower--> transfers, slots, peak; proved
//                    --here--> mpt.schedule, one mpt.actions per coordinate
//
// A file brings its own placement; its micro-batches and coordinates are the
// program's. What the algebra knows and tasks do not have yet is refused by
// name: slices, hooks, I, W, R, AG and single buckets. Findings about a file
// point into it.
//
//===----------------------------------------------------------------------===//
#include "ScheduleProblem.h"
#include "mpt/Analysis/Schedule/Generators.h"
#include "mpt/Analysis/Schedule/Lower.h"
#include "mpt/Analysis/Schedule/Text.h"
#include "mpt/IR/Config.h"
#include "mpt/Schedule/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_ORDERACTIONSPASS
#include "mpt/Schedule/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct OrderActions : mlir::mpt::impl::OrderActionsPassBase<OrderActions> {
  void runOnOperation() override;

private:
  FailureOr<algebra::Schedule> parse(StringRef text);
  FailureOr<algebra::Schedule> generate();
  LogicalResult checkSupported(const algebra::Schedule &schedule);
  void write(const algebra::LoweredSchedule &lowered);
  void writeAction(OpBuilder &b, const algebra::LoweredAction &action);
  void writeRun(OpBuilder &b, const algebra::LoweredAction &action);
  LogicalResult report(const algebra::Diagnostics &problems);
  Location at(int line, int column);

  ScheduleHeaderOp header;
  algebra::ScheduleProblem problem;
  int coordinates = 1;
};
} // namespace

/// A position in the schedule file; without one the header's.
Location OrderActions::at(int line, int column) {
  if (line == 0)
    return header.getLoc();
  Config config(getOperation());
  StringRef file = config.getString("schedule_file");
  if (file.empty())
    file = config.getString("schedule", "schedule");
  return FileLineColLoc::get(&getContext(), file, line, column);
}

LogicalResult OrderActions::report(const algebra::Diagnostics &problems) {
  for (const algebra::Diagnostic &d : problems)
    emitError(at(d.line, d.column)) << d.message;
  return failure(!problems.empty());
}

FailureOr<algebra::Schedule> OrderActions::generate() {
  algebra::GeneratorRequest request;
  request.name = header.getName().str();
  request.ranks = coordinates;
  request.microbatches = header.getMicro();
  request.place.assign(header.getPlace().begin(), header.getPlace().end());
  algebra::Result<algebra::Schedule> schedule =
      algebra::generate(problem, request);
  if (!schedule)
    return report(schedule.problems);
  return *schedule;
}

FailureOr<algebra::Schedule> OrderActions::parse(StringRef text) {
  algebra::Result<algebra::Schedule> schedule =
      algebra::parseSchedule({text.data(), text.size()});
  if (!schedule)
    return report(schedule.problems);
  auto differs = [&](const char *key, int64_t found, int64_t expected) {
    if (found != expected)
      emitError(at(1, 1)) << "the schedule has " << key << "=" << found
                          << ", the program has " << expected;
    return found != expected;
  };
  bool ranks = differs("ranks", schedule->numRanks(), coordinates);
  bool micro = differs("mb", schedule->microbatches, header.getMicro());
  bool slices = differs("slices", schedule->slices, 1);
  if (ranks || micro || slices || failed(checkSupported(*schedule)))
    return failure();
  return *schedule;
}

LogicalResult OrderActions::checkSupported(const algebra::Schedule &schedule) {
  bool ok = true;
  auto refuse = [&](const algebra::Action &action, const Twine &what) {
    emitError(at(action.line, action.column))
        << "'" << algebra::spell(action) << "' " << what;
    ok = false;
  };
  for (const algebra::RankList &list : schedule.ranks)
    for (const algebra::Action &action : list.actions) {
      using K = algebra::Kind;
      if (!action.hooks.empty())
        refuse(action, "has a hook; communication starts between tasks only, "
                       "leave the braces out");
      if (llvm::is_contained({K::I, K::W, K::R, K::AG}, action.kind))
        refuse(action, "is of a kind that this program has no tasks of; "
                       "expected F, B, WGT, TIE, RS, NORM, SYNC, OPT or "
                       "transfers");
      if (action.kind == K::RS && action.index >= 0)
        refuse(action, "names a bucket; a stage has one task RS, write 'RS" +
                           Twine(action.stage) + "'");
    }
  return success(ok);
}

//===- The ops -----------------------------------------------------------===//

void OrderActions::writeRun(OpBuilder &b,
                            const algebra::LoweredAction &action) {
  auto task = FlatSymbolRefAttr::get(&getContext(),
                                     getTaskName(action.stage, action.kind));
  if (action.microbatch < 0) {
    RunOp::create(b, header.getLoc(), task, IntegerAttr(), IntegerAttr(),
                  DictionaryAttr());
    return;
  }
  SmallVector<NamedAttribute> slots;
  for (const algebra::SlotUse &use : action.slots)
    slots.push_back(b.getNamedAttr(problem.edges[use.edge].name,
                                   b.getI64IntegerAttr(use.slot)));
  RunOp::create(
      b, header.getLoc(), task, b.getI64IntegerAttr(action.microbatch),
      action.save < 0 ? IntegerAttr() : b.getI64IntegerAttr(action.save),
      slots.empty() ? DictionaryAttr() : b.getDictionaryAttr(slots));
}

void OrderActions::writeAction(OpBuilder &b,
                               const algebra::LoweredAction &action) {
  using K = algebra::Kind;
  Location loc = header.getLoc();
  auto edge = [&] { return StringRef(problem.edges[action.edge].name); };
  switch (action.kind) {
  case K::SF:
  case K::SB:
    SendOp::create(b, loc, edge(), action.microbatch, action.slot);
    return;
  case K::RF:
  case K::RB:
    RecvOp::create(b, loc, edge(), action.microbatch, action.slot);
    return;
  case K::L:
    HandOverOp::create(b, loc, edge(), action.microbatch, action.slot);
    return;
  case K::TIE:
    ExchangeOp::create(b, loc, StringRef(problem.ties[action.index].name));
    return;
  case K::SYNC:
    ExchangeOp::create(b, loc, kTotals);
    return;
  default:
    writeRun(b, action);
  }
}

void OrderActions::write(const algebra::LoweredSchedule &lowered) {
  auto b = OpBuilder::atBlockEnd(getOperation().getBody());
  SmallVector<int64_t> place(lowered.place.begin(), lowered.place.end());
  auto schedule =
      ScheduleOp::create(b, header.getLoc(), StringRef(lowered.name),
                         lowered.stages, lowered.microbatches, place);
  b.setInsertionPointToStart(&schedule.getBody().emplaceBlock());
  for (auto [pp, rank] : llvm::enumerate(lowered.ranks)) {
    auto actions = ActionsOp::create(b, header.getLoc(), pp, rank.peakBytes);
    auto inner = OpBuilder::atBlockBegin(&actions.getBody().emplaceBlock());
    for (const algebra::LoweredAction &action : rank.actions)
      writeAction(inner, action);
  }
}

void OrderActions::runOnOperation() {
  ModuleOp module = getOperation();
  FailureOr<algebra::ScheduleProblem> built = buildScheduleProblem(module);
  if (failed(built))
    return signalPassFailure();
  problem = *built;
  header = getOnly<ScheduleHeaderOp>(module);
  if (auto mesh = getOnly<MeshOp>(module))
    coordinates = mesh.getSize("pp");
  StringRef text = header.getText().value_or("");
  FailureOr<algebra::Schedule> schedule =
      text.empty() ? generate() : parse(text);
  if (failed(schedule))
    return signalPassFailure();
  algebra::Result<algebra::LoweredSchedule> lowered =
      algebra::lower(problem, *schedule);
  if (!lowered) {
    (void)report(lowered.problems);
    return signalPassFailure();
  }
  write(*lowered);
}
