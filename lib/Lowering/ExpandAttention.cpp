// SPDX-License-Identifier: Apache-2.0
// Attention in core ops for targets whose libraries do not have it: the scores
// then exist as a tensor.
#include "mpt/IR/Config.h"
#include "mpt/IR/Mpt.h"
#include "mpt/Lowering/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_EXPANDATTENTIONPASS
#include "mpt/Lowering/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

template <typename Op> static void expandAll(func::FuncOp task) {
  SmallVector<Op> ops;
  task.walk([&](Op op) { ops.push_back(op); });
  for (Op op : ops) {
    ProgramBuilder b(op.getLoc(), {op->getBlock(), op->getIterator()}, nullptr);
    op->replaceAllUsesWith(op.expand(b));
    op->erase();
  }
}

namespace {
struct ExpandAttention : mpt::impl::ExpandAttentionPassBase<ExpandAttention> {
  using ExpandAttentionPassBase::ExpandAttentionPassBase;
  void runOnOperation() override {
    if (Config(getOperation()).getTarget() == "cpu" && !always)
      return;
    for (auto task : getOperation().getOps<func::FuncOp>()) {
      expandAll<AttentionOp>(task);
      expandAll<AttentionGradOp>(task);
    }
  }
};
} // namespace
