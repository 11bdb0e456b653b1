// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"

using namespace mlir;
using namespace mlir::mpt;

static RankedTensorType tensorOf(Value v) {
  return cast<RankedTensorType>(v.getType());
}
static AffineMap mapOf(ArrayRef<unsigned> dims, unsigned numDims,
                       MLIRContext *ctx) {
  SmallVector<AffineExpr> exprs;
  for (unsigned d : dims)
    exprs.push_back(getAffineDimExpr(d, ctx));
  return AffineMap::get(numDims, 0, exprs, ctx);
}

//===- constant, iota ----------------------------------------------------===//

LogicalResult ConstantOp::verify() {
  RankedTensorType type = tensorOf(getResult());
  if (auto dense = dyn_cast<DenseElementsAttr>(getValue())) {
    if (dense.getType().getElementType() != type.getElementType())
      return emitOpError() << "value has element type "
                           << dense.getType().getElementType()
                           << ", result has " << type.getElementType();
    if (!getSharding(type) && dense.getType().getShape() != type.getShape())
      return emitOpError() << "value has type " << dense.getType()
                           << ", result has " << type;
    return success();
  }
  auto scalar = dyn_cast<TypedAttr>(getValue());
  if (!scalar || scalar.getType() != type.getElementType())
    return emitOpError() << "value must be a scalar of type "
                         << type.getElementType()
                         << " or dense elements, found " << getValue();
  return success();
}

IterationSpace ConstantOp::getIterationSpace() {
  IterationSpace space = elementwiseSpace(*this);
  // Dense elements are global: a shard of them would need an offset.
  if (isa<DenseElementsAttr>(getValue()))
    for (IterKind &kind : space.kinds)
      kind = IterKind::Replicate;
  return space;
}

LogicalResult IotaOp::verify() {
  if (int64_t(getAxis()) < 0 ||
      int64_t(getAxis()) >= tensorOf(getResult()).getRank())
    return emitOpError() << "axis " << getAxis() << " is out of range for "
                         << getResult().getType();
  return success();
}
IterationSpace IotaOp::getIterationSpace() {
  IterationSpace space = elementwiseSpace(*this);
  space.kinds[getAxis()] = IterKind::Replicate;
  return space;
}

//===- broadcast, transpose ----------------------------------------------===//

LogicalResult BroadcastOp::verify() {
  RankedTensorType from = tensorOf(getInput()), to = tensorOf(getResult());
  if (int64_t(getDims().size()) != from.getRank())
    return emitOpError() << "'dims' has " << getDims().size()
                         << " entries for an operand of rank "
                         << from.getRank();
  int64_t last = -1;
  for (auto [i, d] : llvm::enumerate(getDims())) {
    if (d <= last || d >= to.getRank())
      return emitOpError() << "'dims' must ascend and lie in the result, found "
                           << d;
    if (from.getDimSize(i) != to.getDimSize(d))
      return emitOpError() << "dim " << i << " of the operand has size "
                           << from.getDimSize(i) << ", dim " << d
                           << " of the result " << to.getDimSize(d);
    last = d;
  }
  return success();
}
IterationSpace BroadcastOp::getIterationSpace() {
  IterationSpace space = elementwiseSpace(*this);
  SmallVector<unsigned> dims(getDims());
  space.operands = {mapOf(dims, space.kinds.size(), getContext())};
  return space;
}

LogicalResult
TransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                              ValueRange operands, DictionaryAttr attrs,
                              OpaqueProperties properties, RegionRange regions,
                              SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  RankedTensorType input = tensorOf(op.getInput());
  SmallVector<int64_t> perm(op.getPerm()), sorted(perm);
  llvm::sort(sorted);
  for (auto [i, d] : llvm::enumerate(sorted))
    if (d != int64_t(i) || int64_t(sorted.size()) != input.getRank())
      return emitOptionalError(loc, "'perm' is no permutation of the dims of ",
                               input);
  SmallVector<int64_t> shape;
  for (int64_t d : perm)
    shape.push_back(input.getDimSize(d));
  types.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}
