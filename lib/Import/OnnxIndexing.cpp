// SPDX-License-Identifier: Apache-2.0
//===- OnnxIndexing.cpp - constants, positions ----------------------------===//
//
// Tensors made of nothing (Constant, Range, EyeLike, ...) and masks made of
// positions (Trilu, OneHot). A mask is a comparison of iotas: small ones fold,
// large ones are computed where used.
//
//===----------------------------------------------------------------------===//
#include "NodeBuilder.h"
#include <cmath>

using namespace mlir;
using namespace mlir::mpt::import;

//===- constants ----------------------------------------------------------===//

static Val fromTensor(NodeBuilder &b, const onnx::Tensor &tensor) {
  std::string why;
  Val v = b.program.addTensor(tensor, b.node.outputs[0],
                              /*isInitializer=*/false, /*mayTrain=*/false, why);
  return v ? v : b.fail("its tensor " + why);
}

static Vals importConstant(NodeBuilder &b) {
  for (const onnx::Attribute &attribute : b.node.attributes) {
    bool isList =
        attribute.name == "value_ints" || attribute.name == "value_floats";
    Type f32 = b.program.elementType(onnx::DType::Float32);
    if (attribute.name == "value" && attribute.tensors.size() == 1)
      return {fromTensor(b, attribute.tensors[0])};
    std::vector<Scalar> data;
    for (int64_t v : attribute.ints)
      data.push_back(whole(v));
    for (float v : attribute.floats)
      data.push_back(real(v));
    if (attribute.name == "value_int" || attribute.name == "value_ints" ||
        attribute.name == "value_float" || attribute.name == "value_floats") {
      bool isInt = attribute.name.find("int") != std::string::npos;
      SmallVector<int64_t> shape;
      if (isList)
        shape.push_back(data.size());
      auto type = b.typeOf(shape, isInt ? b.i64() : f32);
      return {NodeBuilder::known(
          std::make_shared<HostTensor>(type, std::move(data)))};
    }
  }
  return {b.fail("has no value that is a dense tensor of numbers")};
}

static Vals importConstantOfShape(NodeBuilder &b) {
  auto shape = b.ints(0);
  if (!shape)
    return {Val()};
  for (int64_t size : *shape)
    if (size < 0)
      return {b.fail("shape " + b.text(*shape) + " has a negative size")};
  const onnx::Attribute *value = b.node.find("value");
  if (!value || value->tensors.size() != 1)
    return {
        b.fill(*shape, b.program.elementType(onnx::DType::Float32), real(0))};
  Val element = fromTensor(b, value->tensors[0]);
  if (element && element.type.getNumElements() != 1)
    return {b.fail("value has type " + b.text(element.type) +
                   ", expected one element")};
  return {element ? b.fill(*shape, element.element(), element.host->at(0))
                  : element};
}

//===- positions ----------------------------------------------------------===//

/// start, start + delta, ...: ceil((limit - start) / delta) elements.
static Vals importRange(NodeBuilder &b) {
  Type element = b.input(0).element();
  int64_t n;
  Val start = b.input(0), delta = b.input(2);
  if (isa<FloatType>(element)) {
    auto lo = b.number(0), hi = b.number(1), by = b.number(2);
    if (!lo || !hi || !by)
      return {Val()};
    if (*by == 0)
      return {b.fail("delta is 0")};
    double count = std::ceil((*hi - *lo) / *by);
    if (!(count < 1e12))
      return {b.fail("range has no bounded size")};
    n = std::max<int64_t>(int64_t(count), 0);
  } else {
    auto lo = b.integer(0), hi = b.integer(1), by = b.integer(2);
    if (!lo || !hi || !by)
      return {Val()};
    if (*by == 0)
      return {b.fail("delta is 0")};
    __int128 span = __int128(*hi) - *lo, step = *by;
    __int128 count =
        span / step + (span % step != 0 && (span < 0) == (step < 0));
    n = int64_t(std::clamp<__int128>(count, 0, __int128(1) << 50));
  }
  Val steps = b.iota({n}, element, 0);
  return {b.binary("add", b.binary("mul", steps, delta), start)};
}

/// row + k `kind` column.
static Val diagonal(NodeBuilder &b, StringRef kind, ArrayRef<int64_t> shape,
                    int64_t k) {
  Val row = b.iota(shape, b.i64(), 0), column = b.iota(shape, b.i64(), 1);
  if (k != 0)
    row = b.binary("add", row, b.scalar(b.i64(), k));
  return b.compare(kind, row, column);
}

static Vals importEyeLike(NodeBuilder &b) {
  Val like = b.input(0);
  if (like.rank() != 2)
    return {
        b.fail("input has type " + b.text(like.type) + ", expected a matrix")};
  Type element = like.element();
  if (b.node.find("dtype"))
    element = b.program.elementType(onnx::DType(b.getInt("dtype", 0)));
  if (!element)
    return {b.fail("dtype " + Twine(b.getInt("dtype", 0)) +
                   " is none that programs have")};
  return {
      b.convert(diagonal(b, "eq", like.shape(), b.getInt("k", 0)), element)};
}

static Vals importTrilu(NodeBuilder &b) {
  Val x = b.input(0);
  int64_t k = 0;
  if (b.has(1)) {
    auto given = b.integer(1);
    if (!given)
      return {Val()};
    k = *given;
  }
  if (x.rank() < 2)
    return {b.fail("input has type " + b.text(x.type) +
                   ", expected two dims or more")};
  Val kept = diagonal(b, b.getInt("upper", 1) ? "le" : "ge",
                      x.shape().take_back(2), k);
  return {b.select(kept, x, b.scalarLike(x, 0))};
}

static Vals importOneHot(NodeBuilder &b) {
  Val indices = b.convert(b.input(0), b.i64()), values = b.input(2);
  auto depth = b.integer(1);
  if (!depth)
    return {Val()};
  if (values.rank() != 1 || values.shape()[0] != 2)
    return {b.fail("values have type " + b.text(values.type) +
                   ", expected two elements")};
  auto axis = b.axis(b.getInt("axis", -1), indices.rank() + 1);
  if (!axis)
    return {Val()};
  int64_t n = *depth;
  SmallVector<int64_t> thin(indices.shape()), shape;
  thin.insert(thin.begin() + *axis, 1);
  shape = thin;
  shape[*axis] = n;
  Val positive =
      b.select(b.compare("lt", indices, b.scalar(b.i64(), 0)),
               b.binary("add", indices, b.scalar(b.i64(), n)), indices);
  Val hot =
      b.compare("eq", b.reshape(positive, thin), b.iota(shape, b.i64(), *axis));
  auto value = [&](int64_t i) {
    return b.reshape(b.sliceDim(values, 0, i, i + 1), {});
  };
  return {b.select(hot, value(1), value(0))};
}

ArrayRef<OpRow> mlir::mpt::import::getIndexingRows() {
  static const OpRow rows[] = {
      {"Constant", importConstant},
      {"ConstantOfShape", importConstantOfShape},
      {"EyeLike", importEyeLike},
      {"OneHot", importOneHot},
      {"Range", importRange},
      {"Trilu", importTrilu},
  };
  return rows;
}
