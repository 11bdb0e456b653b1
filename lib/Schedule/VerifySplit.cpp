// SPDX-License-Identifier: Apache-2.0
//===- VerifySplit.cpp - the form of phase 5 ------------------------------===//
//
//   tasks       each function alone                         (VerifyTask.h)
//   types       a name bound on several places has one type: a state or an
//               input in all tasks, the rest in all tasks of a stage
//   transfers   one producer and one consumer task per stage named
//   saved       made by F, read by B of the stage
//   once        made by WGT of the stage, read there
//   gradients   made by RS, read by OPT, and by NORM of one stage (the one that
//               counts, if the parameter has replicas)
//   accumulators  zeroed by OPT of the stage, read by RS, NORM or a tie
//   states      written where they are used               (VerifyStates.cpp)
//   ops         one id stands in one task, unless it is free to clone, marked
//               `recompute`, computed from states alone, a part of a split sum,
//               the same per-step task of another stage, or WGT, which computes
//               of the whole batch what F computes of a micro-batch
//
//===----------------------------------------------------------------------===//
#include "ClassifyOps.h"
#include "TaskUses.h"
#include "VerifyTask.h"
#include "mpt/Schedule/Passes.h"
#include <map>
#include <set>

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYSPLITPASS
#include "mpt/Schedule/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;
using K = algebra::Kind;
using BK = BindingKind;

namespace {
struct VerifySplit : mlir::mpt::impl::VerifySplitPassBase<VerifySplit> {
  void runOnOperation() override;
};

class FormVerifier {
public:
  FormVerifier(ModuleOp module, ScheduleHeaderOp header)
      : module(module), symbols(module), header(header) {}
  LogicalResult run();

private:
  InFlightDiagnostic fail(Operation *op) {
    ok = false;
    return op->emitError();
  }
  LogicalResult checkTasks();

  void checkName(Binding binding, const TaskUses::List &places);
  void checkTypes(Binding binding, const TaskUses::List &places);
  void checkTransfer(TransferOp transfer);
  void checkEnds(TransferOp transfer, BK kind, ArrayRef<std::pair<int, K>> ends,
                 Type type);
  void checkMade(Binding binding, const TaskUses::List &places, K maker,
                 K reader);
  void checkCounted(StringRef name, const TaskUses::List &places);
  void checkAccumulator(StringRef name, const TaskUses::List &places);
  void checkOps(Task task);
  void checkRepeated(Operation *op, Task task, Operation *first, Task other);

  ModuleOp module;
  SymbolTable symbols;
  ScheduleHeaderOp header;
  SmallVector<Task> tasks;
  TaskUses uses;
  std::map<int64_t, std::pair<Operation *, Task>> byId;
  bool ok = true;
};
} // namespace

//===- Tasks and names ---------------------------------------------------===//

LogicalResult FormVerifier::checkTasks() {
  std::set<int> forward;
  for (auto func : module.getOps<func::FuncOp>()) {
    if (failed(verifyTask(func, header.getStages()))) {
      ok = false;
      continue;
    }
    Task task = *getTask(func);
    tasks.push_back(task);
    if (task.kind == K::F)
      forward.insert(task.stage);
    uses.add(task);
  }
  for (int stage = 0; ok && stage < int(header.getStages()); ++stage)
    if (!forward.count(stage))
      fail(header) << "stage " << stage << " has no task '"
                   << getTaskName(stage, K::F) << "'; expected one per stage";
  return success(ok);
}

/// Against the first use of the same scope.
void FormVerifier::checkTypes(Binding binding, const TaskUses::List &places) {
  bool shared =
      llvm::is_contained({BK::State, BK::Input, BK::Inputs}, binding.kind);
  std::map<int, const Use *> firsts;
  for (const Use &use : places) {
    auto [it, fresh] = firsts.insert({shared ? 0 : use.task.stage, &use});
    const Use &first = *it->second;
    if (!fresh && first.type != use.type)
      fail(use.task.func) << use.str() << " has '"
                          << spell(module.getContext(), binding) << "' of type "
                          << use.type << "; expected " << first.type << ", as "
                          << first.str() << " has";
  }
}

//===- Transfers ---------------------------------------------------------===//

