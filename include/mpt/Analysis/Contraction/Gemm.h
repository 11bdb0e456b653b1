// SPDX-License-Identifier: Apache-2.0
//===- Gemm.h - contractions as matrix products -----------------*- C++ -*-===//
//
// Whether a dot_general on row-major operands is one batched matrix product
// C[b] = op(A[b]) op(B[b]), where transposes, leading dimensions and strides
// between matrices say where elements lie, so that nothing is moved. Phase 8
// transposes an operand that does not fit, phase 10 passes the numbers on.
//
// Each operand's dims fall into batch, free and contracted ones. A group is one
// dim of the matrix if its dims, in the order of the result (for contracted
// ones: of lhs), are evenly spaced, e.g. dims 0, 1 of [2, 16, 32]; of the two
// matrix dims one must have stride 1.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_ANALYSIS_CONTRACTION_GEMM_H
#define MPT_ANALYSIS_CONTRACTION_GEMM_H

#include <cstdint>
#include <optional>
#include <vector>

namespace mlir::mpt {

struct ContractionShape {
  std::vector<int64_t> lhs, rhs; ///< shapes
  std::vector<int64_t> lhsBatch, rhsBatch, lhsContract, rhsContract;
};

struct GemmOperand {
  bool transposed;
  int64_t ld;     ///< elements between rows as stored
  int64_t stride; ///< elements between matrices; 0 for one matrix
};

struct Gemm {
  int64_t batch, m, n, k;
  GemmOperand a, b;
  int64_t ldc, strideC;
};

/// How lhs is a stack of m x k matrices, rhs one of k x n; nullopt if it is
/// not.
std::optional<GemmOperand> fitLhs(const ContractionShape &shape);
std::optional<GemmOperand> fitRhs(const ContractionShape &shape);

/// The matrix product, or nullopt if an operand does not fit.
std::optional<Gemm> asGemm(const ContractionShape &shape);

/// The dims of one side that are neither batch nor contracted, ascending.
std::vector<int64_t> freeDims(const std::vector<int64_t> &shape,
                              const std::vector<int64_t> &batch,
                              const std::vector<int64_t> &contract);

} // namespace mlir::mpt
#endif
