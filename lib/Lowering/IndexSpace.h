// SPDX-License-Identifier: Apache-2.0
//===- IndexSpace.h - iterators of a fused kernel ---------------*- C++ -*-===//
//
// A dim of a tensor is a list of iterators, major to minor; a reshape regroups
// them, and splits one where a dim of either side ends inside of it:
//   x : 8x64 is [[a], [b]]; as 8x4x16 it is [[a], [c], [d]], b having become
//   c (4), d (16) everywhere
// In the end iterators that stand side by side in all accesses become one.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LOWERING_INDEXSPACE_H
#define MPT_LOWERING_INDEXSPACE_H

#include "mpt/IR/Mpt.h"

namespace mlir::mpt {

class IndexSpace {
public:
  using Iterators = SmallVector<unsigned>;
  using Index = SmallVector<Iterators>; ///< per dim of a tensor

  /// One new iterator per dim; none where the size is 1.
  Index create(ArrayRef<int64_t> shape);
  /// The index of the same element in a row-major view; nothing if the shapes
  /// cut the elements in no common way.
  std::optional<Index> reshape(const Index &index, ArrayRef<int64_t> shape);
  /// All iterators of the index, as they are split by now.
  Iterators flatten(ArrayRef<Iterators> index) const;
  int64_t getSize(unsigned iterator) const { return nodes[iterator].size; }

  /// Numbers what is left of `all` (flattened) after joining neighbours that
  /// `accesses` never part; `last` (flattened) is never joined with others.
  /// Gives the sizes.
  SmallVector<int64_t> join(const Iterators &all, ArrayRef<Iterators> accesses,
                            const Iterators &last);
  /// Numbers of joined iterators.
  Iterators joined(const Iterators &access) const;

private:
  struct Node {
    int64_t size;
    int major = -1, minor = -1; ///< if split
  };
  unsigned add(int64_t size);
  std::vector<Node> nodes;
  DenseMap<unsigned, unsigned> numbers;
};

} // namespace mlir::mpt
#endif
