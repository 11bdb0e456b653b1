// SPDX-License-Identifier: Apache-2.0
//===- OnnxShape.cpp - elements move, none is computed --------------------===//
//
// Targets, axes, pads and the like must be known at import; they are, whenever
// they come from shapes of bound inputs, since NodeBuilder computes those.
//
//===----------------------------------------------------------------------===//
#include "NodeBuilder.h"

using namespace mlir;
using namespace mlir::mpt::import;

//===- reshapes -----------------------------------------------------------===//

static Vals importReshape(NodeBuilder &b) {
  Val x = b.input(0);
  auto target = b.ints(1);
  if (!target)
    return {Val()};
  bool allowZero = b.getInt("allowzero", 0);
  int64_t known = 1, open = -1;
  for (auto [d, size] : llvm::enumerate(*target)) {
    if (size == 0 && !allowZero) {
      if (int64_t(d) >= x.rank())
        return {b.fail("dim " + Twine(d) + " of the shape is copied from " +
                       b.text(x.type) + ", which has no such dim")};
      size = x.shape()[d];
    }
    if (size == -1 && open >= 0)
      return {b.fail("shape " + b.text(*target) + " has two dims of size -1")};
    if (size == -1)
      open = d;
    else
      known *= size;
  }
  if (open >= 0) {
    int64_t n = x.type.getNumElements();
    if (known <= 0 || n % known != 0)
      return {b.fail("cannot reshape " + b.text(x.type) + " to " +
                     b.text(*target))};
    (*target)[open] = n / known;
  }
  return {b.reshape(x, *target)};
}

static Vals importFlatten(NodeBuilder &b) {
  Val x = b.input(0);
  int64_t axis = b.getInt("axis", 1);
  if (axis < -x.rank() || axis > x.rank())
    return {b.fail("axis " + Twine(axis) + " is out of range for rank " +
                   Twine(x.rank()))};
  if (axis < 0)
    axis += x.rank();
  int64_t rows = 1, columns = 1;
  for (auto [d, size] : llvm::enumerate(x.shape()))
    (int64_t(d) < axis ? rows : columns) *= size;
  return {b.reshape(x, {rows, columns})};
}

/// An attribute up to some opset, then an optional input.
static std::optional<SmallVector<int64_t>>
listOf(NodeBuilder &b, StringRef attribute, size_t input) {
  if (auto ints = b.getInts(attribute))
    return ints;
  if (b.has(input))
    return b.ints(input);
  return SmallVector<int64_t>();
}

static Vals importSqueeze(NodeBuilder &b) {
  Val x = b.input(0);
  auto given = listOf(b, "axes", 1);
  auto axes = given ? b.axes(*given, x.rank()) : std::nullopt;
  if (!axes)
    return {Val()};
  SmallVector<int64_t> shape;
  for (auto [d, size] : llvm::enumerate(x.shape())) {
    bool named = llvm::is_contained(*axes, int64_t(d));
    if (named && size != 1)
      return {b.fail("cannot squeeze dim " + Twine(d) + " of " +
                     b.text(x.type) + ", its size is not 1")};
    if (!named && (size != 1 || !axes->empty()))
      shape.push_back(size);
  }
  return {b.reshape(x, shape)};
}

static Vals importUnsqueeze(NodeBuilder &b) {
  Val x = b.input(0);
  auto given = listOf(b, "axes", 1);
  auto axes =
      given ? b.axes(*given, x.rank() + int64_t(given->size())) : std::nullopt;
  if (!axes)
    return {Val()};
  SmallVector<int64_t> shape(x.shape());
  for (int64_t axis : *axes)
    shape.insert(shape.begin() + axis, 1);
  return {b.reshape(x, shape)};
}

static Vals importTranspose(NodeBuilder &b) {
  Val x = b.input(0);
  auto perm = b.getInts("perm");
  if (!perm)
    perm = llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, x.rank())));
  SmallVector<int64_t> sorted(*perm);
  llvm::sort(sorted);
  if (sorted != llvm::to_vector(llvm::seq<int64_t>(0, x.rank())))
    return {b.fail("perm " + b.text(*perm) +
                   " is no permutation of the dims of " + b.text(x.type))};
  return {b.transpose(x, *perm)};
}

