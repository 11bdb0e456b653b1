// SPDX-License-Identifier: Apache-2.0
//===- HostTensor.cpp - contents known at import --------------------------===//
#include "HostTensor.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include <cmath>

using namespace mlir;
using namespace mlir::mpt::import;

int64_t mlir::mpt::import::byteSize(RankedTensorType type) {
  int64_t bits = type.getElementTypeBitWidth();
  return type.getNumElements() * ((bits + 7) / 8);
}

static bool isUnsigned(Type element) {
  return element.isInteger(1) || element.isUnsignedInteger();
}

Scalar mlir::mpt::import::round(Type element, Scalar value) {
  if (auto type = dyn_cast<FloatType>(element)) {
    if (type.isF64())
      return value;
    if (type.isF32())
      return real(double(float(value.f)));
    APFloat f(value.f);
    bool losesInfo;
    f.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
              &losesInfo);
    return real(f.convertToDouble());
  }
  unsigned width = element.getIntOrFloatBitWidth();
  if (width == 64)
    return value;
  return whole(isUnsigned(element)
                   ? int64_t(uint64_t(value.i) & ((uint64_t(1) << width) - 1))
                   : llvm::SignExtend64(uint64_t(value.i), width));
}

/// A double as an integer: toward zero, saturating, 0 for NaN.
static int64_t truncate(double value) {
  if (std::isnan(value))
    return 0;
  if (value >= 9223372036854775808.0)
    return INT64_MAX;
  if (value <= -9223372036854775808.0)
    return INT64_MIN;
  return int64_t(value);
}

Scalar mlir::mpt::import::scalarOf(Type element, double value) {
  if (isa<FloatType>(element))
    return round(element, real(value));
  return round(element, whole(truncate(value)));
}

SmallVector<int64_t> HostTensor::ints() const {
  SmallVector<int64_t> values(type.getNumElements());
  for (auto [i, v] : llvm::enumerate(values))
    v = isFloat() ? truncate(at(i).f) : at(i).i;
  return values;
}

Attribute HostTensor::toAttribute() const {
  Type element = type.getElementType();
  bool same = llvm::all_of(data, [&](Scalar s) { return s.i == data[0].i; });
  auto toFloat = [&](Scalar s) {
    APFloat f(s.f);
    bool losesInfo;
    f.convert(cast<FloatType>(element).getFloatSemantics(),
              APFloat::rmNearestTiesToEven, &losesInfo);
    return f;
  };
  auto toInt = [&](Scalar s) {
    return APInt(element.getIntOrFloatBitWidth(), uint64_t(s.i),
                 /*isSigned=*/false, /*implicitTrunc=*/true);
  };
  if (same && !data.empty())
    return isFloat() ? Attribute(FloatAttr::get(element, toFloat(data[0])))
                     : Attribute(IntegerAttr::get(element, toInt(data[0])));
  if (isFloat())
    return DenseElementsAttr::get(
        type, llvm::to_vector(llvm::map_range(data, toFloat)));
  return DenseElementsAttr::get(type,
                                llvm::to_vector(llvm::map_range(data, toInt)));
}

//===- construction -------------------------------------------------------===//

static Scalar decode(Type stored, const char *bytes) {
  unsigned width = std::max(8u, stored.getIntOrFloatBitWidth());
  uint64_t bits = 0;
  for (unsigned k = 0; k < width / 8; ++k)
    bits |= uint64_t(uint8_t(bytes[k])) << (8 * k);
  if (auto type = dyn_cast<FloatType>(stored)) {
    APFloat f(type.getFloatSemantics(), APInt(width, bits));
    bool losesInfo;
    f.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
    return real(f.convertToDouble());
  }
  return mlir::mpt::import::round(stored, whole(int64_t(bits)));
}

Host mlir::mpt::import::fromBytes(RankedTensorType type, Type stored,
                                  StringRef bytes) {
  size_t size = std::max(8u, stored.getIntOrFloatBitWidth()) / 8;
  assert(bytes.size() == size * type.getNumElements() && "checked by reader");
  std::vector<Scalar> data;
  for (size_t at = 0; at < bytes.size(); at += size)
    data.push_back(
        round(type.getElementType(), decode(stored, bytes.data() + at)));
  return std::make_shared<HostTensor>(type, std::move(data));
}

