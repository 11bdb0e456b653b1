// SPDX-License-Identifier: Apache-2.0
#include "ScheduleProblem.h"
#include "mpt/IR/Config.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
class ProblemBuilder {
public:
  explicit ProblemBuilder(ModuleOp module)
      : module(module), tasks(getTasks(module)) {}
  FailureOr<algebra::ScheduleProblem> run();

private:
  LogicalResult addTask(Task task);
  void addCollectives(Task task);
  int getGroup(Operation *collective);
  LogicalResult addTransfer(TransferOp transfer);
  void addBytes(int stage);
  bool isSavedBy(StringRef transfer, int stage);

  ModuleOp module;
  ScheduleHeaderOp header;
  SmallVector<Task> tasks;
  algebra::ScheduleProblem problem;
  llvm::MapVector<Attribute, int> groups; ///< stages of a group over pp
};
} // namespace

LogicalResult ProblemBuilder::addTask(Task task) {
  if (task.stage >= problem.numStages())
    return task.func.emitError()
           << "task '" << task.func.getName() << "' names stage " << task.stage
           << "; the program has " << problem.numStages() << " stages";
  algebra::Stage &stage = problem.stages[task.stage];
  switch (task.kind) {
  case algebra::Kind::F:
    break;
  case algebra::Kind::B:
    stage.backward = true;
    break;
  case algebra::Kind::WGT:
    stage.weights = true;
    break;
  case algebra::Kind::RS:
    stage.buckets = 1;
    break;
  case algebra::Kind::NORM:
    stage.norm = true;
    break;
  case algebra::Kind::OPT:
    stage.update = true;
    break;
  default:
    return task.func.emitError()
           << "task '" << task.func.getName()
           << "' has a kind that is not scheduled; expected F, B, WGT, RS, "
              "NORM or OPT";
  }
  addCollectives(task);
  stage.workBytes = std::max(stage.workBytes, getWorkBytes(task));
  return success();
}

/// Group 0 is any group inside a coordinate; one over pp has the coordinates
/// of its stages.
int ProblemBuilder::getGroup(Operation *collective) {
  auto over = collective->getAttrOfType<ArrayAttr>("over");
  bool pipeline = llvm::any_of(over.getAsValueRange<StringAttr>(),
                               [](StringRef axis) { return axis == "pp"; });
  Attribute stages = collective->getAttr("stages");
  if (!pipeline)
    return 0;
  Attribute key = stages ? stages : UnitAttr::get(module.getContext());
  auto [it, fresh] = groups.insert({key, int(problem.groups.size())});
  if (!fresh)
    return it->second;
  algebra::Group group;
  ArrayRef<int64_t> place = header.getPlace();
  std::set<int> ranks;
  for (auto [stage, rank] : llvm::enumerate(place))
    if (!stages ||
        llvm::is_contained(cast<DenseI64ArrayAttr>(stages).asArrayRef(), stage))
      ranks.insert(rank);
  group.ranks.assign(ranks.begin(), ranks.end());
  group.name = "pp";
  for (int rank : ranks)
    group.name += " " + std::to_string(rank);
  problem.groups.push_back(group);
  return it->second;
}

void ProblemBuilder::addCollectives(Task task) {
  algebra::Stage &stage = problem.stages[task.stage];
  int points = 0;
  for (Operation &op : task.func.getOps()) {
    if (isa<PointOp>(op))
      ++points;
    else if (op.hasAttrOfType<ArrayAttr>("over"))
      stage.collectives[task.kind].push_back({getGroup(&op), points});
  }
  stage.points[task.kind] = points;
}

bool ProblemBuilder::isSavedBy(StringRef transfer, int stage) {
  for (Task task : tasks) {
    if (task.stage != stage || task.kind != algebra::Kind::F)
      continue;
    Operation *end = task.func.front().getTerminator();
    for (auto [i, value] : llvm::enumerate(end->getOperands())) {
      auto arg = dyn_cast<BlockArgument>(value);
      std::optional<Binding> to = getResultBinding(task.func, i);
      if (arg && to && to->kind == BindingKind::Save &&
          getArgBinding(task.func, arg.getArgNumber()) ==
              Binding{BindingKind::Recv, transfer})
        return true;
    }
  }
  return false;
}

