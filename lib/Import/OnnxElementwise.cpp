// SPDX-License-Identifier: Apache-2.0
//===- OnnxElementwise.cpp - one element in, one element out --------------===//
//
// Rows of plain operators name their core op; activations are written with
// compare and select, so that their derivative at a kink is that of PyTorch
// (relu'(0) = 0, clamp inclusive) and the branch that is not taken never
// overflows.
//
//===----------------------------------------------------------------------===//
#include "NodeBuilder.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::mpt::import;

//===- plain --------------------------------------------------------------===//

static Vals importUnary(NodeBuilder &b) {
  return {b.unary(b.detail, b.input(0))};
}
static Vals importBinary(NodeBuilder &b) {
  return {b.binary(b.detail, b.input(0), b.input(1))};
}
static Vals importCompare(NodeBuilder &b) {
  return {b.compare(b.detail, b.input(0), b.input(1))};
}
/// Left to right.
static Vals importVariadic(NodeBuilder &b) {
  Val result = b.input(0);
  for (size_t i = 1; i < b.numInputs(); ++i)
    result = b.binary(b.detail, result, b.input(i));
  return {result};
}
static Vals importMean(NodeBuilder &b) {
  Val sum = importVariadic(b)[0];
  return {b.binary("div", sum, b.scalarLike(sum, b.numInputs()))};
}
static Vals importReciprocal(NodeBuilder &b) {
  return {b.binary("div", b.scalarLike(b.input(0), 1), b.input(0))};
}
static Vals importBitwiseNot(NodeBuilder &b) {
  return {b.binary("xor", b.input(0), b.scalarLike(b.input(0), -1))};
}
static Vals importWhere(NodeBuilder &b) {
  return {b.select(b.input(0), b.input(1), b.input(2))};
}

static Vals importIsInf(NodeBuilder &b) {
  double inf = std::numeric_limits<double>::infinity();
  bool positive = b.getInt("detect_positive", 1);
  bool negative = b.getInt("detect_negative", 1);
  Val x = b.input(0);
  if (!positive && !negative)
    return {b.fill(x.shape(), b.i1(), whole(0))};
  Val tested = positive && negative ? b.unary("abs", x) : x;
  return {b.compare("eq", tested, b.scalarLike(x, positive ? inf : -inf))};
}

//===- casts --------------------------------------------------------------===//

static Vals importCast(NodeBuilder &b) {
  auto to = onnx::DType(b.getInt("to", 0));
  Type element = b.program.elementType(to);
  if (!element)
    return {
        b.fail("cast to " + onnx::name(to) + ", which programs do not have")};
  return {b.convert(b.input(0), element)};
}
static Vals importCastLike(NodeBuilder &b) {
  return {b.convert(b.input(0), b.input(1).element())};
}

//===- arithmetic with rules of its own -----------------------------------===//

/// Multiplies and roots where the exponent is one of PyTorch's special cases.
static Val power(NodeBuilder &b, const Val &x, double exponent) {
  auto inverse = [&](const Val &v) {
    return b.binary("div", b.scalarLike(v, 1), v);
  };
  if (exponent == 1)
    return x;
  if (exponent == 2)
    return b.binary("mul", x, x);
  if (exponent == 3)
    return b.binary("mul", b.binary("mul", x, x), x);
  if (!x.isFloat())
    return Val();
  if (exponent == 0.5)
    return b.unary("sqrt", x);
  if (exponent == -0.5)
    return b.unary("rsqrt", x);
  if (exponent == -1)
    return inverse(x);
  if (exponent == -2)
    return inverse(b.binary("mul", x, x));
  return Val();
}

static Vals importPow(NodeBuilder &b) {
  Val x = b.input(0), y = b.input(1);
  auto shape = b.commonShape(x.shape(), y.shape());
  if (!shape)
    return {Val()};
  if (y.host && y.host->isSplat()) {
    double exponent = y.isFloat() ? y.host->at(0).f : double(y.host->at(0).i);
    if (Val result = power(b, x, exponent))
      return {b.broadcastTo(result, *shape)};
  }
  if (x.isFloat() || !y.isFloat())
    return {b.binary("pow", x, b.convert(y, x.element()))};
  Val result = b.binary("pow", b.convert(x, y.element()), y);
  return {b.convert(result, x.element())};
}

