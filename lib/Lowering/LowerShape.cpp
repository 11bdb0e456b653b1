// SPDX-License-Identifier: Apache-2.0
// Ops that move elements: each destination element is read from one place of an
// operand, by an affine map where there is one, else by tensor.extract at a
// clamped index. Dims that move together are collapsed. A reshape, and a
// transpose that moves only dims of size 1, is no kernel but another view.
// Refuses constants whose elements do not have the shape of the result.
#include "Lowerings.h"

using namespace mlir;
using namespace mlir::mpt;

static SmallVector<Value> copyBody(Scalars &, ValueRange in, ValueRange) {
  return {in[0]};
}

static LogicalResult lowerConstant(ConstantOp op, KernelTable &table) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  Kernel k(table, op, "constant");
  Shape shape = rowsShape(type);
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!dense || dense.isSplat()) {
    Value scalar = k.operand(op.getResult(), shape);
    k.fill(k.output(op.getResult(), shape), scalar);
  } else {
    if (dense.getType().getShape() != type.getShape())
      return op.emitOpError() << "has elements of type " << dense.getType()
                              << " for a result of type " << type;
    auto view = RankedTensorType::get(shape, type.getElementType());
    Value from = k.scalars().constant(dense.reshape(view));
    SmallVector<unsigned> dims = identityDims(shape.size());
    k.compute({k.at(from, dims)}, {k.at(k.output(op.getResult(), shape), dims)},
              copyBody);
  }
  k.launch();
  return success();
}

/// Whether the transpose moves only dims of size 1.
static bool isView(TransposeOp op) {
  auto from = cast<RankedTensorType>(op.getInput().getType());
  int64_t last = -1;
  for (int64_t d : op.getPerm()) {
    if (from.getDimSize(d) == 1)
      continue;
    if (d < last)
      return false;
    last = d;
  }
  return true;
}

static LogicalResult lowerTranspose(TransposeOp op, KernelTable &table,
                                    const LoweringMap &lowerings) {
  Operation *input = op.getInput().getDefiningOp();
  if (!isView(op) || (input && isFused(input)))
    return lowerPointwise(op, table, lowerings);
  OpBuilder b(op);
  Value view =
      ReshapeOp::create(b, op.getLoc(), op.getResult().getType(), op.getInput(),
                        nullptr, nullptr, nullptr, nullptr);
  op.getResult().replaceAllUsesWith(view);
  return success();
}

/// Reads element start + i * step along each dim.
static LogicalResult lowerStrided(Operation *op, KernelTable &table,
                                  StringRef stem, ArrayRef<int64_t> start,
                                  ArrayRef<int64_t> step) {
  Kernel k(table, op, stem);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<AffineExpr> exprs;
  for (auto [d, first, by] : llvm::enumerate(start, step))
    exprs.push_back(k.builder().getAffineDimExpr(d) * by + first);
  auto from = cast<RankedTensorType>(op->getOperand(0).getType());
  Value x = k.input(op->getOperand(0), from.getShape());
  Value out = k.output(op->getResult(0), type.getShape());
  k.compute({k.map(x, exprs)}, {k.at(out, identityDims(type.getRank()))},
            copyBody);
  k.launch();
  return success();
}

/// A dim that is only cut at its end would be read by a plain iterator, for
/// which linalg wants equal sizes: then elements are extracted one by one.
static LogicalResult lowerPrefix(SliceOp op, KernelTable &table) {
  Kernel k(table, op, "slice");
  auto from = cast<RankedTensorType>(op.getInput().getType());
  auto to = cast<RankedTensorType>(op.getResult().getType());
  Value x = k.input(op.getInput(), from.getShape());
  Value out = k.output(op.getResult(), to.getShape());
  auto read = [&](Scalars &s, ValueRange, ValueRange) {
    SmallVector<Value> indices;
    Type i64 = s.b.getI64Type();
    for (auto [d, start] : llvm::enumerate(op.getStart())) {
      Value step = s.number(i64, op.getStrideOf(d));
      Value at = s.mul(s.toI64(s.iterator(d)), step);
      indices.push_back(s.toIndex(s.add(at, s.number(i64, start))));
    }
    return SmallVector<Value>{s.extract(x, indices)};
  };
  k.compute({}, {k.at(out, identityDims(to.getRank()))}, read);
  k.launch();
  return success();
}

static LogicalResult lowerSlice(SliceOp op, KernelTable &table) {
  auto from = cast<RankedTensorType>(op.getInput().getType()).getShape();
  auto to = cast<RankedTensorType>(op.getResult().getType()).getShape();
  SmallVector<int64_t> step;
  bool isPrefix = false;
  for (auto [d, start] : llvm::enumerate(op.getStart())) {
    step.push_back(op.getStrideOf(d));
    isPrefix |= start == 0 && step.back() == 1 && from[d] != to[d];
  }
  if (isPrefix)
    return lowerPrefix(op, table);
  return lowerStrided(op, table, "slice", op.getStart(), step);
}

