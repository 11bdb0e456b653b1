// SPDX-License-Identifier: Apache-2.0
//
// Phase 6: every task of phase 5 becomes the program of one rank.
//
// All ops are checked first, so that everything refused is reported at once.
// Then each function gets a new body: local types (bounds), rank coordinates
// where an op needs them, masks where a cut leaves pads that an op would see,
// collectives for reshards. At last the gradient tasks get their buckets and
// the transfers their groups and bytes.
//
// Refused by name: dims that an op needs whole, resharding over sub-axes or of
// dims that also lie in time, uneven cuts that a reshape cannot follow.
//
#include "Localize.h"
#include "mpt/Sharding/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_LOCALIZETASKSPASS
#include "mpt/Sharding/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct LocalizeTasks : mlir::mpt::impl::LocalizeTasksPassBase<LocalizeTasks> {
  void runOnOperation() override;
};
} // namespace

/// The same task with a body of local types.
static void localizeTask(func::FuncOp old, MeshOp mesh) {
  Block &from = old.front();
  func::FuncOp task = old.cloneWithoutRegions();
  Block *body = new Block;
  task.getBody().push_back(body);
  LocalTask local(mesh, body, !from.getOps<PointOp>().empty());
  auto localTypes = [&](TypeRange types) {
    return llvm::map_to_vector(
        types, [&](Type t) -> Type { return local.localType(t); });
  };
  for (BlockArgument arg : from.getArguments())
    body->addArgument(local.localType(arg.getType()), arg.getLoc());
  local.map(from.getArguments(), body->getArguments());
  FunctionType type = old.getFunctionType();
  task.setFunctionType(FunctionType::get(old.getContext(),
                                         localTypes(type.getInputs()),
                                         localTypes(type.getResults())));
  for (Operation &op : from)
    localizeOp(local, &op);
  old->getBlock()->getOperations().insert(old->getIterator(), task);
  old.erase();
}

/// Local types, group and bytes. A sum of norms is one exchange over the whole
/// mesh; everything else goes between coordinates of pp.
static void localizeTransfer(TransferOp transfer, MeshOp mesh) {
  Builder b(transfer.getContext());
  auto isTime = [&](StringRef axis) { return mesh.isTime(axis); };
  RankedTensorType type = getLocalType(transfer.getOutput(), isTime);
  SmallVector<StringRef> over;
  for (auto axis : mesh.getAxes().getAsRange<AxisRefAttr>())
    if (transfer.getTask() == "NORM" || axis.getName() == "pp")
      over.push_back(axis.getName());
  transfer.setInput(getLocalType(transfer.getInput(), isTime));
  transfer.setOutput(type);
  transfer.setOverAttr(b.getStrArrayAttr(over));
  transfer.setBytes(bytesOf(type));
}

void LocalizeTasks::runOnOperation() {
  ModuleOp module = getOperation();
  auto meshes = module.getOps<MeshOp>();
  if (!llvm::hasSingleElement(meshes)) {
    module.emitError() << "expected one mpt.mesh; run phase 3 first";
    return signalPassFailure();
  }
  MeshOp mesh = *meshes.begin();
  bool failedAny = false;
  auto tasks = llvm::to_vector(module.getOps<func::FuncOp>());
  for (func::FuncOp task : tasks)
    for (Operation &op : task.front())
      failedAny |= failed(checkLocalizable(&op, mesh));
  if (failedAny)
    return signalPassFailure();
  for (func::FuncOp task : tasks)
    localizeTask(task, mesh);
  for (auto task : module.getOps<func::FuncOp>())
    if (task.getSymName().ends_with("_RS"))
      formBuckets(task);
  for (auto transfer : module.getOps<TransferOp>())
    localizeTransfer(transfer, mesh);
}
