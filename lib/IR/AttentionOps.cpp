// SPDX-License-Identifier: Apache-2.0
// Attention and its adjoint. Names of dims: B batch, H = G * R query heads (G
// key heads, each used by a group of R), S queries, T keys, D and E the sizes
// of a head in query and key, in value.
//
// Sharding: B and G pass through, R too (dkey and dvalue are then partial
// sums), S only without `causal`, which counts positions; T, D and E must be
// whole.
#include "Formula.h"

using namespace mlir;
using namespace mlir::mpt;

static RankedTensorType tensorOf(Value v) {
  return cast<RankedTensorType>(v.getType());
}

namespace {
struct AttentionSizes {
  int64_t b, h, g, s, t, d, e;
  int64_t group() const { return h / g; }
};
} // namespace

template <typename Op> static AttentionSizes sizesOf(Op op) {
  ArrayRef<int64_t> q = tensorOf(op.getQuery()).getShape();
  ArrayRef<int64_t> k = tensorOf(op.getKey()).getShape();
  ArrayRef<int64_t> v = tensorOf(op.getValue()).getShape();
  return {q[0], q[1], k[1], q[2], k[2], q[3], v[3]};
}

//===- types -------------------------------------------------------------===//

static LogicalResult checkMask(std::optional<Location> loc, Value mask,
                               const AttentionSizes &n, Type element) {
  RankedTensorType type = tensorOf(mask);
  if (type.getElementType() != element && !type.getElementType().isInteger(1))
    return emitOptionalError(loc, "mask must have elements of type i1 or ",
                             element, ", found ", type);
  int64_t whole[] = {n.b, n.h, n.s, n.t};
  bool fits = type.getRank() == 4;
  for (int64_t i = 0; fits && i < 4; ++i)
    fits = type.getDimSize(i) == 1 || type.getDimSize(i) == whole[i];
  if (fits)
    return success();
  return emitOptionalError(loc, "mask must have dims of size 1 or those of ",
                           "scores ", n.b, "x", n.h, "x", n.s, "x", n.t,
                           ", found ", type);
}

template <typename Op>
static LogicalResult checkOperands(std::optional<Location> loc, Op op) {
  RankedTensorType q = tensorOf(op.getQuery()), k = tensorOf(op.getKey()),
                   v = tensorOf(op.getValue());
  if (q.getRank() != 4 || k.getRank() != 4 || v.getRank() != 4 ||
      k.getShape().drop_back() != v.getShape().drop_back() ||
      q.getDimSize(0) != k.getDimSize(0) || q.getDimSize(3) != k.getDimSize(3))
    return emitOptionalError(loc, "query, key and value do not fit: ", q, ", ",
                             k, " and ", v);
  if (k.getDimSize(1) == 0 || q.getDimSize(1) % k.getDimSize(1) != 0)
    return emitOptionalError(loc, "query has ", q.getDimSize(1),
                             " heads; expected a multiple of the ",
                             k.getDimSize(1), " of key");
  Type element = q.getElementType();
  if (!isa<FloatType>(element) || k.getElementType() != element ||
      v.getElementType() != element)
    return emitOptionalError(loc,
                             "query, key and value must have one float "
                             "element type, found ",
                             element, ", ", k.getElementType(), " and ",
                             v.getElementType());
  return op.getMask() ? checkMask(loc, op.getMask(), sizesOf(op), element)
                      : success();
}

LogicalResult
AttentionOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                              ValueRange operands, DictionaryAttr attrs,
                              OpaqueProperties properties, RegionRange regions,
                              SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  if (failed(checkOperands(loc, op)))
    return failure();
  AttentionSizes n = sizesOf(op);
  Type element = tensorOf(op.getQuery()).getElementType();
  types.push_back(RankedTensorType::get({n.b, n.h, n.s, n.e}, element));
  types.push_back(RankedTensorType::get({n.b, n.h, n.s}, element));
  return success();
}

