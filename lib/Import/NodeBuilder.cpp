// SPDX-License-Identifier: Apache-2.0
//===- NodeBuilder.cpp - core ops for one ONNX node -----------------------===//
#include "NodeBuilder.h"
#include "mpt/Import/Reader/Verify.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdio>
#include <cstdlib>

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;

//===- the node -----------------------------------------------------------===//

Val NodeBuilder::fail(const Twine &what, const Twine &remedy) {
  failed = true;
  onnx::Problem problem;
  problem.scope = scope.str();
  problem.node = onnx::escaped(node.name);
  problem.nodeIndex = node.index;
  problem.op = onnx::opLabel(node, opset);
  problem.what = what.str();
  problem.remedy = remedy.str();
  program.problems.add(std::move(problem));
  return Val();
}

int64_t NodeBuilder::getInt(StringRef name, int64_t otherwise) const {
  return node.getInt({name.data(), name.size()}, otherwise);
}

double NodeBuilder::getFloat(StringRef name, double otherwise) const {
  if (!node.find({name.data(), name.size()}))
    return otherwise;
  float value = node.getFloat({name.data(), name.size()}, 0);
  char text[32];
  for (int digits = 6; digits <= 9; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, double(value));
    if (std::strtof(text, nullptr) == value)
      return std::strtod(text, nullptr);
  }
  return value;
}

std::optional<SmallVector<int64_t>> NodeBuilder::getInts(StringRef name) const {
  const std::vector<int64_t> *ints = node.getInts({name.data(), name.size()});
  if (!ints)
    return std::nullopt;
  return llvm::to_vector(*ints);
}

std::optional<int64_t> NodeBuilder::axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    fail("axis " + Twine(axis) + " is out of range for rank " + Twine(rank));
    return std::nullopt;
  }
  return axis < 0 ? axis + rank : axis;
}

std::optional<SmallVector<int64_t>> NodeBuilder::axes(ArrayRef<int64_t> axes,
                                                      int64_t rank) {
  SmallVector<int64_t> result;
  for (int64_t a : axes) {
    std::optional<int64_t> positive = axis(a, rank);
    if (!positive)
      return std::nullopt;
    if (llvm::is_contained(result, *positive)) {
      fail("axis " + Twine(a) + " is named twice");
      return std::nullopt;
    }
    result.push_back(*positive);
  }
  llvm::sort(result);
  return result;
}

static std::string inputName(const onnx::Node &node, size_t i) {
  return onnx::quote(i < node.inputs.size() ? node.inputs[i] : "");
}

std::optional<SmallVector<int64_t>> NodeBuilder::ints(size_t i) {
  std::string why;
  Host host = program.contents(input(i), why);
  if (!host) {
    fail("input " + inputName(node, i) + " " + why,
         "export with static shapes, so that it is a constant");
    return std::nullopt;
  }
  return host->ints();
}

Host NodeBuilder::element(size_t i) {
  std::string why;
  Host host = program.contents(input(i), why);
  if (host && host->type.getNumElements() == 1)
    return host;
  if (host)
    why = "has " + std::to_string(host->type.getNumElements()) +
          " elements, expected one";
  fail("input " + inputName(node, i) + " " + why, "make it a constant");
  return nullptr;
}

std::optional<double> NodeBuilder::number(size_t i) {
  Host host = element(i);
  if (!host)
    return std::nullopt;
  return host->isFloat() ? host->at(0).f : double(host->at(0).i);
}

std::optional<int64_t> NodeBuilder::integer(size_t i) {
  Host host = element(i);
  if (!host)
    return std::nullopt;
  return host->ints()[0];
}

std::string NodeBuilder::text(ArrayRef<int64_t> shape) {
  std::string out;
  llvm::raw_string_ostream os(out);
  os << "[";
  llvm::interleaveComma(shape, os);
  os << "]";
  return out;
}

std::string NodeBuilder::text(RankedTensorType type) {
  std::string out;
  llvm::raw_string_ostream(out) << type.getElementType();
  return out + text(type.getShape());
}

//===- attributes ---------------------------------------------------------===//

NamedAttribute NodeBuilder::attr(StringRef name, int64_t value) const {
  Builder b(program.context);
  return b.getNamedAttr(name, b.getI64IntegerAttr(value));
}
NamedAttribute NodeBuilder::attr(StringRef name, double value) const {
  Builder b(program.context);
  return b.getNamedAttr(name, b.getF64FloatAttr(value));
}
NamedAttribute NodeBuilder::attr(StringRef name, StringRef value) const {
  Builder b(program.context);
  return b.getNamedAttr(name, b.getStringAttr(value));
}
NamedAttribute NodeBuilder::attr(StringRef name,
                                 ArrayRef<int64_t> value) const {
  Builder b(program.context);
  return b.getNamedAttr(name, b.getDenseI64ArrayAttr(value));
}

//===- building -----------------------------------------------------------===//

bool mlir::mpt::import::folds(ArrayRef<Val> operands, RankedTensorType result) {
  bool splats = true;
  for (const Val &v : operands) {
    if (!v.host)
      return false;
    splats &= v.host->isSplat();
  }
  return splats || fitsConstant(result);
}

bool NodeBuilder::checkSize(ArrayRef<int64_t> shape) {
  constexpr uint64_t limit = uint64_t(1) << 40;
  uint64_t elements = 1;
  for (int64_t size : shape) {
    if (size < 0 || (size > 0 && elements > limit / size)) {
      fail("a result of shape " + text(shape) +
           " has a negative dim or more than 2^40 elements");
      return false;
    }
    elements *= size;
  }
  return true;
}

Vals NodeBuilder::build(StringRef op, ArrayRef<Val> operands,
                        ArrayRef<RankedTensorType> results,
                        ArrayRef<NamedAttribute> attributes) {
  Vals vals(results.size());
  OperationState state(loc, ("mpt." + op).str());
  for (const Val &v : operands) {
    if (!v)
      return vals;
    state.operands.push_back(program.materialize(v, loc));
  }
  for (RankedTensorType type : results) {
    if (!checkSize(type.getShape()))
      return vals;
    state.types.push_back(type);
  }
  state.addAttributes(attributes);
  Operation *built = program.builder.create(state);
  for (auto [i, result] : llvm::enumerate(built->getResults())) {
    vals[i].type = results[i];
    vals[i].value = result;
  }
  return vals;
}

Val NodeBuilder::build1(StringRef op, ArrayRef<Val> operands,
                        RankedTensorType result,
                        ArrayRef<NamedAttribute> attributes) {
  return build(op, operands, result, attributes)[0];
}

Val NodeBuilder::known(Host host) {
  Val v;
  v.type = host->type;
  v.host = std::move(host);
  return v;
}
