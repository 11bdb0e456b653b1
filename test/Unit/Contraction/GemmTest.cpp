// SPDX-License-Identifier: Apache-2.0
// Matrix products against the definition of dot_general, element by element.
#include "mpt/Analysis/Contraction/Gemm.h"
#include <gtest/gtest.h>

using namespace mlir::mpt;

using Dims = std::vector<int64_t>;

namespace {
struct Cursor {
  const Dims &shape;
  int64_t offset(const Dims &index) const {
    int64_t o = 0;
    for (size_t d = 0; d < shape.size(); ++d)
      o = o * shape[d] + index[d];
    return o;
  }
};
} // namespace

/// Spreads the linear index i over `dims` of index.
static void unravel(int64_t i, const Dims &shape, const Dims &dims,
                    Dims &index) {
  for (auto d = dims.rbegin(); d != dims.rend(); ++d) {
    index[*d] = i % shape[*d];
    i /= shape[*d];
  }
}

static int64_t at(const GemmOperand &m, int64_t b, int64_t row, int64_t col) {
  return b * m.stride + (m.transposed ? col * m.ld + row : row * m.ld + col);
}

/// Every element of every matrix lies where the definition says.
static void expectExact(const ContractionShape &s) {
  auto gemm = asGemm(s);
  ASSERT_TRUE(gemm);
  Dims lhsFree = freeDims(s.lhs, s.lhsBatch, s.lhsContract);
  Dims rhsFree = freeDims(s.rhs, s.rhsBatch, s.rhsContract);
  for (int64_t b = 0; b < gemm->batch; ++b)
    for (int64_t k = 0; k < gemm->k; ++k) {
      Dims l(s.lhs.size()), r(s.rhs.size());
      unravel(b, s.lhs, s.lhsBatch, l);
      unravel(b, s.rhs, s.rhsBatch, r);
      unravel(k, s.lhs, s.lhsContract, l);
      unravel(k, s.rhs, s.rhsContract, r);
      for (int64_t m = 0; m < gemm->m; ++m) {
        unravel(m, s.lhs, lhsFree, l);
        EXPECT_EQ(at(gemm->a, b, m, k), Cursor{s.lhs}.offset(l));
      }
      for (int64_t n = 0; n < gemm->n; ++n) {
        unravel(n, s.rhs, rhsFree, r);
        EXPECT_EQ(at(gemm->b, b, k, n), Cursor{s.rhs}.offset(r));
      }
    }
}

TEST(GemmTest, Linear) {
  expectExact({{2, 16, 32}, {32, 64}, {}, {}, {2}, {0}});
  expectExact({{2, 16, 32}, {64, 32}, {}, {}, {2}, {1}});
}
TEST(GemmTest, WeightGradient) {
  auto shape =
      ContractionShape{{2, 16, 32}, {2, 16, 64}, {}, {}, {0, 1}, {0, 1}};
  expectExact(shape);
  EXPECT_TRUE(asGemm(shape)->a.transposed);
  EXPECT_FALSE(asGemm(shape)->b.transposed);
}
TEST(GemmTest, Batched) {
  expectExact({{4, 3, 5}, {4, 5, 6}, {0}, {0}, {2}, {1}});
  // Heads in the middle: [b, t, h, d] with one batch element.
  expectExact({{1, 7, 4, 5}, {1, 9, 4, 5}, {0, 2}, {0, 2}, {3}, {3}});
}
TEST(GemmTest, VectorsAndScalars) {
  expectExact({{5}, {5}, {}, {}, {0}, {0}});
  expectExact({{5}, {7}, {}, {}, {}, {}});
  expectExact({{3, 5}, {5}, {}, {}, {1}, {0}});
  expectExact({{5}, {5, 3}, {}, {}, {0}, {0}});
  expectExact({{}, {}, {}, {}, {}, {}});
  expectExact({{1, 1}, {1, 4}, {}, {}, {1}, {0}});
}
TEST(GemmTest, RefusesUnevenDims) {
  // Two batch dims that are not neighbours in memory.
  ContractionShape heads{{2, 7, 4, 5}, {2, 9, 4, 5}, {0, 2}, {0, 2}, {3}, {3}};
  EXPECT_FALSE(asGemm(heads));
  // No matrix dim of stride 1: the batch is innermost.
  ContractionShape inner{{3, 5, 4}, {4, 5, 6}, {2}, {0}, {1}, {1}};
  EXPECT_FALSE(fitLhs(inner));
  EXPECT_TRUE(fitRhs(inner));
}
