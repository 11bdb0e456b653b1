// SPDX-License-Identifier: Apache-2.0
//===- OnnxGather.cpp - elements picked by index --------------------------===//
//
// The core set fetches rows along one axis (take). Indices that are known and
// form a grid (each coordinate depends on one dim of the result, as exporters
// spell x[:, None, :]) are slices and takes axis by axis, then a broadcast.
// Other coordinates become one number into the dims that they pick from. Where
// every sample picks from its own part (GatherElements, batch_dims), the batch
// stays a dim of both sides: elements are compared with a count and reduced,
// rows are a contraction with ones and zeros, so that both can be cut along it.
//
// Example: GatherND(mask [8,64], [[b,k]] of shape [8,1,1,64,2]) is a reshape.
//
//===----------------------------------------------------------------------===//
#include "IndexGrid.h"

using namespace mlir;
using namespace mlir::mpt::import;

static Vals importGather(NodeBuilder &b) {
  auto axis = b.axis(b.getInt("axis", 0), b.input(0).rank());
  return {axis ? b.take(b.input(0), b.input(1), *axis) : Val()};
}

//===- known indices ------------------------------------------------------===//

/// The rows of one dim: as it is, a slice, or taken.
static Val rowsOf(NodeBuilder &b, const Val &x, int64_t dim,
                  SmallVector<int64_t> rows) {
  if (!x || !normalise(b, rows, x, dim))
    return Val();
  bool ascends = true;
  for (auto [i, row] : llvm::enumerate(rows))
    ascends &= row == rows[0] + int64_t(i);
  if (ascends)
    return b.sliceDim(x, dim, rows[0], rows.back() + 1);
  return b.take(x, b.constant(rows), dim);
}

/// x where dim d is picked by coordinates[d] along a dim of `shape`, the dims
/// after the coordinates following those of `shape`. Null when two coordinates
/// depend on one dim.
static std::optional<Val> pickGrid(NodeBuilder &b, const Val &x,
                                   ArrayRef<Along> coordinates,
                                   ArrayRef<int64_t> shape) {
  SmallVector<int64_t> from(shape.size(), -1); // dim of x
  for (auto [d, along] : llvm::enumerate(coordinates))
    if (along.dim >= 0 && std::exchange(from[along.dim], int64_t(d)) >= 0)
      return std::nullopt;
  Val picked = x;
  for (auto [d, along] : llvm::enumerate(coordinates))
    picked = rowsOf(b, picked, d, along.values);
  if (!picked)
    return Val();
  SmallVector<int64_t> perm, kept, dims, result(shape);
  for (auto [d, source] : llvm::enumerate(from))
    if (source >= 0) {
      perm.push_back(source);
      dims.push_back(d);
      kept.push_back(shape[d]);
    }
  for (auto [d, along] : llvm::enumerate(coordinates))
    if (along.dim < 0)
      perm.push_back(d); // of size 1
  for (int64_t d = coordinates.size(); d < x.rank(); ++d) {
    perm.push_back(d);
    dims.push_back(result.size());
    kept.push_back(x.shape()[d]);
    result.push_back(x.shape()[d]);
  }
  Val thin = b.reshape(b.transpose(picked, perm), kept);
  if (thin && thin.type.getNumElements() ==
                  b.typeOf(result, x.element()).getNumElements())
    return b.reshape(thin, result);
  return b.broadcast(thin, dims, result);
}

//===- indices of each sample ---------------------------------------------===//

/// The one element along the axis where `hot`; 0 elsewhere, whatever it is.
static Val elementWhere(NodeBuilder &b, const Val &hot, const Val &x,
                        int64_t axis) {
  if (!hot || !x)
    return Val();
  Val terms = b.select(hot, x, b.scalarLike(x, 0));
  StringRef kind = x.element().isInteger(1) ? "or" : "sum";
  return b.reduce(kind, terms, axis, /*keepDims=*/false);
}

/// index [B.., K..] as [B.., K.., N], true at the index.
static Val hotOf(NodeBuilder &b, const Val &index, int64_t n) {
  if (!index)
    return Val();
  SmallVector<int64_t> thin(index.shape()), wide(index.shape());
  thin.push_back(1);
  wide.push_back(n);
  return b.compare("eq", b.reshape(index, thin),
                   b.iota(wide, index.element(), index.rank()));
}

/// x [B.., N, R..] at index [B.., K..]: [B.., K.., R..].
static Val pickPerSample(NodeBuilder &b, const Val &x, const Val &index,
                         int64_t batch) {
  if (!x || !index)
    return Val();
  Val hot = hotOf(b, index, x.shape()[batch]);
  int64_t n = index.rank(), rest = x.rank() - batch - 1;
  if (rest > 0 && x.isFloat()) {
    auto dims = llvm::to_vector(llvm::seq<int64_t>(0, batch));
    return b.dot(b.convert(hot, x.element()), x, {dims, dims, {n}, {batch}});
  }
  // [B.., 1.., N, R..] against [B.., K.., N, 1..].
  SmallVector<int64_t> wide(x.shape().take_front(batch)), thin(index.shape());
  wide.append(n - batch, 1);
  llvm::append_range(wide, x.shape().drop_front(batch));
  thin.push_back(x.shape()[batch]);
  thin.append(rest, 1);
  return elementWhere(b, b.reshape(hot, thin), b.reshape(x, wide), n);
}

//===- GatherElements -----------------------------------------------------===//

