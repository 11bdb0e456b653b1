// SPDX-License-Identifier: Apache-2.0
#include "Scalars.h"

using namespace mlir;
using namespace mlir::mpt;

static bool isFloat(Value x) { return isa<FloatType>(x.getType()); }
static bool isBool(Value x) { return x.getType().isInteger(1); }

Value Scalars::number(Type type, double value) {
  if (isa<FloatType>(type))
    return constant(b.getFloatAttr(type, value));
  return constant(cast<TypedAttr>(b.getIntegerAttr(type, int64_t(value))));
}

Value Scalars::constant(TypedAttr value) {
  return arith::ConstantOp::create(b, loc, value);
}

Value Scalars::limit(Type type, bool largest) {
  if (auto f = dyn_cast<FloatType>(type))
    return constant(b.getFloatAttr(
        f, APFloat::getInf(f.getFloatSemantics(), /*Negative=*/!largest)));
  unsigned width = type.getIntOrFloatBitWidth();
  if (width == 1)
    return constant(b.getIntegerAttr(type, largest ? 1 : 0));
  return constant(
      b.getIntegerAttr(type, largest ? APInt::getSignedMaxValue(width)
                                     : APInt::getSignedMinValue(width)));
}

Value Scalars::add(Value x, Value y) {
  if (isFloat(x))
    return arith::AddFOp::create(b, loc, x, y);
  return arith::AddIOp::create(b, loc, x, y);
}
Value Scalars::sub(Value x, Value y) {
  if (isFloat(x))
    return arith::SubFOp::create(b, loc, x, y);
  return arith::SubIOp::create(b, loc, x, y);
}
Value Scalars::mul(Value x, Value y) {
  if (isFloat(x))
    return arith::MulFOp::create(b, loc, x, y);
  return arith::MulIOp::create(b, loc, x, y);
}
Value Scalars::div(Value x, Value y) {
  if (isFloat(x))
    return arith::DivFOp::create(b, loc, x, y);
  return arith::DivSIOp::create(b, loc, x, y);
}
Value Scalars::rem(Value x, Value y) {
  if (isFloat(x))
    return arith::RemFOp::create(b, loc, x, y);
  return arith::RemSIOp::create(b, loc, x, y);
}
Value Scalars::neg(Value x) {
  if (isFloat(x))
    return arith::NegFOp::create(b, loc, x);
  return sub(number(x.getType(), 0), x);
}
Value Scalars::max(Value x, Value y) {
  if (isFloat(x))
    return arith::MaximumFOp::create(b, loc, x, y);
  if (isBool(x))
    return arith::OrIOp::create(b, loc, x, y);
  return arith::MaxSIOp::create(b, loc, x, y);
}
Value Scalars::min(Value x, Value y) {
  if (isFloat(x))
    return arith::MinimumFOp::create(b, loc, x, y);
  if (isBool(x))
    return arith::AndIOp::create(b, loc, x, y);
  return arith::MinSIOp::create(b, loc, x, y);
}
Value Scalars::exp(Value x) { return math::ExpOp::create(b, loc, x); }
Value Scalars::log(Value x) { return math::LogOp::create(b, loc, x); }
Value Scalars::sqrt(Value x) { return math::SqrtOp::create(b, loc, x); }
Value Scalars::select(Value pred, Value x, Value y) {
  return arith::SelectOp::create(b, loc, pred, x, y);
}
Value Scalars::both(Value x, Value y) {
  return arith::AndIOp::create(b, loc, x, y);
}

Value Scalars::compare(StringRef kind, Value x, Value y) {
  if (isFloat(x)) {
    using P = arith::CmpFPredicate;
    P p = llvm::StringSwitch<P>(kind)
              .Case("eq", P::OEQ)
              .Case("ne", P::UNE)
              .Case("lt", P::OLT)
              .Case("le", P::OLE)
              .Case("gt", P::OGT)
              .Case("ge", P::OGE);
    return arith::CmpFOp::create(b, loc, p, x, y);
  }
  using P = arith::CmpIPredicate;
  bool isUnsigned = isBool(x);
  P p = llvm::StringSwitch<P>(kind)
            .Case("eq", P::eq)
            .Case("ne", P::ne)
            .Case("lt", isUnsigned ? P::ult : P::slt)
            .Case("le", isUnsigned ? P::ule : P::sle)
            .Case("gt", isUnsigned ? P::ugt : P::sgt)
            .Case("ge", isUnsigned ? P::uge : P::sge);
  return arith::CmpIOp::create(b, loc, p, x, y);
}

Value Scalars::combine(StringRef kind, Value x, Value y) {
  if (kind == "sum")
    return add(x, y);
  if (kind == "prod")
    return mul(x, y);
  if (kind == "max")
    return max(x, y);
  if (kind == "min")
    return min(x, y);
  if (kind == "and")
    return arith::AndIOp::create(b, loc, x, y);
  assert(kind == "or" && "mpt.reduce verifies its kind");
  return arith::OrIOp::create(b, loc, x, y);
}

Value Scalars::identity(StringRef kind, Type type) {
  if (kind == "max" || kind == "min")
    return limit(type, /*largest=*/kind == "min");
  if (kind == "and")
    return constant(b.getIntegerAttr(
        type, APInt::getAllOnes(type.getIntOrFloatBitWidth())));
  return number(type, kind == "prod" ? 1 : 0);
}

Value Scalars::convert(Value x, Type to) {
  Type from = x.getType();
  if (from == to)
    return x;
  if (to.isInteger(1))
    return compare("ne", x, number(from, 0));
  if (auto f = dyn_cast<FloatType>(from)) {
    auto g = dyn_cast<FloatType>(to);
    if (!g)
      return arith::FPToSIOp::create(b, loc, to, x);
    if (f.getWidth() == g.getWidth()) // f16 and bf16
      return convert(convert(x, b.getF32Type()), to);
    if (f.getWidth() < g.getWidth())
      return arith::ExtFOp::create(b, loc, to, x);
    return arith::TruncFOp::create(b, loc, to, x);
  }
  if (isa<FloatType>(to)) {
    if (isBool(x))
      return arith::UIToFPOp::create(b, loc, to, x);
    return arith::SIToFPOp::create(b, loc, to, x);
  }
  if (isBool(x))
    return arith::ExtUIOp::create(b, loc, to, x);
  if (from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth())
    return arith::ExtSIOp::create(b, loc, to, x);
  return arith::TruncIOp::create(b, loc, to, x);
}

Value Scalars::toIndex(Value x) {
  if (x.getType().isIndex())
    return x;
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), x);
}
Value Scalars::toI64(Value x) {
  if (x.getType().isIndex())
    return arith::IndexCastOp::create(b, loc, b.getI64Type(), x);
  return convert(x, b.getI64Type());
}
Value Scalars::iterator(unsigned dim) {
  return linalg::IndexOp::create(b, loc, dim);
}
Value Scalars::extract(Value tensor, ValueRange indices) {
  return tensor::ExtractOp::create(b, loc, tensor, indices);
}
