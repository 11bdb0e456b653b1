// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
/// Dims of one operand, sorted by role.
struct DotSide {
  ArrayRef<int64_t> batch, contract;
  SmallVector<int64_t> free;
};
} // namespace

static DotSide makeSide(int64_t rank, ArrayRef<int64_t> batch,
                        ArrayRef<int64_t> contract) {
  DotSide side{batch, contract, {}};
  for (int64_t d = 0; d < rank; ++d)
    if (!llvm::is_contained(batch, d) && !llvm::is_contained(contract, d))
      side.free.push_back(d);
  return side;
}

ArrayRef<int64_t> DotGeneralOp::getLhsBatchDims() {
  return getLhsBatch().value_or(ArrayRef<int64_t>());
}
ArrayRef<int64_t> DotGeneralOp::getRhsBatchDims() {
  return getRhsBatch().value_or(ArrayRef<int64_t>());
}

static LogicalResult checkDims(std::optional<Location> loc, StringRef side,
                               RankedTensorType type, ArrayRef<int64_t> batch,
                               ArrayRef<int64_t> contract) {
  SmallVector<bool> seen(type.getRank(), false);
  for (ArrayRef<int64_t> dims : {batch, contract})
    for (int64_t d : dims) {
      if (d < 0 || d >= type.getRank())
        return emitOptionalError(loc, side, " dim ", d, " is out of range for ",
                                 type);
      if (seen[d])
        return emitOptionalError(loc, side, " dim ", d, " is named twice");
      seen[d] = true;
    }
  return success();
}

LogicalResult
DotGeneralOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                               ValueRange operands, DictionaryAttr attrs,
                               OpaqueProperties properties, RegionRange regions,
                               SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  auto lhs = withoutEncoding(op.getLhs().getType());
  auto rhs = withoutEncoding(op.getRhs().getType());
  ArrayRef<int64_t> lb = op.getLhsBatch().value_or(ArrayRef<int64_t>());
  ArrayRef<int64_t> rb = op.getRhsBatch().value_or(ArrayRef<int64_t>());
  ArrayRef<int64_t> lc = op.getLhsContract(), rc = op.getRhsContract();
  if (lb.size() != rb.size() || lc.size() != rc.size())
    return emitOptionalError(loc, "lhs and rhs name different numbers of dims");
  if (failed(checkDims(loc, "lhs", lhs, lb, lc)) ||
      failed(checkDims(loc, "rhs", rhs, rb, rc)))
    return failure();
  auto check = [&](StringRef what, ArrayRef<int64_t> l, ArrayRef<int64_t> r) {
    for (auto [i, j] : llvm::zip(l, r))
      if (lhs.getDimSize(i) != rhs.getDimSize(j))
        return emitOptionalError(loc, what, " dims differ: lhs has ",
                                 lhs.getDimSize(i), ", rhs has ",
                                 rhs.getDimSize(j));
    return success();
  };
  if (failed(check("batch", lb, rb)) || failed(check("contracting", lc, rc)))
    return failure();
  if (lhs.getElementType() != rhs.getElementType())
    return emitOptionalError(loc, "element types differ: lhs has ",
                             lhs.getElementType(), ", rhs has ",
                             rhs.getElementType());
  SmallVector<int64_t> shape;
  for (int64_t d : lb)
    shape.push_back(lhs.getDimSize(d));
  for (int64_t d : makeSide(lhs.getRank(), lb, lc).free)
    shape.push_back(lhs.getDimSize(d));
  for (int64_t d : makeSide(rhs.getRank(), rb, rc).free)
    shape.push_back(rhs.getDimSize(d));
  types.push_back(RankedTensorType::get(shape, lhs.getElementType()));
  return success();
}

IterationSpace DotGeneralOp::getIterationSpace() {
  auto lhs = cast<RankedTensorType>(getLhs().getType());
  auto rhs = cast<RankedTensorType>(getRhs().getType());
  IterationSpace space;
  SmallVector<unsigned> ofLhs(lhs.getRank()), ofRhs(rhs.getRank()), result;
  for (auto [l, r] : llvm::zip(getLhsBatchDims(), getRhsBatchDims())) {
    ofLhs[l] = ofRhs[r] =
        space.addIterator(IterKind::Parallel, lhs.getDimSize(l));
    result.push_back(ofLhs[l]);
  }
  for (int64_t d :
       makeSide(lhs.getRank(), getLhsBatchDims(), getLhsContract()).free)
    result.push_back(
        ofLhs[d] = space.addIterator(IterKind::Parallel, lhs.getDimSize(d)));
  for (int64_t d :
       makeSide(rhs.getRank(), getRhsBatchDims(), getRhsContract()).free)
    result.push_back(
        ofRhs[d] = space.addIterator(IterKind::Parallel, rhs.getDimSize(d)));
  for (auto [l, r] : llvm::zip(getLhsContract(), getRhsContract()))
    ofLhs[l] = ofRhs[r] =
        space.addIterator(IterKind::Reduction, lhs.getDimSize(l), "sum");
  auto map = [&](ArrayRef<unsigned> dims) {
    SmallVector<AffineExpr> exprs;
    for (unsigned d : dims)
      exprs.push_back(getAffineDimExpr(d, getContext()));
    return AffineMap::get(space.kinds.size(), 0, exprs, getContext());
  };
  space.operands = {map(ofLhs), map(ofRhs)};
  space.results = {map(result)};
  return space;
}

