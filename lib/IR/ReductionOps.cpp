// SPDX-License-Identifier: Apache-2.0
#include "Formula.h"

using namespace mlir;
using namespace mlir::mpt;

static AffineMap mapOf(ArrayRef<unsigned> dims, unsigned numDims,
                       MLIRContext *ctx) {
  SmallVector<AffineExpr> exprs;
  for (unsigned d : dims)
    exprs.push_back(getAffineDimExpr(d, ctx));
  return AffineMap::get(numDims, 0, exprs, ctx);
}

LogicalResult
ReduceOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                           ValueRange operands, DictionaryAttr attrs,
                           OpaqueProperties properties, RegionRange regions,
                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  auto input = withoutEncoding(op.getInput().getType());
  if (!llvm::is_contained({"sum", "prod", "max", "min", "and", "or"},
                          op.getKind()))
    return emitOptionalError(loc, "unknown kind '", op.getKind(),
                             "'; expected sum, prod, max, min, and or or");
  SmallVector<bool> reduced(input.getRank(), false);
  for (int64_t axis : op.getAxes()) {
    if (axis < 0 || axis >= input.getRank() || reduced[axis])
      return emitOptionalError(loc, "axis ", axis,
                               " is out of range or named twice for ", input);
    reduced[axis] = true;
  }
  SmallVector<int64_t> shape;
  for (auto [d, size] : llvm::enumerate(input.getShape()))
    if (!reduced[d])
      shape.push_back(size);
  types.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

IterationSpace ReduceOp::getIterationSpace() {
  auto input = cast<RankedTensorType>(getInput().getType());
  IterationSpace space;
  SmallVector<unsigned> all, kept;
  bool hasMonoid = llvm::is_contained({"sum", "max", "min"}, getKind());
  for (auto [d, size] : llvm::enumerate(input.getShape())) {
    all.push_back(d);
    if (!llvm::is_contained(getAxes(), int64_t(d))) {
      space.addIterator(IterKind::Parallel, size);
      kept.push_back(d);
    } else if (hasMonoid) {
      space.addIterator(IterKind::Reduction, size, getKind());
    } else {
      space.addIterator(IterKind::Replicate, size);
    }
  }
  space.operands = {mapOf(all, all.size(), getContext())};
  space.results = {mapOf(kept, all.size(), getContext())};
  return space;
}

SmallVector<SmallVector<unsigned>> ReduceOp::getLinearGroups() {
  if (getKind() == "sum")
    return {{0}};
  return {};
}

//===- gradient of reduce ------------------------------------------------===//

namespace {
/// Reductions over the op's axes and their inverse.
struct AlongAxes {
  ReduceOp op;
  GradientBuilder &b;

  Term reduce(StringRef kind, Term x) {
    return {b.make<ReduceOp>({x.value}, {b.text("kind", kind),
                                         b.dims("axes", op.getAxes())}),
            &b};
  }
  Term broadcast(Term y) {
    auto input = cast<RankedTensorType>(op.getInput().getType());
    SmallVector<int64_t> kept;
    for (int64_t d = 0; d < input.getRank(); ++d)
      if (!llvm::is_contained(op.getAxes(), d))
        kept.push_back(d);
    return {b.makeAs<BroadcastOp>(input, {y.value}, b.dims("dims", kept)), &b};
  }
  Term toFloat(Term mask, Type type) {
    return {b.makeAs<ConvertOp>(type, {mask.value}), &b};
  }
};
} // namespace

/// Equal extrema share the gradient evenly.
static Value gradientOfExtremum(AlongAxes axes, Term dy, Term x, Term y) {
  Term isExtremum = compare("eq", x, axes.broadcast(y));
  Term count = axes.reduce("sum", axes.toFloat(isExtremum, x.value.getType()));
  Term share = axes.broadcast(dy / count);
  return select(isExtremum, share, x.splat(0.0));
}

