// SPDX-License-Identifier: Apache-2.0
//===- Scalars.h - arithmetic inside of kernels -----------------*- C++ -*-===//
//
// A builder of scalar operations that chooses between arith's float, signed and
// (for i1) unsigned forms by the operands' type. Sums and products are written
// as they are asked for: nothing is reassociated or contracted.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LOWERING_SCALARS_H
#define MPT_LOWERING_SCALARS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace mlir::mpt {

struct Scalars {
  OpBuilder &b;
  Location loc;

  Value number(Type type, double value);
  Value constant(TypedAttr value);
  /// The largest or smallest value of the type (infinities of floats).
  Value limit(Type type, bool largest);

  Value add(Value x, Value y);
  Value sub(Value x, Value y);
  Value mul(Value x, Value y);
  Value div(Value x, Value y);
  Value rem(Value x, Value y);
  Value neg(Value x);
  Value max(Value x, Value y);
  Value min(Value x, Value y);
  Value exp(Value x);
  Value log(Value x);
  Value sqrt(Value x);
  Value select(Value pred, Value x, Value y);
  /// kind: eq, ne, lt, le, gt, ge as of mpt.compare.
  Value compare(StringRef kind, Value x, Value y);
  Value both(Value x, Value y);
  /// The monoid operation of mpt.reduce, and its identity.
  Value combine(StringRef kind, Value x, Value y);
  Value identity(StringRef kind, Type type);
  /// As mpt.convert.
  Value convert(Value x, Type to);
  Value toIndex(Value x);
  Value toI64(Value x);
  /// The current index of an iterator of the enclosing linalg op.
  Value iterator(unsigned dim);
  /// `tensor[indices]`.
  Value extract(Value tensor, ValueRange indices);
};

} // namespace mlir::mpt
#endif
