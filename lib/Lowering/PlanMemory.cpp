// SPDX-License-Identifier: Apache-2.0
// Phase 9: tensors become buffers of one arena per pipeline coordinate.
//
// 1. Places.cpp lays out what the coordinate's tasks are bound to.
// 2. TaskPlan.cpp gives every value of a task a place, or bytes of the region
// in
//    which all tasks of the coordinate work.
// 3. Tasks are rewritten: arguments are the arena and the numbers that choose
//    among equal places; launches, library calls and collectives take buffers.
// 4. OrderStreams.cpp puts collectives on their queue, with events.
// Refuses modules without a schedule, and bindings that contradict each other.
#include "Buffers.h"
#include "Kernel.h"
#include "TaskPlan.h"
#include "mpt/Lowering/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "mpt/Lowering/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct PlanMemory : mpt::impl::PlanMemoryPassBase<PlanMemory> {
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<linalg::LinalgDialect, memref::MemRefDialect>();
  }
  void runOnOperation() override;
};

/// Rewrites one task.
class TaskRewriter {
public:
  TaskRewriter(TaskPlan plan, int64_t workAt, int64_t arenaBytes)
      : plan(std::move(plan)), workAt(workAt), arenaBytes(arenaBytes),
        b(this->plan.task.getContext()), head(b) {}
  /// The number of its events.
  int64_t run();

private:
  void makeSignature(func::FuncOp to);
  Value bufferOf(unsigned storage, Type tensor);
  Value bufferOf(Value value) {
    return bufferOf(plan.storageOf.lookup(value), value.getType());
  }
  SmallVector<Value> operandsOf(ValueRange values);
  void rewrite(Operation &op);

  TaskPlan plan;
  int64_t workAt, arenaBytes;
  OpBuilder b, head; ///< `head`: where buffers are made
  Value arena, micro, save;
  llvm::MapVector<StringRef, Value> slots; ///< transfer -> index
  llvm::MapVector<std::pair<unsigned, Type>, Value> buffers;
  IRMapping scalars;
};
} // namespace

/// Arena, micro-batch, saved set, then a slot per transfer in use.
void TaskRewriter::makeSignature(func::FuncOp to) {
  SmallVector<Type> types = {MemRefType::get({arenaBytes}, b.getI8Type()),
                             b.getIndexType(), b.getIndexType()};
  for (const Storage &storage : plan.storages)
    if (storage.address && storage.address->index == IndexKind::Slot)
      slots.insert({storage.address->transfer, Value()});
  types.append(slots.size(), b.getIndexType());
  to.setFunctionType(b.getFunctionType(types, {}));
  Block *entry = to.addEntryBlock();
  arena = entry->getArgument(0);
  micro = entry->getArgument(1);
  save = entry->getArgument(2);
  to.setArgAttr(1, "mpt.index", b.getStringAttr("mb"));
  to.setArgAttr(2, "mpt.index", b.getStringAttr("save"));
  unsigned next = 3;
  for (auto &[transfer, index] : slots) {
    index = entry->getArgument(next);
    to.setArgAttr(next++, "mpt.slot",
                  FlatSymbolRefAttr::get(to.getContext(), transfer));
  }
}

Value TaskRewriter::bufferOf(unsigned index, Type tensor) {
  const Storage &storage = plan.storages[index];
  auto shaped = cast<RankedTensorType>(tensor);
  auto type = MemRefType::get(shaped.getShape(), shaped.getElementType());
  Value &buffer = buffers[{index, type}];
  if (buffer)
    return buffer;
  const Address &address = *storage.address;
  Value chosen = address.index == IndexKind::Micro  ? micro
                 : address.index == IndexKind::Save ? save
                 : address.index == IndexKind::Slot ? slots[address.transfer]
                                                    : Value();
  int64_t at = address.at + (storage.isWorking ? workAt : 0);
  buffer = BufferOp::create(
      head, plan.task.getLoc(), type, arena, chosen, head.getI64IntegerAttr(at),
      chosen ? head.getI64IntegerAttr(address.stride) : IntegerAttr());
  return buffer;
}

/// Buffers of tensors, scalars as they are.
SmallVector<Value> TaskRewriter::operandsOf(ValueRange values) {
  SmallVector<Value> operands;
  for (Value value : values)
    operands.push_back(isa<RankedTensorType>(value.getType())
                           ? bufferOf(value)
                           : scalars.lookup(value));
  return operands;
}

void TaskRewriter::rewrite(Operation &op) {
  StringAttr compute = b.getStringAttr(kComputeStream);
  if (auto launch = dyn_cast<LaunchOp>(op)) {
    LaunchOp::create(b, op.getLoc(), TypeRange(), launch.getKernelAttr(),
                     operandsOf(launch.getInputs()),
                     operandsOf(launch.getOuts()), launch.getNodesAttr(),
                     compute);
  } else if (auto library = dyn_cast<LibraryOp>(op)) {
    LibraryOp::create(b, op.getLoc(), TypeRange(), library.getNameAttr(),
                      library.getLhsBatchAttr(), library.getRhsBatchAttr(),
                      library.getLhsContractAttr(),
                      library.getRhsContractAttr(), library.getAccumulateAttr(),
                      library.getOptionsAttr(), operandsOf(library.getInputs()),
                      operandsOf(library.getOuts()), library.getNodesAttr(),
                      compute);
  } else if (isCollective(&op)) {
    SmallVector<Value> operands = operandsOf(op.getOperands());
    if (!isa<AllReduceOp>(op))
      operands.append(operandsOf(op.getResults()));
    SmallVector<NamedAttribute> attrs(op.getAttrs());
    attrs.push_back(b.getNamedAttr("stream", b.getStringAttr(kCommStream)));
    OperationState state(op.getLoc(), op.getName(), operands, TypeRange(),
                         attrs);
    b.create(state);
  } else if (isa<ShardOffsetOp, ShardExtentOp, tensor::ExtractOp, PointOp>(
                 op)) {
    b.clone(op, scalars);
  }
}

