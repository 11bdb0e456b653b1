// SPDX-License-Identifier: Apache-2.0
// Defaults of the facets (see Facets.h).
#include "mpt/IR/Mpt.h"

using namespace mlir;
using namespace mlir::mpt;

unsigned IterationSpace::addIterator(IterKind kind, int64_t size,
                                     Monoid monoid) {
  kinds.push_back(kind);
  monoids.push_back(monoid);
  sizes.push_back(size);
  return kinds.size() - 1;
}

ShardingRule mpt::deriveShardingRule(const IterationSpace &space) {
  ShardingRule rule;
  for (size_t i = 0; i < space.kinds.size(); ++i)
    rule.factors.push_back({space.sizes[i], space.kinds[i], space.monoids[i]});
  auto convert = [](ArrayRef<AffineMap> maps) {
    SmallVector<SmallVector<DimFactors>> values;
    for (AffineMap map : maps) {
      auto &dims = values.emplace_back();
      for (AffineExpr expr : map.getResults()) {
        auto &factors = dims.emplace_back();
        if (auto dim = dyn_cast<AffineDimExpr>(expr))
          factors.push_back(dim.getPosition());
      }
    }
    return values;
  };
  rule.operands = convert(space.operands);
  rule.results = convert(space.results);
  rule.partialResults = space.partialResults;
  return rule;
}

IterationSpace mpt::elementwiseSpace(Operation *op) {
  IterationSpace space;
  Type shapeOf = op->getNumResults() ? op->getResult(0).getType()
                                     : op->getOperand(0).getType();
  ArrayRef<int64_t> shape = cast<RankedTensorType>(shapeOf).getShape();
  for (int64_t size : shape)
    space.addIterator(IterKind::Parallel, size);
  MLIRContext *ctx = op->getContext();
  auto map = [&](Type type) {
    return cast<RankedTensorType>(type).getRank() == 0
               ? AffineMap::get(shape.size(), 0, ctx)
               : AffineMap::getMultiDimIdentityMap(shape.size(), ctx);
  };
  for (Type type : op->getOperandTypes())
    space.operands.push_back(map(type));
  for (Type type : op->getResultTypes())
    space.results.push_back(map(type));
  return space;
}

static TypedAttr identityOf(Type element, Monoid monoid) {
  Builder b(element.getContext());
  bool isMax = monoid == "max";
  if (monoid == "sum")
    return cast<TypedAttr>(b.getZeroAttr(element));
  if (auto integer = dyn_cast<IntegerType>(element)) {
    unsigned width = integer.getWidth();
    // i1 is unsigned: false < true.
    APInt value = width == 1 ? APInt(1, isMax ? 0 : 1)
                  : isMax    ? APInt::getSignedMinValue(width)
                             : APInt::getSignedMaxValue(width);
    return b.getIntegerAttr(element, value);
  }
  auto floatType = cast<FloatType>(element);
  return b.getFloatAttr(element, APFloat::getInf(floatType.getFloatSemantics(),
                                                 /*Negative=*/isMax));
}

TypedAttr mpt::defaultPadIdentity(Operation *op, unsigned operand,
                                  unsigned factor) {
  ShardingRule rule = cast<ComputeOpInterface>(op).getShardingRule();
  const ShardingFactor &f = rule.factors[factor];
  bool holds = llvm::any_of(rule.operands[operand], [&](const DimFactors &d) {
    return llvm::is_contained(d, factor);
  });
  if (!holds || f.kind != IterKind::Reduction)
    return {};
  Type element = cast<RankedTensorType>(op->getOperand(operand).getType())
                     .getElementType();
  return identityOf(element, f.monoid);
}

int64_t mpt::defaultFlops(const IterationSpace &space) {
  int64_t flops = 1;
  for (int64_t size : space.sizes)
    flops *= size;
  return flops;
}

RankedTensorType mpt::withoutEncoding(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), tensor.getElementType());
}

bool mpt::sameShapesAndElements(TypeRange l, TypeRange r) {
  if (l.size() != r.size())
    return false;
  for (auto [a, b] : llvm::zip(l, r)) {
    auto x = dyn_cast<RankedTensorType>(a), y = dyn_cast<RankedTensorType>(b);
    if (!x || !y || x.getShape() != y.getShape() ||
        x.getElementType() != y.getElementType())
      return false;
  }
  return true;
}

LogicalResult mpt::inferSameType(MLIRContext *, std::optional<Location> loc,
                                 ValueRange operands,
                                 SmallVectorImpl<Type> &types) {
  if (operands.empty())
    return emitOptionalError(loc, "expected at least one operand");
  RankedTensorType first = withoutEncoding(operands.front().getType());
  for (Value operand : operands.drop_front())
    if (withoutEncoding(operand.getType()) != first)
      return emitOptionalError(loc, "operands differ: ", first, " and ",
                               withoutEncoding(operand.getType()));
  types.push_back(first);
  return success();
}

LogicalResult mpt::inferBoolType(MLIRContext *ctx, std::optional<Location> loc,
                                 ValueRange operands,
                                 SmallVectorImpl<Type> &types) {
  if (failed(inferSameType(ctx, loc, operands, types)))
    return failure();
  auto type = cast<RankedTensorType>(types.back());
  types.back() =
      RankedTensorType::get(type.getShape(), IntegerType::get(ctx, 1));
  return success();
}

LogicalResult mpt::inferSelectType(MLIRContext *ctx,
                                   std::optional<Location> loc,
                                   ValueRange operands,
                                   SmallVectorImpl<Type> &types) {
  return inferSameType(ctx, loc, operands.drop_front(), types);
}

void ProgramBuilder::notifyOperationInserted(Operation *op, InsertPoint) {
  if (nextId)
    op->setAttr("id", getI64IntegerAttr((*nextId)++));
  annotate(op);
}

Value ProgramBuilder::splat(Type type, double value) {
  Type element = cast<RankedTensorType>(type).getElementType();
  TypedAttr attr = isa<FloatType>(element)
                       ? TypedAttr(getFloatAttr(element, value))
                       : TypedAttr(getIntegerAttr(element, int64_t(value)));
  return makeAs<ConstantOp>(type, {}, getNamedAttr("value", attr));
}
