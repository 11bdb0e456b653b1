// SPDX-License-Identifier: Apache-2.0
// Reductions and totals. Sums run in the element type over ascending indices of
// the operand: iterators stand in the operand's order, neighbours of one kind
// collapsed. What computes the operand element by element is fused into it.
#include "Expression.h"

using namespace mlir;
using namespace mlir::mpt;

/// The dims that the op keeps, in order.
static SmallVector<int64_t> getKept(ReduceOp op) {
  SmallVector<int64_t> kept;
  auto type = cast<RankedTensorType>(op.getInput().getType());
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (!llvm::is_contained(op.getAxes(), d))
      kept.push_back(d);
  return kept;
}

static LogicalResult lowerReduce(ReduceOp op, KernelTable &table,
                                 const LoweringMap &lowerings) {
  std::string kind = op.getKind().str();
  Expression e(cast<RankedTensorType>(op.getInput().getType()).getShape(),
               lowerings, isFused);
  bool fits = e.setRoot(op.getInput());
  assert(fits && "fusePointwise tried it");
  (void)fits;
  e.finish(getKept(op));
  op->setLoc(e.getLoc(op));
  Kernel k(table, op, "reduce_" + kind);
  e.addInputs(k);
  Value r = k.output(op.getResult(), e.getShape());
  k.fill(r, kind);
  k.compute(e.getInputs(), {e.at(k, r)},
            [&](Scalars &s, ValueRange in, ValueRange out) {
              return SmallVector<Value>{
                  s.combine(kind, out[0], e.evaluate(s, in))};
            });
  k.launch();
  return success();
}

static LogicalResult lowerSumSquares(SumSquaresOp op, KernelTable &table) {
  auto type = cast<RankedTensorType>(op.getInput().getType());
  Kernel k(table, op, "sum_squares");
  Value x = k.input(op.getInput(), {type.getNumElements()});
  Value r = k.output(op.getResult(), {});
  k.fill(r, "sum");
  k.compute({k.at(x, {0u})}, {k.at(r, ArrayRef<unsigned>())},
            [](Scalars &s, ValueRange in, ValueRange out) {
              return SmallVector<Value>{s.add(out[0], s.mul(in[0], in[0]))};
            });
  k.launch();
  return success();
}

/// Operand i goes to entry at[i] of zeros, on the first index of the axes
/// once[i] only.
static LogicalResult lowerTotals(TotalsOp op, KernelTable &table) {
  Kernel k(table, op, "totals");
  Type element = elementOf(op.getResult());
  int64_t width =
      cast<RankedTensorType>(op.getResult().getType()).getDimSize(0);
  SmallVector<Value> values, firsts;
  for (auto [i, operand] : llvm::enumerate(op.getInputs())) {
    values.push_back(k.scalar(operand));
    auto axes =
        op.getOnce() ? cast<ArrayAttr>((*op.getOnce())[i]) : ArrayAttr();
    firsts.push_back(axes && !axes.empty() ? k.isFirst(axes) : Value());
  }
  Value out = k.output(op.getResult(), {width});
  k.fill(out, "sum");
  Scalars s = k.scalars();
  for (auto [i, value] : llvm::enumerate(values)) {
    if (firsts[i])
      value = s.select(firsts[i], value, s.number(element, 0));
    int64_t at = op.getAt() ? (*op.getAt())[i] : i;
    Value index = arith::ConstantIndexOp::create(s.b, s.loc, at);
    k.set(out, tensor::InsertOp::create(s.b, s.loc, value, k.get(out), index));
  }
  k.launch();
  return success();
}

void mpt::addReductionLowerings(LoweringMap &map) {
  map.add<ReduceOp>([&map](ReduceOp op, KernelTable &table) {
    return lowerReduce(op, table, map);
  });
  map.add<SumSquaresOp>(lowerSumSquares);
  map.add<TotalsOp>(lowerTotals);
}
