// SPDX-License-Identifier: Apache-2.0
//===- Formula.h - ops written as formulas ---------------------*- C++ -*-===//
//
// Arithmetic on tensors of one shape that builds ops: `dy * (1.0 - y * y)` is
// `sub` of a constant and `mul`, then `mul`. A number becomes a constant of the
// other operand's type. C++ does not order the operands of an operator, so at
// most one of them may build ops itself: ids must not depend on the compiler.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_IR_FORMULA_H
#define MPT_LIB_IR_FORMULA_H

#include "mpt/IR/Mpt.h"

namespace mlir::mpt {

struct Term {
  Value value;
  ProgramBuilder *b;

  operator Value() const { return value; }
  Term splat(double number) const {
    return {b->splat(value.getType(), number), b};
  }
};

/// A unary op, or any op with operands of one type, applied to terms.
template <typename OpTy, typename... Terms>
Term apply(Term first, Terms... rest) {
  return {first.b->make<OpTy>({first.value, rest.value...}), first.b};
}

inline Term operator-(Term x) { return apply<NegOp>(x); }
inline Term operator+(Term l, Term r) { return apply<AddOp>(l, r); }
inline Term operator-(Term l, Term r) { return apply<SubOp>(l, r); }
inline Term operator*(Term l, Term r) { return apply<MulOp>(l, r); }
inline Term operator/(Term l, Term r) { return apply<DivOp>(l, r); }
inline Term operator+(Term l, double r) { return l + l.splat(r); }
inline Term operator-(Term l, double r) { return l - l.splat(r); }
inline Term operator-(double l, Term r) { return r.splat(l) - r; }
inline Term operator*(double l, Term r) { return r.splat(l) * r; }

/// The i1 tensor `l kind r`, kind as of mpt.compare.
inline Term compare(StringRef kind, Term l, Term r) {
  return {l.b->make<CompareOp>({l.value, r.value}, l.b->text("kind", kind)),
          l.b};
}
inline Term select(Term condition, Term onTrue, Term onFalse) {
  return apply<SelectOp>(condition, onTrue, onFalse);
}

} // namespace mlir::mpt
#endif