LogicalResult AttentionGradOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> loc, ValueRange operands,
    DictionaryAttr attrs, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  if (failed(checkOperands(loc, op)))
    return failure();
  AttentionSizes n = sizesOf(op);
  ArrayRef<int64_t> rows[] = {tensorOf(op.getOutput()).getShape(),
                              tensorOf(op.getDy()).getShape()};
  int64_t row[] = {n.b, n.h, n.s, n.e};
  if (rows[0] != ArrayRef(row) || rows[1] != ArrayRef(row) ||
      tensorOf(op.getLse()).getShape() != ArrayRef(row).drop_back())
    return emitOptionalError(loc,
                             "output, lse and dy must have the shapes of "
                             "the results of attention, found ",
                             op.getOutput().getType(), ", ",
                             op.getLse().getType(), " and ",
                             op.getDy().getType());
  for (Value v : {op.getQuery(), op.getKey(), op.getValue()})
    types.push_back(withoutEncoding(v.getType()));
  return success();
}

//===- iterators, sharding, cost -----------------------------------------===//

namespace {
/// The iterators in the order B, G, R, S, T, D, E.
enum Iterator : unsigned { kB, kG, kR, kS, kT, kD, kE, kCount };
/// Iterators of each dim of a value, major to minor.
using ValueDims = SmallVector<SmallVector<unsigned, 2>>;
} // namespace

/// What the dims of operands and results are, in order.
template <typename Op> static SmallVector<ValueDims> dimsOf(Op op) {
  ValueDims q = {{kB}, {kG, kR}, {kS}, {kD}}, k = {{kB}, {kG}, {kT}, {kD}};
  ValueDims v = {{kB}, {kG}, {kT}, {kE}}, y = {{kB}, {kG, kR}, {kS}, {kE}};
  ValueDims lse = {{kB}, {kG, kR}, {kS}};
  SmallVector<ValueDims> dims = {q, k, v};
  if (isa<AttentionGradOp>(op))
    dims.append({y, lse, y});
  if (op.getMask()) {
    ValueDims mask = {{kB}, {kG, kR}, {kS}, {kT}};
    for (auto [dim, size] : llvm::zip(mask, tensorOf(op.getMask()).getShape()))
      if (size == 1)
        dim.clear();
    dims.push_back(mask);
  }
  if (isa<AttentionGradOp>(op))
    dims.append({q, k, v});
  else
    dims.append({y, lse});
  return dims;
}

template <typename Op> static IterationSpace attentionSpace(Op op) {
  AttentionSizes n = sizesOf(op);
  bool isGrad = isa<AttentionGradOp>(op);
  IterationSpace space;
  auto sumOver = [&](int64_t size) {
    space.addIterator(isGrad ? IterKind::Reduction : IterKind::Parallel, size,
                      isGrad ? "sum" : "");
  };
  space.addIterator(IterKind::Parallel, n.b);
  space.addIterator(IterKind::Parallel, n.g);
  sumOver(n.group());
  if (op.getCausal())
    space.addIterator(IterKind::Replicate, n.s);
  else
    sumOver(n.s);
  for (int64_t size : {n.t, n.d, n.e})
    space.addIterator(IterKind::Replicate, size);
  MLIRContext *ctx = op.getContext();
  for (auto [i, dims] : llvm::enumerate(dimsOf(op))) {
    SmallVector<AffineExpr> exprs;
    for (ArrayRef<unsigned> parts : dims) {
      AffineExpr index = getAffineConstantExpr(0, ctx);
      for (unsigned part : parts)
        index = index * space.sizes[part] + getAffineDimExpr(part, ctx);
      exprs.push_back(index);
    }
    auto &maps = i < op->getNumOperands() ? space.operands : space.results;
    maps.push_back(AffineMap::get(kCount, 0, exprs, ctx));
  }
  return space;
}

/// Heads are two factors, key head and place in its group; those of size 1 are
/// left out of a dim of two.
template <typename Op> static ShardingRule attentionRule(Op op) {
  IterationSpace space = attentionSpace(op);
  ShardingRule rule;
  for (unsigned i = 0; i < kCount; ++i)
    rule.factors.push_back({space.sizes[i], space.kinds[i], space.monoids[i]});
  for (auto [i, dims] : llvm::enumerate(dimsOf(op))) {
    SmallVector<DimFactors> ofValue;
    for (ArrayRef<unsigned> parts : dims) {
      DimFactors &factors = ofValue.emplace_back();
      for (unsigned part : parts)
        if (parts.size() == 1 || space.sizes[part] != 1)
          factors.push_back(part);
    }
    (i < op->getNumOperands() ? rule.operands : rule.results)
        .push_back(ofValue);
  }
  return rule;
}

