// SPDX-License-Identifier: Apache-2.0
// The form of phase 4: every value has a sharding over axes of the mesh; each
// op obeys its rule (see Analysis/Sharding/VerifySharded.cpp); states are read
// and written as they lie; micro ends only in reshards and totals, before an
// update at the latest; every forward op has a stage or is free to clone;
// constraints are gone.
#include "mpt/Analysis/Sharding/Factors.h"
#include "mpt/Analysis/Sharding/Program.h"
#include "mpt/Sharding/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYSHARDPASS
#include "mpt/Sharding/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct VerifyShard : mlir::mpt::impl::VerifyShardPassBase<VerifyShard> {
  void runOnOperation() override;

  InFlightDiagnostic fail(Operation *op) {
    signalPassFailure();
    return op->emitError();
  }
  bool checkAxes(Operation *op, Type type);
  void checkState(Operation *op, FlatSymbolRefAttr source, Type type);
  void checkReshard(ReshardOp op);
  void checkUpdate(OptUpdateOp op);
  void checkOp(Operation *op);
  void checkMoment(Operation *op, const ProgramRoles &roles);
  void checkProgram(func::FuncOp func);

  MeshOp mesh;
  llvm::StringMap<StateOp> states;
  DenseSet<Value> after; ///< sums over all micro-batches, and what follows
};
} // namespace

static bool usesMicro(Type type) {
  ShardingAttr sharding = getSharding(type);
  return sharding && (sharding.isPartialOver(kMicroAxis) ||
                      sharding.getDimOf(kMicroAxis) >= 0);
}

bool VerifyShard::checkAxes(Operation *op, Type type) {
  ShardingAttr sharding = getSharding(type);
  if (!sharding) {
    fail(op) << "a value has no sharding: " << type;
    return false;
  }
  bool ok = true;
  auto check = [&](AxisRefAttr axis) {
    bool known = mesh.getAxis(axis.getName()) &&
                 mesh.getSize(axis.getName()) == axis.getTotal();
    if (known && axis.getName() != "pp")
      return;
    fail(op) << "axis '" << axis.getName() << "' of size " << axis.getTotal()
             << " cuts nothing in this mesh, found " << sharding;
    ok = false;
  };
  for (DimShardingAttr dim : sharding.getDims())
    llvm::for_each(dim.getAxes(), check);
  for (PartialAttr partial : sharding.getPartials())
    llvm::for_each(partial.getAxes(), check);
  return ok;
}

void VerifyShard::checkState(Operation *op, FlatSymbolRefAttr source,
                             Type type) {
  StateOp state = states.lookup(source.getValue());
  if (getSharding(type) != state.getStorageSharding())
    fail(op) << "state " << source << " lies as " << state.getStorageSharding()
             << ", found " << getSharding(type);
}

void VerifyShard::checkReshard(ReshardOp op) {
  ShardingAttr from = getSharding(op.getInput().getType());
  ShardingAttr to = getSharding(op.getResult().getType());
  if (from == to)
    fail(op) << "the reshard changes nothing";
  if (from.getDimOf(kMicroAxis) >= 0 && to.getDimOf(kMicroAxis) < 0)
    fail(op) << "a batch may not be gathered over micro";
  // A whole value is its own sum if all ranks but one hold zeros, a cut one if
  // each holds its block among zeros.
  for (PartialAttr partial : to.getPartials())
    for (AxisRefAttr axis : partial.getAxes())
      if (!from.isPartialOver(axis.getName()) &&
          (partial.getKind() != "sum" || axis.getName() == kMicroAxis ||
           to.getDimOf(axis.getName()) >= 0))
        fail(op) << "a reshard may not make a value a partial "
                 << partial.getKind() << " over '" << axis.getName() << "'";
}

void VerifyShard::checkUpdate(OptUpdateOp op) {
  for (OpOperand &operand : op->getOpOperands())
    if (usesMicro(operand.get().getType()))
      fail(op) << "operand " << operand.getOperandNumber()
               << " of an update is cut or partial over micro; a reshard must "
                  "end it";
}

void VerifyShard::checkOp(Operation *op) {
  bool ok = true;
  for (Type type : op->getResultTypes())
    ok &= checkAxes(op, type);
  for (Type type : op->getOperandTypes())
    ok &= bool(getSharding(type));
  if (!ok)
    return;
  if (auto read = dyn_cast<ReadOp>(op))
    checkState(op, read.getSourceAttr(), read.getResult().getType());
  else if (auto write = dyn_cast<WriteOp>(op))
    checkState(op, write.getSourceAttr(), write.getValue().getType());
  else if (auto reshard = dyn_cast<ReshardOp>(op))
    checkReshard(reshard);
  else if (isa<ConstrainOp>(op))
    fail(op) << "constraints end in phase 4";
  else if (isa<ComputeOpInterface>(op) && failed(verifySharded(op)))
    signalPassFailure();
  if (auto update = dyn_cast<OptUpdateOp>(op))
    checkUpdate(update);
}

/// What ends micro exists after the loop over micro-batches and does not enter
/// it again; weights of the loss, which are of inputs alone, are known before.
void VerifyShard::checkMoment(Operation *op, const ProgramRoles &roles) {
  bool isAfter = isa<TotalsOp>(op), isInside = false;
  for (Value operand : op->getOperands()) {
    isAfter |= after.contains(operand);
    isInside |= usesMicro(operand.getType());
  }
  if (auto reshard = dyn_cast<ReshardOp>(op)) {
    isAfter |= isInside && !usesMicro(reshard.getResult().getType()) &&
               !roles.isOfData(reshard);
  } else if (isAfter && isInside && !isa<TotalsOp>(op)) {
    fail(op) << "a sum over all micro-batches meets a value of one";
  }
  if (isAfter)
    after.insert_range(op->getResults());
}

void VerifyShard::checkProgram(func::FuncOp func) {
  ProgramRoles roles(func);
  for (BlockArgument arg : func.getArguments())
    checkAxes(func, arg.getType());
  for (Operation &op : func.getBody().front()) {
    checkOp(&op);
    checkMoment(&op, roles);
    if (roles.needsStage(&op) && !op.hasAttr("stage"))
      fail(&op) << "forward op '" << op.getName()
                << "' has no stage and is not free to clone";
  }
  for (OpOperand &operand :
       func.getBody().front().getTerminator()->getOpOperands())
    if (ShardingAttr sharding = getSharding(operand.get().getType());
        sharding && sharding.isPartial())
      fail(func) << "result " << operand.getOperandNumber()
                 << " is partial: " << sharding;
}

void VerifyShard::runOnOperation() {
  auto meshes = llvm::to_vector(getOperation().getOps<MeshOp>());
  if (meshes.size() != 1) {
    fail(getOperation()) << "expected one mesh, found " << meshes.size();
    return;
  }
  mesh = meshes.front();
  states.clear();
  for (auto state : getOperation().getOps<StateOp>())
    states[state.getSymName()] = state;
  for (auto func : getOperation().getOps<func::FuncOp>())
    if (!func.isExternal())
      checkProgram(func);
}
