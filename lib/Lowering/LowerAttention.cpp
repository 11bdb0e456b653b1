// SPDX-License-Identifier: Apache-2.0
// Attention and its adjoint are library calls. A call takes heads where they
// lie: where an operand is [B, S, H, D] transposed, it is read, and its
// gradient written, before the transpose; where a result is only transposed, it
// is written as [B, S, H, D]. Refuses other float types than f32 and f64.
#include "Lowerings.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
class AttentionLowering {
public:
  explicit AttentionLowering(Operation *op)
      : op(op), isGrad(isa<AttentionGradOp>(op)), b(op) {}
  void lower();

private:
  DictionaryAttr getOptions();

  Operation *op;
  bool isGrad;
  OpBuilder b;
  /// Operands that lie as [B, S, H, D], results counted on.
  SmallVector<int64_t> swapped;
};
} // namespace

static bool swapsHeads(Operation *op) {
  auto transpose = dyn_cast_or_null<TransposeOp>(op);
  return transpose && transpose.getPerm() == ArrayRef<int64_t>({0, 2, 1, 3});
}

DictionaryAttr AttentionLowering::getOptions() {
  SmallVector<NamedAttribute> options;
  for (StringRef name : {"scale", "causal", "softcap", "fill", "zero_rows"})
    if (Attribute value = op->getInherentAttr(name).value_or(nullptr))
      options.push_back(b.getNamedAttr(name, value));
  if (!swapped.empty())
    options.push_back(
        b.getNamedAttr("swapped", b.getDenseI64ArrayAttr(swapped)));
  return b.getDictionaryAttr(options);
}

void AttentionLowering::lower() {
  SmallVector<Value> ins, outs;
  int64_t number = 0;
  for (Value operand : op->getOperands()) {
    bool isSwapped = swapsHeads(operand.getDefiningOp());
    ins.push_back(isSwapped ? operand.getDefiningOp()->getOperand(0) : operand);
    if (isSwapped)
      swapped.push_back(number);
    ++number;
  }
  SmallVector<bool> isSwapped;
  for (Value result : op->getResults()) {
    auto type = cast<RankedTensorType>(result.getType());
    SmallVector<int64_t> shape(type.getShape());
    isSwapped.push_back(!result.use_empty() &&
                        llvm::all_of(result.getUsers(), swapsHeads));
    if (isSwapped.back()) {
      std::swap(shape[1], shape[2]);
      swapped.push_back(number);
    }
    ++number;
    outs.push_back(
        tensor::EmptyOp::create(b, op->getLoc(), shape, type.getElementType()));
  }
  auto call = LibraryOp::create(
      b, op->getLoc(), TypeRange(ValueRange(outs)),
      b.getStringAttr(isGrad ? "attention_grad" : "attention"),
      DenseI64ArrayAttr(), DenseI64ArrayAttr(), DenseI64ArrayAttr(),
      DenseI64ArrayAttr(), UnitAttr(), getOptions(), ins, outs, getNodes(op),
      StringAttr());
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    if (!isSwapped[i]) {
      result.replaceAllUsesWith(call.getResult(i));
      continue;
    }
    // What the call writes is what its transposes would.
    for (Operation *user : llvm::make_early_inc_range(result.getUsers())) {
      user->getResult(0).replaceAllUsesWith(call.getResult(i));
      user->erase();
    }
  }
  op->erase();
}

LogicalResult mpt::callAttention(func::FuncOp task) {
  SmallVector<Operation *> ops;
  bool ok = true;
  for (Operation &op : task.getBody().front()) {
    if (!isa<AttentionOp, AttentionGradOp>(op))
      continue;
    ops.push_back(&op);
    Type element = elementOf(op.getOperand(0));
    if (element.isF32() || element.isF64())
      continue;
    op.emitOpError() << "has no library call for elements of type " << element
                     << "; expected f32 or f64";
    ok = false;
  }
  if (ok)
    for (Operation *op : ops)
      AttentionLowering(op).lower();
  return success(ok);
}
