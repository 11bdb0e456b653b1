// SPDX-License-Identifier: Apache-2.0
//===- Expression.h - one element of a value from its sources ---*- C++ -*-===//
//
// What a kernel computes per element where elementwise ops, broadcasts,
// reshapes, transposes and iotas are fused into their reader: the ops are
// scalars of one body, movements are maps of the sources that they read.
//
// Worked example, y = exp(x + broadcast(b)) with x 8x4 and b 4:
//   Expression e({8, 4}, isFused);
//   e.setRoot(exp);           // terms: x[d0, d1], b[d1], add, exp
//   e.finish({});
//   Kernel k(table, exp, e.stem(..)); e.addInputs(k); ...
//   k.compute(e.getInputs(), {e.at(k, out)}, [&](s, in, out) {
//     return e.evaluate(s, in); });
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LOWERING_EXPRESSION_H
#define MPT_LOWERING_EXPRESSION_H

#include "IndexSpace.h"
#include "Lowerings.h"

namespace mlir::mpt {

class Expression {
public:
  using Index = IndexSpace::Index;
  using Test = llvm::function_ref<bool(Operation *)>;

  /// Over all elements of a tensor of this shape.
  Expression(ArrayRef<int64_t> shape, const LoweringMap &lowerings, Test fused)
      : lowerings(lowerings), fused(fused), index(space.create(shape)) {}

  /// The element of the op's result (the op itself always belongs to the
  /// kernel), or of a value. False at a reshape that cannot be fused, which
  /// `getBarrier` names.
  bool setRoot(Operation *op);
  bool setRoot(Value value);
  Operation *getBarrier() const { return barrier; }

  /// All ops of the kernel have been added: chooses the iterators. `kept`: dims
  /// of the shape that a reduction keeps, if it is one.
  void finish(std::optional<ArrayRef<int64_t>> kept = std::nullopt);
  /// The shape of the result in the kernel.
  Shape getShape() const;
  /// Makes the sources operands of the launch.
  void addInputs(Kernel &k);
  ArrayRef<Access> getInputs() const { return inputs; }
  /// The element itself in a tensor of `getShape`.
  Access at(Kernel &k, Value tensor) const;
  Value evaluate(Scalars &s, ValueRange inputs) const;

  /// Locations of the ops in it, as one.
  Location getLoc(Operation *root) const;
  /// Whether it computes more than its root.
  bool isCompound() const;

private:
  struct Term {
    Value value;
    Operation *op; ///< null: a source
    SmallVector<unsigned> operands;
    Index index;
  };
  std::optional<unsigned> add(Value value, const Index &at);
  std::optional<unsigned> addOp(Operation *op, const Index &at);
  Value evaluateIota(Scalars &s, const Term &term) const;

  const LoweringMap &lowerings;
  Test fused;
  IndexSpace space;
  Index index;
  IndexSpace::Iterators result; ///< flattened, what the result keeps
  SmallVector<int64_t> sizes;
  SmallVector<Term> terms;
  SmallVector<Access> inputs; ///< of the sources, in order
  unsigned root = 0;
  Operation *barrier = nullptr;
};

} // namespace mlir::mpt
#endif