/// `products` matrix products of S x T per head, half of them with `causal`.
template <typename Op>
static int64_t attentionFlops(Op op, int64_t overD, int64_t overE) {
  AttentionSizes n = sizesOf(op);
  int64_t flops = 2 * n.b * n.h * n.s * n.t * (overD * n.d + overE * n.e);
  return op.getCausal() ? flops / 2 : flops;
}

IterationSpace AttentionOp::getIterationSpace() {
  return attentionSpace(*this);
}
ShardingRule AttentionOp::getShardingRule() { return attentionRule(*this); }
int64_t AttentionOp::getFlops() { return attentionFlops(*this, 1, 1); }

IterationSpace AttentionGradOp::getIterationSpace() {
  return attentionSpace(*this);
}
ShardingRule AttentionGradOp::getShardingRule() { return attentionRule(*this); }
/// The scores again and dquery, dkey over D; the slope of the scores, dvalue
/// over E.
int64_t AttentionGradOp::getFlops() { return attentionFlops(*this, 3, 2); }

//===- in core ops -------------------------------------------------------===//

namespace {
/// The parts of attention in core ops, over [B, G, R, S, T].
class Expansion {
public:
  template <typename Op>
  Expansion(ProgramBuilder &b, Op op)
      : b(b), n(sizesOf(op)), query(op.getQuery()), key(op.getKey()),
        value(op.getValue()), mask(op.getMask()),
        scale(op.getScale().convertToDouble()), causal(op.getCausal()),
        zeroRows(op.getZeroRows()) {
    if (op.getSoftcap())
      softcap = op.getSoftcap()->convertToDouble();
    if (op.getFill())
      fill = op.getFill()->convertToDouble();
  }

  /// Builds `capped`, `keep`, and returns the masked scores.
  Term scores();
  /// Given exp(scores - lse): the cotangent of the scores before masking, and
  /// of capped scores with a float mask.
  Term scoresGradient(Term weights, Value output, Value dy);
  /// From there to the products q.k.
  Term productsGradient(Term dScores);

  Term grouped(Value heads); ///< [B, H, S, x] as [B, G, R, S, x]
  Term merged(Term groups);
  Term dot(Value l, Value r, ArrayRef<int64_t> lDims, ArrayRef<int64_t> rDims);
  /// The sum or maximum over the last dim, given to each element of it.
  Term along(StringRef kind, Term x);
  Term reduce(StringRef kind, Term x);
  Term spread(Term rows, Type type);
  Term select(Term pred, Term l, Term r) { return mpt::select(pred, l, r); }

  ProgramBuilder &b;
  AttentionSizes n;
  Value query, key, value, mask;
  double scale;
  std::optional<int64_t> causal;
  std::optional<double> softcap;
  double fill = -std::numeric_limits<double>::infinity();
  bool zeroRows;
  Term capped, keep, exists; ///< `keep` and `exists` only where there is one

private:
  RankedTensorType typeOf(ArrayRef<int64_t> shape, Type element) {
    return RankedTensorType::get(shape, element);
  }
  Type element() { return tensorOf(query).getElementType(); }
  RankedTensorType scoresType(Type element) {
    return typeOf({n.b, n.g, n.group(), n.s, n.t}, element);
  }
  Term wholeMask();
  Term causalMask();
};
} // namespace

Term Expansion::grouped(Value heads) {
  SmallVector<int64_t> shape(tensorOf(heads).getShape());
  shape[1] = n.group();
  shape.insert(shape.begin() + 1, n.g);
  Type type = typeOf(shape, tensorOf(heads).getElementType());
  return {b.makeAs<ReshapeOp>(type, {heads}), &b};
}

Term Expansion::merged(Term groups) {
  SmallVector<int64_t> shape(tensorOf(groups).getShape());
  shape[1] = n.h;
  shape.erase(shape.begin() + 2);
  Type type = typeOf(shape, tensorOf(groups).getElementType());
  return {b.makeAs<ReshapeOp>(type, {groups.value}), &b};
}