IterationSpace TransposeOp::getIterationSpace() {
  IterationSpace space = elementwiseSpace(*this);
  SmallVector<unsigned> dims(getPerm().size());
  for (auto [i, d] : llvm::enumerate(getPerm()))
    dims[d] = i;
  space.operands = {mapOf(dims, dims.size(), getContext())};
  return space;
}

//===- reshape -----------------------------------------------------------===//

LogicalResult ReshapeOp::verify() {
  RankedTensorType from = tensorOf(getInput()), to = tensorOf(getResult());
  if (from.getElementType() != to.getElementType() ||
      (!getSharding(from) && from.getNumElements() != to.getNumElements()))
    return emitOpError() << "cannot reshape " << from << " to " << to;
  return success();
}

namespace {
/// Dims of operand and result with the same product: neither can be cut
/// shorter.
struct ReshapeGroup {
  SmallVector<unsigned> from, to;
};
} // namespace

static SmallVector<ReshapeGroup> groupDims(ArrayRef<int64_t> from,
                                           ArrayRef<int64_t> to) {
  SmallVector<ReshapeGroup> groups;
  size_t i = 0, j = 0;
  while (i < from.size() || j < to.size()) {
    ReshapeGroup &group = groups.emplace_back();
    int64_t l = 1, r = 1;
    auto takeFrom = [&] { group.from.push_back(i), l *= from[i++]; };
    auto takeTo = [&] { group.to.push_back(j), r *= to[j++]; };
    if (i < from.size())
      takeFrom();
    if (j < to.size())
      takeTo();
    while (l != r) {
      if (l < r && i < from.size())
        takeFrom();
      else if (j < to.size())
        takeTo();
      else if (i < from.size())
        takeFrom();
      else
        break;
    }
  }
  return groups;
}

/// The dims of a group whose product the other side's single dim is: one factor
/// each, the single dim holds them all, major to minor. Size-1 dims get none.
ShardingRule ReshapeOp::getShardingRule() {
  RankedTensorType from = tensorOf(getInput()), to = tensorOf(getResult());
  ShardingRule rule;
  SmallVector<DimFactors> ofFrom(from.getRank()), ofTo(to.getRank());
  auto significant = [](ArrayRef<unsigned> dims, RankedTensorType type) {
    SmallVector<unsigned> kept;
    for (unsigned d : dims)
      if (type.getDimSize(d) != 1)
        kept.push_back(d);
    return kept;
  };
  for (ReshapeGroup &group : groupDims(from.getShape(), to.getShape())) {
    SmallVector<unsigned> l = significant(group.from, from);
    SmallVector<unsigned> r = significant(group.to, to);
    bool splits = l.size() == 1;
    if (!splits && r.size() != 1) {
      // Many to many: every dim must be whole.
      continue;
    }
    for (unsigned d : splits ? r : l) {
      unsigned factor = rule.factors.size();
      int64_t size = splits ? to.getDimSize(d) : from.getDimSize(d);
      rule.factors.push_back({size, IterKind::Parallel, ""});
      (splits ? ofTo[d] : ofFrom[d]).push_back(factor);
      (splits ? ofFrom[l[0]] : ofTo[r[0]]).push_back(factor);
    }
  }
  rule.operands = {ofFrom};
  rule.results = {ofTo};
  return rule;
}

IterationSpace ReshapeOp::getIterationSpace() {
  IterationSpace space;
  for (int64_t size : tensorOf(getResult()).getShape())
    space.addIterator(IterKind::Parallel, size);
  unsigned n = space.kinds.size();
  // The operand's map is linear-index arithmetic, not a projection; the
  // lowering reshapes instead.
  space.operands = {AffineMap::get(n, 0, getContext())};
  space.results = {AffineMap::getMultiDimIdentityMap(n, getContext())};
  return space;
}

