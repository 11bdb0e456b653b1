// SPDX-License-Identifier: Apache-2.0
// `mpt.library "gemm"` as one call of mptrt_gemm.
#ifndef MPT_LIB_TARGET_GEMM_H
#define MPT_LIB_TARGET_GEMM_H

#include "mpt/IR/Mpt.h"

namespace mlir::mpt {

/// Parameters as in mptrt/Device.h, Gemm.
struct GemmShape {
  int64_t batch = 1, m = 1, n = 1, k = 1;
  int64_t lda = 1, ldb = 1, ldc = 1;
  int64_t strideA = 0, strideB = 0, strideC = 0;
  bool transposeA = false, transposeB = false;
};

/// The parameters of the call; an error at `op` if its dims do not collapse to
/// rows, columns and one batch dim.
FailureOr<GemmShape> getGemmShape(LibraryOp op);

} // namespace mlir::mpt
#endif