int64_t TaskRewriter::run() {
  func::FuncOp from = plan.task;
  b.setInsertionPoint(from);
  auto to = func::FuncOp::create(b, from.getLoc(), from.getName(),
                                 b.getFunctionType({}, {}));
  makeSignature(to);
  Block &entry = to.getBody().front();
  b.setInsertionPointToEnd(&entry);
  auto exit = func::ReturnOp::create(b, from.getLoc());
  b.setInsertionPoint(exit);
  for (Operation &op : from.getBody().front().without_terminator()) {
    // Buffers stand before all other ops.
    Operation *first = &entry.front();
    while (isa<BufferOp>(first))
      first = first->getNextNode();
    head.setInsertionPoint(first);
    rewrite(op);
  }
  for (const TaskPlan::Copy &copy : plan.copies) {
    head.setInsertionPoint(&entry.front());
    CopyOp::create(b, from.getLoc(), bufferOf(copy.from, copy.type),
                   bufferOf(copy.to, copy.type),
                   b.getStringAttr(kComputeStream));
  }
  from.erase();
  return orderStreams(to, workAt);
}

/// to[i] = to[i] + from[i] over all elements, as one row.
static FlatSymbolRefAttr makeSumKernel(KernelTable &table, Type tensor) {
  auto shaped = cast<RankedTensorType>(tensor);
  OpBuilder b(tensor.getContext());
  Location loc = b.getUnknownLoc();
  int64_t count = shaped.getNumElements();
  auto type = RankedTensorType::get({count}, shaped.getElementType());
  OwningOpRef<func::FuncOp> kernel = func::FuncOp::create(
      loc, "kernel", b.getFunctionType({type, type}, {type}));
  kernel->setPrivate();
  kernel.get()->setAttr(kKernelAttr, b.getUnitAttr());
  Block *body = kernel->addEntryBlock();
  b.setInsertionPointToEnd(body);
  auto map = b.getMultiDimIdentityMap(1);
  auto sum = linalg::GenericOp::create(
      b, loc, type, body->getArgument(0), body->getArgument(1),
      ArrayRef<AffineMap>{map, map}, {utils::IteratorType::parallel},
      [](OpBuilder &b, Location loc, ValueRange args) {
        Scalars s{b, loc};
        linalg::YieldOp::create(b, loc, s.add(args[1], args[0]));
      });
  func::ReturnOp::create(b, loc, sum.getResults());
  std::string name = "sum_" + std::to_string(count);
  if (!shaped.getElementType().isF32()) {
    llvm::raw_string_ostream os(name);
    os << "_" << shaped.getElementType();
  }
  return table.intern(std::move(kernel), name);
}

static LogicalResult planCoordinate(ModuleOp module, ScheduleOp schedule,
                                    ActionsOp actions, KernelTable &table) {
  Places places(module, schedule, actions);
  if (failed(places.build()))
    return failure();
  SmallVector<TaskPlan> plans;
  int64_t work = 0;
  for (func::FuncOp task : places.getTasks()) {
    plans.push_back(planTask(task, places));
    work = std::max(work, plans.back().workBytes);
  }
  OpBuilder b(schedule);
  int64_t bytes = std::max(places.getBytes() + work, kArenaAlign);
  ArrayAttr entries =
      places.getPlaces([&](Type type) { return makeSumKernel(table, type); });
  ArrayAttr regions = places.getRegions(work);
  int64_t events = 0, workAt = places.getBytes();
  for (TaskPlan &plan : plans)
    events =
        std::max(events, TaskRewriter(std::move(plan), workAt, bytes).run());
  b.setInsertionPointAfter(schedule);
  auto arena = ArenaOp::create(b, schedule.getLoc(),
                               b.getStringAttr("pp" + Twine(actions.getPp())),
                               b.getI64IntegerAttr(bytes),
                               b.getI64IntegerAttr(kArenaAlign), StringAttr());
  arena->setAttr("events", b.getI64IntegerAttr(events));
  arena->setAttr("places", entries);
  arena->setAttr("regions", regions);
  return success();
}

void PlanMemory::runOnOperation() {
  ModuleOp module = getOperation();
  auto schedules = module.getOps<ScheduleOp>();
  if (schedules.empty()) {
    module.emitError()
        << "there is no 'mpt.schedule'; run phase schedule first";
    return signalPassFailure();
  }
  ScheduleOp schedule = *schedules.begin();
  KernelTable table(module);
  bool ok = true;
  // Arenas are inserted right behind the schedule, so the last comes first.
  auto lists = llvm::to_vector(schedule.getBody().getOps<ActionsOp>());
  for (ActionsOp actions : llvm::reverse(lists))
    ok &= succeeded(planCoordinate(module, schedule, actions, table));
  if (!ok)
    signalPassFailure();
}