/// fmod: sign of the dividend, core's rem. Else sign of the divisor.
static Vals importMod(NodeBuilder &b) {
  Val x = b.input(0), y = b.input(1);
  Val rem = b.binary("rem", x, y);
  if (b.getInt("fmod", 0) || !rem || rem.element().isUnsignedInteger())
    return {rem};
  Val zero = b.scalarLike(rem, 0);
  Val differs =
      b.compare("ne", b.compare("lt", rem, zero), b.compare("lt", y, zero));
  Val moved = b.binary("and", b.compare("ne", rem, zero), differs);
  return {b.select(moved, b.binary("add", rem, y), rem)};
}

/// Opset 6 has attributes, 11 and later optional inputs.
static Vals importClip(NodeBuilder &b) {
  Val x = b.input(0), lo = b.input(1), hi = b.input(2);
  if (b.node.find("min"))
    lo = b.scalarLike(x, b.getFloat("min", 0));
  if (b.node.find("max"))
    hi = b.scalarLike(x, b.getFloat("max", 0));
  if (lo)
    x = b.select(b.compare("lt", x, lo), lo, x);
  if (hi)
    x = b.select(b.compare("gt", x, hi), hi, x);
  return {x};
}

//===- activations --------------------------------------------------------===//

static Val isPositive(NodeBuilder &b, const Val &x) {
  return b.compare("gt", x, b.scalarLike(x, 0));
}
static Val timesConstant(NodeBuilder &b, const Val &x, double c) {
  return c == 1 ? x : b.binary("mul", x, b.scalarLike(x, c));
}
static Val plusConstant(NodeBuilder &b, const Val &x, double c) {
  return c == 0 ? x : b.binary("add", x, b.scalarLike(x, c));
}

static Vals importRelu(NodeBuilder &b) {
  Val x = b.input(0), zero = b.scalarLike(x, 0);
  return {b.select(b.compare("le", x, zero), zero, x)};
}
static Vals importLeakyRelu(NodeBuilder &b) {
  Val x = b.input(0);
  return {b.select(isPositive(b, x), x,
                   timesConstant(b, x, b.getFloat("alpha", 0.01)))};
}
static Vals importPRelu(NodeBuilder &b) {
  Val x = b.input(0);
  return {b.select(isPositive(b, x), x, b.binary("mul", x, b.input(1)))};
}
/// scale * (x where x > 0, else alpha (e^(x/beta) - 1)).
static Val elu(NodeBuilder &b, double scale, double alpha, double beta) {
  Val x = b.input(0), positive = isPositive(b, x);
  Val negative = b.select(positive, b.scalarLike(x, 0), x);
  if (beta != 1)
    negative = b.binary("div", negative, b.scalarLike(x, beta));
  Val tail = timesConstant(b, b.unary("expm1", negative), alpha);
  return timesConstant(b, b.select(positive, x, tail), scale);
}
static Vals importElu(NodeBuilder &b) {
  return {elu(b, 1, b.getFloat("alpha", 1), 1)};
}
static Vals importSelu(NodeBuilder &b) {
  return {elu(b, b.getFloat("gamma", 1.0507009873554805),
              b.getFloat("alpha", 1.6732632423543772), 1)};
}
static Vals importCelu(NodeBuilder &b) {
  double alpha = b.getFloat("alpha", 1);
  return {elu(b, 1, alpha, alpha)};
}
static Val clampUnit(NodeBuilder &b, const Val &x) {
  Val zero = b.scalarLike(x, 0), one = b.scalarLike(x, 1);
  Val low = b.select(b.compare("le", x, zero), zero, x);
  return b.select(b.compare("ge", low, one), one, low);
}
static Vals importHardSigmoid(NodeBuilder &b) {
  Val scaled = timesConstant(b, b.input(0), b.getFloat("alpha", 0.2));
  return {clampUnit(b, plusConstant(b, scaled, b.getFloat("beta", 0.5)))};
}
static Vals importHardSwish(NodeBuilder &b) {
  Val x = b.input(0), sixth = b.binary("div", x, b.scalarLike(x, 6));
  return {b.binary("mul", x, clampUnit(b, plusConstant(b, sixth, 0.5)))};
}
/// log(1 + e^x) as x + log1p(e^-x) for x > 0.
static Val softplus(NodeBuilder &b, const Val &x) {
  Val positive = isPositive(b, x);
  Val small = b.unary("exp", b.select(positive, b.unary("neg", x), x));
  Val tail = b.unary("log1p", small);
  return b.select(positive, b.binary("add", x, tail), tail);
}
static Vals importSoftplus(NodeBuilder &b) { return {softplus(b, b.input(0))}; }
static Vals importMish(NodeBuilder &b) {
  Val x = b.input(0);
  return {b.binary("mul", x, b.unary("tanh", softplus(b, x)))};
}
static Vals importSoftsign(NodeBuilder &b) {
  Val x = b.input(0);
  return {b.binary("div", x, plusConstant(b, b.unary("abs", x), 1))};
}
static Val swish(NodeBuilder &b, const Val &x, double alpha) {
  return b.binary("mul", x, b.unary("logistic", timesConstant(b, x, alpha)));
}
static Vals importSwish(NodeBuilder &b) {
  return {swish(b, b.input(0), b.getFloat("alpha", 1))};
}
static Vals importThresholdedRelu(NodeBuilder &b) {
  Val x = b.input(0), alpha = b.scalarLike(x, b.getFloat("alpha", 1));
  return {b.select(b.compare("gt", x, alpha), x, b.scalarLike(x, 0))};
}
static Vals importShrink(NodeBuilder &b) {
  Val x = b.input(0);
  double lambda = b.getFloat("lambd", 0.5), bias = b.getFloat("bias", 0);
  Val above = b.select(b.compare("gt", x, b.scalarLike(x, lambda)),
                       plusConstant(b, x, -bias), b.scalarLike(x, 0));
  return {b.select(b.compare("lt", x, b.scalarLike(x, -lambda)),
                   plusConstant(b, x, bias), above)};
}
static Vals importGelu(NodeBuilder &b) {
  std::string approx = b.node.getString("approximate", "none");
  if (approx != "none" && approx != "tanh")
    return {b.fail("approximate is '" + approx + "', expected none or tanh")};
  Val x = b.input(0);
  return b.build("gelu", x, x.type, b.attr("approx", approx));
}

