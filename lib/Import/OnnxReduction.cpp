// SPDX-License-Identifier: Apache-2.0
//===- OnnxReduction.cpp - Reduce*, Arg*, CumSum, global pools ------------===//
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

//===- positions, running sums --------------------------------------------===//

/// The first (or last) place of the extreme element, with a dim of size 1.
static Val extremePlace(NodeBuilder &b, const Val &x, int64_t axis,
                        bool wantsLast) {
  Val extreme = b.reduce(b.detail, x, axis, /*keepDims=*/true);
  Val hit = b.compare("eq", x, extreme);
  double beyond = wantsLast ? -1 : double(x.shape()[axis]);
  Val places = b.select(hit, b.iota(x.shape(), b.i64(), axis),
                        b.scalar(b.i64(), beyond));
  return b.reduce(wantsLast ? "max" : "min", places, axis, /*keepDims=*/true);
}

static Vals importArg(NodeBuilder &b) {
  Val x = b.input(0);
  auto axis = b.axis(b.getInt("axis", 0), x.rank());
  if (!axis)
    return {Val()};
  if (x.shape()[*axis] == 0)
    return {b.fail("dim " + Twine(*axis) + " of " + b.text(x.type) +
                   " has no elements")};
  Val place = extremePlace(b, x, *axis, b.getInt("select_last_index", 0));
  SmallVector<int64_t> shape(x.shape());
  shape[*axis] = 1;
  if (!b.getInt("keepdims", 1))
    shape.erase(shape.begin() + *axis);
  return {b.reshape(place, shape)};
}

/// 1 at the first maximum. Up to opset 12 the dims from `axis` on are one.
static Vals importHardmax(NodeBuilder &b) {
  Val x = b.input(0);
  auto axis = b.axis(b.getInt("axis", b.opset < 13 ? 1 : -1), x.rank());
  if (!axis)
    return {Val()};
  SmallVector<int64_t> shape(x.shape());
  if (b.opset < 13) {
    shape.assign({1, 1});
    for (auto [d, size] : llvm::enumerate(x.shape()))
      shape[int64_t(d) < *axis ? 0 : 1] *= size;
    axis = 1;
  }
  Val flat = b.reshape(x, shape);
  if (!flat)
    return {flat};
  Val place = extremePlace(b, flat, *axis, /*wantsLast=*/false);
  Val hot = b.compare("eq", place, b.iota(shape, b.i64(), *axis));
  return {b.reshape(b.convert(hot, x.element()), x.shape())};
}

/// Doubling: after k rounds element i is the sum of 2^k elements up to it.
static Vals importCumSum(NodeBuilder &b) {
  Val x = b.input(0);
  auto given = b.integer(1);
  auto axis = given ? b.axis(*given, x.rank()) : std::nullopt;
  if (!axis)
    return {Val()};
  int64_t n = x.shape()[*axis];
  bool reverse = b.getInt("reverse", 0);
  auto shifted = [&](const Val &v, int64_t by) {
    SmallVector<int64_t> lo(x.rank(), 0), hi(x.rank(), 0);
    (reverse ? hi : lo)[*axis] = by;
    Val kept =
        reverse ? b.sliceDim(v, *axis, by, n) : b.sliceDim(v, *axis, 0, n - by);
    return b.pad(kept, scalarOf(x.element(), 0), lo, hi);
  };
  if (b.getInt("exclusive", 0) && n > 0)
    x = shifted(x, 1);
  for (int64_t by = 1; x && by < n; by *= 2)
    x = b.binary("add", x, shifted(x, by));
  return {x};
}

ArrayRef<OpRow> mlir::mpt::import::getReductionRows() {
  static const OpRow rows[] = {
      {"ArgMax", importArg, "max"},
      {"ArgMin", importArg, "min"},
      {"CumSum", importCumSum},
      {"GlobalAveragePool", importGlobalPool, "mean"},
      {"GlobalMaxPool", importGlobalPool, "max"},
      {"Hardmax", importHardmax, "max"},
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
