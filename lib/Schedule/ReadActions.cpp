// SPDX-License-Identifier: Apache-2.0
#include "ReadActions.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
class Reader {
public:
  Reader(ScheduleOp op, const algebra::ScheduleProblem &problem)
      : op(op), module(op->getParentOfType<ModuleOp>()), problem(problem) {}
  FailureOr<ReadSchedule> run();

private:
  void readList(ActionsOp list);
  std::optional<algebra::LoweredAction> read(Operation &action);
  std::optional<algebra::LoweredAction> readRun(RunOp run);
  std::optional<algebra::LoweredAction> readExchange(ExchangeOp exchange);
  template <typename OpT>
  std::optional<algebra::LoweredAction> readTransfer(OpT transfer);
  bool readSlots(RunOp run, Task task, algebra::LoweredAction &action);
  int findEdge(StringRef name) const;
  InFlightDiagnostic error(Operation *at) {
    ok = false;
    return at->emitError();
  }

  ScheduleOp op;
  ModuleOp module;
  const algebra::ScheduleProblem &problem;
  ReadSchedule out;
  bool ok = true;
};
} // namespace

int Reader::findEdge(StringRef name) const {
  for (auto [i, edge] : llvm::enumerate(problem.edges))
    if (edge.name == name)
      return i;
  return -1;
}

/// `slots` names each move that the task receives or sends, and no other.
bool Reader::readSlots(RunOp run, Task task, algebra::LoweredAction &action) {
  DictionaryAttr slots =
      run.getSlots().value_or(DictionaryAttr::get(run.getContext()));
  for (NamedAttribute slot : slots)
    if (int e = findEdge(slot.getName());
        e < 0 || !isa<IntegerAttr>(slot.getValue())) {
      error(run) << "'slots' names '" << slot.getName().getValue()
                 << "'; expected moves of task '" << task.func.getName()
                 << "' and numbers";
      return false;
    }
  size_t used = 0;
  auto take = [&](std::optional<Binding> binding, BindingKind kind) {
    int e = binding && binding->kind == kind ? findEdge(binding->name) : -1;
    if (e < 0)
      return;
    auto slot = slots.getAs<IntegerAttr>(binding->name);
    if (!slot)
      error(run) << "'slots' lacks '" << binding->name << "', which task '"
                 << task.func.getName() << "' "
                 << (kind == BindingKind::Recv ? "receives" : "sends");
    else
      action.slots.push_back({e, int(slot.getInt())});
    ++used;
  };
  for (unsigned i = 0; i < task.func.getNumArguments(); ++i)
    take(getArgBinding(task.func, i), BindingKind::Recv);
  for (unsigned i = 0; i < task.func.getNumResults(); ++i)
    take(getResultBinding(task.func, i), BindingKind::Send);
  if (used != slots.size() && ok)
    error(run) << "'slots' has " << slots.size() << " entries, task '"
               << task.func.getName() << "' receives and sends " << used;
  return ok;
}

std::optional<algebra::LoweredAction> Reader::readRun(RunOp run) {
  auto func = module.lookupSymbol<func::FuncOp>(run.getTask());
  std::optional<Task> task = func ? getTask(func) : std::nullopt;
  if (!task) {
    error(run) << "there is no task '" << run.getTask() << "'";
    return std::nullopt;
  }
  algebra::LoweredAction action;
  action.kind = task->kind;
  action.stage = task->stage;
  if (algebra::isMicro(task->kind) != run.getMb().has_value()) {
    error(run) << "task '" << run.getTask() << "' runs once per "
               << (algebra::isMicro(task->kind) ? "micro-batch; 'mb' is missing"
                                                : "step; found 'mb'");
    return std::nullopt;
  }
  if (!run.getMb())
    return action;
  action.microbatch = *run.getMb();
  action.save = run.getSave().value_or(-1);
  bool saves = problem.training && problem.stages[task->stage].backward;
  if (saves != (action.save >= 0)) {
    error(run) << (saves ? "'save' is missing" : "found 'save'") << "; stage "
               << task->stage << " has "
               << (saves ? "a backward task" : "no backward task");
    return std::nullopt;
  }
  if (!readSlots(run, *task, action))
    return std::nullopt;
  return action;
}

