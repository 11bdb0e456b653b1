// SPDX-License-Identifier: Apache-2.0
// Phase 8: every tensor op of a task becomes launches of kernels or a library
// call; kernels are functions of their own, equal ones one symbol.
//
// 1. Prepare: constants and broadcasts of them are cloned to their uses
// (kernels
//    take equal elements as a scalar), contractions are made matrix products.
// 2. Fuse: elementwise ops and movements of elements are cloned to the kernels
//    that read them (FusePointwise.cpp).
// 3. Lower op by op (Lower<Family>.cpp). A destination is a new tensor.empty or
//    a value used for the last time there, so buffers are updated in place.
// 4. Collectives reduce their operands in place: an operand that is used again
//    is copied first.
// What stays beside launches: collectives, rank scalars, points, reshapes
// (other views of a buffer). Refuses ops that no family lowers.
#include "Lowerings.h"
#include "mpt/Lowering/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_FORMKERNELSPASS
#include "mpt/Lowering/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct FormKernels : mpt::impl::FormKernelsPassBase<FormKernels> {
  void getDependentDialects(DialectRegistry &registry) const override {
    registry
        .insert<arith::ArithDialect, linalg::LinalgDialect, math::MathDialect,
                scf::SCFDialect, tensor::TensorDialect>();
  }
  void runOnOperation() override;
};
} // namespace

/// Some lowerings look at the map for ops that are fused.
static void addLowerings(LoweringMap &map) {
  addElementwiseLowerings(map);
  addContractionLowerings(map);
  addReductionLowerings(map);
  addShapeLowerings(map);
  addIndexingLowerings(map);
  addNeuralLowerings(map);
  addLossLowerings(map);
  addOptimizerLowerings(map);
  addRankLowerings(map);
}

template <typename Op> static SmallVector<Op> listOps(func::FuncOp task) {
  return llvm::to_vector(task.getBody().front().getOps<Op>());
}

/// A broadcast or reshape of equal elements is a constant itself.
static void foldSplats(func::FuncOp task) {
  for (Operation &op :
       llvm::make_early_inc_range(task.getBody().front().getOperations())) {
    if (!isa<BroadcastOp, ReshapeOp>(op))
      continue;
    auto from = op.getOperand(0).getDefiningOp<ConstantOp>();
    if (!from)
      continue;
    Attribute value = from.getValue();
    if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
      if (!dense.isSplat())
        continue;
      value = dense.getSplatValue<Attribute>();
    }
    OpBuilder b(&op);
    auto constant =
        ConstantOp::create(b, op.getLoc(), op.getResultTypes(), ValueRange(),
                           b.getNamedAttr("value", value));
    op.replaceAllUsesWith(constant);
    op.erase();
  }
}

/// Each use gets its own constant, right before it.
static void cloneConstants(func::FuncOp task) {
  for (ConstantOp constant : listOps<ConstantOp>(task)) {
    for (OpOperand &use :
         llvm::make_early_inc_range(constant.getResult().getUses())) {
      OpBuilder b(use.getOwner());
      use.set(cast<ConstantOp>(b.clone(*constant)).getResult());
    }
    constant.erase();
  }
}

static void eraseDead(func::FuncOp task) {
  Block &block = task.getBody().front();
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(block.getOperations())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

/// Whether the op stays as it is.
static bool isFormed(Operation *op) {
  return isa<LaunchOp, LibraryOp, AllReduceOp, AllGatherOp, ReduceScatterOp,
             AllToAllOp, ShardOffsetOp, ShardExtentOp, PointOp, ReshapeOp,
             tensor::EmptyOp, tensor::ExtractOp, func::ReturnOp>(op);
}

static LogicalResult lowerOps(ArrayRef<Operation *> ops,
                              const LoweringMap &lowerings,
                              KernelTable &table) {
  bool ok = true;
  for (Operation *op : ops) {
    if (isFormed(op) || isFused(op) || isOpTriviallyDead(op))
      continue;
    const LoweringMap::Lowering *lower = lowerings.find(op);
    if (!lower) {
      op->emitOpError() << "has no lowering to a kernel or a library call";
      ok = false;
    } else if (failed((*lower)(op, table))) {
      ok = false;
    }
  }
  return success(ok);
}

/// Constants come last: those that became scalars of kernels are dead then.
static LogicalResult lowerTask(func::FuncOp task, const LoweringMap &lowerings,
                               KernelTable &table) {
  SmallVector<Operation *> ops, constants;
  for (Operation &op : task.getBody().front())
    if (!isa<ConstantOp>(op))
      ops.push_back(&op);
  bool ok = succeeded(lowerOps(ops, lowerings, table));
  eraseDead(task);
  for (ConstantOp constant : listOps<ConstantOp>(task))
    constants.push_back(constant);
  return success(succeeded(lowerOps(constants, lowerings, table)) && ok);
}

static void formCollectives(func::FuncOp task, KernelTable &table) {
  for (Operation &op : task.getBody().front()) {
    if (auto reduce = dyn_cast<AllReduceOp>(op))
      for (OpOperand &operand : reduce->getOpOperands())
        if (!isLastUse(operand.get(), reduce))
          operand.set(copyBefore(table, operand.get(), reduce));
    if (isa<AllReduceOp, AllGatherOp, ReduceScatterOp, AllToAllOp>(op))
      if (ArrayAttr nodes = getNodes(&op))
        op.setAttr("nodes", nodes);
  }
}

static LogicalResult formTask(func::FuncOp task, const LoweringMap &lowerings,
                              KernelTable &table) {
  eraseDead(task);
  for (AllToAllOp op : listOps<AllToAllOp>(task))
    arrangeBlocks(op);
  foldSplats(task);
  cloneConstants(task);
  for (DotGeneralOp op : listOps<DotGeneralOp>(task)) {
    fitContraction(op);
    joinAccumulate(op);
  }
  if (failed(callAttention(task)))
    return failure();
  fusePointwise(task, lowerings);
  eraseDead(task);
  if (failed(lowerTask(task, lowerings, table)))
    return failure();
  formCollectives(task, table);
  eraseDead(task);
  return success();
}

void FormKernels::runOnOperation() {
  ModuleOp module = getOperation();
  LoweringMap lowerings;
  addLowerings(lowerings);
  KernelTable table(module);
  SmallVector<func::FuncOp> tasks;
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isExternal() && !function->hasAttr(kKernelAttr))
      tasks.push_back(function);
  bool ok = true;
  for (func::FuncOp task : tasks)
    ok &= succeeded(formTask(task, lowerings, table));
  if (!ok)
    signalPassFailure();
}
