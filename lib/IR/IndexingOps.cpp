// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"

using namespace mlir;
using namespace mlir::mpt;

static RankedTensorType tensorOf(Value v) {
  return cast<RankedTensorType>(v.getType());
}

/// Shape of take: table dims before axis, index dims, table dims after.
static SmallVector<int64_t> takenShape(RankedTensorType table,
                                       RankedTensorType indices, int64_t axis) {
  SmallVector<int64_t> shape(table.getShape().take_front(axis));
  llvm::append_range(shape, indices.getShape());
  llvm::append_range(shape, table.getShape().drop_front(axis + 1));
  return shape;
}

static LogicalResult checkIndices(std::optional<Location> loc,
                                  RankedTensorType table,
                                  RankedTensorType indices, int64_t axis) {
  if (axis < 0 || axis >= table.getRank())
    return emitOptionalError(loc, "axis ", axis, " is out of range for ",
                             table);
  if (!indices.getElementType().isInteger())
    return emitOptionalError(loc, "indices must be integers, found ", indices);
  return success();
}

LogicalResult
TakeOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                         ValueRange operands, DictionaryAttr attrs,
                         OpaqueProperties properties, RegionRange regions,
                         SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  RankedTensorType table = tensorOf(op.getTable());
  RankedTensorType indices = tensorOf(op.getIndices());
  if (failed(checkIndices(loc, table, indices, op.getAxis())))
    return failure();
  types.push_back(RankedTensorType::get(
      takenShape(table, indices, op.getAxis()), table.getElementType()));
  return success();
}

namespace {
/// The maps that take and its adjoint share: result dims parallel, then the
/// row.
struct TakeMaps {
  AffineMap table, indices, taken, scalar;
};
} // namespace

static TakeMaps makeMaps(RankedTensorType table, RankedTensorType indices,
                         int64_t axis, IterationSpace &space, IterKind token,
                         IterKind row) {
  MLIRContext *ctx = table.getContext();
  SmallVector<unsigned> ofTable, ofIndices, ofTaken;
  auto add = [&](IterKind kind, int64_t size) {
    return space.addIterator(kind, size,
                             kind == IterKind::Reduction ? "sum" : "");
  };
  for (int64_t d = 0; d < axis; ++d)
    ofTable.push_back(add(IterKind::Parallel, table.getDimSize(d)));
  ofTaken = ofTable;
  for (int64_t size : indices.getShape())
    ofIndices.push_back(add(token, size));
  llvm::append_range(ofTaken, ofIndices);
  ofTable.push_back(0);
  for (int64_t d = axis + 1; d < table.getRank(); ++d) {
    ofTable.push_back(add(IterKind::Parallel, table.getDimSize(d)));
    ofTaken.push_back(ofTable.back());
  }
  ofTable[axis] = add(row, table.getDimSize(axis));
  auto map = [&](ArrayRef<unsigned> dims) {
    SmallVector<AffineExpr> exprs;
    for (unsigned d : dims)
      exprs.push_back(getAffineDimExpr(d, ctx));
    return AffineMap::get(space.kinds.size(), 0, exprs, ctx);
  };
  return {map(ofTable), map(ofIndices), map(ofTaken), map({})};
}

IterationSpace TakeOp::getIterationSpace() {
  IterationSpace space;
  TakeMaps maps =
      makeMaps(tensorOf(getTable()), tensorOf(getIndices()), getAxis(), space,
               IterKind::Parallel, IterKind::Reduction);
  space.operands = {maps.table, maps.indices};
  if (getLo())
    space.operands.push_back(maps.scalar);
  space.results = {maps.taken};
  return space;
}

LogicalResult ScatterRowsOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> loc, ValueRange operands,
    DictionaryAttr attrs, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  RankedTensorType base = withoutEncoding(op.getBase().getType());
  RankedTensorType indices = tensorOf(op.getIndices());
  RankedTensorType updates = tensorOf(op.getUpdates());
  if (failed(checkIndices(loc, base, indices, op.getAxis())))
    return failure();
  if (op.getKind() != "add")
    return emitOptionalError(loc, "unknown kind '", op.getKind(),
                             "'; expected add");
  SmallVector<int64_t> expected = takenShape(base, indices, op.getAxis());
  if (updates.getShape() != ArrayRef(expected))
    return emitOptionalError(loc, "updates have type ", updates,
                             ", expected the shape that take gives");
  types.push_back(base);
  return success();
}

IterationSpace ScatterRowsOp::getIterationSpace() {
  IterationSpace space;
  TakeMaps maps =
      makeMaps(tensorOf(getBase()), tensorOf(getIndices()), getAxis(), space,
               IterKind::Reduction, IterKind::Parallel);
  space.operands = {maps.table, maps.indices, maps.taken};
  if (getLo())
    space.operands.push_back(maps.scalar);
  space.results = {maps.table};
  return space;
}

//===- gradients ---------------------------------------------------------===//

LogicalResult TakeOp::buildGradient(GradientBuilder &b, ValueRange cotangents,
                                    Gradients &operands) {
  Value zero = b.splat(getTable().getType(), 0.0);
  SmallVector<Value> inputs = {zero, getIndices(), cotangents[0]};
  if (getLo())
    inputs.push_back(getLo());
  operands[0] = b.make<ScatterRowsOp>(
      inputs, {b.text("kind", "add"), b.getNamedAttr("axis", getAxisAttr())});
  return success();
}

LogicalResult ScatterRowsOp::buildGradient(GradientBuilder &b,
                                           ValueRange cotangents,
                                           Gradients &operands) {
  operands[0] = cotangents[0];
  if (!b.wants(2))
    return success();
  SmallVector<Value> inputs = {cotangents[0], getIndices()};
  if (getLo())
    inputs.push_back(getLo());
  operands[2] = b.make<TakeOp>(inputs, b.getNamedAttr("axis", getAxisAttr()));
  return success();
}

// Rows are fetched or added, not searched for: one operation per element.
int64_t TakeOp::getFlops() { return tensorOf(getResult()).getNumElements(); }
int64_t ScatterRowsOp::getFlops() {
  return tensorOf(getUpdates()).getNumElements();
}