/// DCR: depth is [block, block, C]; CRD: [C, block, block].
static Vals importDepthToSpace(NodeBuilder &b) {
  Val x = b.input(0);
  int64_t n = b.getInt("blocksize", 0);
  constexpr int64_t most = 1 << 20;
  if (x.rank() != 4 || n < 1 || n > most || x.shape()[1] % (n * n) != 0)
    return {b.fail("cannot cut the depth of " + b.text(x.type) +
                   " into blocks of size " + Twine(n))};
  ArrayRef<int64_t> s = x.shape();
  int64_t c = s[1] / (n * n);
  bool dcr = b.node.getString("mode", "DCR") == "DCR";
  Val split = dcr ? b.reshape(x, {s[0], n, n, c, s[2], s[3]})
                  : b.reshape(x, {s[0], c, n, n, s[2], s[3]});
  Val moved = dcr ? b.transpose(split, {0, 3, 4, 1, 5, 2})
                  : b.transpose(split, {0, 1, 4, 2, 5, 3});
  return {b.reshape(moved, {s[0], c, s[2] * n, s[3] * n})};
}

static Vals importSpaceToDepth(NodeBuilder &b) {
  Val x = b.input(0);
  int64_t n = b.getInt("blocksize", 0);
  if (x.rank() != 4 || n < 1 || x.shape()[2] % n != 0 || x.shape()[3] % n != 0)
    return {b.fail("cannot cut " + b.text(x.type) + " into blocks of size " +
                   Twine(n))};
  ArrayRef<int64_t> s = x.shape();
  Val split = b.reshape(x, {s[0], s[1], s[2] / n, n, s[3] / n, n});
  return {b.reshape(b.transpose(split, {0, 3, 5, 1, 2, 4}),
                    {s[0], s[1] * n * n, s[2] / n, s[3] / n})};
}

//===- repetition ---------------------------------------------------------===//

static Vals importExpand(NodeBuilder &b) {
  Val x = b.input(0);
  auto target = b.ints(1);
  auto shape = target ? b.commonShape(x.shape(), *target) : std::nullopt;
  return {shape ? b.broadcastTo(x, *shape) : Val()};
}

/// [a] by n: [a] -> [n, a] -> [n a].
static Vals importTile(NodeBuilder &b) {
  Val x = b.input(0);
  auto repeats = b.ints(1);
  if (!repeats)
    return {Val()};
  if (int64_t(repeats->size()) != x.rank())
    return {b.fail("repeats are " + b.text(*repeats) +
                   ", expected one for each dim of " + b.text(x.type))};
  SmallVector<int64_t> wide, dims, shape;
  for (auto [size, n] : llvm::zip(x.shape(), *repeats)) {
    if (n < 0)
      return {b.fail("repeats are " + b.text(*repeats) +
                     ", expected none below 0")};
    if (n != 1)
      wide.push_back(n);
    dims.push_back(wide.size());
    wide.push_back(size);
    shape.push_back(n * size);
  }
  return {b.reshape(b.broadcast(x, dims, wide), shape)};
}

static Vals importIdentity(NodeBuilder &b) { return {b.input(0)}; }

/// Inference only: the identity, and a mask of ones.
static Vals importDropout(NodeBuilder &b) {
  Val x = b.input(0);
  if (b.has(2)) {
    auto training = b.number(2);
    if (!training)
      return {Val()};
    if (*training != 0)
      return {b.fail("training mode is not supported",
                     "export with "
                     "training_mode = false")};
  }
  return {x, b.fill(x.shape(), b.i1(), whole(1))};
}

//===- parts --------------------------------------------------------------===//

static Vals importConcat(NodeBuilder &b) {
  SmallVector<Val> parts;
  for (size_t i = 0; i < b.numInputs(); ++i)
    parts.push_back(b.input(i));
  auto axis = b.axis(b.getInt("axis", 0), parts[0].rank());
  return {axis ? b.concat(parts, *axis) : Val()};
}

