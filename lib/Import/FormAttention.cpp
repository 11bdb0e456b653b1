// SPDX-License-Identifier: Apache-2.0
//===- FormAttention.cpp --------------------------------------------------===//
//
// Finds softmax(scores) v, where scores are a product of queries and keys, and
// forms mpt.attention:
//   scores:  q k | scores * c | scores / c | c * tanh(scores) | scores + mask
//            | select(mask, scores, c) | select(mask, c, scores)
//   weights: softmax(scores), or 0 where that is NaN
//   q, k, v: seen through what moves, repeats and scales them (HeadView.h)
//
// Masks are taken from the scores outwards. One that is made of constants and
// leaves query i the keys j <= i + offset becomes `causal`; this is computed
// point by point, not assumed. What hides is a number of at most -1e4: beside a
// visible key its weight is 0 unless scores differ by as much. Any other mask
// stays an operand, with the dims only along which it varies.
//
// Not formed, and left as it is: weights that are used otherwise, two masks of
// which one fills with a finite number, a mask that is scaled. Not computed: a
// mask of more than 2^24 pairs of query and key, which stays an operand.
//
//===----------------------------------------------------------------------===//
#include "Composites.h"
#include "HeadView.h"
#include "MaskFacts.h"

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;
using llvm::BitVector;

/// The largest number that hides a key.
static constexpr double kHidden = -1e4;

static ArrayRef<int64_t> shapeOf(Value v) {
  return cast<RankedTensorType>(v.getType()).getShape();
}

namespace {
/// What `select` hides.
struct Keep {
  Value predicate;
  bool inverted; ///< true hides
  double fill;
};

/// A chain of ops from a product to the softmax.
struct Scores {
  DotGeneralOp product;
  double scale = 1;
  std::optional<double> softcap;
  std::optional<Keep> keep;
  SmallVector<Value> added; ///< float masks
  bool isMasked() const { return keep || !added.empty(); }
};

/// The mask operand and the attributes that stand for the masks of `Scores`.
struct Mask {
  Value operand;
  std::optional<int64_t> causal;
  std::optional<double> fill;
};

/// One operand of a product by role of its dims.
struct Side {
  Value value;
  int64_t free, contract;
};

class AttentionFormer {
public:
  explicit AttentionFormer(ProgramNames &names) : names(names) {}
  void form(SoftmaxOp softmax);
  /// Of attention that the file has: the least form of operands and mask.
  void simplify(AttentionOp attention);

private:
  std::optional<Mask> formMask(Scores &scores, ArrayRef<int64_t> shape,
                               CompositeBuilder &b);
  bool isVisible(Value mask, bool inverted, Mask &into);
  BitVector varyingDims(Value v) { return facts.getVaryingDims(v); }
  Value narrow(Value mask, const BitVector &dims, CompositeBuilder &b) {
    return facts.restrictTo(mask, dims, b);
  }

  ProgramNames &names;
  MaskFacts facts;
};
} // namespace

//===- the scores ---------------------------------------------------------===//

/// Free and contracted dim of an operand whose other dims are the batch, in
/// front and in order.
static std::optional<Side> getSide(Value value, ArrayRef<int64_t> batch,
                                   ArrayRef<int64_t> contract) {
  int64_t rank = shapeOf(value).size();
  if ((rank != 3 && rank != 4) || int64_t(batch.size()) != rank - 2 ||
      contract.size() != 1)
    return std::nullopt;
  for (auto [i, d] : llvm::enumerate(batch))
    if (d != int64_t(i))
      return std::nullopt;
  // The last two dims are rank - 2 and rank - 1.
  return Side{value, 2 * rank - 3 - contract[0], contract[0]};
}
static std::optional<Side> getLhs(DotGeneralOp op) {
  return getSide(op.getLhs(), op.getLhsBatchDims(), op.getLhsContract());
}
static std::optional<Side> getRhs(DotGeneralOp op) {
  return getSide(op.getRhs(), op.getRhsBatchDims(), op.getRhsContract());
}

static std::optional<Scores> matchScores(Value value, unsigned depth = 0);

/// scores * c, and c * tanh(scores).
static std::optional<Scores> matchScaled(Value inner, double factor,
                                         unsigned depth) {
  auto tanh = inner.getDefiningOp<TanhOp>();
  auto scores = matchScores(tanh ? tanh.getInput() : inner, depth + 1);
  if (!scores || scores->isMasked() || scores->softcap)
    return std::nullopt;
  if (tanh)
    scores->softcap = factor;
  scores->scale *= factor;
  return scores;
}

