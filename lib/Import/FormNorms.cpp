// SPDX-License-Identifier: Apache-2.0
//===- FormNorms.cpp ------------------------------------------------------===//
//
//   rms_norm    scale * (x / sqrt(mean(x^2) + eps))
//   layer_norm  scale * (d / sqrt(mean(d^2) + eps)) + bias, d = x - mean(x)
// over the last dims. The root is a quotient, a reciprocal or rsqrt; statistics
// keep their dims with size 1 or not; scale and bias have the normalised dims.
// A layer_norm without bias gets one of zeros.
//
//===----------------------------------------------------------------------===//
#include "Composites.h"
#include "HeadView.h"
#include <cmath>

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;

static ArrayRef<int64_t> shapeOf(Value v) {
  return cast<RankedTensorType>(v.getType()).getShape();
}

/// Through reshapes that add or remove dims of size 1.
static Value skipUnitDims(Value value) {
  auto significant = [](Value v) {
    SmallVector<int64_t> sizes(shapeOf(v));
    llvm::erase(sizes, 1);
    return sizes;
  };
  while (auto reshape = value.getDefiningOp<ReshapeOp>()) {
    if (significant(reshape.getInput()) != significant(reshape.getResult()))
      break;
    value = reshape.getInput();
  }
  return value;
}

namespace {
/// A value that is repeated along the last dims or along the first ones.
struct Repeated {
  Value value;
  int64_t axis; ///< of the result, where the last dims begin
};
} // namespace

/// [outer] given to each element of the dims from `axis` on.
static std::optional<Repeated> matchRows(Value value) {
  auto broadcast = value.getDefiningOp<BroadcastOp>();
  if (!broadcast)
    return std::nullopt;
  for (auto [i, d] : llvm::enumerate(broadcast.getDims()))
    if (d != int64_t(i))
      return std::nullopt;
  return Repeated{skipUnitDims(broadcast.getInput()),
                  int64_t(broadcast.getDims().size())};
}

/// The dims from `axis` on, given to each of the outer ones.
static Value matchColumns(Value value, int64_t axis) {
  auto broadcast = value.getDefiningOp<BroadcastOp>();
  int64_t rank = shapeOf(value).size();
  if (!broadcast || int64_t(broadcast.getDims().size()) != rank - axis)
    return {};
  for (auto [i, d] : llvm::enumerate(broadcast.getDims()))
    if (d != axis + int64_t(i))
      return {};
  return broadcast.getInput();
}

static bool isSquare(Value value, Value of) {
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<MulOp>(op))
    return op->getOperand(0) == of && op->getOperand(1) == of;
  return isa_and_nonnull<PowOp>(op) && op->getOperand(0) == of &&
         getSplat(op->getOperand(1)) == std::optional<double>(2);
}

/// What `value` is the mean of over the dims from `axis` on, or null.
static Value matchMean(Value value, int64_t axis) {
  Operation *op = skipUnitDims(value).getDefiningOp();
  if (!isa_and_nonnull<MulOp, DivOp>(op))
    return {};
  std::optional<double> number = getSplat(op->getOperand(1));
  auto sum = skipUnitDims(op->getOperand(0)).getDefiningOp<ReduceOp>();
  if (!number || !sum || sum.getKind() != "sum")
    return {};
  int64_t count = 1, next = axis;
  for (int64_t d : sum.getAxes()) {
    if (d != next++)
      return {};
    count *= shapeOf(sum.getInput())[d];
  }
  double expected = isa<DivOp>(op) ? double(count) : 1.0 / double(count);
  bool isAll = next == int64_t(shapeOf(sum.getInput()).size());
  return isAll && std::abs(*number - expected) <= 1e-6 * expected
             ? sum.getInput()
             : Value();
}

/// mean(of^2) + eps.
static std::optional<double> matchVariance(Value value, Value of,
                                           int64_t axis) {
  auto add = skipUnitDims(value).getDefiningOp<AddOp>();
  for (unsigned i : {0, 1}) {
    std::optional<double> eps =
        add ? getSplat(add->getOperand(i)) : std::optional<double>();
    Value square = eps ? matchMean(add->getOperand(1 - i), axis) : Value();
    if (square && isSquare(square, of))
      return eps;
  }
  return std::nullopt;
}