Term Expansion::dot(Value l, Value r, ArrayRef<int64_t> lDims,
                    ArrayRef<int64_t> rDims) {
  Value result = b.make<DotGeneralOp>(
      {l, r}, {b.dims("lhs_batch", {0, 1}), b.dims("rhs_batch", {0, 1}),
               b.dims("lhs_contract", lDims), b.dims("rhs_contract", rDims)});
  return {result, &b};
}

Term Expansion::reduce(StringRef kind, Term x) {
  return {
      b.make<ReduceOp>({x.value}, {b.text("kind", kind),
                                   b.dims("axes", tensorOf(x).getRank() - 1)}),
      &b};
}

Term Expansion::spread(Term rows, Type type) {
  SmallVector<int64_t> dims;
  for (int64_t d = 0; d < tensorOf(rows).getRank(); ++d)
    dims.push_back(d);
  return {b.makeAs<BroadcastOp>(type, {rows.value}, b.dims("dims", dims)), &b};
}

Term Expansion::along(StringRef kind, Term x) {
  return spread(reduce(kind, x), x.value.getType());
}

/// The mask over [B, G, R, S, T].
Term Expansion::wholeMask() {
  Type of = tensorOf(mask).getElementType();
  SmallVector<int64_t> kept, sizes;
  for (auto [d, size] : llvm::enumerate(tensorOf(mask).getShape()))
    if (size != 1) {
      kept.push_back(d);
      sizes.push_back(size);
    }
  Value narrow = b.makeAs<ReshapeOp>(typeOf(sizes, of), {mask});
  Value whole = b.makeAs<BroadcastOp>(typeOf({n.b, n.h, n.s, n.t}, of),
                                      {narrow}, b.dims("dims", kept));
  return grouped(whole);
}

/// Where key j <= query i + offset.
Term Expansion::causalMask() {
  Type of = b.getI64Type();
  RankedTensorType plane = typeOf({n.s, n.t}, of);
  auto count = [&](int64_t axis) {
    NamedAttribute attr = b.getNamedAttr("axis", b.getI64IntegerAttr(axis));
    return Term{b.makeAs<IotaOp>(plane, {}, attr), &b};
  };
  Term offset = Term{b.splat(plane, double(*causal)), &b};
  Term last = count(0) + offset;
  Term visible = compare("le", count(1), last);
  return {b.makeAs<BroadcastOp>(scoresType(b.getI1Type()), {visible.value},
                                b.dims("dims", {3, 4})),
          &b};
}

Term Expansion::scores() {
  Term s = scale * dot(grouped(query), key, 4, 3);
  if (softcap)
    s = *softcap * apply<TanhOp>(s / s.splat(*softcap));
  capped = s;
  if (mask && tensorOf(mask).getElementType().isInteger(1)) {
    keep = wholeMask();
    s = select(keep, s, s.splat(fill));
  } else if (mask) {
    s = s + wholeMask();
  }
  if (causal) {
    exists = causalMask();
    s = select(exists, s, s.splat(-std::numeric_limits<double>::infinity()));
  }
  return s;
}

Term Expansion::scoresGradient(Term weights, Value output, Value dy) {
  Term dOut = grouped(dy);
  Term dWeights = dot(dOut, value, 4, 3);
  Term along = reduce("sum", Term{dy, &b} * Term{output, &b});
  Term mean = spread(grouped(along), weights.value.getType());
  Term d = weights * (dWeights - mean);
  Term zero = d.splat(0.0);
  if (keep.value)
    d = select(keep, d, zero);
  return exists.value ? select(exists, d, zero) : d;
}

Term Expansion::productsGradient(Term d) {
  if (softcap) {
    Term tanh = capped / capped.splat(*softcap);
    d = d * (1.0 - tanh * tanh);
  }
  return scale * d;
}

SmallVector<Value> AttentionOp::expand(ProgramBuilder &b) {
  Expansion x(b, *this);
  Term s = x.scores();
  Term max = x.reduce("max", s);
  Term e = apply<ExpOp>(s - x.spread(max, s.value.getType()));
  Term sum = x.reduce("sum", e);
  Term weights = e / x.spread(sum, s.value.getType());
  Term lse = max + apply<LogOp>(sum);
  if (x.zeroRows) {
    Term noWeight{b.make<IsNanOp>({weights.value}), &b};
    weights = x.select(noWeight, weights.splat(0.0), weights);
    Term noRow{b.make<IsNanOp>({lse.value}), &b};
    Term infinite = lse.splat(std::numeric_limits<double>::infinity());
    lse = x.select(noRow, infinite, lse);
  }
  Term out = x.dot(weights, getValue(), 4, 2);
  return {x.merged(out), x.merged(lse)};
}

