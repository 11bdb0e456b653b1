// SPDX-License-Identifier: Apache-2.0
// Attention and its adjoint are library calls. A call takes heads where they
// lie: where an operand is [B, S, H, D] transposed, it is read, and its
// gradient written, before the transpose; where a result is only transposed, it
// is written as [B, S, H, D]. Refuses other float types than f32 and f64.
#include "Lowerings.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
/// What an operand or result is; the numbers of `swapped` in the call.
enum Role : int64_t { kQuery, kKey, kValue, kOutput, kOther };

class AttentionLowering {
public:
  explicit AttentionLowering(Operation *op)
      : op(op), isGrad(isa<AttentionGradOp>(op)), b(op) {}
  void lower();

private:
  Role roleOfOperand(unsigned i) const {
    constexpr Role grad[] = {kQuery, kKey, kValue, kOutput, kOther, kOutput};
    if (isGrad)
      return i < 6 ? grad[i] : kOther;
    return i < 3 ? Role(i) : kOther;
  }
  Role roleOfResult(unsigned i) const {
    return isGrad ? Role(i) : i == 0 ? kOutput : kOther;
  }
  void decide();
  bool isSwapped(Role role) const {
    return llvm::is_contained(swapped, int64_t(role));
  }
  DictionaryAttr getOptions();
  void replace(Value result, Value by, Role role);

  Operation *op;
  bool isGrad;
  OpBuilder b;
  SmallVector<int64_t> swapped;
};
} // namespace

static bool swapsHeads(Operation *op) {
  auto transpose = dyn_cast_or_null<TransposeOp>(op);
  return transpose && transpose.getPerm() == ArrayRef<int64_t>({0, 2, 1, 3});
}

/// All operands of a role lie alike.
void AttentionLowering::decide() {
  for (Role role : {kQuery, kKey, kValue, kOutput}) {
    bool all = true, any = false;
    for (auto [i, operand] : llvm::enumerate(op->getOperands()))
      if (roleOfOperand(i) == role) {
        any = true;
        all &= swapsHeads(operand.getDefiningOp());
      }
    if (!any)
      all = llvm::all_of(op->getResult(0).getUsers(), swapsHeads);
    if (all)
      swapped.push_back(role);
  }
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

/// Transposes of the result are what the call writes; what else uses it gets it
/// transposed.
void AttentionLowering::replace(Value result, Value by, Role role) {
  if (!isSwapped(role))
    return result.replaceAllUsesWith(by);
  for (Operation *user : llvm::make_early_inc_range(result.getUsers()))
    if (swapsHeads(user))
      user->getResult(0).replaceAllUsesWith(by);
  Value back = TransposeOp::create(
      b, op->getLoc(), TypeRange(result.getType()), ValueRange(by),
      b.getNamedAttr("perm", b.getDenseI64ArrayAttr({0, 2, 1, 3})));
  result.replaceUsesWithIf(
      back, [](OpOperand &use) { return !swapsHeads(use.getOwner()); });
}

void AttentionLowering::lower() {
  decide();
  SmallVector<Value> ins, outs;
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    ins.push_back(isSwapped(roleOfOperand(i))
                      ? operand.getDefiningOp()->getOperand(0)
                      : operand);
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    auto type = cast<RankedTensorType>(result.getType());
    SmallVector<int64_t> shape(type.getShape());
    if (isSwapped(roleOfResult(i)))
      std::swap(shape[1], shape[2]);
    outs.push_back(
        tensor::EmptyOp::create(b, op->getLoc(), shape, type.getElementType()));
  }
  auto call = LibraryOp::create(
      b, op->getLoc(), TypeRange(ValueRange(outs)),
      b.getStringAttr(isGrad ? "attention_grad" : "attention"),
      DenseI64ArrayAttr(), DenseI64ArrayAttr(), DenseI64ArrayAttr(),
      DenseI64ArrayAttr(), UnitAttr(), getOptions(), ins, outs, getNodes(op),
      StringAttr());
  for (auto [i, result] : llvm::enumerate(op->getResults()))
    replace(result, call.getResult(i), roleOfResult(i));
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
