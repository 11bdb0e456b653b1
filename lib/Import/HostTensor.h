// SPDX-License-Identifier: Apache-2.0
//===- HostTensor.h - contents known at import ------------------*- C++ -*-===//
//
// Constants and shape arithmetic are computed while the graph is walked. A
// HostTensor holds the elements of such a value, as integers or as doubles that
// are rounded to the element type after every operation; a single element
// stands for a tensor that is the same everywhere (so a constant fill of any
// size costs nothing).
//
// Worked example: Shape(x) with x [8,16] is the host tensor [8, 16] of i64;
// Gather of element 1 gives the host scalar 16; no op is built for either.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_IMPORT_HOSTTENSOR_H
#define MPT_LIB_IMPORT_HOSTTENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <memory>
#include <optional>

namespace mlir::mpt::import {

/// The most bytes a constant may take in the module.
inline constexpr int64_t kConstantLimit = 64 * 1024;

/// One element: `f` for floating point element types, else `i` (unsigned types
/// as the same 64 bits).
union Scalar {
  int64_t i;
  double f;
};
inline Scalar whole(int64_t value) {
  Scalar s;
  s.i = value;
  return s;
}
inline Scalar real(double value) {
  Scalar s;
  s.f = value;
  return s;
}

class HostTensor {
public:
  HostTensor(RankedTensorType type, std::vector<Scalar> data)
      : type(type), data(std::move(data)) {}

  RankedTensorType type;
  std::vector<Scalar> data; ///< all elements row-major, or one for all

  bool isFloat() const { return isa<FloatType>(type.getElementType()); }
  /// Whether one value stands for all elements.
  bool isSplat() const { return data.size() == 1; }
  Scalar at(int64_t linear) const { return data[isSplat() ? 0 : linear]; }
  SmallVector<int64_t> ints() const;

  /// The attribute of mpt.constant: a scalar when all elements are equal.
  Attribute toAttribute() const;
};

using Host = std::shared_ptr<const HostTensor>;

/// Bytes of the elements in memory.
int64_t byteSize(RankedTensorType type);
/// Whether a constant of the type may stand in the module element by element.
inline bool fitsConstant(RankedTensorType type) {
  return byteSize(type) <= kConstantLimit;
}

/// Rounds or wraps a value to the element type.
Scalar round(Type element, Scalar value);
Scalar scalarOf(Type element, double value);

/// Elements from ONNX's raw_data layout; `stored` is the type in the file,
/// which may be narrower than `type`'s.
Host fromBytes(RankedTensorType type, Type stored, StringRef bytes);
Host splat(RankedTensorType type, Scalar value);
Host fromInts(MLIRContext *context, ArrayRef<int64_t> values);

//===- operations; null where the operation is not known here -------------===//

Host foldUnary(StringRef op, const Host &x);
Host foldBinary(StringRef op, const Host &a, const Host &b);
Host foldCompare(StringRef kind, const Host &a, const Host &b);
Host foldSelect(const Host &pred, const Host &a, const Host &b);
Host foldConvert(const Host &x, Type element);
/// `kind` as in mpt.reduce.
Host foldReduce(StringRef kind, const Host &x, ArrayRef<int64_t> axes);
/// Result element at index `i` is the element of `x` at the linear index that
/// `source` gives for `i`'s coordinates.
Host foldMove(const Host &x, RankedTensorType type,
              function_ref<int64_t(ArrayRef<int64_t>)> source);
Host foldConcat(ArrayRef<Host> parts, RankedTensorType type, int64_t axis);

/// The tensor without the dims along which its elements are equal; `dims` gets
/// the ones that are left. The tensor itself if that makes it no smaller.
Host dropEqualDims(const Host &x, SmallVectorImpl<int64_t> &dims);

/// Row-major strides.
SmallVector<int64_t> stridesOf(ArrayRef<int64_t> shape);

} // namespace mlir::mpt::import
#endif