SmallVector<Value> AttentionGradOp::expand(ProgramBuilder &b) {
  Expansion x(b, *this);
  Term s = x.scores();
  Term lse = x.spread(x.grouped(getLse()), s.value.getType());
  Term weights = apply<ExpOp>(s - lse);
  Term d = x.productsGradient(x.scoresGradient(weights, getOutput(), getDy()));
  Term dq = x.merged(x.dot(d, getKey(), 4, 2));
  Term dk = x.dot(d, x.grouped(getQuery()), {2, 3}, {2, 3});
  Term dv = x.dot(weights, x.grouped(getDy()), {2, 3}, {2, 3});
  return {dq, dk, dv};
}

//===- gradient ----------------------------------------------------------===//

/// A float mask is added to the scores: its cotangent is theirs, summed over
/// the dims along which it is repeated.
static Value maskGradient(GradientBuilder &b, AttentionOp op, Value dy) {
  Expansion x(b, op);
  Term s = x.scores();
  Term lse = x.spread(x.grouped(op.getLse()), s.value.getType());
  Term weights = apply<ExpOp>(s - lse);
  Term d = x.merged(x.scoresGradient(weights, op.getResult(), dy));
  SmallVector<int64_t> repeated;
  for (auto [i, size] : llvm::enumerate(tensorOf(op.getMask()).getShape()))
    if (size == 1)
      repeated.push_back(i);
  Value sum = repeated.empty()
                  ? d.value
                  : b.make<ReduceOp>({d.value}, {b.text("kind", "sum"),
                                                 b.dims("axes", repeated)})
                        .getResult();
  return b.makeAs<ReshapeOp>(op.getMask().getType(), {sum});
}

static bool swapsHeads(Operation *op) {
  auto transpose = dyn_cast_or_null<TransposeOp>(op);
  return transpose && transpose.getPerm() == ArrayRef<int64_t>({0, 2, 1, 3});
}

/// The value, or the transpose of that of which it is the transpose, or which
/// is its own: the backward pass then keeps the heads side by side, as
/// projections make and take them, and no copy besides.
static Value keepHeads(GradientBuilder &b, Value value) {
  Value side;
  if (swapsHeads(value.getDefiningOp()))
    side = value.getDefiningOp()->getOperand(0);
  else
    for (Operation *user : value.getUsers())
      if (!side && isa_and_nonnull<AttentionOp>(value.getDefiningOp()) &&
          swapsHeads(user))
        side = user->getResult(0);
  if (!side)
    return value;
  return b.make<TransposeOp>({side}, b.dims("perm", {0, 2, 1, 3}));
}

LogicalResult AttentionOp::buildGradient(GradientBuilder &b,
                                         ValueRange cotangents,
                                         Gradients &operands) {
  if (cotangents[1])
    return emitOpError() << "has no gradient through its logarithms of sums; "
                            "compute them with other operators or freeze what "
                            "follows";
  Value dy = cotangents[0];
  SmallVector<Value> inputs;
  for (Value v : {getQuery(), getKey(), getValue(), getResult()})
    inputs.push_back(keepHeads(b, v));
  inputs.append({getLse(), dy});
  if (getMask())
    inputs.push_back(getMask());
  SmallVector<NamedAttribute> attributes;
  for (StringRef name : {"scale", "causal", "softcap", "fill", "zero_rows"})
    if (Attribute value = (*this)->getInherentAttr(name).value_or(nullptr))
      attributes.push_back(b.getNamedAttr(name, value));
  if (b.wants(0) || b.wants(1) || b.wants(2)) {
    auto gradient = b.make<AttentionGradOp>(inputs, attributes);
    llvm::copy(gradient.getResults(), operands.begin());
  }
  if (getMask() && b.wants(3))
    operands[3] = maskGradient(b, *this, dy);
  return success();
}
