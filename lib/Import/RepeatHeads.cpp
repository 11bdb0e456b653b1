// SPDX-License-Identifier: Apache-2.0
//===- RepeatHeads.cpp - key heads for every rank of a mesh ---------------===//
//
// Grouped queries on more ranks than there are key heads: query heads are cut
// over tp, but a key head cannot be. Key and value heads are repeated, each as
// often as needed until tp divides them, so that attention can be cut by heads
// and each rank holds the one copy that its queries use. (The layers that make
// them stay whole, and their gradients are added up once per step.)
//
// 16 query heads, 2 key heads, tp=8: keys are repeated 4 times. What tp does
// not divide at all stays as it is; so does a single key head, which attention
// shares among all queries.
//
//===----------------------------------------------------------------------===//
#include "Composites.h"
#include "mpt/IR/Config.h"
#include "mpt/Import/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_REPEATHEADSPASS
#include "mpt/Import/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;

/// How often each key head must stand for tp to divide them.
static int64_t getRepeats(int64_t queries, int64_t keys, int64_t tp) {
  if (queries % tp != 0 || keys % tp == 0 || keys == 1)
    return 1;
  for (int64_t times = 2; times * keys < queries; ++times)
    if (queries % (times * keys) == 0 && times * keys % tp == 0)
      return times;
  return queries / keys;
}

static Value repeat(OpBuilder &b, Value v, int64_t times, AttentionOp like,
                    ProgramNames &names) {
  auto type = cast<RankedTensorType>(v.getType());
  SmallVector<int64_t> wide(type.getShape()), shape(type.getShape());
  wide.insert(wide.begin() + 2, times);
  shape[1] *= times;
  auto add = [&](Operation *op) {
    op->setAttr("id", b.getI64IntegerAttr(names.getNextId()++));
    names.copyName(op, like);
    return op->getResult(0);
  };
  Value copies = add(BroadcastOp::create(
      b, like.getLoc(), TypeRange(type.clone(wide)), ValueRange(v),
      b.getNamedAttr("dims", b.getDenseI64ArrayAttr({0, 1, 3, 4}))));
  return add(ReshapeOp::create(b, like.getLoc(), TypeRange(type.clone(shape)),
                               ValueRange(copies)));
}

namespace {
struct RepeatHeads : mlir::mpt::impl::RepeatHeadsPassBase<RepeatHeads> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    int64_t tp = Config(module).getMeshSize("tp");
    if (tp <= 1)
      return;
    ProgramNames names(module);
    module.walk([&](AttentionOp op) {
      auto heads = [](Value v) {
        return cast<RankedTensorType>(v.getType()).getDimSize(1);
      };
      int64_t times = getRepeats(heads(op.getQuery()), heads(op.getKey()), tp);
      if (times == 1)
        return;
      OpBuilder b(op);
      op.getKeyMutable().assign(repeat(b, op.getKey(), times, op, names));
      op.getValueMutable().assign(repeat(b, op.getValue(), times, op, names));
    });
    names.write();
  }
};
} // namespace
