// SPDX-License-Identifier: Apache-2.0
// The calling convention of kernels on the CPU (mptrt/Device.h): the body keeps
// its typed parameters, so that LLVM knows which operands are disjoint, and is
// inlined into a function that takes an array of words.
#include "mpt/Target/Passes.h"
#include "mpt/Target/Target.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_KERNELWORDSPASS
#include "mpt/Target/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct KernelWords : mpt::impl::KernelWordsPassBase<KernelWords> {
  void runOnOperation() override;
};
} // namespace

/// `llvm.func @name(words, begin, end)` that loads what `body` takes.
/// The kernel of a sum takes its destination, the last operand, first.
static LLVM::LLVMFuncOp wrap(LLVM::LLVMFuncOp body, StringRef name) {
  OpBuilder builder(body);
  MLIRContext *ctx = body.getContext();
  Location loc = body.getLoc();
  Type ptr = LLVM::LLVMPointerType::get(ctx), i64 = builder.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(ctx),
                                          {ptr, i64, i64});
  auto kernel = LLVM::LLVMFuncOp::create(builder, loc, name, type,
                                         LLVM::Linkage::Internal);
  Block *entry = kernel.addEntryBlock(builder);
  builder.setInsertionPointToStart(entry);
  SmallVector<Value> operands;
  unsigned words = body.getNumArguments() - 2;
  bool isSum = body->hasAttr(kSumAttr);
  for (unsigned i = 0; i < words; ++i) {
    Value at = LLVM::GEPOp::create(
        builder, loc, ptr, i64, entry->getArgument(0),
        ArrayRef<LLVM::GEPArg>{int32_t(isSum ? words - 1 - i : i)});
    operands.push_back(
        LLVM::LoadOp::create(builder, loc, body.getArgument(i).getType(), at));
  }
  operands.push_back(entry->getArgument(1));
  operands.push_back(entry->getArgument(2));
  LLVM::CallOp::create(builder, loc, body, operands);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  return kernel;
}

void KernelWords::runOnOperation() {
  for (auto body :
       llvm::make_early_inc_range(getOperation().getOps<LLVM::LLVMFuncOp>())) {
    if (!body->hasAttr(kKernelAttr))
      continue;
    std::string name = body.getName().str();
    body.setName(name + ".body");
    body.setLinkage(LLVM::Linkage::Internal);
    body.setAlwaysInline(true);
    if (!body->hasAttr(kMayAliasAttr))
      for (BlockArgument arg : body.getArguments().drop_back(2))
        if (isa<LLVM::LLVMPointerType>(arg.getType()))
          body.setArgAttr(arg.getArgNumber(),
                          LLVM::LLVMDialect::getNoAliasAttrName(),
                          UnitAttr::get(&getContext()));
    LLVM::LLVMFuncOp kernel = wrap(body, name);
    for (StringRef attr : {kKernelAttr, kSpaceAttr})
      if (Attribute value = body->removeAttr(attr))
        kernel->setAttr(attr, value);
    // What phases said about the kernel has done its work.
    for (NamedAttribute attr : llvm::to_vector(body->getDiscardableAttrs()))
      if (attr.getName().getValue().starts_with("mpt."))
        body->removeAttr(attr.getName());
  }
}
