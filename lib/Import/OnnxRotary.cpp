// SPDX-License-Identifier: Apache-2.0
//===- OnnxRotary.cpp - the operator RotaryEmbedding (opset 23 on) --------===//
//
// Pairs (a, b) of the first `rotary_embedding_dim` features of a head become
// (a cos - b sin, a sin + b cos); a pair is two neighbours (interleaved) or
// elements of the two halves. Caches are [position, pair], looked up by
// position_ids, or [batch, sequence, pair].
//
//===----------------------------------------------------------------------===//
#include "NodeBuilder.h"

using namespace mlir;
using namespace mlir::mpt::import;

/// The cache as [B, 1, S, pair], or [B, S, 1, pair] when heads come after.
static Val angles(NodeBuilder &b, const Val &cache, ArrayRef<int64_t> rows,
                  int64_t pairs, bool headsLast) {
  Val looked = cache;
  if (b.has(3) && cache.rank() == 2)
    looked = b.take(cache, b.input(3), 0);
  SmallVector<int64_t> expected = {rows[0], rows[1], pairs};
  if (looked && looked.rank() == 3 && looked.shape()[0] == 1)
    expected[0] = 1;
  if (looked && looked.shape() != ArrayRef(expected))
    return b.fail("a cache of shape " + b.text(cache.shape()) + " gives " +
                      b.text(looked.shape()) + " angles",
                  "expected " + b.text(expected));
  expected.insert(expected.begin() + (headsLast ? 2 : 1), 1);
  return b.reshape(looked, expected);
}

/// x [.., R] rotated.
static Val rotate(NodeBuilder &b, const Val &x, const Val &cos,
                  const Val &sin) {
  int64_t last = x.rank() - 1, pairs = x.shape()[last] / 2;
  bool interleaved = b.getInt("interleaved", 0);
  SmallVector<int64_t> half(x.shape()), pair(x.shape()), thin(x.shape());
  half[last] = pair[last] = thin[last] = pairs;
  pair.push_back(2);
  thin.push_back(1);
  auto part = [&](int64_t k) {
    if (!interleaved)
      return b.sliceDim(x, last, k * pairs, (k + 1) * pairs);
    return b.reshape(b.sliceDim(b.reshape(x, pair), last + 1, k, k + 1), half);
  };
  Val first = part(0), second = part(1);
  Val real = b.binary("sub", b.binary("mul", first, cos),
                      b.binary("mul", second, sin));
  Val imaginary = b.binary("add", b.binary("mul", first, sin),
                           b.binary("mul", second, cos));
  if (!interleaved)
    return b.concat({real, imaginary}, last);
  return b.reshape(
      b.concat({b.reshape(real, thin), b.reshape(imaginary, thin)}, last + 1),
      x.shape());
}

static Vals importRotaryEmbedding(NodeBuilder &b) {
  Val given = b.input(0), x = given;
  int64_t heads = b.getInt("num_heads", 0);
  bool headsLast = x.rank() == 3;
  if (headsLast && heads > 0 && x.shape()[2] % heads == 0)
    x = b.reshape(x, {x.shape()[0], x.shape()[1], heads, x.shape()[2] / heads});
  int64_t size = x.rank() == 4 ? x.shape()[3] : 0;
  int64_t rotated = b.getInt("rotary_embedding_dim", 0);
  rotated = rotated == 0 ? size : rotated;
  if (x.rank() != 4 || rotated < 2 || rotated > size || rotated % 2 != 0)
    return {b.fail("input has shape " + b.text(given.shape()) +
                       ", 'num_heads' is " + Twine(heads) +
                       " and 'rotary_embedding_dim' " +
                       Twine(b.getInt("rotary_embedding_dim", 0)),
                   "expected four dims, or three of which the last is a "
                   "multiple of the heads, and an even number of features")};
  int64_t rows[] = {x.shape()[0], x.shape()[headsLast ? 1 : 2]};
  Val cos = angles(b, b.input(1), rows, rotated / 2, headsLast);
  Val sin = cos ? angles(b, b.input(2), rows, rotated / 2, headsLast) : cos;
  Val turned = rotate(b, b.sliceDim(x, 3, 0, rotated), cos, sin);
  if (rotated < size && turned)
    turned = b.concat({turned, b.sliceDim(x, 3, rotated, size)}, 3);
  return {b.reshape(turned, given.shape())};
}

ArrayRef<OpRow> mlir::mpt::import::getRotaryRows() {
  static const OpRow rows[] = {{"RotaryEmbedding", importRotaryEmbedding}};
  return rows;
}
