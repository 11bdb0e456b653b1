// SPDX-License-Identifier: Apache-2.0
//
// Pads: positions of a local buffer past this rank's extent. What they hold is
// unspecified (not even finite), so an op that reduces over them must read its
// identity there: every operand dim that is cut unevenly and holds a factor
// with a pad identity goes through mask_pad, unless the operand is known to
// hold it.
//
// Worked example, hidden 7 over tp=2, `dot_general %e, %w contract [1] x [0]`:
// both operands are masked with 0 in their contracted dim (bound 4, extents 4
// and 3), for 0 * NaN is not 0.
//
// A dim with time axes holds all micro-batches, each padded to its bound: it is
// seen as two dims while it is masked.
//
#include "Localize.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::mpt;
using namespace ::mpt::sharding;

static bool isZero(Attribute value) {
  if (auto f = dyn_cast<FloatAttr>(value))
    return f.getValue().isPosZero();
  auto i = dyn_cast<IntegerAttr>(value);
  return i && i.getValue().isZero();
}

/// Whether the pads of the dim hold `identity` whatever the rank.
static bool holdsIdentity(Value value, unsigned dim, ArrayAttr axes,
                          Attribute identity) {
  while (auto mask = value.getDefiningOp<MaskPadOp>()) {
    if (mask.getValue() != identity)
      return false;
    if (mask.getDim() == dim)
      return true;
    value = mask.getInput();
  }
  if (!isZero(identity))
    return false;
  if (auto constant = value.getDefiningOp<ConstantOp>())
    return isZero(constant.getValue());
  auto slice = value.getDefiningOp<ShardSliceOp>();
  return slice && slice.getDim() == dim && slice.getAxes() == axes;
}

static Value reshapeTo(LocalTask &task, Operation *op, Value value,
                       ArrayRef<int64_t> shape) {
  Type element = cast<RankedTensorType>(value.getType()).getElementType();
  return task.build<ReshapeOp>(op, RankedTensorType::get(shape, element), value)
      .getResult();
}

static Value maskDim(LocalTask &task, Operation *op, Value value, unsigned dim,
                     const DimCut &cut, TypedAttr identity) {
  Value extent = task.getExtent(op, cut.device, cut.size);
  SmallVector<int64_t> shape(
      cast<RankedTensorType>(value.getType()).getShape());
  unsigned at = dim;
  if (cut.steps > 1) {
    SmallVector<int64_t> perStep(shape);
    perStep[dim] /= cut.steps;
    perStep.insert(perStep.begin() + dim, cut.steps);
    value = reshapeTo(task, op, value, perStep);
    ++at;
  }
  value = task.build<MaskPadOp>(
                  op, value.getType(), {value, extent},
                  {task.attr("dim", at), task.attr("value", identity)})
              .getResult();
  return cut.steps > 1 ? reshapeTo(task, op, value, shape) : value;
}

/// Rows of a table that pads would stand for have no index.
static bool readsNoPads(Operation *op, unsigned operand, const DimCut &cut) {
  return isa<TakeOp>(op) && operand == 0 &&
         padsPastEnd(cut.size, getSizes(cut.device));
}

SmallVector<Value> mlir::mpt::maskOperands(LocalTask &task,
                                           ComputeOpInterface op) {
  SmallVector<Value> operands = task.lookup(op->getOperands());
  ShardingRule rule = op.getShardingRule();
  for (auto [i, value] : llvm::enumerate(operands)) {
    Type type = op->getOperand(i).getType();
    for (auto [dim, factors] : llvm::enumerate(rule.operands[i])) {
      DimCut cut = task.cutOf(type, dim);
      if (cut.isEven() || readsNoPads(op, i, cut))
        continue;
      for (unsigned factor : factors) {
        TypedAttr identity = op.getPadIdentity(i, factor);
        if (!identity ||
            holdsIdentity(value, dim, task.namesOf(cut.device), identity))
          continue;
        Value &masked = task.masked[{value.getAsOpaquePointer(), int64_t(dim),
                                     identity.getAsOpaquePointer()}];
        if (!masked)
          masked = maskDim(task, op, value, dim, cut, identity);
        value = masked;
      }
    }
  }
  return operands;
}
