// SPDX-License-Identifier: Apache-2.0
//===- OnnxNeural.cpp - operators that stay whole -------------------------===//
//
// Softmax and the norms become composites of the dialect, since sharding and
// differentiation know more about them whole.
//
//===----------------------------------------------------------------------===//
#include "NodeBuilder.h"

using namespace mlir;
using namespace mlir::mpt::import;

/// Up to opset 12 the dims from `axis` on are one.
static Vals importSoftmax(NodeBuilder &b) {
  Val x = b.input(0);
  bool flattens = b.opset < 13;
  auto axis = b.axis(b.getInt("axis", flattens ? 1 : -1), x.rank());
  if (!axis)
    return {Val()};
  if (!flattens || *axis == x.rank() - 1)
    return b.build(b.detail, x, x.type, b.attr("axis", *axis));
  SmallVector<int64_t> shape(x.shape().take_front(*axis));
  shape.push_back(1);
  for (int64_t size : x.shape().drop_front(*axis))
    shape.back() *= size;
  Val flat = b.reshape(x, shape);
  Val result = b.build(b.detail, flat, flat.type, b.attr("axis", *axis))[0];
  return {b.reshape(result, x.shape())};
}

/// A scale or bias in the shape of the normalised dims.
static Val perElement(NodeBuilder &b, const Val &v, const Val &x,
                      int64_t axis) {
  ArrayRef<int64_t> dims = x.shape().drop_front(axis);
  if (v.element() != x.element())
    return b.fail("a scale or bias has type " + b.text(v.type) +
                      ", the input has " + b.text(x.type),
                  "cast one of them");
  SmallVector<int64_t> shape(v.shape());
  while (shape.size() > dims.size() && shape.front() == 1)
    shape.erase(shape.begin());
  if (shape.size() > dims.size())
    return b.fail("a scale or bias of shape " + b.text(v.shape()) +
                  " does not broadcast to the normalised dims " + b.text(dims));
  return b.broadcastTo(b.reshape(v, shape), dims);
}

/// Statistics in ONNX's shape: the normalised dims have size 1.
static Val withOnes(NodeBuilder &b, const Val &statistic, int64_t rank) {
  if (!statistic)
    return statistic;
  SmallVector<int64_t> shape(statistic.shape());
  shape.resize(rank, 1);
  return b.reshape(statistic, shape);
}

static Vals importLayerNorm(NodeBuilder &b) {
  Val x = b.input(0);
  auto axis = b.axis(b.getInt("axis", -1), x.rank());
  if (!axis)
    return {Val()};
  Val scale = perElement(b, b.input(1), x, *axis);
  Val bias = b.has(2)
                 ? perElement(b, b.input(2), x, *axis)
                 : b.fill(x.shape().drop_front(*axis), x.element(), real(0));
  auto statistic = b.typeOf(x.shape().take_front(*axis), x.element());
  Vals out = b.build(
      "layer_norm", {x, scale, bias}, {x.type, statistic, statistic},
      {b.attr("axis", *axis), b.attr("eps", b.getFloat("epsilon", 1e-5))});
  for (size_t i : {1, 2})
    out[i] = b.node.hasOutput(i) ? withOnes(b, out[i], x.rank()) : Val();
  return out;
}

static Vals importRmsNorm(NodeBuilder &b) {
  Val x = b.input(0);
  auto axis = b.axis(b.getInt("axis", -1), x.rank());
  if (!axis)
    return {Val()};
  Val scale = perElement(b, b.input(1), x, *axis);
  auto statistic = b.typeOf(x.shape().take_front(*axis), x.element());
  Vals out = b.build(
      "rms_norm", {x, scale}, {x.type, statistic},
      {b.attr("axis", *axis), b.attr("eps", b.getFloat("epsilon", 1e-5))});
  return {out[0]};
}

ArrayRef<OpRow> mlir::mpt::import::getNeuralRows() {
  static const OpRow rows[] = {
      {"LayerNormalization", importLayerNorm},
      {"LogSoftmax", importSoftmax, "log_softmax"},
      {"RMSNormalization", importRmsNorm},
      {"Softmax", importSoftmax, "softmax"},
  };
  return rows;
}
