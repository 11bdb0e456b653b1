// SPDX-License-Identifier: Apache-2.0
//===- BuildMovement.cpp - ops that move elements -------------------------===//
#include "NodeBuilder.h"

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;

//===- movement -----------------------------------------------------------===//

Val NodeBuilder::broadcast(const Val &x, ArrayRef<int64_t> dims,
                           ArrayRef<int64_t> shape) {
  if (!x || x.shape() == shape)
    return x;
  if (!checkSize(shape))
    return Val();
  RankedTensorType type = typeOf(shape, x.element());
  if (folds(x, type)) {
    SmallVector<int64_t> strides = stridesOf(x.shape());
    Val wide = known(foldMove(x.host, type, [&](ArrayRef<int64_t> at) {
      int64_t linear = 0;
      for (auto [i, d] : llvm::enumerate(dims))
        linear += at[d] * strides[i];
      return linear;
    }));
    if (!x.host->isSplat()) {
      wide.narrow = x.host;
      wide.dims.assign(dims.begin(), dims.end());
    }
    return wide;
  }
  return build1("broadcast", x, type, attr("dims", dims));
}

Val NodeBuilder::broadcastTo(const Val &x, ArrayRef<int64_t> shape) {
  if (!x || x.shape() == shape)
    return x;
  size_t lead = shape.size() - x.rank();
  SmallVector<int64_t> kept, dims;
  for (auto [d, size] : llvm::enumerate(x.shape()))
    if (size == shape[lead + d]) {
      kept.push_back(size);
      dims.push_back(lead + d);
    } else if (size != 1) {
      return fail("shape " + text(x.shape()) + " does not broadcast to " +
                  text(shape));
    }
  return broadcast(reshape(x, kept), dims, shape);
}

Val NodeBuilder::reshape(const Val &x, ArrayRef<int64_t> shape) {
  if (!x || x.shape() == shape)
    return x;
  if (!checkSize(shape))
    return Val();
  RankedTensorType type = typeOf(shape, x.element());
  if (type.getNumElements() != x.type.getNumElements())
    return fail("cannot reshape " + text(x.type) + " to " + text(shape));
  if (x.host)
    return known(std::make_shared<HostTensor>(type, x.host->data));
  if (x.value)
    if (auto before = x.value.getDefiningOp<ReshapeOp>()) {
      Val from;
      from.value = before.getInput();
      from.type = cast<RankedTensorType>(from.value.getType());
      return reshape(from, shape);
    }
  return build1("reshape", x, type);
}

Val NodeBuilder::transpose(const Val &x, ArrayRef<int64_t> perm) {
  if (!x)
    return x;
  SmallVector<int64_t> shape;
  for (int64_t d : perm)
    shape.push_back(x.shape()[d]);
  if (llvm::is_sorted(perm))
    return x;
  RankedTensorType type = typeOf(shape, x.element());
  if (folds(x, type)) {
    SmallVector<int64_t> strides = stridesOf(x.shape());
    return known(foldMove(x.host, type, [&](ArrayRef<int64_t> at) {
      int64_t linear = 0;
      for (auto [i, d] : llvm::enumerate(perm))
        linear += at[i] * strides[d];
      return linear;
    }));
  }
  if (x.initializer >= 0) {
    Val seen = x;
    seen.type = type;
    seen.perm.clear();
    for (int64_t d : perm)
      seen.perm.push_back(x.perm.empty() ? d : x.perm[d]);
    if (llvm::is_sorted(seen.perm))
      seen.perm.clear();
    return seen;
  }
  return build1("transpose", x, type, attr("perm", perm));
}

Val NodeBuilder::reverse(const Val &x, ArrayRef<int64_t> axes) {
  if (!x || axes.empty())
    return x;
  if (folds(x, x.type)) {
    SmallVector<int64_t> strides = stridesOf(x.shape());
    return known(foldMove(x.host, x.type, [&](ArrayRef<int64_t> at) {
      int64_t linear = 0;
      for (auto [d, i] : llvm::enumerate(at))
        linear +=
            strides[d] *
            (llvm::is_contained(axes, int64_t(d)) ? x.shape()[d] - 1 - i : i);
      return linear;
    }));
  }
  return build1("reverse", x, x.type, attr("axes", axes));
}

Val NodeBuilder::slice(const Val &x, ArrayRef<int64_t> start,
                       ArrayRef<int64_t> limit, ArrayRef<int64_t> step) {
  if (!x)
    return x;
  SmallVector<int64_t> lo(start), hi(limit), by(step), reversed, shape;
  for (size_t d = 0; d < lo.size(); ++d) {
    if (by[d] < 0) {
      // Element k of the reversed dim is element n-1-k.
      int64_t n = x.shape()[d];
      reversed.push_back(d);
      lo[d] = n - 1 - start[d];
      hi[d] = n - 1 - limit[d];
      by[d] = -by[d];
    }
    hi[d] = std::max(hi[d], lo[d]);
    shape.push_back((hi[d] - lo[d] + by[d] - 1) / by[d]);
  }
  Val from = reverse(x, reversed);
  if (!from || ArrayRef(shape) == x.shape())
    return from;
  RankedTensorType type = typeOf(shape, x.element());
  if (folds(from, type)) {
    SmallVector<int64_t> strides = stridesOf(x.shape());
    return known(foldMove(from.host, type, [&](ArrayRef<int64_t> at) {
      int64_t linear = 0;
      for (auto [d, i] : llvm::enumerate(at))
        linear += strides[d] * (lo[d] + i * by[d]);
      return linear;
    }));
  }
  SmallVector<NamedAttribute> attrs = {attr("start", ArrayRef<int64_t>(lo)),
                                       attr("limit", ArrayRef<int64_t>(hi))};
  if (llvm::any_of(by, [](int64_t s) { return s != 1; }))
    attrs.push_back(attr("stride", ArrayRef<int64_t>(by)));
  return build1("slice", from, type, attrs);
}

