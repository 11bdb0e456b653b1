// SPDX-License-Identifier: Apache-2.0
//===- OnnxReduction.cpp - Reduce*, global pools --------------------------===//
//
// Core reductions drop the reduced dims; `keepdims` is a reshape after.
// `detail` of a row is what stands around the reduction: "mean", "l2", ... .
//
//===----------------------------------------------------------------------===//
#include "NodeBuilder.h"

using namespace mlir;
using namespace mlir::mpt::import;

static int64_t extent(const Val &x, ArrayRef<int64_t> axes) {
  int64_t n = 1;
  for (int64_t d : axes)
    n *= x.shape()[d];
  return n;
}

/// log(sum(e^x)), shifted by the maximum (by 0 where that is infinite).
static Val logSumExp(NodeBuilder &b, const Val &x, ArrayRef<int64_t> axes) {
  Val max = b.reduce("max", x, axes, /*keepDims=*/true);
  Val shift = b.select(b.unary("is_finite", max), max, b.scalarLike(x, 0));
  Val sum = b.reduce("sum", b.unary("exp", b.binary("sub", x, shift)), axes,
                     /*keepDims=*/true);
  return b.binary("add", b.unary("log", sum), shift);
}

/// Of any reduction, with or without the reduced dims.
static Val reduceAs(NodeBuilder &b, StringRef what, const Val &x,
                    ArrayRef<int64_t> axes) {
  auto sum = [&](const Val &v) {
    return b.reduce("sum", v, axes, /*keepDims=*/false);
  };
  if (what == "mean") {
    Val total = sum(x);
    return b.binary("div", total, b.scalarLike(total, extent(x, axes)));
  }
  if (what == "l1")
    return sum(b.unary("abs", x));
  if (what == "l2")
    return b.unary("sqrt", sum(b.binary("mul", x, x)));
  if (what == "sum_square")
    return sum(b.binary("mul", x, x));
  if (what == "log_sum")
    return b.unary("log", sum(x));
  if (what == "log_sum_exp")
    return logSumExp(b, x, axes);
  bool isExtremum = what == "max" || what == "min";
  if (isExtremum && x.element().isInteger(1))
    what = what == "max" ? "or" : "and";
  return b.reduce(what, x, axes, /*keepDims=*/false);
}

static Val reduceTo(NodeBuilder &b, const Val &x, ArrayRef<int64_t> axes,
                    bool keepDims) {
  SmallVector<int64_t> shape;
  for (auto [d, size] : llvm::enumerate(x.shape())) {
    bool reduced = llvm::is_contained(axes, int64_t(d));
    if (!reduced || keepDims)
      shape.push_back(reduced ? 1 : size);
  }
  return b.reshape(reduceAs(b, b.detail, x, axes), shape);
}

/// `axes` is an attribute, or an input (ReduceSum from 13, the others from 18).
static Vals importReduce(NodeBuilder &b) {
  Val x = b.input(0);
  SmallVector<int64_t> given;
  if (auto attribute = b.getInts("axes")) {
    given = *attribute;
  } else if (b.has(1)) {
    auto input = b.ints(1);
    if (!input)
      return {Val()};
    given = *input;
  }
  if (given.empty() && !b.getInt("noop_with_empty_axes", 0))
    given = llvm::to_vector(llvm::seq<int64_t>(0, x.rank()));
  auto axes = b.axes(given, x.rank());
  if (!axes)
    return {Val()};
  return {reduceTo(b, x, *axes, b.getInt("keepdims", 1))};
}

static Vals importGlobalPool(NodeBuilder &b) {
  Val x = b.input(0);
  if (x.rank() < 3)
    return {b.fail("input has type " + b.text(x.type) +
                   ", expected batch, channels and spatial dims")};
  auto axes = llvm::to_vector(llvm::seq<int64_t>(2, x.rank()));
  return {reduceTo(b, x, axes, /*keepDims=*/true)};
}

ArrayRef<OpRow> mlir::mpt::import::getReductionRows() {
  static const OpRow rows[] = {
      {"GlobalAveragePool", importGlobalPool, "mean"},
      {"GlobalMaxPool", importGlobalPool, "max"},
      {"ReduceL1", importReduce, "l1"},
      {"ReduceL2", importReduce, "l2"},
      {"ReduceLogSum", importReduce, "log_sum"},
      {"ReduceLogSumExp", importReduce, "log_sum_exp"},
      {"ReduceMax", importReduce, "max"},
      {"ReduceMean", importReduce, "mean"},
      {"ReduceMin", importReduce, "min"},
      {"ReduceProd", importReduce, "prod"},
      {"ReduceSum", importReduce, "sum"},
      {"ReduceSumSquare", importReduce, "sum_square"},
  };
  return rows;
}
