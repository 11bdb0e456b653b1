// SPDX-License-Identifier: Apache-2.0
//===- IndexGrid.h - indices known at import --------------------*- C++ -*-===//
//
// Exporters spell x[:, None] and x[:, 1:] = y as tables of indices that list
// every element. Coordinates that each depend on one dim of the table form a
// grid: they move whole slices, along which the tensor can still be cut.
//
// Example: indices [8,1,64,2] with [i,0,k] = (i, k + 1) are the grid of all
// rows (dim 0) and of columns 1..64 (dim 2).
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_IMPORT_INDEXGRID_H
#define MPT_LIB_IMPORT_INDEXGRID_H

#include "NodeBuilder.h"

namespace mlir::mpt::import {

/// Numbers that depend on one dim of the indices, or on none (dim -1: one).
struct Along {
  SmallVector<int64_t> values;
  int64_t dim = -1;
};

/// The numbers of a table that differ along at most one dim.
std::optional<Along> alongOneDim(const Host &x);

/// Indices known at import, also those of a table too large for a constant.
Host knownIndices(NodeBuilder &b, const Val &indices);

/// Counts negative indices from the end; false and a report when out of range.
bool normalise(NodeBuilder &b, SmallVectorImpl<int64_t> &indices, const Val &x,
               int64_t dim);

/// Indices that are not negative, of ones that may count from the end.
Val fromFront(NodeBuilder &b, const Val &index, int64_t size);

/// Coordinates of known indices if each depends on one dim, batch dims first.
std::optional<SmallVector<Along>> gridOf(NodeBuilder &b, const Val &x,
                                         const Val &indices, int64_t batch);

} // namespace mlir::mpt::import
#endif