//===- slice, pad, concat, reverse ---------------------------------------===//

/// Elementwise over the result, but dims for which `whole` holds are factors of
/// their own that must be replicated.
static IterationSpace partlyWhole(Operation *op,
                                  function_ref<bool(unsigned)> whole) {
  IterationSpace space;
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<unsigned> ofResult;
  for (auto [d, size] : llvm::enumerate(result.getShape()))
    ofResult.push_back(space.addIterator(
        whole(d) ? IterKind::Replicate : IterKind::Parallel, size));
  SmallVector<SmallVector<unsigned>> ofOperands;
  for (Value operand : op->getOperands()) {
    auto &dims = ofOperands.emplace_back();
    for (auto [d, size] : llvm::enumerate(tensorOf(operand).getShape()))
      dims.push_back(whole(d) ? space.addIterator(IterKind::Replicate, size)
                              : ofResult[d]);
  }
  MLIRContext *ctx = op->getContext();
  for (auto &dims : ofOperands)
    space.operands.push_back(mapOf(dims, space.kinds.size(), ctx));
  space.results = {mapOf(ofResult, space.kinds.size(), ctx)};
  return space;
}

int64_t SliceOp::getStrideOf(unsigned dim) {
  return getStride() ? (*getStride())[dim] : 1;
}
LogicalResult
SliceOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                          ValueRange operands, DictionaryAttr attrs,
                          OpaqueProperties properties, RegionRange regions,
                          SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  RankedTensorType input = tensorOf(op.getInput());
  size_t rank = input.getRank();
  auto stride = op.getStride().value_or(ArrayRef<int64_t>());
  if (op.getStart().size() != rank || op.getLimit().size() != rank ||
      (!stride.empty() && stride.size() != rank))
    return emitOptionalError(
        loc, "expected one start, limit and stride for each dim of ", input);
  SmallVector<int64_t> shape;
  for (size_t d = 0; d < rank; ++d) {
    int64_t start = op.getStart()[d], limit = op.getLimit()[d];
    int64_t step = stride.empty() ? 1 : stride[d];
    if (start < 0 || limit < start || limit > input.getDimSize(d) || step < 1)
      return emitOptionalError(loc, "slice [", start, ", ", limit, ") by ",
                               step, " does not lie in dim ", d, " of ", input);
    shape.push_back((limit - start + step - 1) / step);
  }
  types.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}
IterationSpace SliceOp::getIterationSpace() {
  return partlyWhole(*this, [&](unsigned d) {
    return tensorOf(getInput()).getDimSize(d) !=
           tensorOf(getResult()).getDimSize(d);
  });
}

int64_t PadOp::getInteriorOf(unsigned dim) {
  return getInterior() ? (*getInterior())[dim] : 0;
}
LogicalResult PadOp::inferReturnTypes(MLIRContext *,
                                      std::optional<Location> loc,
                                      ValueRange operands, DictionaryAttr attrs,
                                      OpaqueProperties properties,
                                      RegionRange regions,
                                      SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  RankedTensorType input = tensorOf(op.getInput());
  size_t rank = input.getRank();
  auto interior = op.getInterior().value_or(ArrayRef<int64_t>());
  if (op.getLo().size() != rank || op.getHi().size() != rank ||
      (!interior.empty() && interior.size() != rank))
    return emitOptionalError(
        loc, "expected one lo, hi and interior for each dim of ", input);
  SmallVector<int64_t> shape;
  for (size_t d = 0; d < rank; ++d) {
    int64_t n = input.getDimSize(d);
    int64_t between = interior.empty() ? 0 : interior[d];
    int64_t size =
        op.getLo()[d] + op.getHi()[d] + n + (n > 0 ? (n - 1) * between : 0);
    if (size < 0 || between < 0)
      return emitOptionalError(loc, "padding of dim ", d, " of ", input,
                               " gives size ", size);
    shape.push_back(size);
  }
  types.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}