Host mlir::mpt::import::splat(RankedTensorType type, Scalar value) {
  if (type.getNumElements() == 0)
    return std::make_shared<HostTensor>(type, std::vector<Scalar>());
  return std::make_shared<HostTensor>(
      type, std::vector<Scalar>{round(type.getElementType(), value)});
}

Host mlir::mpt::import::fromInts(MLIRContext *context,
                                 ArrayRef<int64_t> values) {
  std::vector<Scalar> data;
  for (int64_t v : values)
    data.push_back(whole(v));
  auto type = RankedTensorType::get({int64_t(values.size())},
                                    IntegerType::get(context, 64));
  return std::make_shared<HostTensor>(type, std::move(data));
}

//===- elementwise --------------------------------------------------------===//

/// Applies `f` element by element; one application when all are splats.
static Host map(RankedTensorType type, ArrayRef<Host> operands,
                function_ref<Scalar(int64_t)> f) {
  int64_t n = type.getNumElements();
  if (n > 1 &&
      llvm::all_of(operands, [](const Host &h) { return h->isSplat(); }))
    n = 1;
  std::vector<Scalar> data(n);
  for (int64_t i = 0; i < n; ++i)
    data[i] = mlir::mpt::import::round(type.getElementType(), f(i));
  return std::make_shared<HostTensor>(type, std::move(data));
}

using FloatUnary = double (*)(double);
static FloatUnary floatUnary(StringRef op) {
  return llvm::StringSwitch<FloatUnary>(op)
      .Case("neg", [](double x) { return -x; })
      .Case("abs", [](double x) { return std::fabs(x); })
      .Case("sign", [](double x) { return double(x > 0) - double(x < 0); })
      .Case("floor", [](double x) { return std::floor(x); })
      .Case("ceil", [](double x) { return std::ceil(x); })
      .Case("round_even", [](double x) { return std::nearbyint(x); })
      .Case("exp", [](double x) { return std::exp(x); })
      .Case("log", [](double x) { return std::log(x); })
      .Case("sqrt", [](double x) { return std::sqrt(x); })
      .Case("rsqrt", [](double x) { return 1 / std::sqrt(x); })
      .Case("sin", [](double x) { return std::sin(x); })
      .Case("cos", [](double x) { return std::cos(x); })
      .Case("tanh", [](double x) { return std::tanh(x); })
      .Default(nullptr);
}

Host mlir::mpt::import::foldUnary(StringRef op, const Host &x) {
  if (x->isFloat()) {
    FloatUnary f = floatUnary(op);
    return f ? map(x->type, x, [&](int64_t i) { return real(f(x->at(i).f)); })
             : nullptr;
  }
  auto ints = [&](function_ref<int64_t(int64_t)> f) {
    return map(x->type, x, [&](int64_t i) { return whole(f(x->at(i).i)); });
  };
  if (op == "neg")
    return ints([](int64_t v) { return int64_t(-uint64_t(v)); });
  if (op == "abs")
    return ints([](int64_t v) { return v < 0 ? int64_t(-uint64_t(v)) : v; });
  if (op == "sign")
    return ints([](int64_t v) { return int64_t(v > 0) - int64_t(v < 0); });
  if (op == "not")
    return ints([](int64_t v) { return ~v; });
  return nullptr;
}

using FloatBinary = double (*)(double, double);
static FloatBinary floatBinary(StringRef op) {
  return llvm::StringSwitch<FloatBinary>(op)
      .Case("add", [](double a, double b) { return a + b; })
      .Case("sub", [](double a, double b) { return a - b; })
      .Case("mul", [](double a, double b) { return a * b; })
      .Case("div", [](double a, double b) { return a / b; })
      .Case("rem", [](double a, double b) { return std::fmod(a, b); })
      .Case("pow", [](double a, double b) { return std::pow(a, b); })
      .Case("max", [](double a, double b) { return a > b || a != a ? a : b; })
      .Case("min", [](double a, double b) { return a < b || a != a ? a : b; })
      .Default(nullptr);
}

