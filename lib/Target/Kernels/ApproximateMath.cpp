// SPDX-License-Identifier: Apache-2.0
// Functions of f32 as polynomials, for both targets alike: no libm call that
// would keep LLVM from vectorising a loop, no libdevice for a GPU.
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mpt/Target/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_APPROXIMATEMATHPASS
#include "mpt/Target/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct ApproximateMath : mpt::impl::ApproximateMathPassBase<ApproximateMath> {
  void runOnOperation() override;
};
} // namespace

void ApproximateMath::runOnOperation() {
  RewritePatternSet patterns(&getContext());
  populateMathPolynomialApproximationPatterns(patterns);
  if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
    signalPassFailure();
}
