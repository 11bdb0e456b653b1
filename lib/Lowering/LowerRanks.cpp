// SPDX-License-Identifier: Apache-2.0
// Ops whose result depends on the rank: its offset, extent or index is an i64
// of the launch, so one kernel serves all ranks.
#include "Lowerings.h"

using namespace mlir;
using namespace mlir::mpt;

static LogicalResult lowerMaskPad(MaskPadOp op, KernelTable &table) {
  Kernel k(table, op, stemOf(op));
  Shape shape = aroundAxis(op.getInput().getType(), op.getDim());
  Value x = k.input(op.getInput(), shape);
  Value extent = k.rankScalar(op.getExtent());
  Value pad = k.scalars().constant(cast<TypedAttr>(op.getValue()));
  Value out = k.output(op.getResult(), shape);
  k.compute({k.at(x, {0u, 1u, 2u})}, {k.at(out, {0u, 1u, 2u})},
            [&](Scalars &s, ValueRange in, ValueRange) {
              Value isIn = s.compare("lt", s.toI64(s.iterator(1)), extent);
              return SmallVector<Value>{s.select(isIn, in[0], pad)};
            });
  k.launch();
  return success();
}

/// Element i along the dim is element offset + i of the operand, 0 beyond it.
static LogicalResult lowerShardSlice(ShardSliceOp op, KernelTable &table) {
  int64_t size = op.getSize();
  Kernel k(table, op, stemOf(op));
  Type element = elementOf(op.getInput());
  Shape to = aroundAxis(op.getResult().getType(), op.getDim());
  Value x =
      k.input(op.getInput(), aroundAxis(op.getInput().getType(), op.getDim()));
  Value offset = k.shardOffset(op.getAxes(), size);
  Value out = k.output(op.getResult(), to);
  k.compute(
      {}, {k.at(out, {0u, 1u, 2u})}, [&](Scalars &s, ValueRange, ValueRange) {
        Value at = s.add(s.toI64(s.iterator(1)), offset);
        Value last = s.number(s.b.getI64Type(), size - 1);
        Value read = s.extract(
            x, {s.iterator(0), s.toIndex(s.min(at, last)), s.iterator(2)});
        return SmallVector<Value>{
            s.select(s.compare("le", at, last), read, s.number(element, 0))};
      });
  k.launch();
  return success();
}

static LogicalResult lowerMaskReplicas(MaskReplicasOp op, KernelTable &table) {
  Kernel k(table, op, stemOf(op));
  Shape shape = rowsShape(op.getInput().getType());
  SmallVector<unsigned> dims = identityDims(shape.size());
  Value x = k.operand(op.getInput(), shape);
  Value isFirst = k.isFirst(op.getAxes());
  Value out = k.output(op.getResult(), shape);
  k.compute({k.at(x, dims)}, {k.at(out, dims)},
            [&](Scalars &s, ValueRange in, ValueRange) {
              Value zero = s.number(in[0].getType(), 0);
              return SmallVector<Value>{s.select(isFirst, in[0], zero)};
            });
  k.launch();
  return success();
}

void mpt::addRankLowerings(LoweringMap &map) {
  map.add<MaskPadOp>(lowerMaskPad);
  map.add<ShardSliceOp>(lowerShardSlice);
  map.add<MaskReplicasOp>(lowerMaskReplicas);
}