/// Integers wrap; division by zero is not folded (null).
using IntBinary = int64_t (*)(int64_t, int64_t);
static IntBinary intBinary(StringRef op) {
  using U = uint64_t;
  return llvm::StringSwitch<IntBinary>(op)
      .Case("add", [](int64_t a, int64_t b) { return int64_t(U(a) + U(b)); })
      .Case("sub", [](int64_t a, int64_t b) { return int64_t(U(a) - U(b)); })
      .Case("mul", [](int64_t a, int64_t b) { return int64_t(U(a) * U(b)); })
      .Case("div", [](int64_t a,
                      int64_t b) { return b == -1 ? int64_t(-U(a)) : a / b; })
      .Case("rem",
            [](int64_t a, int64_t b) { return b == -1 ? int64_t(0) : a % b; })
      .Case("max", [](int64_t a, int64_t b) { return std::max(a, b); })
      .Case("min", [](int64_t a, int64_t b) { return std::min(a, b); })
      .Case("and", [](int64_t a, int64_t b) { return a & b; })
      .Case("or", [](int64_t a, int64_t b) { return a | b; })
      .Case("xor", [](int64_t a, int64_t b) { return a ^ b; })
      .Default(nullptr);
}

Host mlir::mpt::import::foldBinary(StringRef op, const Host &a, const Host &b) {
  if (a->isFloat()) {
    FloatBinary f = floatBinary(op);
    return f ? map(a->type, {a, b},
                   [&](int64_t i) { return real(f(a->at(i).f, b->at(i).f)); })
             : nullptr;
  }
  IntBinary f = intBinary(op);
  bool divides = op == "div" || op == "rem";
  if (!f || (isUnsigned(a->type.getElementType()) &&
             (divides || op == "max" || op == "min")))
    return nullptr;
  if (divides && llvm::any_of(b->data, [](Scalar s) { return s.i == 0; }))
    return nullptr;
  return map(a->type, {a, b},
             [&](int64_t i) { return whole(f(a->at(i).i, b->at(i).i)); });
}

template <typename T> static bool compare(StringRef kind, T a, T b) {
  return kind == "eq"   ? a == b
         : kind == "ne" ? a != b
         : kind == "lt" ? a < b
         : kind == "le" ? a <= b
         : kind == "gt" ? a > b
                        : a >= b;
}

static RankedTensorType withElement(RankedTensorType type, Type element) {
  return RankedTensorType::get(type.getShape(), element);
}

Host mlir::mpt::import::foldCompare(StringRef kind, const Host &a,
                                    const Host &b) {
  auto type = withElement(a->type, IntegerType::get(a->type.getContext(), 1));
  bool isFloat = a->isFloat(),
       wide = a->type.getElementType().isUnsignedInteger();
  return map(type, {a, b}, [&](int64_t i) {
    Scalar l = a->at(i), r = b->at(i);
    bool holds = isFloat ? compare(kind, l.f, r.f)
                 : wide  ? compare(kind, uint64_t(l.i), uint64_t(r.i))
                         : compare(kind, l.i, r.i);
    return whole(holds);
  });
}

Host mlir::mpt::import::foldSelect(const Host &pred, const Host &a,
                                   const Host &b) {
  return map(a->type, {pred, a, b},
             [&](int64_t i) { return pred->at(i).i ? a->at(i) : b->at(i); });
}

Host mlir::mpt::import::foldConvert(const Host &x, Type element) {
  bool toFloat = isa<FloatType>(element),
       wide = x->type.getElementType().isUnsignedInteger();
  return map(withElement(x->type, element), x, [&](int64_t i) {
    Scalar v = x->at(i);
    if (element.isInteger(1))
      return whole(x->isFloat() ? v.f != 0 : v.i != 0);
    if (toFloat)
      return x->isFloat() ? v
                          : real(wide ? double(uint64_t(v.i)) : double(v.i));
    return x->isFloat() ? whole(truncate(v.f)) : v;
  });
}

//===- movement, reduction ------------------------------------------------===//

SmallVector<int64_t> mlir::mpt::import::stridesOf(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;)
    strides[d - 1] = strides[d] * shape[d];
  return strides;
}

/// Calls `f` for every coordinate in row-major order.
static void forEach(ArrayRef<int64_t> shape,
                    function_ref<void(ArrayRef<int64_t>)> f) {
  SmallVector<int64_t> at(shape.size(), 0);
  if (llvm::is_contained(shape, 0))
    return;
  while (true) {
    f(at);
    size_t d = shape.size();
    while (d > 0 && ++at[d - 1] == shape[d - 1])
      at[--d] = 0;
    if (d == 0)
      return;
  }
}

