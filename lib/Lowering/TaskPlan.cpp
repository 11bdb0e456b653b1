// SPDX-License-Identifier: Apache-2.0
#include "TaskPlan.h"
#include "mpt/Analysis/Memory/Packing.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
class TaskPlanner {
public:
  TaskPlanner(func::FuncOp task, const Places &places) : places(places) {
    plan.task = task;
    plan.stage = parseTask(task)->stage;
  }
  TaskPlan run();

private:
  unsigned newStorage(Type type);
  void share(Value value, Value with);
  void addArguments();
  void addOp(Operation &op, int64_t position);
  void keepReturned();
  void bindResults();
  bool canLieAt(unsigned storage, const Address &home);
  void addCopies(ArrayRef<TaskPlan::Copy> late);
  void pack();

  const Places &places;
  TaskPlan plan;
  int64_t end = 0; ///< position of the return
};
} // namespace

unsigned TaskPlanner::newStorage(Type type) {
  plan.storages.emplace_back();
  plan.storages.back().bytes = bytesOf(type);
  return plan.storages.size() - 1;
}
void TaskPlanner::share(Value value, Value with) {
  unsigned storage = plan.storageOf.lookup(with);
  plan.storageOf[value] = storage;
}

void TaskPlanner::addArguments() {
  for (BlockArgument arg : plan.task.getArguments()) {
    unsigned storage = newStorage(arg.getType());
    plan.storageOf[arg] = storage;
    plan.storages[storage].isArgument = true;
    plan.storages[storage].address =
        places.find(plan.stage, *getArgBinding(plan.task, arg.getArgNumber()));
  }
}

/// Rank scalars are no memory.
static bool isScalarOp(Operation &op) {
  return isa<ShardOffsetOp, ShardExtentOp, tensor::ExtractOp, PointOp>(op);
}

void TaskPlanner::addOp(Operation &op, int64_t position) {
  if (isScalarOp(op))
    return;
  if (auto view = dyn_cast<ReshapeOp>(op))
    return share(view.getResult(), view.getInput());
  if (isa<tensor::EmptyOp>(op)) {
    plan.storageOf[op.getResult(0)] = newStorage(op.getResult(0).getType());
    return;
  }
  if (auto launch = dyn_cast<LaunchOp>(op))
    for (auto [result, out] :
         llvm::zip_equal(launch.getResults(), launch.getOuts()))
      share(result, out);
  else if (auto library = dyn_cast<LibraryOp>(op))
    for (auto [result, out] :
         llvm::zip_equal(library.getResults(), library.getOuts()))
      share(result, out);
  else if (auto reduce = dyn_cast<AllReduceOp>(op))
    for (auto [result, in] :
         llvm::zip_equal(reduce.getOutputs(), reduce.getInputs()))
      share(result, in);
  else
    for (Value result : op.getResults())
      plan.storageOf[result] = newStorage(result.getType());
  auto touch = [&](Value value) {
    if (auto it = plan.storageOf.find(value); it != plan.storageOf.end())
      plan.storages[it->second].access(position);
  };
  llvm::for_each(op.getOperands(), touch);
  llvm::for_each(op.getResults(), touch);
}

/// Arguments that are bound to another place as well live to the end.
void TaskPlanner::keepReturned() {
  Operation *exit = plan.task.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(exit->getOperands())) {
    Storage &storage = plan.storages[plan.storageOf.lookup(value)];
    Address home = places.find(plan.stage, *getResultBinding(plan.task, i));
    if (storage.isArgument && !storage.address->sameAs(home))
      storage.access(end);
  }
}

/// Whether nothing else lies at the home while the storage lives (an argument
/// lives from the start, what lies at a home lives to the end).
bool TaskPlanner::canLieAt(unsigned index, const Address &home) {
  const Storage &storage = plan.storages[index];
  for (auto [i, other] : llvm::enumerate(plan.storages)) {
    if (i == index || !other.address || !other.address->meets(home))
      continue;
    if (!other.isArgument || other.last >= storage.first)
      return false;
  }
  return true;
}

void TaskPlanner::bindResults() {
  SmallVector<TaskPlan::Copy> late;
  Operation *exit = plan.task.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(exit->getOperands())) {
    unsigned index = plan.storageOf.lookup(value);
    Address home = places.find(plan.stage, *getResultBinding(plan.task, i));
    Storage &storage = plan.storages[index];
    if (!storage.address && canLieAt(index, home))
      storage.address = home;
    if (storage.address && storage.address->sameAs(home)) {
      if (!storage.isArgument)
        storage.access(end);
      continue;
    }
    unsigned to = newStorage(value.getType());
    plan.storages[to].address = home;
    plan.storages[index].access(end);
    late.push_back({index, to, value.getType()});
  }
  addCopies(late);
}

/// A source whose bytes another copy overwrites goes to a working buffer first.
void TaskPlanner::addCopies(ArrayRef<TaskPlan::Copy> late) {
  SmallVector<TaskPlan::Copy> last;
  for (TaskPlan::Copy copy : late) {
    const Storage &from = plan.storages[copy.from];
    bool overwritten = llvm::any_of(late, [&](const TaskPlan::Copy &other) {
      return from.address &&
             plan.storages[other.to].address->meets(*from.address);
    });
    if (overwritten) {
      unsigned safe = newStorage(copy.type);
      plan.storages[safe].access(end);
      plan.copies.push_back({copy.from, safe, copy.type});
      copy.from = safe;
    }
    last.push_back(copy);
  }
  plan.copies.append(last);
}

void TaskPlanner::pack() {
  std::vector<LiveBuffer> buffers;
  SmallVector<Storage *> packed;
  for (Storage &storage : plan.storages) {
    if (storage.address || storage.first < 0)
      continue;
    buffers.push_back({storage.bytes, storage.first, storage.last});
    packed.push_back(&storage);
  }
  Packing packing = packBuffers(buffers, kArenaAlign);
  for (auto [storage, offset] : llvm::zip_equal(packed, packing.offsets)) {
    Address address;
    address.at = offset;
    address.bytes = storage->bytes;
    storage->address = address;
    storage->isWorking = true;
  }
  plan.workBytes = packing.bytes;
}

TaskPlan TaskPlanner::run() {
  addArguments();
  for (Operation &op : plan.task.getBody().front().without_terminator())
    addOp(op, end++);
  keepReturned();
  bindResults();
  pack();
  return std::move(plan);
}

TaskPlan mpt::planTask(func::FuncOp task, const Places &places) {
  return TaskPlanner(task, places).run();
}
