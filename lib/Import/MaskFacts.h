// SPDX-License-Identifier: Apache-2.0
//===- MaskFacts.h - what is known of a mask of attention -------*- C++ -*-===//
//
// Masks are computed at the size of the scores, or nearly, from little: counts,
// comparisons and constants, or a row per sample. Here it is found out along
// which dims a value varies, the value is built with these dims only, and a
// value made of constants is computed at single points, so that nothing large
// comes to be.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_IMPORT_MASKFACTS_H
#define MPT_LIB_IMPORT_MASKFACTS_H

#include "mpt/IR/Mpt.h"
#include "llvm/ADT/BitVector.h"

namespace mlir::mpt::import {

/// Which keys a mask leaves to query i, if that is decided at compile time.
struct Visibility {
  bool all = false; ///< every key; else keys j <= i + offset
  int64_t offset = 0;
};

/// Facts of the values of one program, remembered, so that shared and long
/// chains cost what they are long.
class MaskFacts {
public:
  /// The dims along which the value may vary; never those of size 1.
  llvm::BitVector getVaryingDims(Value value);
  /// The value with the dims in `kept` only, in order; it varies along no
  /// other. Callers go through the program forward: what was built before is
  /// given again.
  Value restrictTo(Value value, const llvm::BitVector &kept, ProgramBuilder &b);
  /// Of a mask whose last two dims are queries and keys and which varies along
  /// no other: an i1 value, true where visible, or false if `inverted`; or a
  /// float value that is added, 0 where visible and at most `hidden` elsewhere.
  /// Rows that see no key are for the mask to say.
  std::optional<Visibility> getVisibility(Value mask, bool inverted,
                                          double hidden);

private:
  llvm::BitVector findVaryingDims(Value value);
  Value restrictAnew(Value value, const llvm::BitVector &kept,
                     ProgramBuilder &b);

  llvm::DenseMap<Value, llvm::BitVector> varying;
  llvm::DenseMap<std::pair<Value, uint64_t>, Value> restricted;
  llvm::DenseMap<Value, std::optional<Visibility>> seen[2];
  unsigned depth = 0;
};

/// The element there if constants alone decide it, and not too many of them.
std::optional<double> evaluateAt(Value value, ArrayRef<int64_t> index);

} // namespace mlir::mpt::import
#endif