/// The product of the other factors, without dividing by zero: with no zero
/// among them it is y / x; at the only zero it is the product of the rest; all
/// others are 0.
static Value gradientOfProduct(AlongAxes axes, Term dy, Term x) {
  Term zero = x.splat(0.0), one = x.splat(1.0);
  Term isZero = compare("eq", x, zero);
  Term factors = select(isZero, one, x);
  Term product = axes.broadcast(axes.reduce("prod", factors));
  Term zeros = axes.reduce("sum", axes.toFloat(isZero, x.value.getType()));
  Term count = axes.broadcast(zeros);
  Term isOnly = compare("eq", count, one);
  Term atZero = select(isOnly, product, zero);
  Term isNone = compare("eq", count, zero);
  Term elsewhere = select(isNone, product / factors, zero);
  Term others = select(isZero, atZero, elsewhere);
  return axes.broadcast(dy) * others;
}

LogicalResult ReduceOp::buildGradient(GradientBuilder &b, ValueRange cotangents,
                                      Gradients &operands) {
  AlongAxes axes{*this, b};
  Term dy{cotangents[0], &b}, x{getInput(), &b}, y{getResult(), &b};
  if (getKind() == "sum")
    operands[0] = axes.broadcast(dy);
  else if (getKind() == "max" || getKind() == "min")
    operands[0] = gradientOfExtremum(axes, dy, x, y);
  else if (getKind() == "prod")
    operands[0] = gradientOfProduct(axes, dy, x);
  else
    return emitOpError() << "'" << getKind() << "' has no gradient";
  return success();
}

//===- packing of scalars ------------------------------------------------===//

LogicalResult SumSquaresOp::inferReturnTypes(
    MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr,
    OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(RankedTensorType::get(
      {}, cast<RankedTensorType>(operands[0].getType()).getElementType()));
  return success();
}

IterationSpace SumSquaresOp::getIterationSpace() {
  IterationSpace space;
  SmallVector<unsigned> all;
  for (int64_t size : cast<RankedTensorType>(getInput().getType()).getShape())
    all.push_back(space.addIterator(IterKind::Reduction, size, "sum"));
  space.operands = {mapOf(all, all.size(), getContext())};
  space.results = {mapOf({}, all.size(), getContext())};
  return space;
}

LogicalResult
TotalsOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                           ValueRange operands, DictionaryAttr attrs,
                           OpaqueProperties properties, RegionRange regions,
                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  if (operands.empty())
    return emitOptionalError(loc, "expected at least one operand");
  auto first = withoutEncoding(operands[0].getType());
  for (Value operand : operands)
    if (withoutEncoding(operand.getType()) != first || first.getRank() != 0)
      return emitOptionalError(loc, "operands must be scalars of one type");
  int64_t width = op.getWidth().value_or(operands.size());
  types.push_back(RankedTensorType::get({width}, first.getElementType()));
  return success();
}

IterationSpace TotalsOp::getIterationSpace() {
  IterationSpace space;
  int64_t width = cast<RankedTensorType>(getResult().getType()).getDimSize(0);
  unsigned d = space.addIterator(IterKind::Replicate, width);
  for (size_t i = 0; i < getNumOperands(); ++i)
    space.operands.push_back(mapOf({}, 1, getContext()));
  space.results = {mapOf({d}, 1, getContext())};
  return space;
}

LogicalResult TotalsOp::verify() {
  if (auto at = getAt()) {
    if (at->size() != getNumOperands())
      return emitOpError() << "'at' has " << at->size() << " entries for "
                           << getNumOperands() << " operands";
    int64_t width = cast<RankedTensorType>(getResult().getType()).getDimSize(0);
    for (int64_t i : *at)
      if (i < 0 || i >= width)
        return emitOpError()
               << "entry " << i << " is outside of the width " << width;
  }
  if (auto names = getNames(); names && names->size() != getNumOperands())
    return emitOpError() << "'names' has " << names->size() << " entries for "
                         << getNumOperands() << " operands";
  if (auto once = getOnce(); once && once->size() != getNumOperands())
    return emitOpError() << "'once' has " << once->size() << " entries for "
                         << getNumOperands() << " operands";
  return success();
}
