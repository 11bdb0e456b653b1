// SPDX-License-Identifier: Apache-2.0
// The calling convention of kernels on a GPU: one parameter per word, one
// thread per row. Thread t of the grid runs the body for rows [t, t + 1) if
// there is such a row; LLVM inlines it and the loop over rows is gone. Before
// that, functions without code on a GPU are refused.
#include "mpt/Target/Passes.h"
#include "mpt/Target/Target.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_CHECKGPUMATHPASS
#define GEN_PASS_DEF_KERNELTHREADSPASS
#include "mpt/Target/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct CheckGpuMath : mpt::impl::CheckGpuMathPassBase<CheckGpuMath> {
  void runOnOperation() override;
};
struct KernelThreads : mpt::impl::KernelThreadsPassBase<KernelThreads> {
  void runOnOperation() override;
};
} // namespace

void CheckGpuMath::runOnOperation() {
  bool ok = true;
  getOperation()->walk([&](Operation *op) {
    if (!isa_and_nonnull<math::MathDialect>(op->getDialect()) ||
        isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp,
            math::FloorOp, math::FmaOp, math::IPowIOp, math::IsFiniteOp,
            math::IsInfOp, math::IsNaNOp, math::RoundEvenOp, math::RsqrtOp,
            math::SqrtOp, math::TruncOp>(op))
      return;
    ok = false;
    op->emitError() << "'" << op->getName() << "' of "
                    << op->getResult(0).getType()
                    << " has no code for target 'cuda'; use f32, or target "
                       "'cpu'";
  });
  getOperation()->walk([&](memref::AllocOp op) {
    ok = false;
    op.emitError() << "kernel needs a buffer of type " << op.getType()
                   << " in one thread, too large for target 'cuda'";
  });
  if (!ok)
    signalPassFailure();
}

/// `llvm.func @name(words...)` that runs `body` for the thread's row.
static LLVM::LLVMFuncOp wrap(LLVM::LLVMFuncOp body, StringRef name,
                             int64_t rows) {
  OpBuilder b(body);
  Location loc = body.getLoc();
  MLIRContext *ctx = body.getContext();
  Type i32 = b.getI32Type(), i64 = b.getI64Type();
  SmallVector<Type> types(body.getFunctionType().getParams().drop_back(2));
  bool isSum = body->hasAttr(kSumAttr);
  if (isSum)
    std::reverse(types.begin(), types.end());
  auto kernel = LLVM::LLVMFuncOp::create(
      b, loc, name,
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(ctx), types));
  kernel->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), b.getUnitAttr());
  Block *entry = kernel.addEntryBlock(b);
  Block *work = kernel.addBlock(), *end = kernel.addBlock();
  b.setInsertionPointToStart(entry);
  Value block = NVVM::BlockIdXOp::create(b, loc, i32);
  Value size = NVVM::BlockDimXOp::create(b, loc, i32);
  Value thread = NVVM::ThreadIdXOp::create(b, loc, i32);
  auto wide = [&](Value value) -> Value {
    return LLVM::ZExtOp::create(b, loc, i64, value);
  };
  Value first = LLVM::MulOp::create(b, loc, wide(block), wide(size));
  Value row = LLVM::AddOp::create(b, loc, first, wide(thread));
  Value count = LLVM::ConstantOp::create(b, loc, i64, rows);
  Value isRow =
      LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::slt, row, count);
  LLVM::CondBrOp::create(b, loc, isRow, work, end);
  b.setInsertionPointToStart(work);
  SmallVector<Value> operands(entry->getArguments());
  if (isSum)
    std::reverse(operands.begin(), operands.end());
  Value one = LLVM::ConstantOp::create(b, loc, i64, 1);
  operands.push_back(row);
  operands.push_back(LLVM::AddOp::create(b, loc, row, one));
  LLVM::CallOp::create(b, loc, body, operands);
  LLVM::BrOp::create(b, loc, end);
  b.setInsertionPointToStart(end);
  LLVM::ReturnOp::create(b, loc, ValueRange());
  return kernel;
}

void KernelThreads::runOnOperation() {
  // Threads of a block; a launch has ceil(rows / threads) blocks.
  constexpr int64_t threads = 128;
  ModuleOp module = getOperation();
  OpBuilder builder(module.getBody(), module.getBody()->end());
  auto gpuModule =
      gpu::GPUModuleOp::create(builder, module.getLoc(), "kernels");
  for (auto body :
       llvm::make_early_inc_range(module.getOps<LLVM::LLVMFuncOp>())) {
    body->moveBefore(gpuModule.getBody(), gpuModule.getBody()->end());
    if (!body->hasAttr(kKernelAttr))
      continue;
    std::string name = body.getName().str();
    int64_t rows =
        body->getAttrOfType<DenseI64ArrayAttr>(kSpaceAttr).asArrayRef()[0];
    // PTX has no dots in names of functions.
    body.setName(name + "$body");
    body.setLinkage(LLVM::Linkage::Internal);
    body.setAlwaysInline(true);
    LLVM::LLVMFuncOp kernel = wrap(body, name, rows);
    kernel->setAttr(kKernelAttr, builder.getUnitAttr());
    kernel->setAttr(kSpaceAttr, builder.getDenseI64ArrayAttr({rows, threads}));
    for (NamedAttribute attr : llvm::to_vector(body->getDiscardableAttrs()))
      if (attr.getName().getValue().starts_with("mpt."))
        body->removeAttr(attr.getName());
  }
}