IterationSpace PadOp::getIterationSpace() {
  return partlyWhole(*this, [&](unsigned d) {
    return getLo()[d] != 0 || getHi()[d] != 0 || getInteriorOf(d) != 0;
  });
}
SmallVector<SmallVector<unsigned>> PadOp::getLinearGroups() {
  auto value = dyn_cast<FloatAttr>(getValue());
  if (value && value.getValue().isZero())
    return {{0}};
  return {};
}

LogicalResult
ConcatOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                           ValueRange operands, DictionaryAttr attrs,
                           OpaqueProperties properties, RegionRange regions,
                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  if (operands.empty())
    return emitOptionalError(loc, "expected at least one operand");
  RankedTensorType first = tensorOf(operands[0]);
  int64_t axis = op.getAxis();
  if (axis < 0 || axis >= first.getRank())
    return emitOptionalError(loc, "axis ", axis, " is out of range for ",
                             first);
  SmallVector<int64_t> shape(first.getShape());
  shape[axis] = 0;
  for (Value operand : operands) {
    RankedTensorType type = tensorOf(operand);
    bool fits = type.getRank() == first.getRank() &&
                type.getElementType() == first.getElementType();
    for (int64_t d = 0; fits && d < type.getRank(); ++d)
      fits = d == axis || type.getDimSize(d) == first.getDimSize(d);
    if (!fits)
      return emitOptionalError(loc, "cannot concatenate ", first, " and ", type,
                               " along axis ", axis);
    shape[axis] += type.getDimSize(axis);
  }
  types.push_back(RankedTensorType::get(shape, first.getElementType()));
  return success();
}
IterationSpace ConcatOp::getIterationSpace() {
  return partlyWhole(*this, [&](unsigned d) { return d == getAxis(); });
}

LogicalResult
ReverseOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                            ValueRange operands, DictionaryAttr attrs,
                            OpaqueProperties properties, RegionRange regions,
                            SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  RankedTensorType input = withoutEncoding(op.getInput().getType());
  for (int64_t axis : op.getAxes())
    if (axis < 0 || axis >= input.getRank())
      return emitOptionalError(loc, "axis ", axis, " is out of range for ",
                               input);
  types.push_back(input);
  return success();
}
IterationSpace ReverseOp::getIterationSpace() {
  return partlyWhole(*this, [&](unsigned d) {
    return llvm::is_contained(getAxes(), int64_t(d));
  });
}

//===- gradients ---------------------------------------------------------===//

/// The operand of a broadcast: sum over the new dims.
LogicalResult BroadcastOp::buildGradient(GradientBuilder &b,
                                         ValueRange cotangents,
                                         Gradients &operands) {
  SmallVector<int64_t> added;
  for (int64_t d = 0; d < tensorOf(getResult()).getRank(); ++d)
    if (!llvm::is_contained(getDims(), d))
      added.push_back(d);
  operands[0] = cotangents[0];
  if (!added.empty())
    operands[0] = b.make<ReduceOp>(
        cotangents, {b.text("kind", "sum"), b.dims("axes", added)});
  return success();
}

LogicalResult ReshapeOp::buildGradient(GradientBuilder &b,
                                       ValueRange cotangents,
                                       Gradients &operands) {
  operands[0] = b.makeAs<ReshapeOp>(getInput().getType(), cotangents);
  return success();
}

LogicalResult TransposeOp::buildGradient(GradientBuilder &b,
                                         ValueRange cotangents,
                                         Gradients &operands) {
  SmallVector<int64_t> inverse(getPerm().size());
  for (auto [i, d] : llvm::enumerate(getPerm()))
    inverse[d] = i;
  operands[0] = b.make<TransposeOp>(cotangents, b.dims("perm", inverse));
  return success();
}

