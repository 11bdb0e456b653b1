// SPDX-License-Identifier: Apache-2.0
// Functions of f32 as arithmetic, for both targets alike: no libm call that
// would keep LLVM from vectorising a loop, no libdevice for a GPU.
//
// exp, log, log2, log1p, expm1 and erfc are MLIR's (at most 2.5 ulp). erf and
// tanh are ours, because MLIR's have 4.4 ulp (at most 2 here):
//   erf(x)  = x + x P(x^2)                     for |x| < 0.92
//             1 - exp(-(t + t Q(t))), t = |x|  else, with the sign of x
//   tanh(x) = x + x s P(s), s = x^2            for |x| < 0.625
//             1 - 2 / (exp(2 |x|) + 1)         else, with the sign of x
// P and Q are minimax fits of the function, weighted by what counts in the
// result. What is not listed stays a call of libm (CPU) or is refused (CUDA).
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

/// Arithmetic on f32 or vectors of it.
class Arithmetic {
public:
  Arithmetic(Operation *op, PatternRewriter &b)
      : b(b), loc(op->getLoc()), type(op->getResult(0).getType()) {}

  Value constant(float value) {
    TypedAttr attr = b.getF32FloatAttr(value);
    if (auto vector = dyn_cast<VectorType>(type))
      attr = DenseElementsAttr::get(vector, cast<Attribute>(attr));
    return arith::ConstantOp::create(b, loc, attr);
  }
  /// c[0] + c[1] x + c[2] x^2 + ...
  Value polynomial(Value x, ArrayRef<float> c) {
    Value sum = constant(c.back());
    for (float next : llvm::reverse(c.drop_back()))
      sum = fma(sum, x, constant(next));
    return sum;
  }
  Value fma(Value x, Value y, Value z) {
    return math::FmaOp::create(b, loc, x, y, z);
  }
  Value abs(Value x) { return math::AbsFOp::create(b, loc, x); }
  Value exp(Value x) { return math::ExpOp::create(b, loc, x); }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, loc, x, y); }
  Value negate(Value x) { return arith::NegFOp::create(b, loc, x); }
  Value withSign(Value x, Value of) {
    return math::CopySignOp::create(b, loc, x, of);
  }
  /// x > bound ? a : c; c if x is not a number.
  Value ifGreater(Value x, float bound, Value a, Value c) {
    Value greater = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x,
                                          constant(bound));
    return arith::SelectOp::create(b, loc, greater, a, c);
  }

private:
  PatternRewriter &b;
  Location loc;
  Type type;
};

struct ErfPattern : OpRewritePattern<math::ErfOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::ErfOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    Arithmetic a(op, rewriter);
    Value x = op.getOperand();
    Value p = a.polynomial(a.mul(x, x),
                           {0.12837915122509003f, -0.3761247992515564f,
                            0.11281682550907135f, -0.026761723682284355f,
                            0.004985945299267769f, -0.0005953761283308268f});
    Value small = a.fma(x, p, x);
    // erf(4) is 1 in f32.
    Value t = a.abs(x);
    Value bounded = a.ifGreater(t, 4.0f, a.constant(4.0f), t);
    Value q = a.polynomial(bounded,
                           {0.1285107582807541f, 0.6357309818267822f,
                            0.10524462908506393f, -0.02287858910858631f,
                            0.003211310598999262f, -0.00021353201009333134f});
    Value tail = a.exp(a.negate(a.fma(bounded, q, bounded)));
    Value large = a.withSign(a.sub(a.constant(1.0f), tail), x);
    rewriter.replaceOp(op, a.ifGreater(t, 0.92f, large, small));
    return success();
  }
};

struct TanhPattern : OpRewritePattern<math::TanhOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::TanhOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    Arithmetic a(op, rewriter);
    Value x = op.getOperand(), s = a.mul(x, x);
    Value p = a.polynomial(s, {-0.33333277702331543f, 0.13331331312656403f,
                               -0.05373000726103783f, 0.020606176927685738f,
                               -0.005666977260261774f});
    Value small = a.fma(a.mul(x, s), p, x);
    Value t = a.abs(x), one = a.constant(1.0f), two = a.constant(2.0f);
    Value rest = a.div(two, a.add(a.exp(a.mul(t, two)), one));
    Value large = a.withSign(a.sub(one, rest), x);
    rewriter.replaceOp(op, a.ifGreater(t, 0.625f, large, small));
    return success();
  }
};
} // namespace

void ApproximateMath::runOnOperation() {
  RewritePatternSet patterns(&getContext());
  patterns.add<ErfPattern, TanhPattern>(&getContext());
  const StringRef names[] = {
      math::ExpOp::getOperationName(),   math::LogOp::getOperationName(),
      math::Log2Op::getOperationName(),  math::Log1pOp::getOperationName(),
      math::ExpM1Op::getOperationName(), math::ErfcOp::getOperationName()};
  populateMathPolynomialApproximationPatterns(patterns, [&](StringRef name) {
    return llvm::is_contained(names, name);
  });
  if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
    signalPassFailure();
}
