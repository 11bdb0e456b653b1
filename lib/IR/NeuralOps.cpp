// SPDX-License-Identifier: Apache-2.0
#include "Formula.h"

using namespace mlir;
using namespace mlir::mpt;

static RankedTensorType tensorOf(Value v) {
  return cast<RankedTensorType>(v.getType());
}
static AffineMap rangeMap(unsigned begin, unsigned end, unsigned numDims,
                          MLIRContext *ctx) {
  SmallVector<AffineExpr> exprs;
  for (unsigned d = begin; d < end; ++d)
    exprs.push_back(getAffineDimExpr(d, ctx));
  return AffineMap::get(numDims, 0, exprs, ctx);
}
static LogicalResult checkAxis(std::optional<Location> loc,
                               RankedTensorType type, int64_t axis) {
  if (axis < 0 || axis >= type.getRank())
    return emitOptionalError(loc, "axis ", axis, " is out of range for ", type);
  return success();
}

//===- softmax -----------------------------------------------------------===//

static LogicalResult inferAlongAxis(std::optional<Location> loc, Value input,
                                    int64_t axis,
                                    SmallVectorImpl<Type> &types) {
  if (failed(checkAxis(loc, tensorOf(input), axis)))
    return failure();
  types.push_back(withoutEncoding(input.getType()));
  return success();
}
static IterationSpace spaceAlongAxis(Operation *op, int64_t axis) {
  IterationSpace space = elementwiseSpace(op);
  space.kinds[axis] = IterKind::Replicate;
  return space;
}
LogicalResult
SoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                            ValueRange operands, DictionaryAttr attrs,
                            OpaqueProperties properties, RegionRange regions,
                            SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  return inferAlongAxis(loc, op.getInput(), op.getAxis(), types);
}
IterationSpace SoftmaxOp::getIterationSpace() {
  return spaceAlongAxis(*this, getAxis());
}
LogicalResult
LogSoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                               ValueRange operands, DictionaryAttr attrs,
                               OpaqueProperties properties, RegionRange regions,
                               SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  return inferAlongAxis(loc, op.getInput(), op.getAxis(), types);
}
IterationSpace LogSoftmaxOp::getIterationSpace() {
  return spaceAlongAxis(*this, getAxis());
}

//===- norms -------------------------------------------------------------===//

static LogicalResult checkScale(std::optional<Location> loc,
                                RankedTensorType input, Value scale,
                                int64_t axis) {
  if (failed(checkAxis(loc, input, axis)))
    return failure();
  RankedTensorType type = tensorOf(scale);
  if (type.getShape() != input.getShape().drop_front(axis) ||
      type.getElementType() != input.getElementType())
    return emitOptionalError(loc,
                             "scale and bias must have the dims from axis ",
                             axis, " of ", input, ", found ", type);
  return success();
}
static RankedTensorType statisticsType(RankedTensorType input, int64_t axis) {
  return RankedTensorType::get(input.getShape().take_front(axis),
                               input.getElementType());
}

LogicalResult
LayerNormOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                              ValueRange operands, DictionaryAttr attrs,
                              OpaqueProperties properties, RegionRange regions,
                              SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  RankedTensorType input = withoutEncoding(op.getInput().getType());
  if (failed(checkScale(loc, input, op.getScale(), op.getAxis())) ||
      failed(checkScale(loc, input, op.getBias(), op.getAxis())))
    return failure();
  RankedTensorType statistics = statisticsType(input, op.getAxis());
  types.append({input, statistics, statistics});
  return success();
}
LogicalResult
RmsNormOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                            ValueRange operands, DictionaryAttr attrs,
                            OpaqueProperties properties, RegionRange regions,
                            SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  RankedTensorType input = withoutEncoding(op.getInput().getType());
  if (failed(checkScale(loc, input, op.getScale(), op.getAxis())))
    return failure();
  types.append({input, statisticsType(input, op.getAxis())});
  return success();
}

