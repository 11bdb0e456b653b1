// SPDX-License-Identifier: Apache-2.0
// The form of phase 3: one mesh with the time axis micro, one header that fits
// it; a stage on every forward op that needs one and on no other; stages do not
// decrease along use-def edges and none is empty; shardings name axes of the
// mesh with their sizes, pp cuts nothing, micro exactly the batch of every
// input.
#include "mpt/Analysis/Sharding/Factors.h"
#include "mpt/Analysis/Sharding/Program.h"
#include "mpt/Planning/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYPLANPASS
#include "mpt/Planning/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct VerifyPlan : mlir::mpt::impl::VerifyPlanPassBase<VerifyPlan> {
  void runOnOperation() override;

  InFlightDiagnostic fail(Operation *op) {
    signalPassFailure();
    return op->emitError();
  }
  bool findHeader();
  void checkHeader();
  void checkSharding(Operation *op, ShardingAttr sharding);
  void checkStates();
  void checkInputs(func::FuncOp func);
  void checkStages(func::FuncOp func, const ProgramRoles &roles);
  void checkOrder(func::FuncOp func);

  MeshOp mesh;
  ScheduleHeaderOp header;
};
} // namespace

bool VerifyPlan::findHeader() {
  ModuleOp module = getOperation();
  auto meshes = llvm::to_vector(module.getOps<MeshOp>());
  auto headers = llvm::to_vector(module.getOps<ScheduleHeaderOp>());
  if (meshes.size() != 1)
    fail(module) << "expected one mesh, found " << meshes.size();
  if (headers.size() != 1)
    fail(module) << "expected one schedule header, found " << headers.size();
  if (meshes.size() != 1 || headers.size() != 1)
    return false;
  mesh = meshes.front();
  header = headers.front();
  return true;
}

void VerifyPlan::checkHeader() {
  if (!mesh.isTime(kMicroAxis))
    fail(mesh) << "the mesh has no time axis '" << kMicroAxis << "'";
  for (auto axis : mesh.getAxes().getAsRange<AxisRefAttr>())
    if (axis.getSize() == 1)
      fail(mesh) << "axis '" << axis.getName()
                 << "' of size 1 stands in the mesh; leave it out";
  if (int64_t(header.getMicro()) != mesh.getSize(kMicroAxis))
    fail(header) << "the header has " << header.getMicro()
                 << " micro-batches, the mesh " << mesh.getSize(kMicroAxis);
  int64_t pp = mesh.getSize("pp");
  SmallVector<bool> used(pp, false);
  for (auto [stage, at] : llvm::enumerate(header.getPlace())) {
    if (at < 0 || at >= pp)
      fail(header) << "stage " << stage << " is placed at coordinate " << at
                   << " of pp, which has " << pp;
    else
      used[at] = true;
  }
  for (int64_t at = 0; at < pp; ++at)
    if (!used[at])
      fail(header) << "no stage is placed at coordinate " << at << " of pp";
}

void VerifyPlan::checkSharding(Operation *op, ShardingAttr sharding) {
  auto check = [&](AxisRefAttr axis) {
    if (axis.getName() == "pp")
      fail(op) << "pp shards nothing, found " << sharding;
    else if (mesh.getAxis(axis.getName()) == AxisRefAttr() ||
             mesh.getSize(axis.getName()) != axis.getTotal())
      fail(op) << "axis '" << axis.getName() << "' of size " << axis.getTotal()
               << " is not in the mesh";
  };
  for (DimShardingAttr dim : sharding.getDims())
    for (AxisRefAttr axis : dim.getAxes())
      check(axis);
  for (PartialAttr partial : sharding.getPartials())
    for (AxisRefAttr axis : partial.getAxes())
      check(axis);
}

