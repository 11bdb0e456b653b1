// SPDX-License-Identifier: Apache-2.0
// Attention and its adjoint are library calls. Refuses other float types than
// f32 and f64.
#include "Lowerings.h"

using namespace mlir;
using namespace mlir::mpt;

template <typename Op>
static LogicalResult lowerAttention(Op op, StringRef name) {
  Type element = elementOf(op.getQuery());
  if (!element.isF32() && !element.isF64())
    return op.emitOpError() << "has no library call for elements of type "
                            << element << "; expected f32 or f64";
  OpBuilder b(op);
  SmallVector<Value> outs;
  for (Type type : op->getResultTypes())
    outs.push_back(tensor::EmptyOp::create(b, op.getLoc(), type, ValueRange()));
  SmallVector<NamedAttribute> options;
  for (StringRef option : {"scale", "causal", "softcap", "fill", "zero_rows"})
    if (Attribute value = op->getInherentAttr(option).value_or(nullptr))
      options.push_back(b.getNamedAttr(option, value));
  auto call = LibraryOp::create(
      b, op.getLoc(), op->getResultTypes(), b.getStringAttr(name),
      DenseI64ArrayAttr(), DenseI64ArrayAttr(), DenseI64ArrayAttr(),
      DenseI64ArrayAttr(), UnitAttr(), b.getDictionaryAttr(options),
      op->getOperands(), outs, getNodes(op), StringAttr());
  op->replaceAllUsesWith(call.getResults());
  return success();
}

void mpt::addAttentionLowerings(LoweringMap &map) {
  map.add<AttentionOp>([](AttentionOp op, KernelTable &) {
    return lowerAttention(op, "attention");
  });
  map.add<AttentionGradOp>([](AttentionGradOp op, KernelTable &) {
    return lowerAttention(op, "attention_grad");
  });
}
