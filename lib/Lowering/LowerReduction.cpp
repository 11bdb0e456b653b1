// SPDX-License-Identifier: Apache-2.0
// Reductions and totals. Sums run in the element type over ascending indices of
// the operand: iterators stand in the operand's order, neighbours of one kind
// collapsed.
#include "Lowerings.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
/// Dims of an operand, neighbours that are kept or reduced alike collapsed.
struct ReducedShape {
  Shape operand, result;
  SmallVector<unsigned> kept;
};
} // namespace

static ReducedShape collapse(ArrayRef<int64_t> shape, ArrayRef<int64_t> axes) {
  ReducedShape collapsed;
  std::optional<bool> last;
  for (auto [d, size] : llvm::enumerate(shape)) {
    bool reduced = llvm::is_contained(axes, int64_t(d));
    if (last == reduced) {
      collapsed.operand.back() *= size;
    } else {
      if (!reduced)
        collapsed.kept.push_back(collapsed.operand.size());
      collapsed.operand.push_back(size);
    }
    last = reduced;
  }
  for (unsigned d : collapsed.kept)
    collapsed.result.push_back(collapsed.operand[d]);
  return collapsed;
}

static LogicalResult lowerReduce(ReduceOp op, KernelTable &table) {
  std::string kind = op.getKind().str();
  auto type = cast<RankedTensorType>(op.getInput().getType());
  ReducedShape shape = collapse(type.getShape(), op.getAxes());
  Kernel k(table, op, "reduce_" + kind);
  Value x = k.input(op.getInput(), shape.operand);
  Value r = k.output(op.getResult(), shape.result);
  k.fill(r, kind);
  k.compute({k.at(x, identityDims(shape.operand.size()))},
            {k.at(r, shape.kept)},
            [&](Scalars &s, ValueRange in, ValueRange out) {
              return SmallVector<Value>{s.combine(kind, out[0], in[0])};
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
  map.add<ReduceOp>(lowerReduce);
  map.add<SumSquaresOp>(lowerSumSquares);
  map.add<TotalsOp>(lowerTotals);
}
