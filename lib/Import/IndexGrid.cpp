// SPDX-License-Identifier: Apache-2.0
//===- IndexGrid.cpp - indices known at import ----------------------------===//
#include "IndexGrid.h"

using namespace mlir;
using namespace mlir::mpt::import;

std::optional<Along> mlir::mpt::import::alongOneDim(const Host &x) {
  SmallVector<int64_t> dims;
  Host small = dropEqualDims(x, dims);
  if (x->type.getNumElements() == 0 || dims.size() > 1)
    return std::nullopt;
  if (dims.empty())
    return Along{{x->isFloat() ? 0 : x->at(0).i}, -1};
  return Along{small->ints(), dims[0]};
}

Host mlir::mpt::import::knownIndices(NodeBuilder &b, const Val &indices) {
  constexpr uint64_t limit = uint64_t(64) << 20;
  std::string why;
  return b.program.contents(indices, why, limit);
}

bool mlir::mpt::import::normalise(NodeBuilder &b,
                                  SmallVectorImpl<int64_t> &indices,
                                  const Val &x, int64_t dim) {
  int64_t size = x.shape()[dim];
  for (int64_t &i : indices) {
    if (i < -size || i >= size) {
      b.fail("index " + Twine(i) + " is out of range for dim " + Twine(dim) +
             " of " + b.text(x.type));
      return false;
    }
    i += i < 0 ? size : 0;
  }
  return true;
}

Val mlir::mpt::import::fromFront(NodeBuilder &b, const Val &index,
                                 int64_t size) {
  return b.select(b.compare("lt", index, b.scalarLike(index, 0)),
                  b.binary("add", index, b.scalarLike(index, size)), index);
}

std::optional<SmallVector<Along>> mlir::mpt::import::gridOf(NodeBuilder &b,
                                                            const Val &x,
                                                            const Val &indices,
                                                            int64_t batch) {
  Host known = knownIndices(b, indices);
  if (!known)
    return std::nullopt;
  SmallVector<Along> coordinates;
  for (int64_t d = 0; d < batch; ++d)
    coordinates.push_back(
        {llvm::to_vector(llvm::seq<int64_t>(0, x.shape()[d])), d});
  int64_t depth = indices.shape().back();
  SmallVector<int64_t> strides = stridesOf(indices.shape());
  auto type = b.typeOf(indices.shape().drop_back(), indices.element());
  for (int64_t k = 0; k < depth; ++k) {
    auto along = alongOneDim(foldMove(known, type, [&](ArrayRef<int64_t> at) {
      int64_t linear = k;
      for (auto [d, i] : llvm::enumerate(at))
        linear += strides[d] * i;
      return linear;
    }));
    if (!along)
      return std::nullopt;
    coordinates.push_back(*along);
  }
  return coordinates;
}
