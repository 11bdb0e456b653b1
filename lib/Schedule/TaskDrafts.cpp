// SPDX-License-Identifier: Apache-2.0
#include "TaskDrafts.h"

using namespace mlir;
using namespace mlir::mpt;
using K = algebra::Kind;

void TaskDraft::addResult(Value value, DraftBinding binding) {
  for (const auto &[other, to] : results)
    if (other == value && to.kind == binding.kind && to.peer == binding.peer &&
        to.name == binding.name)
      return;
  results.push_back({value, binding});
}

TaskDraft *TaskDrafts::find(int stage, algebra::Kind kind) {
  auto it = tasks.find({int(kind), stage});
  return it == tasks.end() ? nullptr : it->second.get();
}

TaskDraft &TaskDrafts::get(int stage, algebra::Kind kind) {
  std::unique_ptr<TaskDraft> &task = tasks[{int(kind), stage}];
  if (!task) {
    task = std::make_unique<TaskDraft>();
    task->stage = stage;
    task->kind = kind;
  }
  return *task;
}

InFlightDiagnostic TaskDrafts::error(Operation *op) {
  ok = false;
  return op->emitError();
}

//===- Demand ------------------------------------------------------------===//

void TaskDrafts::include(Operation *op, TaskDraft &task) {
  if (!task.ops.insert(op).second)
    return;
  for (Value operand : op->getOperands())
    request(operand, task);
}

void TaskDrafts::drain() {
  while (!queue.empty()) {
    auto [value, task] = queue.front();
    queue.pop_front();
    if (!task->has(value))
      resolve(value, *task);
  }
}

void TaskDrafts::resolve(Value value, TaskDraft &task) {
  if (auto it = task.available.find(value); it != task.available.end()) {
    task.args[value] = it->second;
    return;
  }
  if (auto arg = dyn_cast<BlockArgument>(value)) {
    auto name =
        program.getArgAttrOfType<StringAttr>(arg.getArgNumber(), "mpt.input");
    bool whole = task.kind == K::WGT;
    if (!name || !(whole || algebra::isMicro(task.kind)))
      error(program) << "argument " << arg.getArgNumber()
                     << " is read outside of the micro-batches; only loss "
                        "weights may, found in "
                     << getTaskName(task.stage, task.kind);
    else
      task.args[value] = {whole ? BindingKind::Inputs : BindingKind::Input,
                          name.getValue()};
    return;
  }
  Operation *def = value.getDefiningOp();
  if (auto read = dyn_cast<ReadOp>(def)) {
    auto state = symbols.lookup<StateOp>(read.getSource());
    if (task.kind == K::WGT && state && state.getTrainable())
      error(read) << "a value of the whole batch depends on parameter '"
                  << read.getSource()
                  << "'; expected a loss whose weight depends on inputs only";
    task.args[value] = {BindingKind::State, read.getSource()};
    return;
  }
  if (task.kind == K::WGT)
    return include(def, task);
  switch (classes.getHome(def)) {
  case Home::Free:
    return include(def, task);
  case Home::Once:
    return resolveOnce(value, task);
  case Home::Forward:
    return resolveForward(value, classes.getStage(def), task);
  case Home::Backward:
    return resolveBackward(value, classes.getStage(def), task);
  case Home::Tail:
    if (algebra::isMicro(task.kind))
      error(def)
          << "'" << def->getName()
          << "' is computed once per step from a sum over the batch, and "
             "read per micro-batch; expected only updates and totals to "
             "read it";
    else
      include(def, task);
  }
}

void TaskDrafts::resolveOnce(Value value, TaskDraft &task) {
  if (!classes.getTotals()) {
    error(value.getDefiningOp())
        << "'" << value.getDefiningOp()->getName()
        << "' mixes the batch: it needs all micro-batches at once";
    return;
  }
  TaskDraft &weights = get(task.stage, K::WGT);
  task.args[value] = {BindingKind::Once, ""};
  weights.addResult(value, {BindingKind::Once, ""});
  request(value, weights);
}

void TaskDrafts::receive(Value value, int from, TaskDraft &task) {
  TaskDraft &sender = get(from, task.kind);
  task.args[value] = {BindingKind::Recv, "", from};
  sender.addResult(value, {BindingKind::Send, "", task.stage});
  request(value, sender);
}