/// Both known: one number into all of x.
static Val pickKnown(NodeBuilder &b, const Val &x, RankedTensorType indices,
                     ArrayRef<int64_t> at, int64_t axis) {
  SmallVector<int64_t> strides = stridesOf(x.shape());
  int64_t next = 0;
  return NodeBuilder::known(
      foldMove(x.host, b.typeOf(indices.getShape(), x.element()),
               [&](ArrayRef<int64_t> to) {
                 int64_t linear = 0;
                 for (auto [d, i] : llvm::enumerate(to))
                   linear += strides[d] * (int64_t(d) == axis ? at[next] : i);
                 ++next;
                 return linear;
               }));
}

/// result[i..] = x[i.. with the axis at indices[i..]].
static Vals importGatherElements(NodeBuilder &b) {
  Val x = b.input(0), indices = b.input(1);
  auto axis = b.axis(b.getInt("axis", 0), x.rank());
  if (!axis)
    return {Val()};
  bool fits = indices.rank() == x.rank();
  for (int64_t d = 0; fits && d < x.rank(); ++d)
    fits = d == *axis || indices.shape()[d] <= x.shape()[d];
  if (!fits)
    return {b.fail("cannot gather from " + b.text(x.type) + " at " +
                   b.text(indices.type))};
  for (int64_t d = 0; x && d < x.rank(); ++d)
    if (d != *axis)
      x = b.sliceDim(x, d, 0, indices.shape()[d]);
  if (!x)
    return {x};
  if (Host known = knownIndices(b, indices)) {
    auto along = alongOneDim(known);
    if (along && (along->dim < 0 || along->dim == *axis))
      return {
          b.broadcastTo(rowsOf(b, x, *axis, along->values), indices.shape())};
    SmallVector<int64_t> checked = known->ints();
    if (!normalise(b, checked, x, *axis))
      return {Val()};
    if (x.host && fitsConstant(b.typeOf(indices.shape(), x.element())))
      return {pickKnown(b, x, indices.type, checked, *axis)};
  }
  int64_t n = x.shape()[*axis];
  Val index = fromFront(b, indices, n);
  if (indices.shape()[*axis] == 1) {
    Val hot =
        b.compare("eq", index, b.iota(x.shape(), indices.element(), *axis));
    return {b.reshape(elementWhere(b, hot, x, *axis), indices.shape())};
  }
  SmallVector<int64_t> perm, thin(x.shape());
  for (int64_t d = 0; d < x.rank(); ++d)
    if (d != *axis)
      perm.push_back(d);
  perm.push_back(*axis);
  thin[*axis] = 1;
  thin.push_back(n);
  Val rows = b.reshape(b.transpose(x, perm), thin);
  return {elementWhere(b, hotOf(b, index, n), rows, x.rank())};
}

//===- GatherND -----------------------------------------------------------===//

/// The coordinates as one number into the dims [batch, batch + depth) of x.
static Val linearIndex(NodeBuilder &b, const Val &x, const Val &indices,
                       int64_t batch) {
  int64_t last = indices.rank() - 1, depth = indices.shape().back();
  ArrayRef<int64_t> picked = x.shape().slice(batch, depth);
  SmallVector<int64_t> strides = stridesOf(picked);
  Val sum = b.fill(indices.shape().drop_back(), indices.element(), whole(0));
  for (int64_t k = 0; k < depth; ++k) {
    Val one = b.reshape(b.sliceDim(indices, last, k, k + 1),
                        indices.shape().drop_back());
    if (one && one.host) {
      SmallVector<int64_t> values = one.host->ints();
      if (!normalise(b, values, x, batch + k))
        return Val();
    }
    Val term = b.binary("mul", fromFront(b, one, picked[k]),
                        b.scalarLike(one, strides[k]));
    sum = k == 0 ? term : b.binary("add", sum, term);
  }
  return sum;
}

/// result[b.., i.., rest] = x[b.., indices[b.., i.., :], rest].
static Vals importGatherND(NodeBuilder &b) {
  Val x = b.input(0), indices = b.input(1);
  int64_t batch = b.getInt("batch_dims", 0);
  int64_t depth = indices.rank() ? indices.shape().back() : 0;
  if (batch < 0 || batch >= indices.rank() || batch > x.rank() || depth < 1 ||
      depth > x.rank() - batch ||
      indices.shape().take_front(batch) != x.shape().take_front(batch))
    return {b.fail("cannot gather from " + b.text(x.type) + " at " +
                   b.text(indices.type))};
  if (auto grid = gridOf(b, x, indices, batch))
    if (auto picked = pickGrid(b, x, *grid, indices.shape().drop_back()))
      return {*picked};
  SmallVector<int64_t> flat(x.shape().take_front(batch));
  flat.push_back(1);
  for (int64_t size : x.shape().slice(batch, depth))
    flat.back() *= size;
  llvm::append_range(flat, x.shape().drop_front(batch + depth));
  Val index = linearIndex(b, x, indices, batch), table = b.reshape(x, flat);
  if (batch == 0)
    return {b.take(table, index, 0)};
  return {pickPerSample(b, table, index, batch)};
}

ArrayRef<OpRow> mlir::mpt::import::getGatherRows() {
  static const OpRow rows[] = {
      {"Gather", importGather},
      {"GatherElements", importGatherElements},
      {"GatherND", importGatherND},
  };
  return rows;
}
