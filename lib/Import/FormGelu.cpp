// SPDX-License-Identifier: Apache-2.0
//===- FormGelu.cpp -------------------------------------------------------===//
//
// x * (1 + erf(x / sqrt 2)) / 2 and its form by tanh, with factors in any
// order. A product is a number and other factors; it is read down to x, which
// may be a product itself. Numbers may be those of f32.
//
//===----------------------------------------------------------------------===//
#include "Composites.h"
#include "HeadView.h"
#include <cmath>

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;

static bool isClose(double found, double expected) {
  return std::abs(found - expected) <= 2e-6 * std::abs(expected);
}

namespace {
struct Product {
  double number = 1;
  SmallVector<Value> factors; ///< without numbers
  bool is(double expected, ArrayRef<Value> values) const {
    return isClose(number, expected) && factors.size() == values.size() &&
           std::is_permutation(factors.begin(), factors.end(), values.begin(),
                               [](Value a, Value b) { return a == b; });
  }
};
} // namespace

/// Factors of the value; `whole` is one, even if it is a product.
static void addFactors(Value value, Value whole, Product &product) {
  constexpr size_t most = 6;
  Operation *op = value.getDefiningOp();
  if (std::optional<double> number = getSplat(value)) {
    product.number *= *number;
  } else if (value != whole && isa_and_nonnull<MulOp>(op) &&
             product.factors.size() < most) {
    addFactors(op->getOperand(0), whole, product);
    addFactors(op->getOperand(1), whole, product);
  } else if (auto divisor = value != whole && isa_and_nonnull<DivOp>(op)
                                ? getSplat(op->getOperand(1))
                                : std::nullopt) {
    product.number /= *divisor;
    addFactors(op->getOperand(0), whole, product);
  } else if (value != whole && isa_and_nonnull<PowOp>(op) &&
             getSplat(op->getOperand(1)) == std::optional<double>(3)) {
    product.factors.append(3, op->getOperand(0));
  } else {
    product.factors.push_back(value);
  }
}
static Product getProduct(Value value, Value whole = {}) {
  Product product;
  addFactors(value, whole, product);
  return product;
}

/// `value` without a number that it is multiplied with.
static Value skipNumber(Value value) {
  Operation *op = value.getDefiningOp();
  if (!isa_and_nonnull<MulOp, DivOp>(op))
    return value;
  if (getSplat(op->getOperand(1)))
    return op->getOperand(0);
  return isa<MulOp>(op) && getSplat(op->getOperand(0)) ? op->getOperand(1)
                                                       : value;
}

/// The other operand of 1 + value.
static Value addedToOne(Value value) {
  auto add = value.getDefiningOp<AddOp>();
  for (unsigned i : {0, 1})
    if (add && getSplat(add->getOperand(i)) == std::optional<double>(1))
      return add->getOperand(1 - i);
  return {};
}

/// x of tanh(c (x + a x^3)), c = sqrt(2 / pi), a = 0.044715.
static Value matchTanh(TanhOp op) {
  constexpr double c = 0.79788456080286535588, a = 0.044715;
  auto sum = skipNumber(op.getInput()).getDefiningOp<AddOp>();
  for (unsigned i : {0, 1}) {
    if (!sum)
      break;
    Value x = sum->getOperand(i), cube = sum->getOperand(1 - i);
    if (getProduct(op.getInput(), sum.getResult()).is(c, {sum.getResult()}) &&
        getProduct(cube, x).is(a, {x, x, x}))
      return x;
  }
  return {};
}

static Value matchErf(ErfOp op) {
  Value x = skipNumber(op.getInput());
  return getProduct(op.getInput(), x).is(M_SQRT1_2, {x}) ? x : Value();
}

/// What `op`, the last product of the formula, is gelu of, and how.
static std::pair<Value, StringRef> matchGelu(MulOp op) {
  for (Value factor : getProduct(op.getResult()).factors) {
    Value inner = addedToOne(factor);
    if (!inner)
      continue;
    auto tanh = inner.getDefiningOp<TanhOp>();
    auto erf = inner.getDefiningOp<ErfOp>();
    Value x = tanh ? matchTanh(tanh) : erf ? matchErf(erf) : Value();
    if (x && getProduct(op.getResult(), x).is(0.5, {x, factor}))
      return {x, tanh ? "tanh" : "none"};
  }
  return {};
}

void mlir::mpt::import::formGelu(Block &program, ProgramNames &names) {
  SmallVector<MulOp> all(program.getOps<MulOp>());
  for (MulOp op : all) {
    auto [x, approx] = matchGelu(op);
    if (!x)
      continue;
    CompositeBuilder b(op, names);
    Value gelu = b.make<GeluOp>({x}, b.text("approx", approx));
    op.getResult().replaceAllUsesWith(gelu);
  }
}
