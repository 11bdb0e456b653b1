// SPDX-License-Identifier: Apache-2.0
// Whether a contraction is one (batched) matrix product is asked of
// mpt/Analysis/Contraction/Gemm.h, as phase 8 did. Anything else is refused:
// phase 8 has to transpose.
#include "Gemm.h"
#include "mpt/Analysis/Contraction/Gemm.h"

using namespace mlir;
using namespace mlir::mpt;

static std::vector<int64_t> toVector(ArrayRef<int64_t> list) {
  return {list.begin(), list.end()};
}
static std::vector<int64_t> toVector(std::optional<ArrayRef<int64_t>> list) {
  return toVector(list.value_or(ArrayRef<int64_t>()));
}

FailureOr<GemmShape> mpt::getGemmShape(LibraryOp op) {
  auto aType = cast<MemRefType>(op.getInputs()[0].getType());
  auto bType = cast<MemRefType>(op.getInputs()[1].getType());
  auto cType = cast<MemRefType>(op.getOuts()[0].getType());
  ContractionShape dims{
      toVector(aType.getShape()),    toVector(bType.getShape()),
      toVector(op.getLhsBatch()),    toVector(op.getRhsBatch()),
      toVector(op.getLhsContract()), toVector(op.getRhsContract())};
  std::optional<Gemm> gemm = asGemm(dims);
  if (!gemm || cType.getNumElements() != gemm->batch * gemm->m * gemm->n)
    return op.emitOpError()
           << "is no single matrix product: " << aType << " and " << bType
           << " into " << cType << "; transpose an operand first";
  GemmShape shape;
  shape.batch = gemm->batch;
  shape.m = gemm->m;
  shape.n = gemm->n;
  shape.k = gemm->k;
  shape.lda = gemm->a.ld;
  shape.ldb = gemm->b.ld;
  shape.ldc = gemm->ldc;
  shape.strideA = gemm->a.stride;
  shape.strideB = gemm->b.stride;
  shape.strideC = gemm->strideC;
  shape.transposeA = gemm->a.transposed;
  shape.transposeB = gemm->b.transposed;
  return shape;
}