static Vals importSplit(NodeBuilder &b) {
  Val x = b.input(0);
  size_t n = b.node.outputs.size();
  auto axis = b.axis(b.getInt("axis", 0), x.rank());
  auto sizes = listOf(b, "split", 1);
  if (!axis || !sizes)
    return Vals(n);
  int64_t size = x.shape()[*axis];
  if (sizes->empty()) {
    int64_t chunk = (size + int64_t(n) - 1) / int64_t(n);
    for (size_t i = 0; i < n; ++i)
      sizes->push_back(
          std::clamp<int64_t>(size - chunk * int64_t(i), 0, chunk));
  }
  int64_t total = 0;
  bool fits = true;
  for (int64_t s : *sizes) {
    fits &= s >= 0 && s <= size;
    total += fits ? s : 0;
  }
  if (sizes->size() != n || total != size || !fits) {
    b.fail("parts " + b.text(*sizes) + " are not " + Twine(n) +
           " parts of dim " + Twine(*axis) + " of " + b.text(x.type));
    return Vals(n);
  }
  Vals parts;
  int64_t at = 0;
  for (int64_t s : *sizes) {
    parts.push_back(b.sliceDim(x, *axis, at, at + s));
    at += s;
  }
  return parts;
}

/// Bounds are clamped to the dim, after counting negative ones from its end.
static Vals importSlice(NodeBuilder &b) {
  Val x = b.input(0);
  auto starts = listOf(b, "starts", 1), ends = listOf(b, "ends", 2),
       given = listOf(b, "axes", 3), steps = listOf(b, "steps", 4);
  if (!starts || !ends || !given || !steps)
    return {Val()};
  if (given->empty())
    given = llvm::to_vector(llvm::seq<int64_t>(0, starts->size()));
  if (steps->empty())
    steps->assign(starts->size(), 1);
  size_t n = starts->size();
  if (ends->size() != n || given->size() != n || steps->size() != n)
    return {b.fail("starts, ends, axes and steps differ in length")};
  SmallVector<int64_t> lo(x.rank(), 0), hi(x.shape()), by(x.rank(), 1);
  for (size_t i = 0; i < n; ++i) {
    auto axis = b.axis((*given)[i], x.rank());
    if (!axis)
      return {Val()};
    int64_t size = x.shape()[*axis], step = (*steps)[i];
    if (step == 0)
      return {b.fail("step of axis " + Twine(*axis) + " is 0")};
    auto place = [&](int64_t k) {
      k = k < 0 ? std::max(k, -size - 1) + size : k;
      return step > 0 ? std::clamp<int64_t>(k, 0, size)
                      : std::clamp<int64_t>(k, -1, size - 1);
    };
    lo[*axis] = std::max<int64_t>(place((*starts)[i]), size == 0 ? -1 : 0);
    hi[*axis] = place((*ends)[i]);
    by[*axis] = std::clamp<int64_t>(step, -size - 1, size + 1);
    if (size == 0)
      lo[*axis] = hi[*axis] = 0, by[*axis] = 1;
  }
  return {b.slice(x, lo, hi, by)};
}

//===- pads ---------------------------------------------------------------===//

/// `n` elements beside one end of a dim, in the mode's manner.
static Val border(NodeBuilder &b, const Val &x, int64_t dim, int64_t n,
                  bool atEnd, StringRef mode) {
  int64_t size = x.shape()[dim];
  if (mode == "edge") {
    SmallVector<int64_t> shape(x.shape());
    shape[dim] = n;
    int64_t row = atEnd ? size - 1 : 0;
    return b.broadcastTo(b.sliceDim(x, dim, row, row + 1), shape);
  }
  if (mode == "wrap")
    return atEnd ? b.sliceDim(x, dim, 0, n)
                 : b.sliceDim(x, dim, size - n, size);
  Val part = atEnd ? b.sliceDim(x, dim, size - 1 - n, size - 1)
                   : b.sliceDim(x, dim, 1, n + 1);
  return b.reverse(part, dim);
}

