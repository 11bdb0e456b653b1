// SPDX-License-Identifier: Apache-2.0
#include "Formula.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::mpt;

LogicalResult CompareOp::verify() {
  if (!llvm::is_contained({"eq", "ne", "lt", "le", "gt", "ge"}, getKind()))
    return emitOpError() << "unknown kind '" << getKind()
                         << "'; expected eq, ne, lt, le, gt or ge";
  return success();
}

LogicalResult SelectOp::verify() {
  if (!cast<RankedTensorType>(getPred().getType())
           .getElementType()
           .isInteger(1))
    return emitOpError() << "predicate must have elements of type i1, found "
                         << getPred().getType();
  return success();
}

IterationSpace ConvertOp::getIterationSpace() {
  return elementwiseSpace(*this);
}

SmallVector<SmallVector<unsigned>> ConvertOp::getLinearGroups() {
  auto from = dyn_cast<FloatType>(
      cast<RankedTensorType>(getInput().getType()).getElementType());
  auto to = dyn_cast<FloatType>(
      cast<RankedTensorType>(getResult().getType()).getElementType());
  // Rounding a partial sum is not rounding the sum.
  if (from && to && from.getWidth() <= to.getWidth())
    return {{0}};
  return {};
}

//===- gradients ---------------------------------------------------------===//
//
// Conventions at kinks and poles are PyTorch's: abs and sign have gradient 0 at
// 0; max(x, 0) has gradient 0 at 0; pow with exponent 0 has gradient 0.

#define UNARY_GRADIENT(OP, FORMULA)                                            \
  LogicalResult OP::buildGradient(GradientBuilder &b, ValueRange cotangents,   \
                                  Gradients &operands) {                       \
    [[maybe_unused]] Term dy{cotangents[0], &b}, x{getInput(), &b},            \
        y{getResult(), &b};                                                    \
    operands[0] = FORMULA;                                                     \
    return success();                                                          \
  }

// clang-format takes products in macro arguments for pointers.
// clang-format off
UNARY_GRADIENT(NegOp, -dy)
UNARY_GRADIENT(AbsOp, dy * apply<SignOp>(x))
UNARY_GRADIENT(ExpOp, dy * y)
UNARY_GRADIENT(Expm1Op, dy * (y + 1.0))
UNARY_GRADIENT(LogOp, dy / x)
UNARY_GRADIENT(Log1pOp, dy / (x + 1.0))
UNARY_GRADIENT(SqrtOp, dy / (2.0 * y))
UNARY_GRADIENT(RsqrtOp, dy * (-0.5 * (y * y) * y))
UNARY_GRADIENT(SinOp, dy * apply<CosOp>(x))
UNARY_GRADIENT(CosOp, -(dy * apply<SinOp>(x)))
UNARY_GRADIENT(TanOp, dy * (y * y + 1.0))
UNARY_GRADIENT(AsinOp, dy * apply<RsqrtOp>(1.0 - x * x))
UNARY_GRADIENT(AcosOp, -(dy * apply<RsqrtOp>(1.0 - x * x)))
UNARY_GRADIENT(AtanOp, dy / (x * x + 1.0))
UNARY_GRADIENT(SinhOp, dy * apply<CoshOp>(x))
UNARY_GRADIENT(CoshOp, dy * apply<SinhOp>(x))
UNARY_GRADIENT(AsinhOp, dy * apply<RsqrtOp>(x * x + 1.0))
UNARY_GRADIENT(AcoshOp, dy * apply<RsqrtOp>(x * x - 1.0))
UNARY_GRADIENT(AtanhOp, dy / (1.0 - x * x))
UNARY_GRADIENT(TanhOp, dy * (1.0 - y * y))
UNARY_GRADIENT(LogisticOp, dy * (y * (1.0 - y)))
UNARY_GRADIENT(ErfOp, dy * (2.0 * llvm::numbers::inv_sqrtpi * apply<ExpOp>(-(x * x))))
UNARY_GRADIENT(ConstrainOp, dy)
// clang-format on
#undef UNARY_GRADIENT

/// Piecewise constant: the gradient is zero wherever it exists, and taken as
/// zero at the steps, so there is no op to build.
#define ZERO_GRADIENT(OP)                                                      \
  LogicalResult OP::buildGradient(GradientBuilder &, ValueRange,               \
                                  Gradients &) {                               \
    return success();                                                          \
  }

