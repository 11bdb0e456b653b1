// SPDX-License-Identifier: Apache-2.0
// The form of phase 8. Tasks hold only launches, library calls, collectives,
// rank scalars, points and views; every destination is a new tensor or used for
// the last time; a launch fits its kernel. Kernels hold linalg, tensor, arith,
// math and scf on static shapes, allocate nothing, give one result per
// destination, keep what `mpt.rows` promises, and no two are equal.
#include "Kernel.h"
#include "mpt/Lowering/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYFUSEPASS
#include "mpt/Lowering/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct VerifyFuse : mpt::impl::VerifyFusePassBase<VerifyFuse> {
  void runOnOperation() override;
};

/// Counts problems: all are reported.
struct FuseVerifier {
  SymbolTableCollection tables;
  bool ok = true;

  InFlightDiagnostic fail(Operation *op) {
    ok = false;
    return op->emitOpError();
  }
  void checkTask(func::FuncOp task);
  void checkLaunch(LaunchOp launch);
  void checkDestinations(Operation *op, OperandRange outs);
  void checkKernel(func::FuncOp kernel);
  void checkRows(func::FuncOp kernel, int64_t rows);
  void checkDistinct(ModuleOp module);
};
} // namespace

void FuseVerifier::checkTask(func::FuncOp task) {
  for (Operation &op : task.getBody().front()) {
    if (auto launch = dyn_cast<LaunchOp>(op)) {
      checkLaunch(launch);
      checkDestinations(launch, launch.getOuts());
    } else if (auto library = dyn_cast<LibraryOp>(op)) {
      checkDestinations(library, library.getOuts());
    } else if (auto reduce = dyn_cast<AllReduceOp>(op)) {
      checkDestinations(reduce, reduce->getOperands());
    } else if (!isa<AllGatherOp, ReduceScatterOp, AllToAllOp, ShardOffsetOp,
                    ShardExtentOp, PointOp, ReshapeOp, tensor::EmptyOp,
                    tensor::ExtractOp, func::ReturnOp>(op)) {
      fail(&op) << "stands outside of kernels; after phase 'fuse' a task holds "
                   "only launches, library calls, collectives, rank scalars, "
                   "points and views";
    }
  }
}

void FuseVerifier::checkDestinations(Operation *op, OperandRange outs) {
  for (Value out : outs)
    if (!isLastUse(out, op))
      fail(op) << "overwrites a value that is used again or that its task may "
                  "not write: operand of type "
               << out.getType();
}

/// Whether the parameter is a row-major view of the operand.
static bool isView(Type operand, Type parameter) {
  auto from = dyn_cast<RankedTensorType>(operand);
  auto to = dyn_cast<RankedTensorType>(parameter);
  if (!from || !to)
    return operand == parameter;
  return from.getElementType() == to.getElementType() &&
         from.getNumElements() == to.getNumElements();
}

void FuseVerifier::checkLaunch(LaunchOp launch) {
  auto kernel = tables.lookupNearestSymbolFrom<func::FuncOp>(
      launch, launch.getKernelAttr());
  if (!kernel || !kernel->hasAttr(kKernelAttr)) {
    fail(launch) << "there is no kernel " << launch.getKernelAttr();
    return;
  }
  if (kernel.getNumArguments() != launch.getNumOperands() ||
      kernel.getNumResults() != launch.getOuts().size()) {
    fail(launch) << "has " << launch.getNumOperands() << " operands, "
                 << launch.getOuts().size() << " of them destinations; kernel "
                 << launch.getKernelAttr() << " takes "
                 << kernel.getNumArguments() << " and "
                 << kernel.getNumResults();
    return;
  }
  for (auto [operand, parameter] :
       llvm::zip_equal(launch.getOperandTypes(), kernel.getArgumentTypes()))
    if (!isView(operand, parameter))
      fail(launch) << "operand of type " << operand << " is no view of type "
                   << parameter << " as kernel " << launch.getKernelAttr()
                   << " takes it";
}

