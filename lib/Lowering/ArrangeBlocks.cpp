// SPDX-License-Identifier: Apache-2.0
// The runtime's all_to_all exchanges whole blocks: operand and result are
// [members, block]. One that splits and joins other dims is surrounded by
// transposes:
//   %y = all_to_all %x {split_dim = 1, concat_dim = 0}   // 2x6 -> 6x2, 3 ranks
// becomes
//   %a = reshape %x : 2x6 -> 2x3x2      // the split dim as members x rest
//   %b = transpose %a : -> 3x2x2        // members first
//   %c = all_to_all %b {split_dim = 0, concat_dim = 0}
//   %d = transpose %c : -> 3x2x2        // members before the joined dim
//   %y = reshape %d : -> 6x2
#include "Lowerings.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
template <typename Op> struct TypeTag {
  using type = Op;
};
} // namespace

static bool isOutermost(Value value, int64_t dim) {
  auto shape = cast<RankedTensorType>(value.getType()).getShape();
  return llvm::all_of(shape.take_front(dim),
                      [](int64_t size) { return size == 1; });
}

void mpt::arrangeBlocks(AllToAllOp op) {
  int64_t split = op.getSplitDim(), join = op.getConcatDim();
  if (isOutermost(op.getInput(), split) && isOutermost(op.getInput(), join))
    return;
  auto from = cast<RankedTensorType>(op.getInput().getType());
  auto to = cast<RankedTensorType>(op.getResult().getType());
  int64_t members = to.getDimSize(join) / from.getDimSize(join);
  OpBuilder b(op);
  Type element = from.getElementType();
  Location loc = op.getLoc();
  // Attributes that follow the op's origin, for node names.
  NamedAttrList origin;
  if (IntegerAttr id = op.getIdAttr())
    origin.set("id", id);
  auto build = [&](auto tag, ArrayRef<int64_t> shape, Value input,
                   ArrayRef<NamedAttribute> more) {
    using Op = typename decltype(tag)::type;
    NamedAttrList attrs(origin);
    attrs.append(more.begin(), more.end());
    return Op::create(b, loc, TypeRange{RankedTensorType::get(shape, element)},
                      ValueRange{input}, attrs.getAttrs())
        ->getResult(0);
  };
  auto permute = [&](Value input, int64_t source, int64_t target) {
    auto shape = cast<RankedTensorType>(input.getType()).getShape();
    auto perm = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
    perm.erase(perm.begin() + source);
    perm.insert(perm.begin() + target, source);
    SmallVector<int64_t> permuted =
        llvm::map_to_vector(perm, [&](int64_t d) { return shape[d]; });
    return build(TypeTag<TransposeOp>(), permuted, input,
                 b.getNamedAttr("perm", b.getDenseI64ArrayAttr(perm)));
  };
  SmallVector<int64_t> parts(from.getShape());
  parts[split] /= members;
  parts.insert(parts.begin() + split, members);
  Value value = build(TypeTag<ReshapeOp>(), parts, op.getInput(), {});
  value = permute(value, split, 0);
  auto exchanged = cast<AllToAllOp>(b.clone(*op));
  exchanged.getInputMutable().assign(value);
  exchanged->getResult(0).setType(value.getType());
  exchanged.setSplitDim(0);
  exchanged.setConcatDim(0);
  value = permute(exchanged->getResult(0), 0, join);
  value = build(TypeTag<ReshapeOp>(), to.getShape(), value, {});
  op->getResult(0).replaceAllUsesWith(value);
  op.erase();
}