LogicalResult ProblemBuilder::addTransfer(TransferOp transfer) {
  if (transfer.getMode() == "move") {
    algebra::Edge edge;
    edge.name = transfer.getSymName().str();
    edge.from = *transfer.getFrom();
    edge.to = *transfer.getTo();
    edge.direction = transfer.getTask() == "F" ? algebra::Direction::Forward
                                               : algebra::Direction::Backward;
    edge.bytes = getAlignedBytes(transfer.getInput());
    edge.kept = edge.direction == algebra::Direction::Forward &&
                isSavedBy(edge.name, edge.to);
    problem.edges.push_back(edge);
    return success();
  }
  if (transfer.getTask() == "NORM") {
    if (transfer.getSymName() != kTotals)
      return transfer.emitError()
             << "a sum over NORM is named '" << transfer.getSymName()
             << "'; expected the one transfer 'totals'";
    return success();
  }
  algebra::TieSet tie;
  tie.name = transfer.getSymName().str();
  ArrayRef<int64_t> among = *transfer.getAmong();
  for (int64_t stage : among)
    tie.members.push_back({int(stage), 0});
  problem.ties.push_back(tie);
  return success();
}

/// One place per distinct binding of the stage's tasks.
void ProblemBuilder::addBytes(int index) {
  llvm::MapVector<std::pair<unsigned, StringRef>, int64_t> places;
  auto place = [&](std::optional<Binding> binding, Type type) {
    if (binding) {
      int64_t &bytes = places[{unsigned(binding->kind), binding->name}];
      bytes = std::max(bytes, getAlignedBytes(type));
    }
  };
  for (Task task : tasks) {
    if (task.stage != index)
      continue;
    for (BlockArgument arg : task.func.getArguments())
      place(getArgBinding(task.func, arg.getArgNumber()), arg.getType());
    for (auto [i, type] : llvm::enumerate(task.func.getResultTypes()))
      place(getResultBinding(task.func, i), type);
  }
  algebra::Stage &stage = problem.stages[index];
  auto find = [&](BindingKind kind, StringRef name) {
    auto it = places.find({unsigned(kind), name});
    return it == places.end() ? int64_t(0) : it->second;
  };
  for (const auto &[key, bytes] : places) {
    StringRef name = key.second;
    switch (BindingKind(key.first)) {
    case BindingKind::State:
    case BindingKind::Once:
    case BindingKind::Acc:
    case BindingKind::Metric:
      stage.fixedBytes += bytes;
      break;
    case BindingKind::Input:
      stage.fixedBytes += std::max(bytes * int64_t(header.getMicro()),
                                   find(BindingKind::Inputs, name));
      break;
    case BindingKind::Inputs:
      if (!find(BindingKind::Input, name))
        stage.fixedBytes += bytes;
      break;
    case BindingKind::Output:
      stage.fixedBytes += bytes * int64_t(header.getMicro());
      break;
    case BindingKind::Grad:
      if (find(BindingKind::Acc, name) < bytes)
        stage.fixedBytes += bytes;
      break;
    case BindingKind::Save:
      stage.savedBytes += bytes;
      break;
    case BindingKind::Recv:
    case BindingKind::Send:
      if (name == kTotals)
        stage.fixedBytes += bytes;
      break;
    }
  }
}

int64_t mlir::mpt::getWorkBytes(Task task) {
  int64_t bytes = 0;
  Operation *end = task.func.front().getTerminator();
  for (Operation &op : task.func.getOps())
    for (Value result : op.getResults())
      if (!llvm::is_contained(end->getOperands(), result))
        bytes += getAlignedBytes(result.getType());
  return bytes;
}

FailureOr<algebra::ScheduleProblem> ProblemBuilder::run() {
  header = getOnly<ScheduleHeaderOp>(module);
  if (!header)
    return module.emitError() << "there is no 'mpt.schedule_header'; run phase "
                                 "plan first";
  algebra::Stage none;
  none.backward = none.norm = none.update = false;
  none.buckets = 0;
  none.costs.b = 2;
  problem.stages.assign(header.getStages(), none);
  problem.groups.push_back({"inside one coordinate", {}});
  problem.memoryLimit = Config(module).getInt("device_memory", 0);
  problem.training = llvm::any_of(
      tasks, [](Task task) { return task.kind == algebra::Kind::NORM; });
  for (Task task : tasks)
    if (failed(addTask(task)))
      return failure();
  for (auto transfer : module.getOps<TransferOp>())
    if (failed(addTransfer(transfer)))
      return failure();
  for (int stage = 0; stage < problem.numStages(); ++stage)
    addBytes(stage);
  return problem;
}

FailureOr<algebra::ScheduleProblem>
mlir::mpt::buildScheduleProblem(ModuleOp module) {
  return ProblemBuilder(module).run();
}