Val NodeBuilder::sliceDim(const Val &x, int64_t dim, int64_t start,
                          int64_t limit) {
  if (!x)
    return x;
  SmallVector<int64_t> lo(x.rank(), 0), hi(x.shape()), by(x.rank(), 1);
  lo[dim] = start;
  hi[dim] = limit;
  return slice(x, lo, hi, by);
}

Val NodeBuilder::pad(const Val &x, Scalar value, ArrayRef<int64_t> lo,
                     ArrayRef<int64_t> hi) {
  if (!x)
    return x;
  SmallVector<int64_t> shape;
  constexpr int64_t most = int64_t(1) << 40;
  for (auto [d, size] : llvm::enumerate(x.shape())) {
    shape.push_back(size + std::clamp(lo[d], -most, most) +
                    std::clamp(hi[d], -most, most));
    if (shape.back() < 0)
      return fail("pads of dim " + Twine(d) + " leave " + Twine(shape.back()) +
                  " of " + Twine(size) + " elements");
  }
  if (ArrayRef(shape) == x.shape() && llvm::all_equal(lo) &&
      (lo.empty() || lo[0] == 0))
    return x;
  RankedTensorType type = typeOf(shape, x.element());
  Host filler = splat(typeOf({}, x.element()), value);
  if (x.host && !(x.host->isSplat() && !fitsConstant(type)) && folds(x, type)) {
    SmallVector<int64_t> strides = stridesOf(x.shape());
    SmallVector<int64_t> inner(x.shape());
    std::vector<Scalar> all;
    for (int64_t i = 0; i < x.type.getNumElements(); ++i)
      all.push_back(x.host->at(i));
    all.push_back(filler->at(0)); // what lies outside
    auto whole = std::make_shared<HostTensor>(x.type, std::move(all));
    return known(foldMove(whole, type, [&](ArrayRef<int64_t> at) {
      int64_t linear = 0;
      for (auto [d, i] : llvm::enumerate(at)) {
        int64_t k = i - lo[d];
        if (k < 0 || k >= inner[d])
          return int64_t(whole->data.size()) - 1;
        linear += strides[d] * k;
      }
      return linear;
    }));
  }
  Builder b(program.context);
  return build1("pad", x, type,
                {b.getNamedAttr("value", filler->toAttribute()), attr("lo", lo),
                 attr("hi", hi)});
}

Val NodeBuilder::concat(ArrayRef<Val> parts, int64_t axis) {
  SmallVector<Val> kept;
  SmallVector<int64_t> shape;
  for (const Val &v : parts) {
    if (!v)
      return v;
    bool fits =
        v.rank() == parts[0].rank() && v.element() == parts[0].element();
    for (int64_t d = 0; fits && d < v.rank(); ++d)
      fits = d == axis || v.shape()[d] == parts[0].shape()[d];
    if (!fits)
      return fail("cannot concatenate " + text(parts[0].type) + " and " +
                  text(v.type) + " along axis " + Twine(axis));
    if (shape.empty())
      shape.assign(v.shape().begin(), v.shape().end());
    else
      shape[axis] += v.shape()[axis];
    if (v.shape()[axis] != 0)
      kept.push_back(v);
  }
  if (kept.empty())
    return parts[0];
  if (kept.size() == 1)
    return kept[0];
  RankedTensorType type = typeOf(shape, kept[0].element());
  if (fitsConstant(type) && folds(kept, type)) {
    SmallVector<Host> hosts;
    for (const Val &v : kept)
      hosts.push_back(v.host);
    return known(foldConcat(hosts, type, axis));
  }
  return build1("concat", kept, type, attr("axis", axis));
}

//===- rows
//-----------------------------------------------------------------===//

Val NodeBuilder::take(const Val &table, const Val &indices, int64_t axis) {
  if (!table || !indices)
    return Val();
  int64_t size = table.shape()[axis];
  Val zero = scalarLike(indices, 0), n = scalarLike(indices, size);
  if (indices.host)
    for (int64_t i : indices.host->ints())
      if (i < -size || i >= size)
        return fail("index " + Twine(i) + " is out of range for dim " +
                    Twine(axis) + " of " + text(table.type));
  Val rows =
      select(compare("lt", indices, zero), binary("add", indices, n), indices);
  if (!rows)
    return rows;
  SmallVector<int64_t> shape(table.shape().take_front(axis));
  llvm::append_range(shape, rows.shape());
  llvm::append_range(shape, table.shape().drop_front(axis + 1));
  RankedTensorType type = typeOf(shape, table.element());
  if (rows.host && rows.rank() == 0) {
    int64_t row = rows.host->ints()[0];
    return reshape(sliceDim(table, axis, row, row + 1), shape);
  }
  if (rows.host && table.host && fitsConstant(type)) {
    SmallVector<int64_t> strides = stridesOf(table.shape()),
                         rowStrides = stridesOf(rows.shape()),
                         row = rows.host->ints();
    return known(foldMove(table.host, type, [&](ArrayRef<int64_t> at) {
      int64_t linear = 0, index = 0;
      for (auto [k, i] : llvm::enumerate(at.slice(axis, rows.rank())))
        index += rowStrides[k] * i;
      for (int64_t d = 0; d < table.rank(); ++d)
        linear += strides[d] * (d < axis    ? at[d]
                                : d == axis ? row[index]
                                            : at[d + rows.rank() - 1]);
      return linear;
    }));
  }
  return build1("take", {table, rows}, type, attr("axis", axis));
}
