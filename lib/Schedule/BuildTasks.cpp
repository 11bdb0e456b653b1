// SPDX-License-Identifier: Apache-2.0
#include "BuildTasks.h"
#include "TaskNames.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace mlir::mpt;
using K = algebra::Kind;
using BK = BindingKind;

namespace {
class TaskBuilder {
public:
  TaskBuilder(ModuleOp module, Classification &classes, TaskDrafts &drafts);
  LogicalResult run();

private:
  struct Place {
    Value value;
    DraftBinding binding;
    std::string name;
  };

  // Symbols.
  void buildReplicas();
  void buildMoves();
  void buildSums();

  // Functions.
  void buildTask(TaskDraft &task);
  SmallVector<Place> getArgs(TaskDraft &task);
  SmallVector<Place> getResults(TaskDraft &task);
  std::tuple<unsigned, unsigned, unsigned> getKey(const TaskDraft &task,
                                                  const Place &place);
  void buildBody(TaskDraft &task, Block *block, ArrayRef<Place> args,
                 IRMapping &map);
  SmallVector<Operation *> orderOps(const TaskDraft &task);
  void buildOp(TaskDraft &task, Operation *op, IRMapping &map);
  void buildTotals(TaskDraft &task, IRMapping &map);
  void accumulate(TaskDraft &task, Value value, IRMapping &map);
  void buildPoint(const TaskDraft &task, Location loc);
  void adapt(Operation *op, Operation *clone);

  // Types.
  Type getType(const TaskDraft &task, Type type);
  RankedTensorType getTotalsType(bool sent);

  ModuleOp module;
  Classification &classes;
  TaskDrafts &drafts;
  TaskNames names;
  OpBuilder b;
  int64_t micro;
  llvm::StringMap<unsigned> stateOrder;
  llvm::StringSet<> parameters;
  llvm::StringMap<Value> accumulators; ///< of the task being built
  int points = 0;
  bool ok = true;
};
} // namespace

TaskBuilder::TaskBuilder(ModuleOp module, Classification &classes,
                         TaskDrafts &drafts)
    : module(module), classes(classes), drafts(drafts), names(classes, drafts),
      b(OpBuilder::atBlockEnd(module.getBody())),
      micro(getOnly<MeshOp>(module).getSize(kMicro)) {
  for (auto [i, state] : llvm::enumerate(module.getOps<StateOp>())) {
    stateOrder[state.getSymName()] = i;
    if (state.getRole() == "parameter")
      parameters.insert(state.getSymName());
  }
}

//===- Types -------------------------------------------------------------===//

/// The type of one micro-batch, and of a sum that has ended.
Type TaskBuilder::getType(const TaskDraft &task, Type type) {
  ShardingAttr sharding = getSharding(type);
  if (task.kind == K::WGT || !variesByMicrobatch(type))
    return type;
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  if (int64_t dim = sharding.getDimOf(kMicro); dim >= 0)
    shape[dim] /= micro;
  return RankedTensorType::get(shape, tensor.getElementType(),
                               sharding.withoutAxis(kMicro));
}

/// The totals; as a stage sends them, they are summands over all ranks.
RankedTensorType TaskBuilder::getTotalsType(bool sent) {
  auto type = cast<RankedTensorType>(classes.getTotals().getResult().getType());
  SmallVector<AxisRefAttr> axes;
  for (auto axis : getOnly<MeshOp>(module).getAxes().getAsRange<AxisRefAttr>())
    if (axis.getName() != "pp")
      axes.push_back(axis);
  if (!sent || axes.empty())
    return type;
  ShardingAttr sharding = getSharding(type);
  if (!sharding)
    sharding = ShardingAttr::get(b.getContext(), unsigned(type.getRank()));
  return withSharding(type, sharding.withPartial("sum", axes));
}

//===- Symbols -----------------------------------------------------------===//

static DenseI64ArrayAttr toArray(OpBuilder &b, const std::set<int> &stages) {
  SmallVector<int64_t> list(stages.begin(), stages.end());
  return b.getDenseI64ArrayAttr(list);
}

void TaskBuilder::buildReplicas() {
  for (const Parameter &parameter : drafts.getParameters())
    if (parameter.isTied())
      ReplicasOp::create(b, parameter.update->getLoc(),
                         FlatSymbolRefAttr::get(b.getContext(), parameter.name),
                         toArray(b, parameter.stages),
                         b.getI64IntegerAttr(*parameter.stages.begin()));
}