static std::optional<Scores> matchSelect(SelectOp op, unsigned depth) {
  for (bool inverted : {false, true}) {
    Value inner = inverted ? op.getOnFalse() : op.getOnTrue();
    auto fill = getSplat(inverted ? op.getOnTrue() : op.getOnFalse());
    if (!fill)
      continue;
    auto scores = matchScores(inner, depth + 1);
    if (!scores || scores->keep)
      return std::nullopt;
    scores->keep = Keep{op.getPred(), inverted, *fill};
    return scores;
  }
  return std::nullopt;
}

static std::optional<Scores> matchAdd(AddOp op, unsigned depth) {
  for (bool swapped : {false, true}) {
    auto scores = matchScores(swapped ? op.getRhs() : op.getLhs(), depth + 1);
    if (!scores)
      continue;
    if (scores->keep && !std::isinf(scores->keep->fill))
      return std::nullopt;
    scores->added.push_back(swapped ? op.getLhs() : op.getRhs());
    return scores;
  }
  return std::nullopt;
}

static std::optional<Scores> matchScores(Value value, unsigned depth) {
  constexpr unsigned longest = 8;
  Operation *op = value.getDefiningOp();
  if (!op || depth == longest)
    return std::nullopt;
  if (auto product = dyn_cast<DotGeneralOp>(op)) {
    Scores scores;
    scores.product = product;
    return getLhs(product) && getRhs(product) ? std::optional<Scores>(scores)
                                              : std::nullopt;
  }
  if (isa<MulOp, DivOp>(op)) {
    unsigned number = getSplat(op->getOperand(1)) ? 1 : 0;
    std::optional<double> factor = getSplat(op->getOperand(number));
    bool divides = isa<DivOp>(op);
    if (!factor || (divides && number == 0))
      return std::nullopt;
    return matchScaled(op->getOperand(1 - number),
                       divides ? 1 / *factor : *factor, depth);
  }
  if (auto select = dyn_cast<SelectOp>(op))
    return matchSelect(select, depth);
  if (auto add = dyn_cast<AddOp>(op))
    return matchAdd(add, depth);
  return std::nullopt;
}

//===- masks --------------------------------------------------------------===//

/// Takes a mask that needs no operand.
bool AttentionFormer::isVisible(Value mask, bool inverted, Mask &into) {
  unsigned rank = shapeOf(mask).size();
  BitVector dims = varyingDims(mask);
  for (unsigned d : dims.set_bits())
    if (d + 2 < rank)
      return false;
  auto visible = facts.getVisibility(mask, inverted, kHidden);
  if (!visible)
    return false;
  if (!visible->all)
    into.causal =
        std::min(visible->offset, into.causal.value_or(visible->offset));
  return true;
}

/// [B, H, S, T] of which dims outside of `dims` are 1; H is 1 if scores have
/// none.
static Value withUnitDims(Value narrow, const BitVector &dims,
                          ArrayRef<int64_t> scores, ProgramBuilder &b) {
  SmallVector<int64_t> shape;
  for (auto [d, size] : llvm::enumerate(scores))
    shape.push_back(dims.test(d) ? size : 1);
  if (shape.size() == 3)
    shape.insert(shape.begin() + 1, 1);
  Type element = getElementTypeOrSelf(narrow.getType());
  RankedTensorType type = RankedTensorType::get(shape, element);
  return narrow.getType() == type ? narrow : b.makeAs<ReshapeOp>(type, narrow);
}

std::optional<Mask> AttentionFormer::formMask(Scores &scores,
                                              ArrayRef<int64_t> shape,
                                              CompositeBuilder &b) {
  Mask mask;
  if (scores.keep && scores.keep->fill <= kHidden &&
      isVisible(scores.keep->predicate, scores.keep->inverted, mask))
    scores.keep.reset();
  llvm::erase_if(scores.added, [&](Value added) {
    return isVisible(added, /*inverted=*/false, mask);
  });
  BitVector dims(shape.size());
  for (Value added : scores.added)
    dims |= varyingDims(added);
  bool fills = scores.keep && !std::isinf(scores.keep->fill);
  if (fills && (mask.causal || !scores.added.empty()))
    return std::nullopt;
  if (scores.keep)
    dims |= varyingDims(scores.keep->predicate);
  Value sum;
  for (Value added : scores.added) {
    Value next = narrow(added, dims, b);
    sum = sum ? b.make<AddOp>({sum, next}).getResult() : next;
  }
  if (!scores.keep) {
    if (sum)
      mask.operand = withUnitDims(sum, dims, shape, b);
    return mask;
  }
  Value keep = narrow(scores.keep->predicate, dims, b);
  if (sum) {
    Value hidden = b.splat(sum.getType(), scores.keep->fill);
    Value l = scores.keep->inverted ? hidden : sum;
    Value r = scores.keep->inverted ? sum : hidden;
    keep = b.make<SelectOp>({keep, l, r});
  } else if (scores.keep->inverted) {
    keep = b.make<NotOp>({keep});
  }
  mask.operand = withUnitDims(keep, dims, shape, b);
  if (fills)
    mask.fill = scores.keep->fill;
  return mask;
}

