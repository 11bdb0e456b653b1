// SPDX-License-Identifier: Apache-2.0
//===- UnmergeDims.cpp - dims that are merged to be split again -----------===//
//
// Exporters write a transpose of [B, H, S, D] as reshape to [B H, S, D],
// transpose, reshape back. On a mesh the merged dim is a trap: with the batch
// cut over one axis and the heads over another it has no blocks. Here
//
//   reshape(transpose(reshape(x)))
//
// whose first reshape merges dims where the last one splits becomes the same
// on the finest dims, x -> split -> transpose -> merge, and the steps that do
// nothing vanish. Dims that have no common refinement stay as they are.
//
//===----------------------------------------------------------------------===//
#include "mpt/IR/Mpt.h"
#include "mpt/Import/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_UNMERGEDIMSPASS
#include "mpt/Import/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

using Sizes = SmallVector<int64_t>;

static ArrayRef<int64_t> shapeOf(Value v) {
  return cast<RankedTensorType>(v.getType()).getShape();
}

/// Products of the leading dims of `shape` that lie within dim `dim` of
/// `merged`, relative to where that dim begins; nullopt if one is no multiple.
static std::optional<Sizes> innerBounds(ArrayRef<int64_t> merged, unsigned dim,
                                        ArrayRef<int64_t> shape) {
  int64_t begin = 1;
  for (int64_t size : merged.take_front(dim))
    begin *= size;
  Sizes inner;
  int64_t at = 1;
  for (int64_t size : shape) {
    at *= size;
    if (at <= begin || at >= begin * merged[dim])
      continue;
    if (at % begin != 0)
      return std::nullopt;
    inner.push_back(at / begin);
  }
  return inner;
}

/// Sizes of the parts of a dim that both lists of bounds cut; nullopt if there
/// are none.
static std::optional<Sizes> partsOf(int64_t size, Sizes bounds,
                                    ArrayRef<int64_t> more) {
  llvm::append_range(bounds, more);
  bounds.push_back(size);
  llvm::sort(bounds);
  Sizes parts;
  int64_t last = 1;
  for (int64_t bound : bounds) {
    if (bound % last != 0)
      return std::nullopt;
    if (bound != last)
      parts.push_back(bound / last);
    last = bound;
  }
  if (parts.empty())
    parts.push_back(1);
  return parts;
}

/// The parts of each merged dim; nullopt where nothing is gained or possible.
static std::optional<SmallVector<Sizes>> refine(ArrayRef<int64_t> from,
                                                ArrayRef<int64_t> merged,
                                                ArrayRef<int64_t> perm,
                                                ArrayRef<int64_t> to) {
  SmallVector<Sizes> parts(merged.size());
  Sizes permuted;
  for (int64_t d : perm)
    permuted.push_back(merged[d]);
  bool gains = false;
  for (auto [i, d] : llvm::enumerate(perm)) {
    auto before = innerBounds(merged, d, from);
    auto after = innerBounds(permuted, i, to);
    if (!before || !after)
      return std::nullopt;
    gains |= !before->empty() && !after->empty();
    auto both = partsOf(merged[d], *before, *after);
    if (!both)
      return std::nullopt;
    parts[d] = *both;
  }
  return gains ? std::optional(parts) : std::nullopt;
}

static Value reshapeTo(OpBuilder &b, ReshapeOp like, Value v,
                       ArrayRef<int64_t> shape) {
  if (shapeOf(v) == shape)
    return v;
  auto clone = cast<ReshapeOp>(b.clone(*like));
  clone->setOperand(0, v);
  clone.getResult().setType(RankedTensorType::get(
      shape, cast<RankedTensorType>(v.getType()).getElementType()));
  return clone.getResult();
}

/// Ops keep their ids; those that are not needed any more are erased.
static void unmerge(ReshapeOp last) {
  auto transpose = last.getInput().getDefiningOp<TransposeOp>();
  auto first =
      transpose ? transpose.getInput().getDefiningOp<ReshapeOp>() : ReshapeOp();
  if (!first || !transpose->hasOneUse())
    return;
  Value x = first.getInput();
  ArrayRef<int64_t> perm = transpose.getPerm();
  auto parts = refine(shapeOf(x), shapeOf(first.getResult()), perm,
                      shapeOf(last.getResult()));
  if (!parts)
    return;
  Sizes split, permuted, fine, starts;
  for (const Sizes &sizes : *parts) {
    starts.push_back(split.size());
    llvm::append_range(split, sizes);
  }
  for (int64_t d : perm)
    for (auto [i, size] : llvm::enumerate((*parts)[d])) {
      fine.push_back(starts[d] + i);
      permuted.push_back(size);
    }
  OpBuilder b(last);
  Value v = reshapeTo(b, first, x, split);
  auto turned = cast<TransposeOp>(b.clone(*transpose));
  turned->setOperand(0, v);
  turned.setPerm(fine);
  turned.getResult().setType(RankedTensorType::get(
      permuted, cast<RankedTensorType>(v.getType()).getElementType()));
  last.replaceAllUsesWith(
      reshapeTo(b, last, turned.getResult(), shapeOf(last.getResult())));
  last.erase();
  transpose.erase();
  if (first->use_empty())
    first.erase();
}

namespace {
struct UnmergeDims : mlir::mpt::impl::UnmergeDimsPassBase<UnmergeDims> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<func::FuncOp>()) {
      if (program.isExternal())
        continue;
      SmallVector<ReshapeOp> ops(program.getOps<ReshapeOp>());
      for (ReshapeOp op : ops)
        unmerge(op);
    }
  }
};
} // namespace
