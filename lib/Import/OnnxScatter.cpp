// SPDX-License-Identifier: Apache-2.0
//===- OnnxScatter.cpp - elements put where indices say -------------------===//
//
// ScatterElements compares indices with a count, so that the other dims stay
// dims of both sides and can be cut. ScatterND at known indices that form a box
// (m[:, :, :n] = y, as exporters spell it) puts the updates between slices of
// the data, which can be cut along the dims that the box fills. Other rows are
// added (mpt.scatter_rows) to the data, or to zeros that then replace what was
// hit; indices that occur twice there are undefined in ONNX.
//
// Refused: reductions other than none and add; rows of integers, but in a box.
//
//===----------------------------------------------------------------------===//
#include "IndexGrid.h"

using namespace mlir;
using namespace mlir::mpt::import;

/// Whether updates are added; nullopt and a report for other reductions.
static std::optional<bool> readReduction(NodeBuilder &b) {
  std::string kind = b.node.getString("reduction", "none");
  if (kind == "none" || kind == "add")
    return kind == "add";
  b.fail("reduction '" + onnx::escaped(kind) + "' is not supported",
         "use none or add");
  return std::nullopt;
}

/// x[i.., with the axis at indices[i..]] = updates[i..].
static Vals importScatterElements(NodeBuilder &b) {
  Val x = b.input(0), indices = b.input(1), updates = b.input(2);
  auto axis = b.axis(b.getInt("axis", 0), x.rank());
  auto adds = readReduction(b);
  if (!axis || !adds)
    return {Val()};
  bool fits = indices.shape() == updates.shape() && indices.rank() == x.rank();
  for (int64_t d = 0; fits && d < x.rank(); ++d)
    fits = d == *axis || indices.shape()[d] == x.shape()[d];
  if (!fits)
    return {b.fail("cannot scatter " + b.text(updates.type) + " at " +
                       b.text(indices.type) + " into " + b.text(x.type),
                   "expected equal dims but along the axis")};
  // [.., 1, .., K] against [.., N, .., 1].
  auto inner = [&](const Val &v) {
    if (!v)
      return v;
    SmallVector<int64_t> perm, shape(v.shape());
    for (int64_t d = 0; d < v.rank(); ++d)
      if (d != *axis)
        perm.push_back(d);
    perm.push_back(*axis);
    shape[*axis] = 1;
    shape.push_back(v.shape()[*axis]);
    return b.reshape(b.transpose(v, perm), shape);
  };
  SmallVector<int64_t> places(x.shape());
  places.push_back(1);
  Val index = fromFront(b, indices, x.shape()[*axis]);
  Val hot =
      b.compare("eq", inner(index), b.iota(places, indices.element(), *axis));
  Val put = b.select(hot, inner(updates), b.scalarLike(updates, 0));
  bool isBool = x.element().isInteger(1);
  Val sum = b.reduce(isBool ? "or" : "sum", put, x.rank(), /*keepDims=*/false);
  if (*adds)
    return {b.binary(isBool ? "or" : "add", x, sum)};
  Val isHit = b.reduce("or", hot, x.rank(), /*keepDims=*/false);
  return {b.select(isHit, sum, x)};
}

//===- boxes --------------------------------------------------------------===//

/// x with the box at `starts`, which has x's dims, replaced or added to.
static Val putBox(NodeBuilder &b, const Val &x, const Val &box,
                  ArrayRef<int64_t> starts, bool adds, int64_t dim = 0) {
  if (!x || !box)
    return Val();
  if (dim == int64_t(starts.size()))
    return adds ? b.binary(x.element().isInteger(1) ? "or" : "add", x, box)
                : box;
  int64_t from = starts[dim], to = from + box.shape()[dim],
          size = x.shape()[dim];
  if (from == 0 && to == size)
    return putBox(b, x, box, starts, adds, dim + 1);
  Val middle =
      putBox(b, b.sliceDim(x, dim, from, to), box, starts, adds, dim + 1);
  return b.concat(
      {b.sliceDim(x, dim, 0, from), middle, b.sliceDim(x, dim, to, size)}, dim);
}