void TaskBuilder::buildMoves() {
  for (const Move &move : names.getMoves()) {
    TaskDraft &task = *drafts.find(move.from, move.task);
    Type type = getType(task, move.value.getType());
    TransferOp::create(
        b, move.value.getLoc(), b.getStringAttr(move.name), TypeAttr::get(type),
        TypeAttr::get(type), b.getStringAttr("move"),
        b.getStringAttr(algebra::kindName(move.task)),
        b.getI64IntegerAttr(move.from), b.getI64IntegerAttr(move.to),
        DenseI64ArrayAttr(), FlatSymbolRefAttr(), ArrayAttr(), IntegerAttr(),
        StringAttr());
  }
}

void TaskBuilder::buildSums() {
  auto build = [&](Location loc, const Twine &name, Type from, Type to,
                   StringRef task, DenseI64ArrayAttr among,
                   FlatSymbolRefAttr of) {
    TransferOp::create(b, loc, b.getStringAttr(name), TypeAttr::get(from),
                       TypeAttr::get(to), b.getStringAttr("sum"),
                       b.getStringAttr(task), IntegerAttr(), IntegerAttr(),
                       among, of, ArrayAttr(), IntegerAttr(), StringAttr());
  };
  for (const Parameter &parameter : drafts.getParameters()) {
    if (!parameter.isTied() || !parameter.accumulated)
      continue;
    TaskDraft &task = *drafts.find(*parameter.stages.begin(), K::RS);
    Type type = getType(task, parameter.accumulated.getType());
    build(parameter.update->getLoc(), parameter.name + ".tie", type, type,
          "acc", toArray(b, parameter.stages),
          FlatSymbolRefAttr::get(b.getContext(), parameter.name));
  }
  if (!classes.getTotals())
    return;
  auto all = llvm::to_vector(llvm::seq<int64_t>(0, drafts.getNumStages()));
  build(classes.getTotals().getLoc(), kTotals, getTotalsType(/*sent=*/true),
        getTotalsType(/*sent=*/false), "NORM", b.getDenseI64ArrayAttr(all),
        FlatSymbolRefAttr());
}

//===- Bodies ------------------------------------------------------------===//

void TaskBuilder::buildPoint(const TaskDraft &task, Location loc) {
  if (algebra::isMicro(task.kind))
    PointOp::create(b, loc, points++);
}

void TaskBuilder::accumulate(TaskDraft &task, Value value, IRMapping &map) {
  auto it = task.summands.find(value);
  if (it == task.summands.end())
    return;
  Value &accumulator = accumulators[it->second];
  Value summand = map.lookup(value);
  accumulator = AccumulateOp::create(b, value.getLoc(), summand.getType(),
                                     accumulator, summand, IntegerAttr(),
                                     IntegerAttr(), IntegerAttr(), UnitAttr());
  buildPoint(task, value.getLoc());
}

/// Attributes that name the size of the micro-batch's dim.
void TaskBuilder::adapt(Operation *op, Operation *clone) {
  auto getMicroDim = [](Value value) -> int64_t {
    ShardingAttr sharding = getSharding(value.getType());
    return sharding ? sharding.getDimOf(kMicro) : -1;
  };
  auto refuse = [&](const Twine &what) {
    op->emitError() << "'" << op->getName() << "' " << what
                    << " along the batch, which is cut into micro-batches";
    ok = false;
  };
  int64_t dim = op->getNumResults() ? getMicroDim(op->getResult(0)) : -1;
  if (dim < 0)
    return;
  if (auto slice = dyn_cast<SliceOp>(clone)) {
    auto from = cast<RankedTensorType>(op->getOperand(0).getType());
    SmallVector<int64_t> limit(slice.getLimit());
    if (slice.getStart()[dim] != 0 || limit[dim] != from.getDimSize(dim) ||
        slice.getStrideOf(dim) != 1)
      return refuse("slices");
    limit[dim] /= micro;
    slice.setLimit(limit);
  } else if (auto pad = dyn_cast<PadOp>(clone)) {
    if (pad.getLo()[dim] != 0 || pad.getHi()[dim] != 0)
      refuse("pads");
  } else if (auto iota = dyn_cast<IotaOp>(clone)) {
    if (iota.getAxis() == uint64_t(dim))
      refuse("counts");
  } else if (auto constant = dyn_cast<ConstantOp>(clone)) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    if (dense && !dense.isSplat())
      return refuse("differs");
    if (dense)
      constant.setValueAttr(dense.getSplatValue<Attribute>());
  }
}

/// The entries of the totals that this stage adds.
void TaskBuilder::buildTotals(TaskDraft &task, IRMapping &map) {
  TotalsOp totals = classes.getTotals();
  auto width =
      cast<RankedTensorType>(totals.getResult().getType()).getDimSize(0);
  SmallVector<Value> inputs;
  SmallVector<int64_t> at;
  for (unsigned entry : task.entries) {
    inputs.push_back(map.lookup(totals.getInputs()[entry]));
    at.push_back(entry);
  }
  auto part = TotalsOp::create(b, totals.getLoc(), getTotalsType(/*sent=*/true),
                               inputs, ArrayAttr(), b.getDenseI64ArrayAttr(at),
                               ArrayAttr(), b.getI64IntegerAttr(width),
                               totals.getIdAttr(), totals.getAdjointOfAttr(),
                               totals.getStageAttr(), UnitAttr());
  map.map(totals.getResult(), part.getResult());
}