ZERO_GRADIENT(SignOp)
ZERO_GRADIENT(FloorOp)
ZERO_GRADIENT(CeilOp)
ZERO_GRADIENT(RoundEvenOp)
#undef ZERO_GRADIENT

#define BINARY_GRADIENT(OP, TO_LHS, TO_RHS)                                    \
  LogicalResult OP::buildGradient(GradientBuilder &b, ValueRange cotangents,   \
                                  Gradients &operands) {                       \
    [[maybe_unused]] Term dy{cotangents[0], &b}, l{getLhs(), &b},              \
        r{getRhs(), &b}, y{getResult(), &b};                                   \
    if (b.wants(0))                                                            \
      operands[0] = TO_LHS;                                                    \
    if (b.wants(1))                                                            \
      operands[1] = TO_RHS;                                                    \
    return success();                                                          \
  }

// clang-format off
BINARY_GRADIENT(AddOp, dy, dy)
BINARY_GRADIENT(SubOp, dy, -dy)
BINARY_GRADIENT(MulOp, dy * r, dy * l)
BINARY_GRADIENT(DivOp, dy / r, -(dy * (y / r)))
// y = l - trunc(l / r) * r; (l - y) / r is that integer but for rounding.
BINARY_GRADIENT(RemOp, dy, -(dy * apply<RoundEvenOp>((l - y) / r)))
// clang-format on
#undef BINARY_GRADIENT

/// To `onTrue` where the condition holds, else to `onFalse`.
static void route(GradientBuilder &b, Term condition, Term dy, unsigned onTrue,
                  unsigned onFalse, Gradients &operands) {
  Term zero = dy.splat(0.0);
  if (b.wants(onTrue))
    operands[onTrue] = select(condition, dy, zero);
  if (b.wants(onFalse))
    operands[onFalse] = select(condition, zero, dy);
}

LogicalResult MaxOp::buildGradient(GradientBuilder &b, ValueRange cotangents,
                                   Gradients &operands) {
  Term dy{cotangents[0], &b}, l{getLhs(), &b}, r{getRhs(), &b};
  route(b, compare("gt", l, r), dy, 0, 1, operands);
  return success();
}

LogicalResult MinOp::buildGradient(GradientBuilder &b, ValueRange cotangents,
                                   Gradients &operands) {
  Term dy{cotangents[0], &b}, l{getLhs(), &b}, r{getRhs(), &b};
  route(b, compare("lt", l, r), dy, 0, 1, operands);
  return success();
}

/// d/dl = r * l^(r-1), 0 where r is 0; d/dr = y * log(l), 0 where l is 0 and r
/// is not negative.
LogicalResult PowOp::buildGradient(GradientBuilder &b, ValueRange cotangents,
                                   Gradients &operands) {
  Term dy{cotangents[0], &b}, l{getLhs(), &b}, r{getRhs(), &b},
      y{getResult(), &b};
  Term zero = dy.splat(0.0);
  if (b.wants(0)) {
    Term slope = r * apply<PowOp>(l, r - 1.0);
    Term isConstant = compare("eq", r, zero);
    operands[0] = select(isConstant, zero, dy * slope);
  }
  if (b.wants(1)) {
    Term slope = y * apply<LogOp>(l);
    Term baseIsZero = compare("eq", l, zero);
    Term notNegative = compare("ge", r, zero);
    Term isConstant = apply<AndOp>(baseIsZero, notNegative);
    operands[1] = select(isConstant, zero, dy * slope);
  }
  return success();
}

LogicalResult SelectOp::buildGradient(GradientBuilder &b, ValueRange cotangents,
                                      Gradients &operands) {
  Term dy{cotangents[0], &b}, condition{getPred(), &b};
  route(b, condition, dy, 1, 2, operands);
  return success();
}

LogicalResult ConvertOp::buildGradient(GradientBuilder &b,
                                       ValueRange cotangents,
                                       Gradients &operands) {
  operands[0] = b.makeAs<ConvertOp>(getInput().getType(), cotangents);
  return success();
}

LogicalResult SumOp::buildGradient(GradientBuilder &, ValueRange cotangents,
                                   Gradients &operands) {
  llvm::fill(operands, cotangents[0]);
  return success();
}
