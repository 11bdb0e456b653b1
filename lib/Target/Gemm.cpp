// SPDX-License-Identifier: Apache-2.0
// A contraction of row-major operands is one (batched) matrix product if the
// dims of each operand fall into three groups, batch, free and contracted, and
// each group is one dim in memory: [2,16,32] contracted over its last dim has
// the free group 2 x 16, stride 32. One of the two dims of a matrix must then
// have stride 1; if that is the free one of A or the contracted one of B, it is
// transposed. The result is [batch, free A, free B]. Anything else is refused:
// phase 8 has to transpose.
#include "Gemm.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
/// A group of dims as one: `size` elements, `stride` apart.
struct Dim {
  int64_t size = 1, stride = 0;
};
struct Matrix {
  Dim batch, free, contract;
};
} // namespace

/// Joins dims, major to minor; failure if they are not one dim in memory.
static FailureOr<Dim> joinDims(MemRefType type, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> strides(type.getRank(), 1);
  for (int64_t i = type.getRank() - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * type.getDimSize(i + 1);
  Dim joined;
  for (int64_t dim : dims) {
    int64_t size = type.getDimSize(dim);
    if (size == 1)
      continue;
    if (joined.size != 1 && joined.stride != size * strides[dim])
      return failure();
    joined = {joined.size * size, strides[dim]};
  }
  return joined;
}

static FailureOr<Matrix> getMatrix(MemRefType type, ArrayRef<int64_t> batch,
                                   ArrayRef<int64_t> contract) {
  SmallVector<int64_t> free;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (!llvm::is_contained(batch, i) && !llvm::is_contained(contract, i))
      free.push_back(i);
  FailureOr<Dim> b = joinDims(type, batch), f = joinDims(type, free),
                 c = joinDims(type, contract);
  if (failed(b) || failed(f) || failed(c))
    return failure();
  return Matrix{*b, *f, *c};
}

/// Rows x columns as stored: `ld`, and whether rows and columns are swapped.
static LogicalResult getRows(Dim rows, Dim columns, int64_t &ld,
                             bool &transposed) {
  if (columns.size == 1 || columns.stride == 1) {
    transposed = false;
    ld = rows.size == 1 ? columns.size : rows.stride;
    // A single column may be spread; then it is a row of the transpose.
    if (ld >= columns.size)
      return success();
  }
  if (rows.size == 1 || rows.stride == 1) {
    transposed = true;
    ld = columns.size == 1 ? rows.size : columns.stride;
    return success(ld >= rows.size);
  }
  return failure();
}

FailureOr<GemmShape> mpt::getGemmShape(LibraryOp op) {
  auto aType = cast<MemRefType>(op.getInputs()[0].getType());
  auto bType = cast<MemRefType>(op.getInputs()[1].getType());
  auto cType = cast<MemRefType>(op.getOuts()[0].getType());
  auto list = [](std::optional<ArrayRef<int64_t>> dims) {
    return dims.value_or(ArrayRef<int64_t>());
  };
  auto refuse = [&]() {
    return op.emitOpError()
           << "is no single matrix product: " << aType << " and " << bType
           << " into " << cType << "; transpose an operand first";
  };
  // Pairs of contracted dims may be taken in any order: in that of the lhs.
  SmallVector<std::pair<int64_t, int64_t>> pairs;
  for (auto [l, r] :
       llvm::zip(list(op.getLhsContract()), list(op.getRhsContract())))
    pairs.push_back({l, r});
  llvm::sort(pairs);
  SmallVector<int64_t> lhs(llvm::make_first_range(pairs));
  SmallVector<int64_t> rhs(llvm::make_second_range(pairs));
  FailureOr<Matrix> a = getMatrix(aType, list(op.getLhsBatch()), lhs);
  FailureOr<Matrix> b = getMatrix(bType, list(op.getRhsBatch()), rhs);
  if (failed(a) || failed(b))
    return refuse();
  if (a->contract.size != b->contract.size || a->batch.size != b->batch.size ||
      cType.getNumElements() != a->batch.size * a->free.size * b->free.size)
    return refuse();

  GemmShape shape;
  shape.batch = a->batch.size;
  shape.m = a->free.size;
  shape.n = b->free.size;
  shape.k = a->contract.size;
  shape.ldc = shape.n;
  shape.strideA = a->batch.stride;
  shape.strideB = b->batch.stride;
  shape.strideC = shape.m * shape.n;
  if (failed(getRows(a->free, a->contract, shape.lda, shape.transposeA)) ||
      failed(getRows(b->contract, b->free, shape.ldb, shape.transposeB)))
    return refuse();
  return shape;
}
