// SPDX-License-Identifier: Apache-2.0
//===- NodeBuilder.h - core ops for one ONNX node ---------------*- C++ -*-===//
//
// Handlers of operators (lib/Import/Onnx*.cpp) see one node through this class:
// its inputs with static shapes, its attributes, and one method per core op. A
// method computes on the host when all operands are known there, so shape
// arithmetic folds without a handler's doing; else it builds the op at the
// node's location.
//
// A Val that is false stands for a failure already reported: every method
// takes it and gives it back, so handlers compose without checks and a node
// reports once.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_IMPORT_NODEBUILDER_H
#define MPT_LIB_IMPORT_NODEBUILDER_H

#include "Program.h"

namespace mlir::mpt::import {

class NodeBuilder;
using Vals = SmallVector<Val, 2>;
using Handler = Vals (*)(NodeBuilder &);

/// One operator of ONNX. `detail` is the handler's: a core op, a kind.
struct OpRow {
  StringLiteral op;
  Handler handler;
  StringLiteral detail = "";
};

/// Batch and contracted dims of a contraction.
struct DotDims {
  SmallVector<int64_t> lhsBatch, rhsBatch, lhsContract, rhsContract;
};

class NodeBuilder {
public:
  NodeBuilder(Program &program, const onnx::Node &node, int64_t opset,
              StringRef scope, Location loc, ArrayRef<Val> inputs)
      : program(program), node(node), opset(opset), loc(loc), scope(scope),
        inputs(inputs) {}

  Program &program;
  const onnx::Node &node;
  const int64_t opset; ///< of the node's domain
  StringRef detail;    ///< OpRow::detail
  const Location loc;

  //===- the node ---------------------------------------------------------===//

  size_t numInputs() const { return inputs.size(); }
  /// False when omitted.
  Val input(size_t i) const { return i < inputs.size() ? inputs[i] : Val(); }
  bool has(size_t i) const { return bool(input(i)); }
  int64_t getInt(StringRef name, int64_t otherwise) const;
  /// The double that has the attribute's shortest decimal: 1e-05, not
  /// 9.99999974e-06.
  double getFloat(StringRef name, double otherwise) const;
  std::optional<SmallVector<int64_t>> getInts(StringRef name) const;
  /// `axis` counted from the front; nullopt and a report when out of range
  /// [-rank, rank).
  std::optional<int64_t> axis(int64_t axis, int64_t rank);
  std::optional<SmallVector<int64_t>> axes(ArrayRef<int64_t> axes,
                                           int64_t rank);
  /// Integers of an input that must be known at compile time.
  std::optional<SmallVector<int64_t>> ints(size_t input);
  /// The one element of an input that must be known at compile time.
  std::optional<double> number(size_t input);
  std::optional<int64_t> integer(size_t input);

  /// Reports and gives the Val that is false.
  Val fail(const Twine &what, const Twine &remedy = "");
  bool hasFailed() const { return failed; }
  /// What the node stands for has been reported elsewhere.
  void noteFailure() { failed = true; }

  //===- types ------------------------------------------------------------===//

  RankedTensorType typeOf(ArrayRef<int64_t> shape, Type element) const {
    return RankedTensorType::get(shape, element);
  }
  Type i1() const { return IntegerType::get(program.context, 1); }
  Type i64() const { return IntegerType::get(program.context, 64); }

  //===- core ops ---------------------------------------------------------===//

  static Val known(Host host);
  /// A scalar of the element type; broadcasts where it is used.
  Val scalar(Type element, double value);
  Val scalarLike(const Val &v, double value) {
    return v ? scalar(v.element(), value) : v;
  }
  Val constant(ArrayRef<int64_t> ints);
  Val fill(ArrayRef<int64_t> shape, Type element, Scalar value);
  Val unary(StringRef op, const Val &x);
  /// Operands are broadcast against each other; they have one element type.
  Val binary(StringRef op, const Val &a, const Val &b);
  Val compare(StringRef kind, const Val &a, const Val &b);
  Val select(const Val &pred, const Val &onTrue, const Val &onFalse);
  Val convert(const Val &x, Type element);

  Val iota(ArrayRef<int64_t> shape, Type element, int64_t axis);
  /// Numpy's rule: missing leading dims are added, dims of size 1 expanded.
  Val broadcastTo(const Val &x, ArrayRef<int64_t> shape);
  /// dim i of x is dim dims[i] of the result.
  Val broadcast(const Val &x, ArrayRef<int64_t> dims, ArrayRef<int64_t> shape);
  Val reshape(const Val &x, ArrayRef<int64_t> shape);
  Val transpose(const Val &x, ArrayRef<int64_t> perm);
  /// Steps may be negative (then the dim is reversed first); start and limit
  /// are in range for the sign.
  Val slice(const Val &x, ArrayRef<int64_t> start, ArrayRef<int64_t> limit,
            ArrayRef<int64_t> step);
  /// [start, limit) of one dim.
  Val sliceDim(const Val &x, int64_t dim, int64_t start, int64_t limit);
  Val pad(const Val &x, Scalar value, ArrayRef<int64_t> lo,
          ArrayRef<int64_t> hi);
  Val concat(ArrayRef<Val> parts, int64_t axis);
  Val reverse(const Val &x, ArrayRef<int64_t> axes);
  /// Negative indices count from the end.
  Val take(const Val &table, const Val &indices, int64_t axis);
  Val reduce(StringRef kind, const Val &x, ArrayRef<int64_t> axes,
             bool keepDims);
  Val dot(const Val &a, const Val &b, const DotDims &dims);
  /// An op without host form, by its name in the dialect.
  Vals build(StringRef op, ArrayRef<Val> operands,
             ArrayRef<RankedTensorType> results,
             ArrayRef<NamedAttribute> attributes);

  NamedAttribute attr(StringRef name, int64_t value) const;
  NamedAttribute attr(StringRef name, double value) const;
  NamedAttribute attr(StringRef name, StringRef value) const;
  NamedAttribute attr(StringRef name, ArrayRef<int64_t> value) const;

  /// The shape both broadcast to; nullopt and a report if there is none.
  std::optional<SmallVector<int64_t>> commonShape(ArrayRef<int64_t> a,
                                                  ArrayRef<int64_t> b);
  /// Both in their common shape; false ones and a report if there is none or
  /// their element types differ.
  std::pair<Val, Val> broadcastAlike(const Val &a, const Val &b);
  /// How a type reads in a message: "f32[8, 16]".
  static std::string text(RankedTensorType type);
  static std::string text(ArrayRef<int64_t> shape);

private:
  Val build1(StringRef op, ArrayRef<Val> operands, RankedTensorType result,
             ArrayRef<NamedAttribute> attributes = {});
  bool checkSize(ArrayRef<int64_t> shape);
  Host element(size_t input);

  StringRef scope;
  ArrayRef<Val> inputs;
  bool failed = false;
};

/// Whether all operands are known and the result may be.
bool folds(ArrayRef<Val> operands, RankedTensorType result);

//===- families -----------------------------------------------------------===//

ArrayRef<OpRow> getElementwiseRows();
ArrayRef<OpRow> getContractionRows();
ArrayRef<OpRow> getReductionRows();
ArrayRef<OpRow> getShapeRows();
ArrayRef<OpRow> getIndexingRows();
ArrayRef<OpRow> getGatherRows();
ArrayRef<OpRow> getScatterRows();
ArrayRef<OpRow> getRotaryRows();
ArrayRef<OpRow> getNeuralRows();
ArrayRef<OpRow> getAttentionRows();
ArrayRef<OpRow> getLossRows();

} // namespace mlir::mpt::import
#endif