static LogicalResult lowerReverse(ReverseOp op, KernelTable &table) {
  auto type = cast<RankedTensorType>(op.getInput().getType());
  SmallVector<int64_t> start(type.getRank(), 0), step(type.getRank(), 1);
  for (int64_t axis : op.getAxes()) {
    start[axis] = type.getDimSize(axis) - 1;
    step[axis] = -1;
  }
  return lowerStrided(op, table, "reverse", start, step);
}

/// `at` clamped to [0, size), and whether it was inside.
static std::pair<Value, Value> clamp(Scalars &s, Value at, int64_t size) {
  Value zero = s.number(s.b.getI64Type(), 0);
  Value last = s.number(s.b.getI64Type(), size - 1);
  Value inside = s.both(s.compare("ge", at, zero), s.compare("le", at, last));
  return {s.toIndex(s.max(zero, s.min(at, last))), inside};
}

static LogicalResult lowerPad(PadOp op, KernelTable &table) {
  auto from = cast<RankedTensorType>(op.getInput().getType());
  auto to = cast<RankedTensorType>(op.getResult().getType());
  Kernel k(table, op, "pad");
  Value x = k.input(op.getInput(), from.getShape());
  Value value = k.scalars().constant(cast<TypedAttr>(op.getValue()));
  Value out = k.output(op.getResult(), to.getShape());
  auto make = [&](Scalars &s, ValueRange, ValueRange) {
    SmallVector<Value> indices;
    Value inside;
    Type i64 = s.b.getI64Type();
    for (unsigned d = 0; d < from.getRank(); ++d) {
      Value at = s.sub(s.toI64(s.iterator(d)), s.number(i64, op.getLo()[d]));
      Value aligned;
      if (int64_t pitch = op.getInteriorOf(d) + 1; pitch != 1) {
        Value by = s.number(i64, pitch);
        aligned = s.compare("eq", s.rem(at, by), s.number(i64, 0));
        at = s.div(at, by);
        // -1 / 2 is 0: aligned is false there, so the element is not used.
      }
      auto [index, in] = clamp(s, at, from.getDimSize(d));
      indices.push_back(index);
      for (Value test : {in, aligned})
        if (test)
          inside = inside ? s.both(inside, test) : test;
    }
    Value element = s.extract(x, indices);
    return SmallVector<Value>{inside ? s.select(inside, element, value)
                                     : element};
  };
  if (from.getNumElements() == 0)
    k.fill(out, value);
  else
    k.compute({}, {k.at(out, identityDims(to.getRank()))}, make);
  k.launch();
  return success();
}

static LogicalResult lowerConcat(ConcatOp op, KernelTable &table) {
  Kernel k(table, op, "concat");
  Shape shape = aroundAxis(op.getResult().getType(), op.getAxis());
  SmallVector<Value> parts;
  SmallVector<int64_t> sizes;
  for (Value input : op.getInputs()) {
    Shape part = aroundAxis(input.getType(), op.getAxis());
    sizes.push_back(part[1]);
    parts.push_back(part[1] ? k.input(input, part) : Value());
  }
  Value out = k.output(op.getResult(), shape);
  k.compute({}, {k.at(out, {0u, 1u, 2u})},
            [&](Scalars &s, ValueRange, ValueRange) {
              Value outer = s.iterator(0), inner = s.iterator(2);
              Value at = s.toI64(s.iterator(1)), element;
              int64_t begin = 0;
              for (auto [part, size] : llvm::zip_equal(parts, sizes)) {
                if (!part)
                  continue;
                Value local = s.sub(at, s.number(s.b.getI64Type(), begin));
                auto [index, inside] = clamp(s, local, size);
                Value here = s.extract(part, {outer, index, inner});
                element = element ? s.select(inside, here, element) : here;
                begin += size;
              }
              return SmallVector<Value>{element};
            });
  k.launch();
  return success();
}

void mpt::addShapeLowerings(LoweringMap &map) {
  map.add<ConstantOp>(lowerConstant);
  map.add<IotaOp>([&map](IotaOp op, KernelTable &table) {
    return lowerPointwise(op, table, map);
  });
  map.add<BroadcastOp>([&map](BroadcastOp op, KernelTable &table) {
    return lowerPointwise(op, table, map);
  });
  map.add<TransposeOp>([&map](TransposeOp op, KernelTable &table) {
    return lowerTranspose(op, table, map);
  });
  map.add<SliceOp>(lowerSlice);
  map.add<ReverseOp>(lowerReverse);
  map.add<PadOp>(lowerPad);
  map.add<ConcatOp>(lowerConcat);
}
