// SPDX-License-Identifier: Apache-2.0
// Seeds for phase 4: inputs and outputs over the batch, the residual stream
// (sums that skip layers) whole along its features, queries over their heads
// where tp divides them and nothing else cuts them.
#include "Planner.h"
#include "mpt/Analysis/Sharding/Factors.h"

using namespace mlir;
using namespace mlir::mpt;

/// Cut over the batch and, if there is a dim for it, over tp.
static ShardingAttr makeSharding(Value v, int64_t batchDim, int64_t tpDim,
                                 MeshOp mesh) {
  MLIRContext *ctx = mesh.getContext();
  SmallVector<AxisRefAttr> batch = {mesh.getAxis(kMicroAxis)};
  if (AxisRefAttr dp = mesh.getAxis("dp"))
    batch.push_back(dp);
  SmallVector<DimShardingAttr> dims;
  for (int64_t d = 0; d < cast<RankedTensorType>(v.getType()).getRank(); ++d) {
    SmallVector<AxisRefAttr> axes;
    if (d == batchDim)
      axes = batch;
    else if (d == tpDim)
      axes = {mesh.getAxis("tp")};
    dims.push_back(DimShardingAttr::get(ctx, axes, false));
  }
  return ShardingAttr::get(ctx, dims, ArrayRef<PartialAttr>());
}

/// After the value; `tpDim`: -1 if it is whole over tp.
static void constrain(Value v, int64_t batchDim, int64_t tpDim, MeshOp mesh) {
  OpBuilder b(mesh.getContext());
  b.setInsertionPointAfterValue(v);
  auto op = ConstrainOp::create(
      b, v.getLoc(), v.getType(), v, makeSharding(v, batchDim, tpDim, mesh),
      IntegerAttr(), IntegerAttr(), IntegerAttr(), UnitAttr());
  v.replaceAllUsesExcept(op.getResult(), op);
}

/// Layers (contractions with values of states) on the longest path to a value.
static DenseMap<Value, int64_t> countLayers(func::FuncOp func,
                                            const ProgramRoles &roles) {
  DenseMap<Value, int64_t> layers;
  for (Operation &op : func.getBody().front()) {
    bool isLayer =
        isa<DotGeneralOp>(op) && llvm::any_of(op.getOperands(), [&](Value v) {
          return roles.getBatch(v).kind == BatchUse::None;
        });
    int64_t most = 0;
    for (Value operand : op.getOperands())
      most = std::max(most, layers.lookup(operand));
    for (Value result : op.getResults())
      layers[result] = most + isLayer;
  }
  return layers;
}

SmallVector<Value> mpt::findResiduals(func::FuncOp func,
                                      const ProgramRoles &roles) {
  llvm::SetVector<Value> stream;
  DenseMap<Value, int64_t> layers = countLayers(func, roles);
  auto forwardUses = [&](Value v) {
    return llvm::count_if(
        v.getUsers(), [&](Operation *user) { return roles.isForward(user); });
  };
  for (Operation &op : func.getBody().front()) {
    auto add = dyn_cast<AddOp>(op);
    if (!add || !roles.needsStage(add))
      continue;
    bool made = llvm::all_of(add->getOperands(), [&](Value v) {
      return v.getDefiningOp() && roles.needsStage(v.getDefiningOp()) &&
             roles.getBatch(v).kind == BatchUse::Carried;
    });
    bool skips = layers[add.getLhs()] != layers[add.getRhs()] &&
                 llvm::any_of(add->getOperands(),
                              [&](Value v) { return forwardUses(v) > 1; });
    if (!made || !skips)
      continue;
    for (Value v : add->getOperands())
      if (forwardUses(v) > 1)
        stream.insert(v);
    stream.insert(add.getResult());
  }
  return stream.takeVector();
}

LogicalResult mpt::planConstraints(func::FuncOp func, const ProgramRoles &roles,
                                   MeshOp mesh, const ConstraintSeeds &seeds) {
  auto terminator = func.getBody().front().getTerminator();
  for (OpOperand &operand : terminator->getOpOperands()) {
    Value v = operand.get();
    auto name = func.getResultAttrOfType<StringAttr>(operand.getOperandNumber(),
                                                     "mpt.output");
    if (!name || llvm::is_contained(seeds.residuals, v))
      continue;
    BatchUse use = roles.getBatch(v);
    if (use.kind != BatchUse::Carried)
      return func.emitError() << "output " << name
                              << " has no batch dim; every output must keep "
                                 "the first dim of the "
                                 "inputs";
    OpBuilder b(terminator);
    auto op = ConstrainOp::create(
        b, v.getLoc(), v.getType(), v, makeSharding(v, use.dim, -1, mesh),
        IntegerAttr(), IntegerAttr(), IntegerAttr(), UnitAttr());
    operand.set(op);
  }
  for (Value v : seeds.residuals)
    constrain(v, roles.getBatch(v).dim, -1, mesh);
  for (Value v : seeds.queries)
    constrain(v, roles.getBatch(v).dim, 1, mesh);
  for (BlockArgument arg : llvm::reverse(func.getArguments()))
    constrain(arg, 0, -1, mesh);
  return success();
}