static Val padMirrored(NodeBuilder &b, Val x, ArrayRef<int64_t> lo,
                       ArrayRef<int64_t> hi, StringRef mode) {
  for (int64_t d = 0; x && d < x.rank(); ++d) {
    int64_t size = x.shape()[d];
    int64_t most = mode == "edge"   ? INT64_MAX
                   : mode == "wrap" ? size
                                    : size - 1;
    if (lo[d] < 0 || hi[d] < 0 || std::max(lo[d], hi[d]) > most ||
        (size == 0 && lo[d] + hi[d] > 0))
      return b.fail("pads of dim " + Twine(d) + " of size " + Twine(size) +
                    " are " + Twine(lo[d]) + " and " + Twine(hi[d]) +
                    ", which mode '" + mode + "' does not have");
    SmallVector<Val, 3> parts;
    if (lo[d] > 0)
      parts.push_back(border(b, x, d, lo[d], /*atEnd=*/false, mode));
    parts.push_back(x);
    if (hi[d] > 0)
      parts.push_back(border(b, x, d, hi[d], /*atEnd=*/true, mode));
    x = b.concat(parts, d);
  }
  return x;
}

static Vals importPad(NodeBuilder &b) {
  Val x = b.input(0);
  auto pads = listOf(b, "pads", 1);
  std::optional<SmallVector<int64_t>> axes;
  if (b.has(3)) {
    axes = b.ints(3);
    if (!axes)
      return {Val()};
  } else {
    axes = llvm::to_vector(llvm::seq<int64_t>(0, x.rank()));
  }
  if (!pads)
    return {Val()};
  if (pads->size() != 2 * axes->size())
    return {b.fail("pads are " + b.text(*pads) + ", expected two for each of " +
                   Twine(axes->size()) + " axes")};
  SmallVector<int64_t> lo(x.rank(), 0), hi(x.rank(), 0);
  for (auto [i, given] : llvm::enumerate(*axes)) {
    auto axis = b.axis(given, x.rank());
    if (!axis)
      return {Val()};
    lo[*axis] = (*pads)[i];
    hi[*axis] = (*pads)[axes->size() + i];
  }
  std::string mode = b.node.getString("mode", "constant");
  if (mode != "constant")
    return {padMirrored(b, x, lo, hi, mode)};
  double value = b.getFloat("value", 0);
  if (b.has(2)) {
    auto number = b.number(2);
    if (!number)
      return {Val()};
    value = *number;
  }
  return {b.pad(x, scalarOf(x.element(), value), lo, hi)};
}

//===- shapes as values ---------------------------------------------------===//

static Vals importShape(NodeBuilder &b) {
  ArrayRef<int64_t> shape = b.input(0).shape();
  int64_t rank = shape.size();
  auto place = [&](int64_t k) {
    return std::clamp<int64_t>(k < 0 ? k + rank : k, 0, rank);
  };
  int64_t start = place(b.getInt("start", 0));
  int64_t end = place(b.getInt("end", rank));
  return {b.constant(shape.slice(start, std::max<int64_t>(end - start, 0)))};
}

static Vals importSize(NodeBuilder &b) {
  return {b.fill({}, b.i64(), whole(b.input(0).type.getNumElements()))};
}

ArrayRef<OpRow> mlir::mpt::import::getShapeRows() {
  static const OpRow rows[] = {
      {"Concat", importConcat},
      {"DepthToSpace", importDepthToSpace},
      {"Dropout", importDropout},
      {"Expand", importExpand},
      {"Flatten", importFlatten},
      {"Identity", importIdentity},
      {"Pad", importPad},
      {"Reshape", importReshape},
      {"Shape", importShape},
      {"Size", importSize},
      {"Slice", importSlice},
      {"SpaceToDepth", importSpaceToDepth},
      {"Split", importSplit},
      {"Squeeze", importSqueeze},
      {"Tile", importTile},
      {"Transpose", importTranspose},
      {"Unsqueeze", importUnsqueeze},
  };
  return rows;
}