/// Outer dims of kind `outer`, normalised dims whole. Maps by rank: the whole
/// shape, the statistics' (outer dims) or the scale's (normalised dims).
static IterationSpace normSpace(Operation *op, int64_t axis, IterKind outer,
                                ArrayRef<Value> scales) {
  MLIRContext *ctx = op->getContext();
  ArrayRef<int64_t> shape = tensorOf(op->getOperand(0)).getShape();
  unsigned rank = shape.size();
  IterationSpace space;
  for (unsigned d = 0; d < rank; ++d) {
    if (d < axis)
      space.addIterator(outer, shape[d],
                        outer == IterKind::Reduction ? "sum" : "");
    else
      space.addIterator(IterKind::Replicate, shape[d]);
  }
  auto map = [&](Value v) {
    if (llvm::is_contained(scales, v))
      return rangeMap(axis, rank, rank, ctx);
    if (tensorOf(v).getRank() == axis)
      return rangeMap(0, axis, rank, ctx);
    return rangeMap(0, rank, rank, ctx);
  };
  for (Value v : op->getOperands())
    space.operands.push_back(map(v));
  for (Value v : op->getResults())
    space.results.push_back(map(v));
  return space;
}
IterationSpace LayerNormOp::getIterationSpace() {
  return normSpace(*this, getAxis(), IterKind::Parallel,
                   {getScale(), getBias()});
}
IterationSpace RmsNormOp::getIterationSpace() {
  return normSpace(*this, getAxis(), IterKind::Parallel, {getScale()});
}

LogicalResult LayerNormGradOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> loc, ValueRange operands,
    DictionaryAttr attrs, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  RankedTensorType input = withoutEncoding(op.getInput().getType());
  if (failed(checkScale(loc, input, op.getScale(), op.getAxis())))
    return failure();
  RankedTensorType scale = withoutEncoding(op.getScale().getType());
  types.append({input, scale, scale});
  return success();
}
LogicalResult RmsNormGradOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> loc, ValueRange operands,
    DictionaryAttr attrs, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  RankedTensorType input = withoutEncoding(op.getInput().getType());
  if (failed(checkScale(loc, input, op.getScale(), op.getAxis())))
    return failure();
  types.append({input, withoutEncoding(op.getScale().getType())});
  return success();
}
// Reduction: dscale and dbias lack the outer dims and are partial sums, dx has
// them and is not.
IterationSpace LayerNormGradOp::getIterationSpace() {
  return normSpace(*this, getAxis(), IterKind::Reduction,
                   {getScale(), getDscale(), getDbias()});
}
IterationSpace RmsNormGradOp::getIterationSpace() {
  return normSpace(*this, getAxis(), IterKind::Reduction,
                   {getScale(), getDscale()});
}

//===- cross entropy -----------------------------------------------------===//

static LogicalResult checkLabels(std::optional<Location> loc,
                                 RankedTensorType logits, Value labels) {
  if (logits.getRank() == 0 ||
      tensorOf(labels).getShape() != logits.getShape().drop_back())
    return emitOptionalError(loc,
                             "labels must have the shape of logits without "
                             "its last dim, found ",
                             tensorOf(labels), " for ", logits);
  if (!tensorOf(labels).getElementType().isInteger())
    return emitOptionalError(loc, "labels must be integers, found ",
                             tensorOf(labels));
  return success();
}
static RankedTensorType rowsType(RankedTensorType logits) {
  return RankedTensorType::get(logits.getShape().drop_back(),
                               logits.getElementType());
}

LogicalResult CrossEntropyOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> loc, ValueRange operands,
    DictionaryAttr attrs, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  RankedTensorType logits = tensorOf(op.getLogits());
  if (failed(checkLabels(loc, logits, op.getLabels())))
    return failure();
  types.push_back(RankedTensorType::get({}, logits.getElementType()));
  types.push_back(rowsType(logits));
  return success();
}

