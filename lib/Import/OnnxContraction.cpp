// SPDX-License-Identifier: Apache-2.0
//===- OnnxContraction.cpp - MatMul, Gemm ---------------------------------===//
//
// Everything becomes mpt.dot_general. A transposed operand is a choice of dims,
// not a copy; weights stay in the layout of the file.
//
//===----------------------------------------------------------------------===//
#include "NodeBuilder.h"

using namespace mlir;
using namespace mlir::mpt::import;

static bool allOnes(ArrayRef<int64_t> shape) {
  return llvm::all_of(shape, [](int64_t size) { return size == 1; });
}

/// Batches of both sides: broadcast to the common shape, then pairwise.
static Val batchedMatMul(NodeBuilder &b, const Val &x, const Val &y) {
  auto batch = b.commonShape(x.shape().drop_back(2), y.shape().drop_back(2));
  if (!batch)
    return Val();
  auto expand = [&](const Val &v) {
    SmallVector<int64_t> shape(*batch);
    llvm::append_range(shape, v.shape().take_back(2));
    return b.broadcastTo(v, shape);
  };
  int64_t n = batch->size();
  SmallVector<int64_t> dims = llvm::to_vector(llvm::seq<int64_t>(0, n));
  return b.dot(expand(x), expand(y), {dims, dims, {n + 1}, {n}});
}

static Vals importMatMul(NodeBuilder &b) {
  Val x = b.input(0), y = b.input(1);
  if (x.rank() == 0 || y.rank() == 0)
    return {b.fail("operands have types " + b.text(x.type) + " and " +
                   b.text(y.type) + ", expected at least one dim each")};
  int64_t rows = std::max<int64_t>(y.rank() - 2, 0);
  if (x.rank() == 1 || y.rank() == 1)
    return {b.dot(x, y, {{}, {}, {x.rank() - 1}, {rows}})};
  if (y.rank() > 2 && allOnes(y.shape().drop_back(2)) && y.rank() <= x.rank())
    y = b.reshape(y, y.shape().take_back(2));
  if (y && y.rank() == 2)
    return {b.dot(x, y, {{}, {}, {x.rank() - 1}, {0}})};
  return {y ? batchedMatMul(b, x, y) : Val()};
}

static Vals importGemm(NodeBuilder &b) {
  Val x = b.input(0), y = b.input(1), c = b.input(2);
  if (x.rank() != 2 || y.rank() != 2)
    return {b.fail("operands have types " + b.text(x.type) + " and " +
                   b.text(y.type) + ", expected two matrices")};
  Val product = b.dot(x, y,
                      {{},
                       {},
                       {b.getInt("transA", 0) ? 0 : 1},
                       {b.getInt("transB", 0) ? 1 : 0}});
  auto scaled = [&](const Val &v, double factor) {
    return factor == 1 ? v : b.binary("mul", v, b.scalarLike(v, factor));
  };
  double beta = b.getFloat("beta", 1);
  product = scaled(product, b.getFloat("alpha", 1));
  if (!product || !c || beta == 0)
    return {product};
  return {b.binary("add", product,
                   b.broadcastTo(scaled(c, beta), product.shape()))};
}

ArrayRef<OpRow> mlir::mpt::import::getContractionRows() {
  static const OpRow rows[] = {
      {"Gemm", importGemm},
      {"MatMul", importMatMul},
  };
  return rows;
}