int64_t DotGeneralOp::getFlops() {
  return 2 * defaultFlops(getIterationSpace());
}

//===- gradient ----------------------------------------------------------===//

namespace {
/// One operand seen from its gradient: its dims by role, and where its free
/// dims stand in the result.
struct GradientSide {
  Value value;
  DotSide dims;
  SmallVector<int64_t> freeInResult;
};
} // namespace

static Value makeDot(GradientBuilder &b, Value lhs, Value rhs,
                     ArrayRef<int64_t> lhsBatch, ArrayRef<int64_t> rhsBatch,
                     ArrayRef<int64_t> lhsContract,
                     ArrayRef<int64_t> rhsContract) {
  SmallVector<NamedAttribute> attrs;
  if (!lhsBatch.empty())
    attrs = {b.dims("lhs_batch", lhsBatch), b.dims("rhs_batch", rhsBatch)};
  attrs.append({b.dims("lhs_contract", lhsContract),
                b.dims("rhs_contract", rhsContract)});
  return b.make<DotGeneralOp>({lhs, rhs}, attrs);
}

/// The gradient of `of`: dy contracted with the other operand over the other's
/// free dims. `dot dy, other` has the dims batch, free, contracted of `of` and
/// `dot other, dy` batch, contracted, free; whichever is the order in `of` is
/// taken, or the second and a transpose.
static Value gradientOf(GradientBuilder &b, Value dy, const GradientSide &of,
                        const GradientSide &other) {
  SmallVector<int64_t> batchInResult =
      llvm::to_vector(llvm::seq<int64_t>(of.dims.batch.size()));
  // What is left of `other` after contracting, as dims of `of`.
  SmallVector<int64_t> order(other.dims.contract), contracted;
  llvm::sort(order);
  for (int64_t d : order)
    contracted.push_back(of.dims.contract[llvm::find(other.dims.contract, d) -
                                          other.dims.contract.begin()]);
  SmallVector<int64_t> dyFirst(of.dims.batch), otherFirst(of.dims.batch);
  llvm::append_range(dyFirst, of.dims.free);
  llvm::append_range(dyFirst, contracted);
  llvm::append_range(otherFirst, contracted);
  llvm::append_range(otherFirst, of.dims.free);
  if (llvm::is_sorted(dyFirst))
    return makeDot(b, dy, other.value, batchInResult, other.dims.batch,
                   other.freeInResult, other.dims.free);
  Value gradient = makeDot(b, other.value, dy, other.dims.batch, batchInResult,
                           other.dims.free, other.freeInResult);
  if (llvm::is_sorted(otherFirst))
    return gradient;
  SmallVector<int64_t> perm(otherFirst.size());
  for (auto [i, d] : llvm::enumerate(otherFirst))
    perm[d] = i;
  return b.make<TransposeOp>({gradient}, b.dims("perm", perm));
}

LogicalResult DotGeneralOp::buildGradient(GradientBuilder &b,
                                          ValueRange cotangents,
                                          Gradients &operands) {
  auto rank = [](Value v) {
    return cast<RankedTensorType>(v.getType()).getRank();
  };
  GradientSide lhs{
      getLhs(),
      makeSide(rank(getLhs()), getLhsBatchDims(), getLhsContract()),
      {}};
  GradientSide rhs{
      getRhs(),
      makeSide(rank(getRhs()), getRhsBatchDims(), getRhsContract()),
      {}};
  int64_t next = getLhsBatchDims().size();
  for (GradientSide *side : {&lhs, &rhs})
    for (size_t i = 0; i < side->dims.free.size(); ++i)
      side->freeInResult.push_back(next++);
  if (b.wants(0))
    operands[0] = gradientOf(b, cotangents[0], lhs, rhs);
  if (b.wants(1))
    operands[1] = gradientOf(b, cotangents[0], rhs, lhs);
  return success();
}