void FormVerifier::checkEnds(TransferOp transfer, BK kind,
                             ArrayRef<std::pair<int, K>> ends, Type type) {
  StringRef name = transfer.getSymName();
  const char *does = kind == BK::Send ? "sent" : "received";
  const TaskUses::List &places = uses.get(kind, name);
  for (auto [stage, task] : ends)
    if (!uses.has(kind, name, stage, task, kind == BK::Send))
      fail(transfer) << "transfer '" << name << "' is not " << does
                     << " by task '" << getTaskName(stage, task)
                     << "'; expected one "
                     << (kind == BK::Send ? "result" : "argument") << " there";
  for (const Use &use : places) {
    if (llvm::none_of(ends,
                      [&](auto end) { return use.is(end.first, end.second); }))
      fail(use.task.func) << use.str() << " is " << does << " by transfer '"
                          << name << "', which names other tasks";
    else if (use.type != type)
      fail(use.task.func) << use.str() << " has type " << use.type
                          << "; expected " << type << " of transfer '" << name
                          << "'";
  }
}

void FormVerifier::checkTransfer(TransferOp transfer) {
  SmallVector<std::pair<int, K>> senders, receivers;
  ArrayRef<int64_t> among = transfer.getAmong().value_or(ArrayRef<int64_t>());
  StringRef task = transfer.getTask();
  if (transfer.getMode() == "move") {
    if (task != "F" && task != "B") {
      fail(transfer) << "a move of task '" << task << "'; expected F or B";
      return;
    }
    K kind = task == "F" ? K::F : K::B;
    senders.push_back({*transfer.getFrom(), kind});
    receivers.push_back({*transfer.getTo(), kind});
  } else if (task == "NORM") {
    for (int64_t stage : among) {
      senders.push_back({stage, K::NORM});
      receivers.push_back({stage, K::OPT});
    }
  } else if (task == "acc" && transfer.getOf()) {
    for (int64_t stage : among) {
      receivers.push_back({stage, K::RS});
      for (const Use &use : uses.get(BK::Acc, *transfer.getOf()))
        if (use.task.stage == stage && use.type != transfer.getInput())
          fail(use.task.func)
              << use.str() << " has type " << use.type << "; expected "
              << transfer.getInput() << " of transfer '"
              << transfer.getSymName() << "'";
    }
  } else {
    fail(transfer) << "a sum of task '" << task
                   << "'; expected NORM, or acc with 'of'";
    return;
  }
  checkEnds(transfer, BK::Send, senders, transfer.getInput());
  checkEnds(transfer, BK::Recv, receivers, transfer.getOutput());
  for (Type type : {transfer.getInput(), transfer.getOutput()})
    if (variesByMicrobatch(type)) {
      fail(transfer) << "type " << type << " of transfer '"
                     << transfer.getSymName() << "' mentions axis 'micro'";
      break;
    }
}

//===- Values between tasks of a stage -----------------------------------===//

/// Per stage: who reads it finds a maker, who makes it finds a reader.
/// `reader` K::L: any task.
void FormVerifier::checkMade(Binding binding, const TaskUses::List &places,
                             K maker, K reader) {
  std::string text = spell(module.getContext(), binding);
  for (const Use &use : places) {
    int stage = use.task.stage;
    if (!use.result &&
        !uses.has(binding.kind, binding.name, stage, maker, true)) {
      fail(use.task.func) << use.str() << " reads '" << text
                          << "', which no task makes; expected a result of '"
                          << getTaskName(stage, maker) << "'";
      continue;
    }
    if (!use.result)
      continue;
    bool read = llvm::any_of(places, [&](const Use &other) {
      return !other.result && other.task.stage == stage &&
             (reader == K::L || other.task.kind == reader);
    });
    if (!read)
      fail(use.task.func) << use.str() << " makes '" << text << "', which no "
                          << (reader == K::L
                                  ? std::string("task of the stage")
                                  : "argument of '" +
                                        getTaskName(stage, reader) + "'")
                          << " reads";
  }
}

/// The norm counts each gradient once.
void FormVerifier::checkCounted(StringRef name, const TaskUses::List &places) {
  std::set<int> counted;
  for (const Use &use : places)
    if (use.task.kind == K::NORM)
      counted.insert(use.task.stage);
  std::set<int> expected;
  for (auto replicas : module.getOps<ReplicasOp>())
    if (replicas.getParameter() == name)
      expected.insert(replicas.getCount());
  if (counted.size() == 1 && (expected.empty() || counted == expected))
    return;
  fail(places.front().task.func)
      << "the norm counts the gradient of '" << name << "' on stages "
      << spell(counted) << "; expected "
      << (expected.empty() ? std::string("one stage")
                           : spell(expected) + " of 'mpt.replicas'");
}