ArrayRef<OpRow> mlir::mpt::import::getElementwiseRows() {
  static const OpRow rows[] = {
      {"Abs", importUnary, "abs"},
      {"Acos", importUnary, "acos"},
      {"Acosh", importUnary, "acosh"},
      {"Add", importBinary, "add"},
      {"And", importBinary, "and"},
      {"Asin", importUnary, "asin"},
      {"Asinh", importUnary, "asinh"},
      {"Atan", importUnary, "atan"},
      {"Atanh", importUnary, "atanh"},
      {"BitwiseAnd", importBinary, "and"},
      {"BitwiseNot", importBitwiseNot},
      {"BitwiseOr", importBinary, "or"},
      {"BitwiseXor", importBinary, "xor"},
      {"Cast", importCast},
      {"CastLike", importCastLike},
      {"Ceil", importUnary, "ceil"},
      {"Celu", importCelu},
      {"Clip", importClip},
      {"Cos", importUnary, "cos"},
      {"Cosh", importUnary, "cosh"},
      {"Div", importBinary, "div"},
      {"Elu", importElu},
      {"Equal", importCompare, "eq"},
      {"Erf", importUnary, "erf"},
      {"Exp", importUnary, "exp"},
      {"Floor", importUnary, "floor"},
      {"Gelu", importGelu},
      {"Greater", importCompare, "gt"},
      {"GreaterOrEqual", importCompare, "ge"},
      {"HardSigmoid", importHardSigmoid},
      {"HardSwish", importHardSwish},
      {"IsInf", importIsInf},
      {"IsNaN", importUnary, "is_nan"},
      {"LeakyRelu", importLeakyRelu},
      {"Less", importCompare, "lt"},
      {"LessOrEqual", importCompare, "le"},
      {"Log", importUnary, "log"},
      {"Max", importVariadic, "max"},
      {"Mean", importMean, "add"},
      {"Min", importVariadic, "min"},
      {"Mish", importMish},
      {"Mod", importMod},
      {"Mul", importBinary, "mul"},
      {"Neg", importUnary, "neg"},
      {"Not", importUnary, "not"},
      {"Or", importBinary, "or"},
      {"PRelu", importPRelu},
      {"Pow", importPow},
      {"Reciprocal", importReciprocal},
      {"Relu", importRelu},
      {"Round", importUnary, "round_even"},
      {"Selu", importSelu},
      {"Shrink", importShrink},
      {"Sigmoid", importUnary, "logistic"},
      {"Sign", importUnary, "sign"},
      {"Sin", importUnary, "sin"},
      {"Sinh", importUnary, "sinh"},
      {"Softplus", importSoftplus},
      {"Softsign", importSoftsign},
      {"Sqrt", importUnary, "sqrt"},
      {"Sub", importBinary, "sub"},
      {"Sum", importVariadic, "add"},
      {"Swish", importSwish},
      {"Tan", importUnary, "tan"},
      {"Tanh", importUnary, "tanh"},
      {"ThresholdedRelu", importThresholdedRelu},
      {"Where", importWhere},
      {"Xor", importBinary, "xor"},
  };
  return rows;
}