void VerifyPlan::checkStates() {
  for (auto state : getOperation().getOps<StateOp>())
    for (std::optional<StorageAttr> form :
         {state.getStorage(), state.getCompute(), state.getGrad(),
          state.getState()}) {
      if (!form)
        continue;
      ShardingAttr sharding = form->getSharding();
      checkSharding(state, sharding);
      if (sharding.getDimOf(kMicroAxis) >= 0)
        fail(state) << "state '" << state.getSymName()
                    << "' is cut over micro; only inputs have a batch";
      for (auto [d, dim] : llvm::enumerate(sharding.getDims()))
        if (dim.getNumShards() > state.getTensorType().getDimSize(d))
          fail(state) << "dim " << d << " of state '" << state.getSymName()
                      << "' has size " << state.getTensorType().getDimSize(d)
                      << " and is cut into " << dim.getNumShards();
    }
}

/// micro cuts exactly the batch dim of every input, as its major axis.
void VerifyPlan::checkInputs(func::FuncOp func) {
  for (BlockArgument arg : func.getArguments()) {
    auto constrain = arg.hasOneUse()
                         ? dyn_cast<ConstrainOp>(*arg.getUsers().begin())
                         : ConstrainOp();
    if (!constrain) {
      fail(func) << "argument " << arg.getArgNumber()
                 << " is not constrained; inputs are cut over the batch";
      continue;
    }
    ShardingAttr to = constrain.getTo();
    ArrayRef<AxisRefAttr> batch =
        to.getRank() ? to.getDims()[0].getAxes() : ArrayRef<AxisRefAttr>();
    if (batch.empty() || batch[0].getName() != kMicroAxis)
      fail(constrain) << "micro must cut dim 0 of argument "
                      << arg.getArgNumber() << " as its major axis, found "
                      << to;
  }
  for (auto constrain : func.getOps<ConstrainOp>())
    checkSharding(constrain, constrain.getTo());
}

void VerifyPlan::checkStages(func::FuncOp func, const ProgramRoles &roles) {
  int64_t stages = header.getStages();
  SmallVector<bool> used(stages, false);
  for (Operation &op : func.getBody().front()) {
    auto attr = op.getAttrOfType<IntegerAttr>("stage");
    if (!attr) {
      if (roles.needsStage(&op))
        fail(&op) << "forward op '" << op.getName() << "' has no stage";
      continue;
    }
    int64_t stage = attr.getInt();
    if (op.hasAttr("adjoint_of"))
      fail(&op) << "an adjoint has a stage; it takes that of its origin";
    else if (!roles.needsStage(&op))
      fail(&op) << "'" << op.getName()
                << "' has a stage but is free to clone or no forward op";
    if (stage < 0 || stage >= stages)
      fail(&op) << "stage " << stage << " is not one of the header's "
                << stages;
    else
      used[stage] = true;
  }
  for (int64_t stage = 0; stage < stages; ++stage)
    if (!used[stage])
      fail(func) << "stage " << stage << " owns no op";
}

/// Stages do not decrease from definitions to uses, seen through ops that have
/// none.
void VerifyPlan::checkOrder(func::FuncOp func) {
  DenseMap<Value, int64_t> reached;
  for (Operation &op : func.getBody().front()) {
    if (op.hasAttr("adjoint_of"))
      continue;
    auto attr = op.getAttrOfType<IntegerAttr>("stage");
    int64_t from = -1;
    for (Value operand : op.getOperands())
      from = std::max(from, reached.lookup_or(operand, -1));
    if (attr && attr.getInt() < from)
      fail(&op) << "stage " << attr.getInt() << " uses a value of stage "
                << from << "; stages may not decrease from definition to use";
    for (Value result : op.getResults())
      reached[result] = attr ? attr.getInt() : from;
  }
}

void VerifyPlan::runOnOperation() {
  if (!findHeader())
    return;
  checkHeader();
  checkStates();
  for (auto func : getOperation().getOps<func::FuncOp>()) {
    if (func.isExternal())
      continue;
    ProgramRoles roles(func);
    checkInputs(func);
    checkStages(func, roles);
    checkOrder(func);
  }
}