static Value padWithZeros(GradientBuilder &b, Value input, ArrayRef<int64_t> lo,
                          ArrayRef<int64_t> hi, ArrayRef<int64_t> interior) {
  Attribute zero = b.getZeroAttr(tensorOf(input).getElementType());
  SmallVector<NamedAttribute> attrs = {b.getNamedAttr("value", zero),
                                       b.dims("lo", lo), b.dims("hi", hi)};
  if (llvm::any_of(interior, [](int64_t n) { return n != 0; }))
    attrs.push_back(b.dims("interior", interior));
  return b.make<PadOp>({input}, attrs);
}

static Value sliceOf(GradientBuilder &b, Value input, ArrayRef<int64_t> start,
                     ArrayRef<int64_t> limit, ArrayRef<int64_t> stride) {
  SmallVector<NamedAttribute> attrs = {b.dims("start", start),
                                       b.dims("limit", limit)};
  if (llvm::any_of(stride, [](int64_t n) { return n != 1; }))
    attrs.push_back(b.dims("stride", stride));
  return b.make<SliceOp>({input}, attrs);
}

/// Zeros where the slice took nothing.
LogicalResult SliceOp::buildGradient(GradientBuilder &b, ValueRange cotangents,
                                     Gradients &operands) {
  ArrayRef<int64_t> from = tensorOf(getInput()).getShape();
  ArrayRef<int64_t> to = tensorOf(getResult()).getShape();
  SmallVector<int64_t> hi, interior;
  for (auto [d, size] : llvm::enumerate(to)) {
    int64_t covered = size > 0 ? (size - 1) * getStrideOf(d) + 1 : 0;
    hi.push_back(from[d] - getStart()[d] - covered);
    interior.push_back(getStrideOf(d) - 1);
  }
  operands[0] = padWithZeros(b, cotangents[0], getStart(), hi, interior);
  return success();
}

/// Element i stands at lo + i * (interior + 1): that strided slice. Elements
/// removed by negative lo or hi get zeros: dy is padded by as much first.
LogicalResult PadOp::buildGradient(GradientBuilder &b, ValueRange cotangents,
                                   Gradients &operands) {
  ArrayRef<int64_t> from = tensorOf(getInput()).getShape();
  SmallVector<int64_t> restoreLo, restoreHi, start, limit, stride;
  for (auto [d, size] : llvm::enumerate(from)) {
    restoreLo.push_back(std::max<int64_t>(-getLo()[d], 0));
    restoreHi.push_back(std::max<int64_t>(-getHi()[d], 0));
    start.push_back(std::max<int64_t>(getLo()[d], 0));
    stride.push_back(getInteriorOf(d) + 1);
    int64_t covered = size > 0 ? (size - 1) * stride.back() + 1 : 0;
    limit.push_back(start.back() + covered);
  }
  Value dy = cotangents[0];
  auto positive = [](int64_t n) { return n > 0; };
  if (llvm::any_of(restoreLo, positive) || llvm::any_of(restoreHi, positive))
    dy = padWithZeros(b, dy, restoreLo, restoreHi, {});
  operands[0] = sliceOf(b, dy, start, limit, stride);
  return success();
}

LogicalResult ConcatOp::buildGradient(GradientBuilder &b, ValueRange cotangents,
                                      Gradients &operands) {
  ArrayRef<int64_t> whole = tensorOf(getResult()).getShape();
  SmallVector<int64_t> start(whole.size(), 0), limit(whole);
  for (auto [i, input] : llvm::enumerate(getInputs())) {
    limit[getAxis()] = start[getAxis()] + tensorOf(input).getDimSize(getAxis());
    if (b.wants(i))
      operands[i] = sliceOf(b, cotangents[0], start, limit, {});
    start[getAxis()] = limit[getAxis()];
  }
  return success();
}

LogicalResult ReverseOp::buildGradient(GradientBuilder &b,
                                       ValueRange cotangents,
                                       Gradients &operands) {
  operands[0] = b.make<ReverseOp>(cotangents, b.dims("axes", getAxes()));
  return success();
}