Host mlir::mpt::import::foldMove(
    const Host &x, RankedTensorType type,
    function_ref<int64_t(ArrayRef<int64_t>)> source) {
  if (x->isSplat() && type.getNumElements() > 0)
    return std::make_shared<HostTensor>(type, x->data);
  std::vector<Scalar> data;
  forEach(type.getShape(),
          [&](ArrayRef<int64_t> at) { data.push_back(x->at(source(at))); });
  return std::make_shared<HostTensor>(type, std::move(data));
}

Host mlir::mpt::import::foldConcat(ArrayRef<Host> parts, RankedTensorType type,
                                   int64_t axis) {
  std::vector<Scalar> data(type.getNumElements());
  SmallVector<int64_t> strides = stridesOf(type.getShape());
  int64_t offset = 0;
  for (const Host &part : parts) {
    int64_t linear = 0;
    forEach(part->type.getShape(), [&](ArrayRef<int64_t> at) {
      int64_t to = offset * strides[axis];
      for (auto [d, i] : llvm::enumerate(at))
        to += i * strides[d];
      data[to] = part->at(linear++);
    });
    offset += part->type.getDimSize(axis);
  }
  return std::make_shared<HostTensor>(type, std::move(data));
}

/// Whether the elements do not depend on the dim; bits count, not values.
static bool areEqualAlong(const HostTensor &x, size_t dim) {
  int64_t size = x.type.getDimSize(dim);
  int64_t stride = stridesOf(x.type.getShape())[dim];
  for (int64_t i = 0, n = x.data.size(); i < n; ++i)
    if (x.data[i].i != x.data[i - i / stride % size * stride].i)
      return false;
  return true;
}

Host mlir::mpt::import::dropEqualDims(const Host &x,
                                      SmallVectorImpl<int64_t> &dims) {
  if (x->data.size() <= 1)
    return x;
  SmallVector<int64_t> shape, strides;
  for (auto [d, size] : llvm::enumerate(x->type.getShape()))
    if (!areEqualAlong(*x, d)) {
      dims.push_back(d);
      shape.push_back(size);
      strides.push_back(stridesOf(x->type.getShape())[d]);
    }
  auto type = RankedTensorType::get(shape, x->type.getElementType());
  if (type.getNumElements() == x->type.getNumElements())
    return x;
  return foldMove(x, type, [&](ArrayRef<int64_t> at) {
    int64_t linear = 0;
    for (auto [i, stride] : llvm::zip(at, strides))
      linear += i * stride;
    return linear;
  });
}

Host mlir::mpt::import::foldReduce(StringRef kind, const Host &x,
                                   ArrayRef<int64_t> axes) {
  StringRef op = kind == "sum" ? "add" : kind == "prod" ? "mul" : kind;
  SmallVector<int64_t> shape, kept;
  for (auto [d, size] : llvm::enumerate(x->type.getShape()))
    if (!llvm::is_contained(axes, int64_t(d))) {
      shape.push_back(size);
      kept.push_back(d);
    }
  if (x->type.getNumElements() == 0)
    return nullptr;
  auto type = RankedTensorType::get(shape, x->type.getElementType());
  SmallVector<int64_t> strides = stridesOf(shape);
  FloatBinary f = floatBinary(op);
  IntBinary g = intBinary(op);
  bool isFloat = x->isFloat();
  if (isFloat ? !f : (!g || isUnsigned(type.getElementType())))
    return nullptr;
  std::vector<Scalar> data(type.getNumElements());
  std::vector<bool> seen(data.size(), false);
  int64_t linear = 0;
  forEach(x->type.getShape(), [&](ArrayRef<int64_t> at) {
    int64_t to = 0;
    for (auto [k, d] : llvm::enumerate(kept))
      to += at[d] * strides[k];
    Scalar v = x->at(linear++);
    if (seen[to])
      v = round(type.getElementType(),
                isFloat ? real(f(data[to].f, v.f)) : whole(g(data[to].i, v.i)));
    data[to] = v;
    seen[to] = true;
  });
  return std::make_shared<HostTensor>(type, std::move(data));
}