namespace {
/// x / sqrt(mean(x^2) + eps).
struct Normalised {
  Value of;
  int64_t axis;
  double eps;
};
} // namespace

/// The variance of which the value is the reciprocal of the root.
static Value matchReciprocalRoot(Value value) {
  Operation *op = skipUnitDims(value).getDefiningOp();
  if (isa_and_nonnull<RsqrtOp>(op))
    return op->getOperand(0);
  if (isa_and_nonnull<PowOp>(op) &&
      getSplat(op->getOperand(1)) == std::optional<double>(-0.5))
    return op->getOperand(0);
  if (!isa_and_nonnull<DivOp>(op) ||
      getSplat(op->getOperand(0)) != std::optional<double>(1))
    return {};
  auto root = skipUnitDims(op->getOperand(1)).getDefiningOp<SqrtOp>();
  return root ? root.getInput() : Value();
}

static std::optional<Normalised> matchNormalised(Value value) {
  Operation *op = value.getDefiningOp();
  if (!isa_and_nonnull<MulOp, DivOp>(op))
    return std::nullopt;
  for (unsigned i : {1, 0}) {
    std::optional<Repeated> rows = matchRows(op->getOperand(i));
    if (!rows || (i == 0 && isa<DivOp>(op)))
      continue;
    Value variance = matchReciprocalRoot(rows->value);
    if (isa<DivOp>(op)) {
      auto root = rows->value.getDefiningOp<SqrtOp>();
      variance = root ? root.getInput() : Value();
    }
    Value of = op->getOperand(1 - i);
    if (auto eps = variance ? matchVariance(variance, of, rows->axis)
                            : std::optional<double>())
      return Normalised{of, rows->axis, *eps};
  }
  return std::nullopt;
}

/// x of x - mean(x).
static Value matchCentred(Value value, int64_t axis) {
  auto sub = value.getDefiningOp<SubOp>();
  std::optional<Repeated> rows =
      sub ? matchRows(sub.getRhs()) : std::optional<Repeated>();
  if (!rows || rows->axis != axis ||
      matchMean(rows->value, axis) != sub.getLhs())
    return {};
  return sub.getLhs();
}

/// The bias that is added to the only use of the product, which is replaced
/// then.
static Value matchBias(MulOp product, int64_t axis, Operation *&last) {
  if (!product.getResult().hasOneUse())
    return {};
  auto add = dyn_cast<AddOp>(*product.getResult().getUsers().begin());
  for (unsigned i : {0, 1})
    if (Value bias = add && add->getOperand(1 - i) == product.getResult()
                         ? matchColumns(add->getOperand(i), axis)
                         : Value()) {
      last = add;
      return bias;
    }
  return {};
}

static void formNorm(MulOp product, ProgramNames &names) {
  for (unsigned i : {0, 1}) {
    std::optional<Normalised> n = matchNormalised(product->getOperand(1 - i));
    Value scale = n ? matchColumns(product->getOperand(i), n->axis) : Value();
    if (!scale)
      continue;
    Operation *last = product;
    Value x = matchCentred(n->of, n->axis);
    Value bias = x ? matchBias(product, n->axis, last) : Value();
    CompositeBuilder b(last, names);
    NamedAttribute attributes[] = {
        b.getNamedAttr("axis", b.getI64IntegerAttr(n->axis)),
        b.getNamedAttr("eps", b.getF64FloatAttr(n->eps))};
    if (x && !bias)
      bias = b.splat(scale.getType(), 0.0);
    Value result =
        x ? b.make<LayerNormOp>({x, scale, bias}, attributes).getResult()
          : b.make<RmsNormOp>({n->of, scale}, attributes).getResult();
    last->getResult(0).replaceAllUsesWith(result);
    return;
  }
}

void mlir::mpt::import::formNorms(Block &program, ProgramNames &names) {
  SmallVector<MulOp> all(program.getOps<MulOp>());
  for (MulOp product : all)
    formNorm(product, names);
}