/// The result where the indices are those of a box, each place once; nullopt
/// for others.
static std::optional<Val> scatterBox(NodeBuilder &b, const Val &x,
                                     const Val &indices, const Val &updates,
                                     bool adds) {
  auto grid = gridOf(b, x, indices, /*batch=*/0);
  if (!grid)
    return std::nullopt;
  ArrayRef<int64_t> table = indices.shape().drop_back();
  SmallVector<int64_t> perm, starts, shape(x.shape());
  for (auto [d, along] : llvm::enumerate(*grid)) {
    if (!normalise(b, along.values, x, d))
      return Val();
    for (auto [i, place] : llvm::enumerate(along.values))
      if (place != along.values[0] + int64_t(i))
        return std::nullopt;
    if (along.dim >= 0 && llvm::is_contained(perm, along.dim))
      return std::nullopt;
    if (along.dim >= 0)
      perm.push_back(along.dim);
    starts.push_back(along.values[0]);
    shape[d] = along.values.size();
  }
  for (auto [d, size] : llvm::enumerate(table)) {
    if (llvm::is_contained(perm, int64_t(d)))
      continue;
    if (size != 1)
      return std::nullopt;
    perm.push_back(d);
  }
  for (int64_t d = table.size(); d < updates.rank(); ++d)
    perm.push_back(d);
  Val box = b.reshape(b.transpose(updates, perm), shape);
  return putBox(b, x, box, starts, adds);
}

//===- rows ---------------------------------------------------------------===//

/// One number into the first `depth` dims of x.
static Val rowIndex(NodeBuilder &b, const Val &x, const Val &indices,
                    int64_t depth) {
  SmallVector<int64_t> strides = stridesOf(x.shape().take_front(depth));
  ArrayRef<int64_t> shape = indices.shape().drop_back();
  Val sum = b.fill(shape, indices.element(), whole(0));
  for (int64_t k = 0; k < depth; ++k) {
    Val one =
        b.reshape(b.sliceDim(indices, indices.rank() - 1, k, k + 1), shape);
    sum = b.binary("add", sum,
                   b.binary("mul", fromFront(b, one, x.shape()[k]),
                            b.scalarLike(one, strides[k])));
  }
  return sum;
}

/// x[indices[i.., :], rest] = updates[i.., rest].
static Vals importScatterND(NodeBuilder &b) {
  Val x = b.input(0), indices = b.input(1), updates = b.input(2);
  auto adds = readReduction(b);
  if (!adds)
    return {Val()};
  int64_t depth = indices.rank() ? indices.shape().back() : 0;
  SmallVector<int64_t> expected;
  if (depth >= 1 && depth <= x.rank()) {
    expected.assign(indices.shape().begin(), indices.shape().end() - 1);
    llvm::append_range(expected, x.shape().drop_front(depth));
  }
  bool fits =
      depth >= 1 && depth <= x.rank() && updates.shape() == ArrayRef(expected);
  if (fits)
    if (auto boxed = scatterBox(b, x, indices, updates, *adds))
      return {*boxed};
  if (!fits || !x.isFloat())
    return {b.fail("cannot scatter " + b.text(updates.type) + " at " +
                       b.text(indices.type) + " into " + b.text(x.type),
                   "expected floats, with the dims of the indices but the "
                   "last, then those of the data that are not picked from")};
  SmallVector<int64_t> flat = {1};
  for (int64_t size : x.shape().take_front(depth))
    flat[0] *= size;
  llvm::append_range(flat, x.shape().drop_front(depth));
  Val index = rowIndex(b, x, indices, depth), rows = b.reshape(x, flat);
  auto put = [&](const Val &base, const Val &what) {
    if (!base || !what)
      return Val();
    return b.build(
        "scatter_rows", {base, index, what}, base.type,
        {b.attr("kind", StringRef("add")), b.attr("axis", int64_t(0))})[0];
  };
  if (*adds)
    return {b.reshape(put(rows, updates), x.shape())};
  Val zeros = b.fill(flat, x.element(), real(0));
  Val ones = b.fill(updates.shape(), x.element(), real(1));
  Val isHit = b.compare("gt", put(zeros, ones), b.scalarLike(x, 0));
  return {b.reshape(b.select(isHit, put(zeros, updates), rows), x.shape())};
}

ArrayRef<OpRow> mlir::mpt::import::getScatterRows() {
  static const OpRow rows[] = {
      {"ScatterElements", importScatterElements},
      {"ScatterND", importScatterND},
  };
  return rows;
}