void TaskBuilder::buildOp(TaskDraft &task, Operation *op, IRMapping &map) {
  if (isa<TotalsOp>(op))
    return buildTotals(task, map);
  if (isa<ReshardOp>(op)) {
    // One that ended only `micro` has nothing left to do.
    Value input = map.lookup(op->getOperand(0));
    if (input.getType() == getType(task, op->getResult(0).getType())) {
      map.map(op->getResult(0), input);
      return accumulate(task, op->getResult(0), map);
    }
  }
  Operation *clone = b.clone(*op, map);
  if (task.kind != K::B)
    clone->removeAttr("recompute");
  for (Value result : clone->getResults())
    result.setType(getType(task, result.getType()));
  if (task.kind != K::WGT)
    adapt(op, clone);
  if (isa<ReshardOp>(op))
    buildPoint(task, op->getLoc());
  for (Value result : op->getResults())
    accumulate(task, result, map);
}

//===- Functions ---------------------------------------------------------===//

/// Arguments stand by kind in this order.
static ArrayRef<BK> getArgOrder(K task) {
  static const BK forward[] = {BK::State, BK::Recv, BK::Inputs,
                               BK::Input, BK::Once, BK::Acc};
  static const BK backward[] = {BK::State, BK::Save, BK::Input,
                                BK::Once,  BK::Recv, BK::Acc};
  static const BK norm[] = {BK::Grad, BK::Acc, BK::Once, BK::State};
  static const BK update[] = {BK::Recv, BK::Once, BK::Grad, BK::State};
  switch (task) {
  case K::B:
    return backward;
  case K::NORM:
    return norm;
  case K::OPT:
    return update;
  default:
    return forward;
  }
}

std::tuple<unsigned, unsigned, unsigned>
TaskBuilder::getKey(const TaskDraft &task, const Place &place) {
  ArrayRef<BK> order = getArgOrder(task.kind);
  BK kind = place.binding.kind;
  unsigned rank = llvm::find(order, kind) - order.begin();
  StringRef name = place.binding.name;
  if (kind == BK::State && task.kind == K::OPT)
    if (parameters.contains(name))
      rank = 1; // parameters, gradients, then the other states
  if (task.kind == K::RS && kind != BK::State)
    rank = 1; // ties among the other accumulators
  switch (kind) {
  case BK::State:
  case BK::Acc:
  case BK::Grad:
    break;
  case BK::Recv:
    if (place.binding.peer < 0)
      break;
    [[fallthrough]];
  default:
    auto [op, result] = names.getOrder(place.value);
    return {rank, op, result};
  }
  auto it = stateOrder.find(name);
  return {rank, it == stateOrder.end() ? ~0u : it->second, 0};
}

SmallVector<TaskBuilder::Place> TaskBuilder::getArgs(TaskDraft &task) {
  SmallVector<Place> args;
  for (const auto &[value, binding] : task.args)
    args.push_back({value, binding, names.get(task, value, binding)});
  std::map<StringRef, Value> sums;
  for (const auto &[value, name] : task.summands)
    sums.insert({name, value});
  for (const auto &[name, value] : sums)
    args.push_back({value, {BK::Acc, name}, name.str()});
  llvm::sort(args, [&](const Place &x, const Place &y) {
    return std::pair(getKey(task, x), x.name) <
           std::pair(getKey(task, y), y.name);
  });
  return args;
}

/// Results stand by kind in this order: sent, new states, accumulators, ...
static unsigned getResultRank(BK kind) {
  static const BK order[] = {BK::Send, BK::State, BK::Acc,    BK::Grad,
                             BK::Once, BK::Save,  BK::Output, BK::Metric};
  return llvm::find(order, kind) - std::begin(order);
}

SmallVector<TaskBuilder::Place> TaskBuilder::getResults(TaskDraft &task) {
  SmallVector<Place> results;
  for (const auto &[value, binding] : task.results)
    results.push_back({value, binding, names.get(task, value, binding)});
  std::map<StringRef, Value> sums;
  for (const auto &[value, name] : task.summands)
    sums.insert({name, value});
  for (const auto &[value, name] : task.zeros)
    sums.insert({name, value});
  for (const auto &[name, value] : sums)
    results.push_back({value, {BK::Acc, name}, name.str()});
  auto key = [&](const Place &place) {
    auto [rank, major, minor] = getKey(task, place);
    return std::tuple(getResultRank(place.binding.kind), major, minor);
  };
  llvm::sort(results, [&](const Place &x, const Place &y) {
    return std::pair(key(x), x.name) < std::pair(key(y), y.name);
  });
  return results;
}