void TaskDrafts::resolveForward(Value value, int stage, TaskDraft &task) {
  Operation *def = value.getDefiningOp();
  if (!algebra::isMicro(task.kind) || stage > task.stage) {
    error(def) << "'" << def->getName() << "' of stage " << stage
               << " is read by task " << getTaskName(task.stage, task.kind)
               << (stage > task.stage
                       ? "; stages may not decrease along a program"
                       : ", once per step; expected only the loss to leave the "
                         "micro-batches");
    return;
  }
  if (task.kind == K::F)
    return stage == task.stage ? include(def, task)
                               : receive(value, stage, task);
  if (stage == task.stage && def->hasAttr("recompute"))
    return include(def, task);
  TaskDraft &forward = get(task.stage, K::F);
  task.args[value] = {BindingKind::Save, ""};
  forward.addResult(value, {BindingKind::Save, ""});
  request(value, forward);
}

void TaskDrafts::resolveBackward(Value value, int stage, TaskDraft &task) {
  Operation *def = value.getDefiningOp();
  if (task.kind != K::B || stage < task.stage)
    error(def) << "'" << def->getName() << "' of the backward pass of stage "
               << stage << " is read by task "
               << getTaskName(task.stage, task.kind)
               << "; expected B of this stage or of an earlier one";
  else if (stage == task.stage)
    include(def, task);
  else
    receive(value, stage, task);
}

//===- Roots -------------------------------------------------------------===//

void TaskDrafts::draftLosses() {
  for (auto [value, name] : classes.getLosses()) {
    Operation *def = value.getDefiningOp();
    TaskDraft &forward = get(classes.getStage(def), K::F);
    forward.summands[value] = name.getValue();
    include(def, forward);
  }
  if (classes.getLosses().size() > 1)
    error(classes.getTotals())
        << "found " << classes.getLosses().size()
        << " sums over micro-batches among the totals; expected one loss";
}

/// The stage of a result: that of its op; of a cloned op the last that it
/// reads.
int TaskDrafts::getResultStage(Value value) {
  Operation *def = value.getDefiningOp();
  if (!def)
    return 0;
  if (classes.getHome(def) == Home::Forward)
    return classes.getStage(def);
  int stage = 0;
  for (Value operand : def->getOperands())
    stage = std::max(stage, getResultStage(operand));
  return stage;
}

void TaskDrafts::draftOutputs() {
  Operation *end = program.front().getTerminator();
  for (auto [i, value] : llvm::enumerate(end->getOperands())) {
    auto name = program.getResultAttrOfType<StringAttr>(i, "mpt.output");
    if (!name)
      continue;
    ShardingAttr sharding = getSharding(value.getType());
    if (!sharding || sharding.getDimOf(kMicro) != 0) {
      error(end) << "output '" << name.getValue()
                 << "' does not have the batch as its first dim";
      continue;
    }
    TaskDraft &forward = get(getResultStage(value), K::F);
    forward.addResult(value, {BindingKind::Output, name.getValue()});
    request(value, forward);
  }
}

void TaskDrafts::findParameters() {
  for (auto update : program.getOps<OptUpdateOp>()) {
    auto read = update.getParam().getDefiningOp<ReadOp>();
    if (!read) {
      error(update) << "the parameter of an update must be read from a state";
      continue;
    }
    Parameter parameter;
    parameter.name = read.getSource();
    parameter.update = update;
    parameter.gradient = update.getGrad();
    findGradient(parameter);
    for (const Parameter &other : parameters)
      if (other.gradient == parameter.gradient ||
          (other.accumulated && other.accumulated == parameter.accumulated))
        error(update) << "parameters '" << other.name << "' and '"
                      << parameter.name
                      << "' share one gradient value; expected "
                      << "one each";
    parameters.push_back(std::move(parameter));
  }
}

/// The sum over micro-batches that the gradient is made of, and its summands.
void TaskDrafts::findGradient(Parameter &parameter) {
  SmallVector<Value> todo = {parameter.gradient};
  llvm::SmallPtrSet<Operation *, 4> seen;
  while (!todo.empty()) {
    Value value = todo.pop_back_val();
    Operation *def = value.getDefiningOp();
    if (variesByMicrobatch(value.getType())) {
      if (parameter.accumulated && parameter.accumulated != value)
        error(parameter.update) << "the gradient of '" << parameter.name
                                << "' joins two sums over the batch; expected "
                                   "one";
      parameter.accumulated = value;
    } else if (def && classes.getHome(def) == Home::Tail &&
               seen.insert(def).second) {
      llvm::append_range(todo, def->getOperands());
    }
  }
  if (!parameter.accumulated)
    return;
  // Nested sums that serve nothing else are flattened.
  SmallVector<Value> stack = {parameter.accumulated};
  while (!stack.empty()) {
    Value value = stack.pop_back_val();
    auto sum = value.getDefiningOp<SumOp>();
    if (sum && value.hasOneUse())
      for (Value operand : llvm::reverse(sum.getInputs()))
        stack.push_back(operand);
    else
      parameter.summands.push_back(value);
  }
}