/// Micro-batches of the next step start from zero.
void FormVerifier::checkAccumulator(StringRef name,
                                    const TaskUses::List &places) {
  std::set<int> stages, zeroed, read;
  for (const Use &use : places) {
    stages.insert(use.task.stage);
    if (use.task.kind == K::OPT)
      zeroed.insert(use.task.stage);
    if (use.task.kind == K::RS || use.task.kind == K::NORM)
      read.insert(use.task.stage);
  }
  for (auto transfer : module.getOps<TransferOp>())
    if (transfer.getOf() == name && transfer.getAmong())
      read.insert(transfer.getAmong()->begin(), transfer.getAmong()->end());
  for (int stage : stages) {
    if (!zeroed.count(stage))
      fail(places.front().task.func)
          << "accumulator '" << name << "' of stage " << stage
          << " is not zeroed after the step; expected a result of '"
          << getTaskName(stage, K::OPT) << "'";
    if (!read.count(stage))
      fail(places.front().task.func)
          << "accumulator '" << name << "' of stage " << stage
          << " is read by no RS, no NORM and no transfer";
  }
}

//===- Ops ---------------------------------------------------------------===//

void FormVerifier::checkRepeated(Operation *op, Task task, Operation *first,
                                 Task other) {
  bool step = algebra::isStep(task.kind) && task.kind == other.kind;
  bool parts = isa<SumOp>(op) && task.kind == K::B && other.kind == K::B;
  bool marked = op->hasAttr("recompute") || first->hasAttr("recompute");
  if (step || parts || marked)
    return;
  fail(op) << "'" << op->getName() << "' with id "
           << op->getAttrOfType<IntegerAttr>("id").getInt()
           << " stands in tasks '" << other.func.getName() << "' and '"
           << task.func.getName()
           << "'; expected one, or the mark 'recompute' on a clone";
}

void FormVerifier::checkOps(Task task) {
  llvm::DenseSet<Value> fromStates;
  for (BlockArgument arg : task.func.getArguments())
    if (getArgBinding(task.func, arg.getArgNumber())->kind == BK::State)
      fromStates.insert(arg);
  for (Operation &op : task.func.front()) {
    bool free = llvm::all_of(op.getOperands(),
                             [&](Value v) { return fromStates.contains(v); });
    if (free)
      fromStates.insert(op.result_begin(), op.result_end());
    auto id = op.getAttrOfType<IntegerAttr>("id");
    if (!id || free || isFreeToClone(&op) || task.kind == K::WGT)
      continue;
    auto [it, fresh] = byId.insert({id.getInt(), {&op, task}});
    if (!fresh && it->second.second.func != task.func)
      checkRepeated(&op, task, it->second.first, it->second.second);
  }
}

void FormVerifier::checkName(Binding binding, const TaskUses::List &places) {
  checkTypes(binding, places);
  const Use &first = places.front();
  switch (binding.kind) {
  case BK::Send:
  case BK::Recv:
    if (!symbols.lookup<TransferOp>(binding.name))
      fail(first.task.func) << first.str() << " names transfer '"
                            << binding.name << "', which does not exist";
    break;
  case BK::Save:
    checkMade(binding, places, K::F, K::B);
    break;
  case BK::Once:
    checkMade(binding, places, K::WGT, K::L);
    break;
  case BK::Acc:
    checkAccumulator(binding.name, places);
    break;
  case BK::Grad:
    checkMade(binding, places, K::RS, K::OPT);
    checkCounted(binding.name, places);
    break;
  case BK::Output:
    if (places.size() > 1)
      fail(places[1].task.func)
          << places[1].str() << " is output '" << binding.name << "', as is "
          << first.str() << "; expected one";
    break;
  case BK::State:
  case BK::Input:
  case BK::Inputs:
  case BK::Metric:
    break;
  }
}

LogicalResult FormVerifier::run() {
  if (failed(checkTasks()))
    return failure();
  for (auto transfer : module.getOps<TransferOp>())
    checkTransfer(transfer);
  for (const auto &[key, places] : uses.all())
    checkName({key.first, key.second}, places);
  ok &= succeeded(verifyStates(module, uses));
  for (Task task : tasks)
    checkOps(task);
  return success(ok);
}

void VerifySplit::runOnOperation() {
  SmallVector<ScheduleHeaderOp> headers(
      getOperation().getOps<ScheduleHeaderOp>());
  if (headers.size() != 1) {
    getOperation().emitError()
        << "found " << headers.size() << " 'mpt.schedule_header', expected one";
    return signalPassFailure();
  }
  if (failed(FormVerifier(getOperation(), headers.front()).run()))
    signalPassFailure();
}