static bool isKernelOp(Operation *op) {
  StringRef dialect = op->getName().getDialectNamespace();
  return llvm::is_contained({"linalg", "arith", "math", "scf"}, dialect) ||
         isa<tensor::ExtractOp, tensor::InsertOp, func::ReturnOp>(op);
}

void FuseVerifier::checkKernel(func::FuncOp kernel) {
  if (!kernel.isPrivate())
    fail(kernel) << "is a kernel and must be private";
  unsigned first = kernel.getNumArguments() - kernel.getNumResults();
  for (unsigned i = 0; i < kernel.getNumResults(); ++i)
    if (kernel.getArgumentTypes()[first + i] != kernel.getResultTypes()[i])
      fail(kernel) << "result " << i << " has type "
                   << kernel.getResultTypes()[i] << ", its destination "
                   << kernel.getArgumentTypes()[first + i];
  kernel.getBody().walk([&](Operation *op) {
    if (!isKernelOp(op))
      fail(op)
          << "may not stand in a kernel; kernels hold linalg, arith, math, "
             "scf and tensor.extract or insert, and allocate nothing";
    for (Type type : op->getResultTypes())
      if (auto shaped = dyn_cast<ShapedType>(type))
        if (!shaped.hasStaticShape())
          fail(op) << "has a dynamic shape in a kernel: " << type;
  });
  if (auto rows = kernel->getAttrOfType<IntegerAttr>(kRowsAttr))
    checkRows(kernel, rows.getInt());
}

void FuseVerifier::checkRows(func::FuncOp kernel, int64_t rows) {
  DenseSet<Value> written;
  unsigned first = kernel.getNumArguments() - kernel.getNumResults();
  for (BlockArgument arg : kernel.getArguments().drop_front(first))
    written.insert(arg);
  for (auto op : kernel.getBody().front().getOps<linalg::LinalgOp>()) {
    auto mapOf = [&](OpOperand &operand) {
      return op.getMatchingIndexingMap(&operand);
    };
    auto first = op.getDpsInitsMutable().begin();
    AffineMap outMap = mapOf(*first);
    AffineExpr row =
        outMap.getNumResults() ? outMap.getResult(0) : AffineExpr();
    auto inRow = [&](OpOperand &operand) {
      auto type = cast<RankedTensorType>(operand.get().getType());
      AffineMap map = mapOf(operand);
      return map.getNumResults() != 0 && map.getResult(0) == row &&
             type.getDimSize(0) == rows;
    };
    bool good = isa_and_nonnull<AffineDimExpr>(row);
    for (OpOperand &out : op.getDpsInitsMutable())
      good &= good && inRow(out);
    for (OpOperand *in : op.getDpsInputOperands())
      good &= !written.contains(in->get()) || (good && inRow(*in));
    if (!good)
      fail(op) << "depends on more than one row; 'mpt.rows = " << rows
               << "' of its kernel says that rows are independent";
    written.insert(op->result_begin(), op->result_end());
  }
}

void FuseVerifier::checkDistinct(ModuleOp module) {
  llvm::StringMap<func::FuncOp> seen;
  for (auto kernel : module.getOps<func::FuncOp>()) {
    if (!kernel->hasAttr(kKernelAttr))
      continue;
    auto [known, isNew] = seen.try_emplace(getKernelText(kernel), kernel);
    if (!isNew)
      fail(kernel) << "equals kernel '" << known->second.getName()
                   << "'; equal kernels are one symbol";
  }
}

void VerifyFuse::runOnOperation() {
  FuseVerifier verifier;
  for (auto function : getOperation().getOps<func::FuncOp>()) {
    if (function->hasAttr(kKernelAttr))
      verifier.checkKernel(function);
    else if (!function.isExternal())
      verifier.checkTask(function);
  }
  verifier.checkDistinct(getOperation());
  if (!verifier.ok)
    signalPassFailure();
}
