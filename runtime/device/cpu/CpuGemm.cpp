// SPDX-License-Identifier: Apache-2.0
// f32 tiles are oneDNN's sgemm on one thread; f64 tiles (gradient checks) are a
// plain loop over packed panels of B that adds products in ascending k. The
// tiling is a function of the shape alone: the longer side of C is cut in at
// most 16 pieces if the product is worth it. oneDNN itself is never given a
// team: its own split (over k, too) changes with the number of threads.
#include "CpuGemm.h"

#include <algorithm>
#include <vector>

namespace mptrt {

static int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

Status checkGemm(const Gemm &g) {
  if (g.dtype != DType::F32 && g.dtype != DType::F64)
    return makeStatus(Code::Internal, "gemm of %s; expected f32 or f64",
                      dtypeName(g.dtype));
  int64_t aColumns = g.transposeA ? g.m : g.k;
  int64_t bColumns = g.transposeB ? g.k : g.n;
  bool sizes = g.batch >= 0 && g.m >= 0 && g.n >= 0 && g.k >= 0;
  bool rows = g.lda >= std::max<int64_t>(1, aColumns) &&
              g.ldb >= std::max<int64_t>(1, bColumns) &&
              g.ldc >= std::max<int64_t>(1, g.n);
  bool overlap = g.batch > 1 && g.m > 0 && g.strideC < (g.m - 1) * g.ldc + g.n;
  if (sizes && rows && g.strideA >= 0 && g.strideB >= 0 && !overlap)
    return Status();
  return makeStatus(
      Code::Internal,
      "gemm of impossible shape: batch %lld, m %lld, n %lld, k %lld, rows of "
      "%lld, %lld and %lld elements, strides %lld, %lld and %lld",
      (long long)g.batch, (long long)g.m, (long long)g.n, (long long)g.k,
      (long long)g.lda, (long long)g.ldb, (long long)g.ldc,
      (long long)g.strideA, (long long)g.strideB, (long long)g.strideC);
}

GemmTiling tileGemm(const Gemm &g) {
  constexpr int64_t pieces = 16, smallestPiece = 64;
  constexpr double worthwhile = 4e6; // multiplications
  GemmTiling tiling;
  tiling.rows = g.m;
  tiling.columns = g.n;
  if (double(g.m) * double(g.n) * double(g.k) >= worthwhile) {
    int64_t &side = g.m >= g.n ? tiling.rows : tiling.columns;
    int64_t piece = divideUp(divideUp(side, pieces), 16) * 16;
    side = std::min(side, std::max(piece, smallestPiece));
  }
  tiling.rowTiles = tiling.rows ? divideUp(g.m, tiling.rows) : 0;
  tiling.columnTiles = tiling.columns ? divideUp(g.n, tiling.columns) : 0;
  tiling.count = g.batch * tiling.rowTiles * tiling.columnTiles;
  return tiling;
}

/// An m x n tile of a product of f64, leading dimensions as in `g`.
static void multiplyF64(const Gemm &g, int64_t m, int64_t n, const double *a,
                        const double *b, double *c) {
  constexpr int64_t depth = 128, width = 256; // the panel: 256 KiB
  std::vector<double> panel(
      static_cast<size_t>(std::min(depth, g.k) * std::min(width, n)));
  for (int64_t i = 0; i < m && !g.accumulate; ++i)
    std::fill(c + i * g.ldc, c + i * g.ldc + n, 0.0);
  for (int64_t j0 = 0; j0 < n; j0 += width) {
    int64_t columns = std::min(width, n - j0);
    for (int64_t k0 = 0; k0 < g.k; k0 += depth) {
      int64_t terms = std::min(depth, g.k - k0);
      for (int64_t p = 0; p < terms; ++p)
        for (int64_t j = 0; j < columns; ++j)
          panel[static_cast<size_t>(p * columns + j)] =
              g.transposeB ? b[(j0 + j) * g.ldb + k0 + p]
                           : b[(k0 + p) * g.ldb + j0 + j];
      for (int64_t i = 0; i < m; ++i) {
        double *row = c + i * g.ldc + j0;
        for (int64_t p = 0; p < terms; ++p) {
          double x =
              g.transposeA ? a[(k0 + p) * g.lda + i] : a[i * g.lda + k0 + p];
          const double *line = panel.data() + p * columns;
          for (int64_t j = 0; j < columns; ++j)
            row[j] += x * line[j];
        }
      }
    }
  }
}

/// An m x n tile of a product of f32.
static Status multiplyF32(const CpuLibraries &libraries, const Gemm &g,
                          int64_t m, int64_t n, const float *a, const float *b,
                          float *c) {
  if (g.k == 0) {
    for (int64_t i = 0; i < m && !g.accumulate; ++i)
      std::fill(c + i * g.ldc, c + i * g.ldc + n, 0.0f);
    return Status();
  }
  int error = libraries.sgemm(
      g.transposeA ? 'T' : 'N', g.transposeB ? 'T' : 'N', m, n, g.k, 1.0f, a,
      g.lda, b, g.ldb, g.accumulate ? 1.0f : 0.0f, c, g.ldc);
  if (error == 0)
    return Status();
  return makeStatus(Code::Internal,
                    "oneDNN sgemm of m %lld, n %lld, k %lld: error %d",
                    (long long)m, (long long)n, (long long)g.k, error);
}

Status computeGemmTile(const CpuLibraries &libraries, const Gemm &g,
                       const GemmTiling &tiling, int64_t tile, const void *a,
                       const void *b, void *c) {
  int64_t column = tile % tiling.columnTiles;
  int64_t row = tile / tiling.columnTiles % tiling.rowTiles;
  int64_t batch = tile / tiling.columnTiles / tiling.rowTiles;
  int64_t i = row * tiling.rows, j = column * tiling.columns;
  int64_t m = std::min(tiling.rows, g.m - i);
  int64_t n = std::min(tiling.columns, g.n - j);
  int64_t atA = batch * g.strideA + (g.transposeA ? i : i * g.lda);
  int64_t atB = batch * g.strideB + (g.transposeB ? j * g.ldb : j);
  int64_t atC = batch * g.strideC + i * g.ldc + j;
  if (g.dtype == DType::F32)
    return multiplyF32(libraries, g, m, n, static_cast<const float *>(a) + atA,
                       static_cast<const float *>(b) + atB,
                       static_cast<float *>(c) + atC);
  multiplyF64(g, m, n, static_cast<const double *>(a) + atA,
              static_cast<const double *>(b) + atB,
              static_cast<double *>(c) + atC);
  return Status();
}

} // namespace mptrt
