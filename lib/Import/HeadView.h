// SPDX-License-Identifier: Apache-2.0
//===- HeadView.h - an operand of attention before it was moved -*- C++ -*-===//
//
// Exporters transpose, flatten, scale and repeat query, key and value between
// the projections and the products. An operand is walked up through reshapes,
// transposes, broadcasts and products with a number; each dim of the value on
// the way is a list of *atoms*, parts of the dims asked for, major to minor.
//
// Worked example, a key asked for as [b, h, d, t]:
//   %4 = reshape %3    8x4x16x64    atoms b, h, d, t
//   %3 = transpose %2  32x16x64     bh, d, t
//   %2 = reshape %1    32x64x16     bh, t, d
//   %1 = ...           8x4x64x16    b, h, t, d: one atom per dim, the source
// With %1 = reshape of 8x2x2x64x16 of broadcast of %0 = 8x2x64x16, h splits
// into g and r, and r is repeated: %0 has b, g, t, d, and the group is 2.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_IMPORT_HEADVIEW_H
#define MPT_LIB_IMPORT_HEADVIEW_H

#include "mpt/IR/Mpt.h"

namespace mlir::mpt::import {

/// A value whose dims are those asked for, up to order and dims of size 1.
struct HeadSource {
  Value value;
  double scale = 1;  ///< the operand is `scale` times the value
  int64_t group = 1; ///< heads of the operand per head of the value
  /// Per dim asked for: the dim of `value`, -1 where there is none of its own.
  SmallVector<int64_t, 4> dims;
};

/// The sources of an operand, farthest from it last; the operand itself is the
/// first. `heads`: the dim that may be repeated.
SmallVector<HeadSource> findHeadSources(Value operand, unsigned heads);

/// The number if every element of the constant is equal to it.
std::optional<double> getSplat(Value value);

} // namespace mlir::mpt::import
#endif