/// Tokens of kind `token`, classes of kind `cls`; maps by rank.
static IterationSpace lossSpace(Operation *op, RankedTensorType logits,
                                IterKind token, IterKind cls) {
  MLIRContext *ctx = op->getContext();
  IterationSpace space;
  unsigned rank = logits.getRank();
  for (auto [d, size] : llvm::enumerate(logits.getShape())) {
    IterKind kind = d + 1 == rank ? cls : token;
    space.addIterator(kind, size, kind == IterKind::Reduction ? "sum" : "");
  }
  // Scalars are recognised by role, not by rank: rows may be scalars too.
  auto map = [&](Value v, bool scalar) {
    return scalar ? AffineMap::get(rank, 0, ctx)
                  : rangeMap(0, tensorOf(v).getRank(), rank, ctx);
  };
  for (auto [i, v] : llvm::enumerate(op->getOperands()))
    space.operands.push_back(
        map(v, isa<CrossEntropyGradOp>(op) ? i >= 3 : false));
  for (auto [i, v] : llvm::enumerate(op->getResults()))
    space.results.push_back(map(v, isa<CrossEntropyOp>(op) && i == 0));
  return space;
}
IterationSpace CrossEntropyOp::getIterationSpace() {
  IterationSpace space = lossSpace(*this, tensorOf(getLogits()),
                                   IterKind::Reduction, IterKind::TwoPhase);
  // The label's logit lies on one shard of the classes: the sum stays partial.
  space.partialResults = {0};
  return space;
}
static TypedAttr ignoredLabel(Value labels, int64_t ignore) {
  return IntegerAttr::get(tensorOf(labels).getElementType(), ignore);
}
TypedAttr CrossEntropyOp::getPadIdentity(unsigned operand, unsigned factor) {
  bool isClass = factor + 1 == unsigned(tensorOf(getLogits()).getRank());
  if (operand == 0 && isClass) {
    auto type = cast<FloatType>(tensorOf(getLogits()).getElementType());
    return FloatAttr::get(
        type, APFloat::getInf(type.getFloatSemantics(), /*Negative=*/true));
  }
  if (operand == 1 && !isClass)
    return ignoredLabel(getLabels(), getIgnoreIndex());
  return {};
}

LogicalResult CrossEntropyGradOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> loc, ValueRange operands,
    DictionaryAttr attrs, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  RankedTensorType logits = withoutEncoding(op.getLogits().getType());
  if (failed(checkLabels(loc, logits, op.getLabels())))
    return failure();
  if (tensorOf(op.getLse()).getShape() != logits.getShape().drop_back() ||
      tensorOf(op.getSeed()).getRank() != 0)
    return emitOptionalError(loc, "lse must have one entry per label and seed "
                                  "must be a scalar");
  types.push_back(logits);
  return success();
}
IterationSpace CrossEntropyGradOp::getIterationSpace() {
  return lossSpace(*this, tensorOf(getLogits()), IterKind::Parallel,
                   IterKind::Parallel);
}

LogicalResult LabelWeightOp::verify() {
  if (tensorOf(getResult()).getRank() != 0 ||
      !isa<FloatType>(tensorOf(getResult()).getElementType()))
    return emitOpError() << "result must be a scalar of a float type, found "
                         << getResult().getType();
  return success();
}
IterationSpace LabelWeightOp::getIterationSpace() {
  IterationSpace space;
  for (int64_t size : tensorOf(getLabels()).getShape())
    space.addIterator(IterKind::Reduction, size, "sum");
  unsigned n = space.kinds.size();
  space.operands = {AffineMap::getMultiDimIdentityMap(n, getContext())};
  space.results = {AffineMap::get(n, 0, getContext())};
  return space;
}
TypedAttr LabelWeightOp::getPadIdentity(unsigned, unsigned) {
  return ignoredLabel(getLabels(), getIgnoreIndex());
}

LogicalResult CrossEntropyLocalOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> loc, ValueRange operands,
    DictionaryAttr attrs, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  RankedTensorType logits = tensorOf(op.getLogits());
  if (failed(checkLabels(loc, logits, op.getLabels())))
    return failure();
  types.append(3, rowsType(logits));
  return success();
}
IterationSpace CrossEntropyLocalOp::getIterationSpace() {
  IterationSpace space = lossSpace(*this, tensorOf(getLogits()),
                                   IterKind::Parallel, IterKind::Replicate);
  space.operands[2] = AffineMap::get(space.kinds.size(), 0, getContext());
  return space;
}