static bool isZero(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant)
    return false;
  Attribute attr = constant.getValue();
  if (auto number = dyn_cast<FloatAttr>(attr))
    return number.getValue().isZero();
  return false;
}

void TaskDrafts::draftSummands(Parameter &parameter) {
  for (Value value : parameter.summands) {
    Operation *def = value.getDefiningOp();
    if (isZero(value))
      continue;
    if (!def || classes.getHome(def) != Home::Backward) {
      error(parameter.update)
          << "a summand of the gradient of '" << parameter.name
          << "' is no adjoint; expected one that the "
             "backward pass computes";
      continue;
    }
    TaskDraft &backward = get(classes.getStage(def), K::B);
    if (backward.summands.count(value))
      error(def) << "one value is a summand of the gradients of '"
                 << backward.summands[value] << "' and '" << parameter.name
                 << "'; expected one each";
    backward.summands[value] = parameter.name;
    parameter.stages.insert(backward.stage);
    include(def, backward);
  }
}

/// Stages whose F or B read the parameter hold a copy of it.
void TaskDrafts::findUses() {
  llvm::StringMap<Parameter *> byName;
  for (Parameter &parameter : parameters)
    byName[parameter.name] = &parameter;
  for (const auto &[key, task] : tasks)
    for (const auto &[value, binding] : task->args)
      if (binding.kind == BindingKind::State)
        if (Parameter *parameter = byName.lookup(binding.name))
          parameter->stages.insert(task->stage);
  for (Parameter &parameter : parameters)
    if (parameter.stages.empty())
      parameter.stages.insert(0);
}

void TaskDrafts::draftReductions() {
  for (const Parameter &parameter : parameters)
    for (int stage : parameter.stages) {
      TaskDraft &reduce = get(stage, K::RS);
      if (parameter.accumulated)
        reduce.available[parameter.accumulated] = {
            parameter.isTied() ? BindingKind::Recv : BindingKind::Acc,
            parameter.name};
      reduce.addResult(parameter.gradient, {BindingKind::Grad, parameter.name});
      request(parameter.gradient, reduce);
      for (K kind : {K::NORM, K::OPT})
        get(stage, kind).available[parameter.gradient] = {BindingKind::Grad,
                                                          parameter.name};
    }
}

/// Stages that add this entry of the totals: a state that each rank writes for
/// itself is added by all; the norm of a parameter by the first of its stages;
/// the loss by its own; what is equal everywhere by stage 0.
SmallVector<int> TaskDrafts::findTotalsStages(Value entry) {
  if (entry.getDefiningOp<ReadOp>())
    return llvm::to_vector(llvm::seq(0, stages));
  llvm::SmallPtrSet<Operation *, 8> seen;
  SmallVector<Value> todo = {entry};
  int stage = -1;
  auto meet = [&](int found) {
    if (stage >= 0 && stage != found)
      error(classes.getTotals())
          << "an entry of the totals joins values of stages " << stage
          << " and " << found << "; expected one stage";
    stage = found;
  };
  while (!todo.empty()) {
    Value value = todo.pop_back_val();
    const Parameter *of = llvm::find_if(
        parameters, [&](const Parameter &p) { return p.gradient == value; });
    if (of != parameters.end()) {
      meet(*of->stages.begin());
      continue;
    }
    Operation *def = value.getDefiningOp();
    if (!def || !seen.insert(def).second)
      continue;
    if (classes.getHome(def) == Home::Forward)
      meet(classes.getStage(def));
    else if (classes.getHome(def) == Home::Tail)
      llvm::append_range(todo, def->getOperands());
  }
  return {std::max(stage, 0)};
}

void TaskDrafts::draftTotals() {
  TotalsOp totals = classes.getTotals();
  for (int stage = 0; stage < stages; ++stage) {
    TaskDraft &norm = get(stage, K::NORM);
    for (auto [value, name] : classes.getLosses())
      norm.available[value] = {BindingKind::Acc, name.getValue()};
    norm.ops.insert(totals);
    norm.addResult(totals.getResult(), {BindingKind::Send, kTotals});
    get(stage, K::OPT).available[totals.getResult()] = {BindingKind::Recv,
                                                        kTotals};
  }
  for (auto [i, entry] : llvm::enumerate(totals.getInputs()))
    for (int stage : findTotalsStages(entry)) {
      get(stage, K::NORM).entries.push_back(i);
      request(entry, get(stage, K::NORM));
    }
}

