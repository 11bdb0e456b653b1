// SPDX-License-Identifier: Apache-2.0
// A third target whose kernels do nothing: what a backend must offer, and no
// more.
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mpt/Target/Target.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
/// Replaces every kernel by a function that returns at once.
struct EmptyKernels : PassWrapper<EmptyKernels, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EmptyKernels)
  void runOnOperation() override;
};

class DummyTarget final : public Target {
public:
  TargetFacts getFacts() const override {
    TargetFacts facts;
    facts.name = "dummy";
    facts.alignment = 16;
    facts.executable = false;
    return facts;
  }
  void buildKernelPipeline(OpPassManager &pm, const Config &) const override {
    pm.addPass(std::make_unique<EmptyKernels>());
  }
  SmallVector<StringRef> getLinkArguments() const override { return {}; }
};
} // namespace

void EmptyKernels::runOnOperation() {
  MLIRContext *ctx = &getContext();
  Type ptr = LLVM::LLVMPointerType::get(ctx);
  Type i64 = IntegerType::get(ctx, 64);
  for (auto kernel :
       llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
    OpBuilder b(ctx);
    b.setInsertionPointToEnd(getOperation().getBody());
    std::string name = kernel.getName().str();
    Location loc = kernel.getLoc();
    kernel.erase();
    auto code = LLVM::LLVMFuncOp::create(
        b, loc, name,
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(ctx),
                                    {ptr, i64, i64}));
    code->setAttr(kSpaceAttr, b.getDenseI64ArrayAttr({1, 1}));
    b.setInsertionPointToStart(code.addEntryBlock(b));
    LLVM::ReturnOp::create(b, loc, ValueRange());
  }
}

namespace mlir::mpt {
const Target *getDummyTarget() {
  static const DummyTarget target;
  return &target;
}
} // namespace mlir::mpt