LogicalResult CrossEntropyFinishOp::inferReturnTypes(
    MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr,
    OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(
      RankedTensorType::get({}, tensorOf(operands[0]).getElementType()));
  return success();
}
IterationSpace CrossEntropyFinishOp::getIterationSpace() {
  IterationSpace space;
  for (int64_t size : tensorOf(getLabels()).getShape())
    space.addIterator(IterKind::Reduction, size, "sum");
  unsigned n = space.kinds.size();
  space.operands.assign(3, AffineMap::getMultiDimIdentityMap(n, getContext()));
  space.results = {AffineMap::get(n, 0, getContext())};
  return space;
}
TypedAttr CrossEntropyFinishOp::getPadIdentity(unsigned operand, unsigned) {
  if (operand == 2)
    return ignoredLabel(getLabels(), getIgnoreIndex());
  return {};
}

//===- gradients ---------------------------------------------------------===//

LogicalResult GeluOp::buildGradient(GradientBuilder &b, ValueRange cotangents,
                                    Gradients &operands) {
  operands[0] = b.make<GeluGradOp>({getInput(), cotangents[0]},
                                   b.getNamedAttr("approx", getApproxAttr()));
  return success();
}

/// Sum along one axis, given to every element of it.
static Term totalAlong(int64_t axis, Term x) {
  ProgramBuilder &b = *x.b;
  Value sum = b.make<ReduceOp>({x.value},
                               {b.text("kind", "sum"), b.dims("axes", axis)});
  SmallVector<int64_t> kept;
  for (int64_t d = 0; d < tensorOf(x).getRank(); ++d)
    if (d != axis)
      kept.push_back(d);
  return {b.makeAs<BroadcastOp>(x.value.getType(), {sum}, b.dims("dims", kept)),
          &b};
}

LogicalResult SoftmaxOp::buildGradient(GradientBuilder &b,
                                       ValueRange cotangents,
                                       Gradients &operands) {
  Term dy{cotangents[0], &b}, y{getResult(), &b};
  operands[0] = y * (dy - totalAlong(getAxis(), dy * y));
  return success();
}

LogicalResult LogSoftmaxOp::buildGradient(GradientBuilder &b,
                                          ValueRange cotangents,
                                          Gradients &operands) {
  Term dy{cotangents[0], &b}, y{getResult(), &b};
  Term total = totalAlong(getAxis(), dy);
  operands[0] = dy - apply<ExpOp>(y) * total;
  return success();
}

/// Results beyond the first are statistics for the gradient, not values to
/// compute with.
static LogicalResult checkOnlyFirst(Operation *op, ValueRange cotangents,
                                    StringRef statistics) {
  for (Value cotangent : cotangents.drop_front())
    if (cotangent)
      return op->emitOpError()
             << "has no gradient through its " << statistics
             << "; compute them with other operators or freeze what follows";
  return success();
}

LogicalResult LayerNormOp::buildGradient(GradientBuilder &b,
                                         ValueRange cotangents,
                                         Gradients &operands) {
  if (failed(checkOnlyFirst(*this, cotangents, "mean and deviation")))
    return failure();
  auto gradient = b.make<LayerNormGradOp>(
      {getInput(), getMean(), getRstd(), getScale(), cotangents[0]},
      b.getNamedAttr("axis", getAxisAttr()));
  operands.assign(
      {gradient.getDx(), gradient.getDscale(), gradient.getDbias()});
  return success();
}

LogicalResult RmsNormOp::buildGradient(GradientBuilder &b,
                                       ValueRange cotangents,
                                       Gradients &operands) {
  if (failed(checkOnlyFirst(*this, cotangents, "deviation")))
    return failure();
  auto gradient =
      b.make<RmsNormGradOp>({getInput(), getRstd(), getScale(), cotangents[0]},
                            b.getNamedAttr("axis", getAxisAttr()));
  operands.assign({gradient.getDx(), gradient.getDscale()});
  return success();
}

LogicalResult CrossEntropyOp::buildGradient(GradientBuilder &b,
                                            ValueRange cotangents,
                                            Gradients &operands) {
  if (failed(checkOnlyFirst(*this, cotangents, "logarithms of sums")))
    return failure();
  operands[0] = b.make<CrossEntropyGradOp>(
      {getLogits(), getLabels(), getLse(), cotangents[0]},
      b.getNamedAttr("ignore_index", getIgnoreIndexAttr()));
  return success();
}
