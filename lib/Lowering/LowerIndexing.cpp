// SPDX-License-Identifier: Apache-2.0
// take gathers rows in one parallel linalg.generic. scatter_rows adds updates
// in ascending order of tokens, one loop over them: rows of the table that
// several tokens name have a fixed order of sums. Rows outside of the table (of
// this rank's shard) read zeros and drop updates.
#include "Lowerings.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
/// The row of the operand that a token names, clamped, and whether it is one.
struct Row {
  Value index, inside;
};
} // namespace

static Row rowOf(Scalars &s, Value token, Value lo, int64_t numRows) {
  Value row = s.toI64(token);
  if (lo)
    row = s.sub(row, lo);
  Value zero = s.number(s.b.getI64Type(), 0);
  Value last = s.number(s.b.getI64Type(), numRows - 1);
  Value inside = s.both(s.compare("ge", row, zero), s.compare("le", row, last));
  return {s.toIndex(s.max(zero, s.min(row, last))), inside};
}

static LogicalResult lowerTake(TakeOp op, KernelTable &table) {
  Shape shape = aroundAxis(op.getTable().getType(), op.getAxis());
  int64_t tokens =
      cast<RankedTensorType>(op.getIndices().getType()).getNumElements();
  Type element = elementOf(op.getResult());
  // [tokens, inner] rows where nothing stands before the axis.
  bool flat = shape[0] == 1;
  Kernel k(table, op, "take");
  Value from = k.input(op.getTable(), shape);
  Value indices = k.input(op.getIndices(), {tokens});
  Value lo = op.getLo() ? k.rankScalar(op.getLo()) : Value();
  Value out = flat ? k.output(op.getResult(), {tokens, shape[2]})
                   : k.output(op.getResult(), {shape[0], tokens, shape[2]});
  unsigned token = flat ? 0 : 1;
  k.compute(
      {k.at(indices, {token})}, {k.at(out, identityDims(flat ? 2 : 3))},
      [&](Scalars &s, ValueRange in, ValueRange) {
        Row row = rowOf(s, in[0], lo, shape[1]);
        Value outer =
            flat ? arith::ConstantIndexOp::create(s.b, s.loc, 0).getResult()
                 : s.iterator(0);
        Value x = s.extract(from, {outer, row.index, s.iterator(token + 1)});
        return SmallVector<Value>{
            s.select(row.inside, x, s.number(element, 0))};
      });
  k.launch();
  return success();
}

/// for outer, token, column: to[outer, row, column] += updates[outer, token,
/// column], no columns where the token names no row.
static Value addRows(Scalars s, Value to, Value indices, Value updates,
                     Value lo, ArrayRef<int64_t> shape, int64_t tokens) {
  auto number = [&](int64_t n) -> Value {
    return arith::ConstantIndexOp::create(s.b, s.loc, n);
  };
  // `s.b` stands inside of the loop while its body is built.
  auto loop = [&](Value end, Value init, auto body) -> Value {
    return scf::ForOp::create(
               s.b, s.loc, number(0), end, number(1), ValueRange(init),
               [&](OpBuilder &, Location, Value i, ValueRange args) {
                 scf::YieldOp::create(s.b, s.loc, body(i, args.front()));
               })
        .getResult(0);
  };
  return loop(number(shape[0]), to, [&](Value outer, Value to) {
    return loop(number(tokens), to, [&](Value token, Value to) {
      Row row = rowOf(s, s.extract(indices, token), lo, shape[1]);
      Value columns = s.select(row.inside, number(shape[2]), number(0));
      return loop(columns, to, [&](Value column, Value to) -> Value {
        Value sum = s.add(s.extract(to, {outer, row.index, column}),
                          s.extract(updates, {outer, token, column}));
        return tensor::InsertOp::create(s.b, s.loc, sum, to,
                                        ValueRange{outer, row.index, column});
      });
    });
  });
}

static LogicalResult lowerScatterRows(ScatterRowsOp op, KernelTable &table) {
  Shape shape = aroundAxis(op.getBase().getType(), op.getAxis());
  int64_t tokens =
      cast<RankedTensorType>(op.getIndices().getType()).getNumElements();
  Kernel k(table, op, "scatter_rows");
  Value indices = k.input(op.getIndices(), {tokens});
  Value updates = k.input(op.getUpdates(), {shape[0], tokens, shape[2]});
  Value lo = op.getLo() ? k.rankScalar(op.getLo()) : Value();
  Value to = k.inPlace(op.getResult(), op.getBase(), shape);
  k.set(to,
        addRows(k.scalars(), k.get(to), indices, updates, lo, shape, tokens));
  k.launch();
  return success();
}

void mpt::addIndexingLowerings(LoweringMap &map) {
  map.add<TakeOp>(lowerTake);
  map.add<ScatterRowsOp>(lowerScatterRows);
}