//===- the whole ----------------------------------------------------------===//

/// The source as [B, heads, rows, size]: `order` lists its dims asked for.
static Value arrange(const HeadSource &source, ArrayRef<int64_t> order,
                     ArrayRef<int64_t> shape, ProgramBuilder &b) {
  Type element = getElementTypeOrSelf(source.value.getType());
  SmallVector<int64_t> present, sizes, perm, goal(shape);
  for (int64_t asked : order)
    if (int64_t d = source.dims[asked]; d >= 0)
      present.push_back(d);
  SmallVector<int64_t> sorted(present);
  llvm::sort(sorted);
  for (int64_t d : sorted)
    sizes.push_back(shapeOf(source.value)[d]);
  for (int64_t d : present)
    perm.push_back(llvm::find(sorted, d) - sorted.begin());
  Value value = source.value;
  auto reshape = [&](ArrayRef<int64_t> to) {
    if (shapeOf(value) != to)
      value = b.makeAs<ReshapeOp>(RankedTensorType::get(to, element), value);
  };
  if (!llvm::is_sorted(perm)) {
    reshape(sizes);
    value = b.make<TransposeOp>({value}, b.dims("perm", perm));
  }
  reshape(goal);
  return value;
}

/// Dims of a side in the order batch, heads, free, contracted; the shape with
/// `heads` heads.
static void describe(const Side &side, bool freeFirst,
                     SmallVectorImpl<int64_t> &order,
                     SmallVectorImpl<int64_t> &shape, int64_t group) {
  ArrayRef<int64_t> dims = shapeOf(side.value);
  bool hasHeads = dims.size() == 4;
  order.push_back(0);
  if (hasHeads)
    order.push_back(1);
  order.push_back(freeFirst ? side.free : side.contract);
  order.push_back(freeFirst ? side.contract : side.free);
  shape.append({dims[0], hasHeads ? dims[1] / group : 1,
                dims[order[order.size() - 2]], dims[order.back()]});
}

namespace {
struct Sources {
  HeadSource q, k, v;
};
} // namespace

/// The farthest sources of which key and value are repeated alike.
static Sources chooseSources(const Side &q, const Side &k, const Side &v) {
  constexpr unsigned heads = 1, none = 4;
  auto find = [&](const Side &side) {
    bool hasHeads = shapeOf(side.value).size() == 4;
    return findHeadSources(side.value, hasHeads ? heads : none);
  };
  SmallVector<HeadSource> qs = find(q), ks = find(k), vs = find(v);
  llvm::erase_if(qs, [](const HeadSource &s) { return s.group != 1; });
  llvm::erase_if(vs, [](const HeadSource &s) { return s.scale != 1; });
  for (const HeadSource &ofKey : llvm::reverse(ks))
    for (const HeadSource &ofValue : llvm::reverse(vs))
      if (ofKey.group == ofValue.group)
        return {qs.back(), ofKey, ofValue};
  llvm_unreachable("the operands themselves have a group of 1");
}

/// Query, key and value as the op takes them; `scale` takes in what scaled
/// them.
static SmallVector<Value> arrangeOperands(const Side &q, const Side &k,
                                          const Side &v, double &scale,
                                          ProgramBuilder &b) {
  Sources from = chooseSources(q, k, v);
  scale *= from.q.scale * from.k.scale;
  SmallVector<Value> operands;
  auto add = [&](const Side &side, const HeadSource &source, bool freeFirst) {
    SmallVector<int64_t> order, shape;
    describe(side, freeFirst, order, shape, source.group);
    operands.push_back(arrange(source, order, shape, b));
  };
  add(q, from.q, /*freeFirst=*/true);
  add(k, from.k, /*freeFirst=*/true);
  add(v, from.v, /*freeFirst=*/false);
  return operands;
}

