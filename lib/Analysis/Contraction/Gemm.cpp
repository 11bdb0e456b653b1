// SPDX-License-Identifier: Apache-2.0
#include "mpt/Analysis/Contraction/Gemm.h"
#include <algorithm>
#include <numeric>

using namespace mlir::mpt;

using Dims = std::vector<int64_t>;

namespace {
/// Dims seen as one: `size` elements, `stride` apart.
struct Group {
  int64_t size = 1, stride = 1;
};
} // namespace

/// nullopt if the dims are not evenly spaced in this order.
static std::optional<Group> collapse(const Dims &shape, const Dims &dims) {
  Dims strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;)
    strides[d - 1] = strides[d] * shape[d];
  Group group;
  for (auto d = dims.rbegin(); d != dims.rend(); ++d) {
    if (shape[*d] == 1)
      continue;
    if (group.size == 1)
      group.stride = strides[*d];
    else if (strides[*d] != group.stride * group.size)
      return std::nullopt;
    group.size *= shape[*d];
  }
  return group;
}

/// The operand as matrices of rows x cols.
static std::optional<GemmOperand> fit(const Dims &shape, const Dims &batch,
                                      const Dims &rows, const Dims &cols) {
  auto b = collapse(shape, batch), r = collapse(shape, rows),
       c = collapse(shape, cols);
  if (!b || !r || !c)
    return std::nullopt;
  int64_t stride = b->size == 1 ? 0 : b->stride;
  if (c->size == 1 || c->stride == 1) {
    int64_t ld = r->size == 1 ? std::max<int64_t>(c->size, 1) : r->stride;
    if (ld >= c->size)
      return GemmOperand{false, ld, stride};
  }
  if (r->size == 1 || r->stride == 1) {
    int64_t ld = c->size == 1 ? std::max<int64_t>(r->size, 1) : c->stride;
    if (ld >= r->size)
      return GemmOperand{true, ld, stride};
  }
  return std::nullopt;
}

Dims mlir::mpt::freeDims(const Dims &shape, const Dims &batch,
                         const Dims &contract) {
  Dims free;
  for (int64_t d = 0; d < int64_t(shape.size()); ++d)
    if (std::count(batch.begin(), batch.end(), d) == 0 &&
        std::count(contract.begin(), contract.end(), d) == 0)
      free.push_back(d);
  return free;
}

/// The contracted dims of one side in ascending order of lhs.
static Dims orderedContract(const ContractionShape &shape, const Dims &side) {
  Dims order(side.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t i, int64_t j) {
    return shape.lhsContract[i] < shape.lhsContract[j];
  });
  Dims dims;
  for (int64_t i : order)
    dims.push_back(side[i]);
  return dims;
}

std::optional<GemmOperand> mlir::mpt::fitLhs(const ContractionShape &s) {
  return fit(s.lhs, s.lhsBatch, freeDims(s.lhs, s.lhsBatch, s.lhsContract),
             orderedContract(s, s.lhsContract));
}
std::optional<GemmOperand> mlir::mpt::fitRhs(const ContractionShape &s) {
  return fit(s.rhs, s.rhsBatch, orderedContract(s, s.rhsContract),
             freeDims(s.rhs, s.rhsBatch, s.rhsContract));
}

static int64_t sizeOf(const Dims &shape, const Dims &dims) {
  int64_t n = 1;
  for (int64_t d : dims)
    n *= shape[d];
  return n;
}

std::optional<Gemm> mlir::mpt::asGemm(const ContractionShape &s) {
  auto a = fitLhs(s), b = fitRhs(s);
  if (!a || !b)
    return std::nullopt;
  Gemm gemm;
  gemm.batch = sizeOf(s.lhs, s.lhsBatch);
  gemm.m = sizeOf(s.lhs, freeDims(s.lhs, s.lhsBatch, s.lhsContract));
  gemm.n = sizeOf(s.rhs, freeDims(s.rhs, s.rhsBatch, s.rhsContract));
  gemm.k = sizeOf(s.lhs, s.lhsContract);
  gemm.a = *a;
  gemm.b = *b;
  gemm.ldc = gemm.n;
  gemm.strideC = gemm.batch == 1 ? 0 : gemm.m * gemm.n;
  return gemm;
}