/// In the order of the program; what B computes again right before its first
/// reader there.
SmallVector<Operation *> TaskBuilder::orderOps(const TaskDraft &task) {
  SmallVector<Operation *> ops(task.ops.begin(), task.ops.end());
  llvm::sort(ops, [&](Operation *x, Operation *y) {
    return std::pair(classes.getIndex(x), x != y && y->isBeforeInBlock(x)) <
           std::pair(classes.getIndex(y), x != y && x->isBeforeInBlock(y));
  });
  if (task.kind != K::B)
    return ops;
  llvm::SetVector<Operation *> order;
  auto place = [&](Operation *op, auto &&place) -> void {
    if (order.contains(op))
      return;
    for (Value operand : op->getOperands())
      if (Operation *def = operand.getDefiningOp(); task.ops.contains(def))
        place(def, place);
    order.insert(op);
  };
  for (Operation *op : ops)
    if (classes.getHome(op) != Home::Forward &&
        classes.getHome(op) != Home::Free)
      place(op, place);
  return order.takeVector();
}

void TaskBuilder::buildBody(TaskDraft &task, Block *block, ArrayRef<Place> args,
                            IRMapping &map) {
  b.setInsertionPointToStart(block);
  points = 0;
  accumulators.clear();
  for (auto [place, arg] : llvm::zip(args, block->getArguments())) {
    if (place.binding.kind == BK::Acc && algebra::isMicro(task.kind))
      accumulators[place.binding.name] = arg;
    else
      map.map(place.value, arg);
  }
  for (Operation *op : orderOps(task))
    buildOp(task, op, map);
  for (const auto &[value, name] : task.zeros) {
    auto type = cast<RankedTensorType>(getType(task, value.getType()));
    accumulators[name] = ConstantOp::create(
        b, value.getLoc(), type, b.getZeroAttr(type.getElementType()),
        IntegerAttr(), IntegerAttr(), IntegerAttr(), UnitAttr());
  }
}

void TaskBuilder::buildTask(TaskDraft &task) {
  SmallVector<Place> args = getArgs(task), results = getResults(task);
  SmallVector<Type> types;
  for (const Place &arg : args) {
    bool totals = arg.binding.kind == BK::Recv && arg.binding.name == kTotals;
    types.push_back(totals ? getTotalsType(/*sent=*/false)
                           : getType(task, arg.value.getType()));
  }
  OpBuilder::InsertionGuard guard(b);
  Location loc = classes.getTotals()
                     ? classes.getTotals()->getParentOp()->getLoc()
                     : module.getLoc();
  auto func = func::FuncOp::create(b, loc, getTaskName(task.stage, task.kind),
                                   b.getFunctionType(types, {}));
  IRMapping map;
  buildBody(task, func.addEntryBlock(), args, map);
  SmallVector<Value> values;
  for (const Place &result : results)
    values.push_back(result.binding.kind == BK::Acc
                         ? accumulators[result.binding.name]
                         : map.lookup(result.value));
  func::ReturnOp::create(b, loc, values);
  func.setType(b.getFunctionType(types, ValueRange(values).getTypes()));
  auto getAttrs = [&](const Place &place) {
    NamedAttribute attr = getBindingAttr(
        b.getContext(), {place.binding.kind, StringRef(place.name)});
    return b.getDictionaryAttr(attr);
  };
  for (auto [i, arg] : llvm::enumerate(args))
    func.setArgAttrs(i, getAttrs(arg));
  for (auto [i, result] : llvm::enumerate(results))
    func.setResultAttrs(i, getAttrs(result));
}

LogicalResult TaskBuilder::run() {
  buildReplicas();
  buildMoves();
  buildSums();
  int n = drafts.getNumStages();
  auto build = [&](int stage, K kind) {
    if (TaskDraft *task = drafts.find(stage, kind))
      buildTask(*task);
  };
  for (K kind : {K::WGT, K::F})
    for (int stage = 0; stage < n; ++stage)
      build(stage, kind);
  for (int stage = n - 1; stage >= 0; --stage)
    build(stage, K::B);
  for (int stage = 0; stage < n; ++stage)
    for (K kind : {K::RS, K::NORM, K::OPT})
      build(stage, kind);
  return success(ok);
}

LogicalResult mlir::mpt::buildTasks(ModuleOp module, Classification &classes,
                                    TaskDrafts &drafts) {
  return TaskBuilder(module, classes, drafts).run();
}
