// SPDX-License-Identifier: Apache-2.0
//===- OnnxIndexing.cpp - constants, positions, rows ----------------------===//
//
// Tensors made of nothing (Constant, Range, EyeLike, ...), masks made of
// positions (Trilu, OneHot) and rows picked by index (Gather). A mask is a
// comparison of iotas: small ones fold, large ones are computed where used.
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

//===- rows ---------------------------------------------------------------===//

static Vals importGather(NodeBuilder &b) {
  auto axis = b.axis(b.getInt("axis", 0), b.input(0).rank());
  return {axis ? b.take(b.input(0), b.input(1), *axis) : Val()};
}

/// Data and indices, if both are known at compile time; the core set has no
/// gather of single elements.
static bool areKnown(NodeBuilder &b) {
  bool known = b.input(0).host && b.input(1).host;
  if (!known)
    b.fail("operator is supported on constants only",
           "express it by Gather along one axis");
  return known;
}

/// result[i..] = data[i.. with the axis at indices[i..]].
static Vals importGatherElements(NodeBuilder &b) {
  Val x = b.input(0), indices = b.input(1);
  auto axis = b.axis(b.getInt("axis", 0), x.rank());
  if (!axis || !areKnown(b))
    return {Val()};
  auto type = b.typeOf(indices.shape(), x.element());
  if (indices.rank() != x.rank() || !fitsConstant(type))
    return {b.fail("cannot gather from " + b.text(x.type) + " at " +
                   b.text(indices.type))};
  SmallVector<int64_t> at = indices.host->ints();
  int64_t size = x.shape()[*axis], next = 0;
  for (int64_t &i : at) {
    if (i < -size || i >= size)
      return {b.fail("index " + Twine(i) + " is out of range for dim " +
                     Twine(*axis) + " of " + b.text(x.type))};
    i += i < 0 ? size : 0;
  }
  for (int64_t d = 0; d < x.rank(); ++d)
    if (d != *axis && indices.shape()[d] > x.shape()[d])
      return {b.fail("cannot gather from " + b.text(x.type) + " at " +
                     b.text(indices.type))};
  SmallVector<int64_t> strides = stridesOf(x.shape());
  auto source = [&](ArrayRef<int64_t> to) {
    int64_t linear = 0;
    for (auto [d, i] : llvm::enumerate(to))
      linear += strides[d] * (int64_t(d) == *axis ? at[next] : i);
    ++next;
    return linear;
  };
  return {NodeBuilder::known(foldMove(x.host, type, source))};
}

/// result[b.., i.., rest] = data[b.., indices[b.., i.., :], rest].
static Vals importGatherND(NodeBuilder &b) {
  Val x = b.input(0), indices = b.input(1);
  int64_t batch = b.getInt("batch_dims", 0);
  if (!areKnown(b))
    return {Val()};
  int64_t depth = indices.rank() ? indices.shape().back() : 0;
  if (batch < 0 || batch >= indices.rank() || batch + depth > x.rank() ||
      indices.shape().take_front(batch) != x.shape().take_front(batch))
    return {b.fail("cannot gather from " + b.text(x.type) + " at " +
                   b.text(indices.type))};
  SmallVector<int64_t> shape(indices.shape().drop_back());
  llvm::append_range(shape, x.shape().drop_front(batch + depth));
  auto type = b.typeOf(shape, x.element());
  if (!fitsConstant(type))
    return {b.fail("result " + b.text(type) + " has more than 64 KiB")};
  SmallVector<int64_t> at = indices.host->ints(),
                       strides = stridesOf(x.shape());
  for (auto [k, i] : llvm::enumerate(at)) {
    int64_t size = x.shape()[batch + int64_t(k) % depth];
    if (i < -size || i >= size)
      return {b.fail("index " + Twine(i) + " is out of range for " +
                     b.text(x.type))};
    i += i < 0 ? size : 0;
  }
  int64_t lead = indices.rank() - 1;
  SmallVector<int64_t> rows = stridesOf(indices.shape());
  auto source = [&](ArrayRef<int64_t> to) {
    int64_t linear = 0, row = 0;
    for (int64_t d = 0; d < lead; ++d)
      row += rows[d] * to[d];
    for (int64_t d = 0; d < x.rank(); ++d)
      linear +=
          strides[d] * (d < batch           ? to[d]
                        : d < batch + depth ? at[row + d - batch]
                                            : to[lead + d - batch - depth]);
    return linear;
  };
  return {NodeBuilder::known(foldMove(x.host, type, source))};
}

ArrayRef<OpRow> mlir::mpt::import::getIndexingRows() {
  static const OpRow rows[] = {
      {"Constant", importConstant},
      {"ConstantOfShape", importConstantOfShape},
      {"EyeLike", importEyeLike},
      {"Gather", importGather},
      {"GatherElements", importGatherElements},
      {"GatherND", importGatherND},
      {"OneHot", importOneHot},
      {"Range", importRange},
      {"Trilu", importTrilu},
  };
  return rows;
}