/// The weights that the softmax gives, and whether rows of NaN become 0; null
/// if they are used for more than a product.
static std::pair<Value, bool> getWeights(SoftmaxOp softmax) {
  Value weights = softmax.getResult();
  if (weights.hasOneUse())
    return {weights, false};
  for (Operation *user : weights.getUsers()) {
    auto select = dyn_cast<SelectOp>(user);
    auto isNan = select ? select.getPred().getDefiningOp<IsNanOp>() : IsNanOp();
    if (!isNan || isNan.getInput() != weights ||
        select.getOnFalse() != weights || !isNan.getResult().hasOneUse() ||
        std::distance(weights.use_begin(), weights.use_end()) != 2 ||
        getSplat(select.getOnTrue()) != std::optional<double>(0))
      continue;
    if (select.getResult().hasOneUse())
      return {select.getResult(), true};
  }
  return {Value(), false};
}

void AttentionFormer::form(SoftmaxOp softmax) {
  auto [weights, zeroRows] = getWeights(softmax);
  if (!weights || softmax.getAxis() + 1 != shapeOf(weights).size())
    return;
  auto output = dyn_cast<DotGeneralOp>(*weights.getUsers().begin());
  if (!output || output.getLhs() != weights)
    return;
  std::optional<Side> w = getLhs(output), v = getRhs(output);
  std::optional<Scores> scores = matchScores(softmax.getInput());
  if (!w || !v || !scores ||
      w->contract + 1 != int64_t(shapeOf(weights).size()))
    return;
  std::optional<Side> q = getLhs(scores->product), k = getRhs(scores->product);
  CompositeBuilder b(output, names);
  std::optional<Mask> mask = formMask(*scores, shapeOf(weights), b);
  if (!mask)
    return;
  double scale = scores->scale;
  SmallVector<Value> operands = arrangeOperands(*q, *k, *v, scale, b);
  if (mask->operand)
    operands.push_back(mask->operand);
  SmallVector<NamedAttribute> attributes = {
      b.getNamedAttr("scale", b.getF64FloatAttr(scale))};
  if (mask->causal)
    attributes.push_back(
        b.getNamedAttr("causal", b.getI64IntegerAttr(*mask->causal)));
  if (scores->softcap)
    attributes.push_back(
        b.getNamedAttr("softcap", b.getF64FloatAttr(*scores->softcap)));
  if (mask->fill)
    attributes.push_back(
        b.getNamedAttr("fill", b.getF64FloatAttr(*mask->fill)));
  if (zeroRows)
    attributes.push_back(b.getNamedAttr("zero_rows", b.getUnitAttr()));
  Value result = b.make<AttentionOp>(operands, attributes).getResult();
  if (result.getType() != output.getType())
    result = b.makeAs<ReshapeOp>(output.getType(), result);
  output.getResult().replaceAllUsesWith(result);
}

void AttentionFormer::simplify(AttentionOp op) {
  CompositeBuilder b(op, names);
  double scale = op.getScale().convertToDouble();
  SmallVector<Value> operands =
      arrangeOperands({op.getQuery(), 2, 3}, {op.getKey(), 2, 3},
                      {op.getValue(), 3, 2}, scale, b);
  for (auto [i, operand] : llvm::enumerate(operands))
    op->setOperand(i, operand);
  op.setScale(APFloat(scale));
  if (!op.getMask() || op.getFill())
    return;
  Scores scores;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (getElementTypeOrSelf(op.getMask().getType()).isInteger(1))
    scores.keep = Keep{op.getMask(), /*inverted=*/false, -infinity};
  else
    scores.added.push_back(op.getMask());
  std::optional<Mask> mask = formMask(scores, shapeOf(op.getMask()), b);
  assert(mask && "one mask that fills with -inf");
  op.getMaskMutable().clear();
  if (mask->operand)
    op.getMaskMutable().assign(mask->operand);
  std::optional<int64_t> causal(op.getCausal());
  if (mask->causal)
    op.setCausal(std::min(*mask->causal, causal.value_or(*mask->causal)));
}

void mlir::mpt::import::formAttention(Block &program, ProgramNames &names) {
  SmallVector<SoftmaxOp> all(program.getOps<SoftmaxOp>());
  AttentionFormer former(names);
  for (AttentionOp attention : program.getOps<AttentionOp>())
    former.simplify(attention);
  for (SoftmaxOp softmax : all)
    former.form(softmax);
}