template <typename OpT>
std::optional<algebra::LoweredAction> Reader::readTransfer(OpT transfer) {
  int e = findEdge(transfer.getTransfer());
  if (e < 0) {
    error(transfer) << "there is no move '" << transfer.getTransfer() << "'";
    return std::nullopt;
  }
  const algebra::Edge &edge = problem.edges[e];
  bool forward = edge.direction == algebra::Direction::Forward;
  algebra::LoweredAction action;
  using K = algebra::Kind;
  if (isa<SendOp>(transfer))
    action.kind = forward ? K::SF : K::SB;
  else if (isa<RecvOp>(transfer))
    action.kind = forward ? K::RF : K::RB;
  else
    action.kind = K::L;
  action.stage =
      action.kind == K::L || isa<SendOp>(transfer) ? edge.from : edge.to;
  action.microbatch = transfer.getMb();
  action.tensor = edge.name;
  action.edge = e;
  action.slot = transfer.getSlot();
  return action;
}

std::optional<algebra::LoweredAction>
Reader::readExchange(ExchangeOp exchange) {
  algebra::LoweredAction action;
  if (exchange.getTransfer() == kTotals) {
    action.kind = algebra::Kind::SYNC;
    return action;
  }
  action.kind = algebra::Kind::TIE;
  for (auto [i, tie] : llvm::enumerate(problem.ties))
    if (tie.name == exchange.getTransfer()) {
      action.index = i;
      return action;
    }
  error(exchange) << "there is no sum '" << exchange.getTransfer() << "'";
  return std::nullopt;
}

std::optional<algebra::LoweredAction> Reader::read(Operation &action) {
  if (auto run = dyn_cast<RunOp>(action))
    return readRun(run);
  if (auto send = dyn_cast<SendOp>(action))
    return readTransfer(send);
  if (auto recv = dyn_cast<RecvOp>(action))
    return readTransfer(recv);
  if (auto handOver = dyn_cast<HandOverOp>(action))
    return readTransfer(handOver);
  if (auto exchange = dyn_cast<ExchangeOp>(action))
    return readExchange(exchange);
  error(&action) << "'" << action.getName() << "' is no action";
  return std::nullopt;
}

/// The loop of a list reaches from its first to its last action of a
/// micro-batch.
void Reader::readList(ActionsOp list) {
  algebra::RankList rank;
  algebra::LoweredRank lowered;
  bool looping = false;
  for (Operation &op : list.getBody().front()) {
    std::optional<algebra::LoweredAction> action = read(op);
    if (!action)
      continue;
    out.ops.push_back(&op);
    bool micro = action->microbatch >= 0;
    if (action->kind != algebra::Kind::L) {
      algebra::Action plain;
      static_cast<algebra::Task &>(plain) = *action;
      plain.line = out.ops.size();
      plain.column = 1;
      if (micro && !looping)
        rank.loopBegin = rank.actions.size();
      rank.actions.push_back(plain);
      if (micro)
        rank.loopEnd = rank.actions.size();
      looping |= micro;
    }
    lowered.actions.push_back(std::move(*action));
  }
  lowered.peakBytes = list.getPeak();
  out.schedule.ranks.push_back(std::move(rank));
  out.lowered.ranks.push_back(std::move(lowered));
}

FailureOr<ReadSchedule> Reader::run() {
  out.schedule.name = out.lowered.name = op.getName().str();
  out.schedule.stages = out.lowered.stages = op.getStages();
  out.schedule.microbatches = out.lowered.microbatches = op.getMicro();
  out.schedule.place.assign(op.getPlace().begin(), op.getPlace().end());
  out.lowered.place = out.schedule.place;
  for (Operation &child : op.getBody().front()) {
    auto list = dyn_cast<ActionsOp>(child);
    if (!list)
      error(&child) << "expected only 'mpt.actions' in a schedule";
    else if (list.getPp() != out.schedule.ranks.size())
      error(list) << "found pp = " << list.getPp() << ", expected "
                  << out.schedule.ranks.size() << "; lists stand in order";
    else
      readList(list);
  }
  if (!ok)
    return failure();
  return out;
}

FailureOr<ReadSchedule>
mlir::mpt::readActions(ScheduleOp op, const algebra::ScheduleProblem &problem) {
  return Reader(op, problem).run();
}