void TaskDrafts::draftUpdates() {
  for (const Parameter &parameter : parameters)
    for (int stage : parameter.stages) {
      TaskDraft &update = get(stage, K::OPT);
      include(parameter.update, update);
      if (parameter.accumulated)
        update.zeros.push_back({parameter.accumulated, parameter.name});
    }
  for (auto [value, name] : classes.getLosses())
    get(classes.getStage(value.getDefiningOp()), K::OPT)
        .zeros.push_back({value, name.getValue()});
  for (auto write : program.getOps<WriteOp>()) {
    auto update = write.getValue().getDefiningOp<OptUpdateOp>();
    const Parameter *of = llvm::find_if(parameters, [&](const Parameter &p) {
      return p.update == update.getOperation();
    });
    if (!update || of == parameters.end()) {
      error(write) << "state '" << write.getSource()
                   << "' is written by no update; only parameters and their "
                      "optimizer states are written";
      continue;
    }
    for (int stage : of->stages)
      get(stage, K::OPT)
          .addResult(write.getValue(), {BindingKind::State, write.getSource()});
  }
}

void TaskDrafts::draftMetrics() {
  Operation *end = program.front().getTerminator();
  for (auto [i, value] : llvm::enumerate(end->getOperands())) {
    auto name = program.getResultAttrOfType<StringAttr>(i, "mpt.metric");
    if (!name || value == classes.getTotals().getResult())
      continue;
    for (int stage = 0; stage < stages; ++stage) {
      TaskDraft &update = get(stage, K::OPT);
      update.addResult(value, {BindingKind::Metric, name.getValue()});
      request(value, update);
    }
  }
}

LogicalResult TaskDrafts::draft() {
  draftLosses();
  draftOutputs();
  findParameters();
  for (Parameter &parameter : parameters)
    draftSummands(parameter);
  if (!ok)
    return failure();
  drain();
  findUses();
  if (classes.getTotals()) {
    draftReductions();
    draftTotals();
    draftUpdates();
    draftMetrics();
    drain();
  }
  for (int stage = 0; stage < stages && ok; ++stage)
    if (!find(stage, K::F))
      error(program) << "stage " << stage
                     << " has no operation of the forward pass; expected at "
                        "least one per stage";
  return success(ok);
}

//===- Sums --------------------------------------------------------------===//

/// Operands by stage, in order of their first; -1: cloned, added with the rest.
static llvm::MapVector<int, SmallVector<Value>>
groupByStage(SumOp sum, const Classification &classes) {
  llvm::MapVector<int, SmallVector<Value>> groups;
  for (Value operand : sum.getInputs()) {
    Operation *def = operand.getDefiningOp();
    bool backward = def && classes.getHome(def) == Home::Backward;
    groups[backward ? classes.getStage(def) : -1].push_back(operand);
  }
  return groups;
}

/// Adds the operands of later stages stage by stage towards the sum's own, so
/// that each stage sends one value to the one before it. Gives the operands
/// that are left.
static SmallVector<Value> addByStage(SumOp sum, Classification &classes) {
  int home = classes.getStage(sum);
  auto groups = groupByStage(sum, classes);
  SmallVector<int> later;
  for (const auto &[stage, operands] : groups)
    if (stage > home)
      later.push_back(stage);
  llvm::sort(later, std::greater<int>());
  OpBuilder b(sum);
  Value carried;
  for (int stage : later) {
    SmallVector<Value> &operands = groups[stage];
    if (carried)
      operands.push_back(carried);
    carried = operands.front();
    if (operands.size() < 2)
      continue;
    auto part = cast<SumOp>(b.clone(*sum));
    part->setOperands(operands);
    classes.add(part, sum, stage);
    carried = part.getResult();
  }
  SmallVector<Value> left;
  bool added = false;
  for (Value operand : sum.getInputs()) {
    Operation *def = operand.getDefiningOp();
    bool isLater = def && classes.getHome(def) == Home::Backward &&
                   classes.getStage(def) > home;
    if (!isLater)
      left.push_back(operand);
    else if (!std::exchange(added, true))
      left.push_back(carried);
  }
  return left;
}

void mlir::mpt::splitSums(func::FuncOp program, Classification &classes) {
  for (auto sum : llvm::make_early_inc_range(program.getOps<SumOp>()))
    if (classes.getHome(sum) == Home::Backward)
      sum->setOperands(addByStage(sum, classes));
}
