// SPDX-License-Identifier: Apache-2.0
//===- NodeBuilder.cpp - core ops for one ONNX node -----------------------===//
#include "NodeBuilder.h"
#include "mpt/Import/Reader/Verify.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdio>
#include <cstdlib>
#include <numeric>

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;

//===- the node -----------------------------------------------------------===//

Val NodeBuilder::fail(const Twine &what, const Twine &remedy) {
  failed = true;
  onnx::Problem problem;
  problem.scope = scope.str();
  problem.node = onnx::escaped(node.name);
  problem.nodeIndex = node.index;
  problem.op = onnx::opLabel(node, opset);
  problem.what = what.str();
  problem.remedy = remedy.str();
  program.problems.add(std::move(problem));
  return Val();
}

int64_t NodeBuilder::getInt(StringRef name, int64_t otherwise) const {
  return node.getInt({name.data(), name.size()}, otherwise);
}

double NodeBuilder::getFloat(StringRef name, double otherwise) const {
  if (!node.find({name.data(), name.size()}))
    return otherwise;
  float value = node.getFloat({name.data(), name.size()}, 0);
  char text[32];
  for (int digits = 6; digits <= 9; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, double(value));
    if (std::strtof(text, nullptr) == value)
      return std::strtod(text, nullptr);
  }
  return value;
}

std::optional<SmallVector<int64_t>> NodeBuilder::getInts(StringRef name) const {
  const std::vector<int64_t> *ints = node.getInts({name.data(), name.size()});
  if (!ints)
    return std::nullopt;
  return llvm::to_vector(*ints);
}

std::optional<int64_t> NodeBuilder::axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    fail("axis " + Twine(axis) + " is out of range for rank " + Twine(rank));
    return std::nullopt;
  }
  return axis < 0 ? axis + rank : axis;
}

std::optional<SmallVector<int64_t>> NodeBuilder::axes(ArrayRef<int64_t> axes,
                                                      int64_t rank) {
  SmallVector<int64_t> result;
  for (int64_t a : axes) {
    std::optional<int64_t> positive = axis(a, rank);
    if (!positive)
      return std::nullopt;
    if (llvm::is_contained(result, *positive)) {
      fail("axis " + Twine(a) + " is named twice");
      return std::nullopt;
    }
    result.push_back(*positive);
  }
  llvm::sort(result);
  return result;
}

static std::string inputName(const onnx::Node &node, size_t i) {
  return onnx::quote(i < node.inputs.size() ? node.inputs[i] : "");
}

std::optional<SmallVector<int64_t>> NodeBuilder::ints(size_t i) {
  std::string why;
  Host host = program.contents(input(i), why);
  if (!host) {
    fail("input " + inputName(node, i) + " " + why,
         "export with static shapes, so that it is a constant");
    return std::nullopt;
  }
  return host->ints();
}

std::optional<double> NodeBuilder::number(size_t i) {
  std::string why;
  Host host = program.contents(input(i), why);
  if (host && host->type.getNumElements() == 1)
    return host->isFloat() ? host->at(0).f : double(host->at(0).i);
  if (host)
    why = "has " + std::to_string(host->type.getNumElements()) +
          " elements, expected one";
  fail("input " + inputName(node, i) + " " + why, "make it a constant");
  return std::nullopt;
}

std::string NodeBuilder::text(ArrayRef<int64_t> shape) {
  std::string out;
  llvm::raw_string_ostream os(out);
  os << "[";
  llvm::interleaveComma(shape, os);
  os << "]";
  return out;
}

std::string NodeBuilder::text(RankedTensorType type) {
  std::string out;
  llvm::raw_string_ostream(out) << type.getElementType();
  return out + text(type.getShape());
}

//===- attributes ---------------------------------------------------------===//

NamedAttribute NodeBuilder::attr(StringRef name, int64_t value) const {
  Builder b(program.context);
  return b.getNamedAttr(name, b.getI64IntegerAttr(value));
}
NamedAttribute NodeBuilder::attr(StringRef name, double value) const {
  Builder b(program.context);
  return b.getNamedAttr(name, b.getF64FloatAttr(value));
}
NamedAttribute NodeBuilder::attr(StringRef name, StringRef value) const {
  Builder b(program.context);
  return b.getNamedAttr(name, b.getStringAttr(value));
}
NamedAttribute NodeBuilder::attr(StringRef name,
                                 ArrayRef<int64_t> value) const {
  Builder b(program.context);
  return b.getNamedAttr(name, b.getDenseI64ArrayAttr(value));
}

//===- building -----------------------------------------------------------===//

bool mlir::mpt::import::folds(ArrayRef<Val> operands, RankedTensorType result) {
  bool splats = true;
  for (const Val &v : operands) {
    if (!v.host)
      return false;
    splats &= v.host->isSplat();
  }
  return splats || fitsConstant(result);
}

bool NodeBuilder::checkSize(ArrayRef<int64_t> shape) {
  constexpr uint64_t limit = uint64_t(1) << 40;
  uint64_t elements = 1;
  for (int64_t size : shape) {
    if (size < 0 || (size > 0 && elements > limit / size)) {
      fail("a result of shape " + text(shape) + " has more than 2^40 elements");
      return false;
    }
    elements *= size;
  }
  return true;
}

Vals NodeBuilder::build(StringRef op, ArrayRef<Val> operands,
                        ArrayRef<RankedTensorType> results,
                        ArrayRef<NamedAttribute> attributes) {
  Vals vals(results.size());
  OperationState state(loc, ("mpt." + op).str());
  for (const Val &v : operands) {
    if (!v)
      return vals;
    state.operands.push_back(program.materialize(v, loc));
  }
  for (RankedTensorType type : results) {
    if (!checkSize(type.getShape()))
      return vals;
    state.types.push_back(type);
  }
  state.addAttributes(attributes);
  Operation *built = program.builder.create(state);
  for (auto [i, result] : llvm::enumerate(built->getResults())) {
    vals[i].type = results[i];
    vals[i].value = result;
  }
  return vals;
}

Val NodeBuilder::build1(StringRef op, ArrayRef<Val> operands,
                        RankedTensorType result,
                        ArrayRef<NamedAttribute> attributes) {
  return build(op, operands, result, attributes)[0];
}

static Val known(Host host) {
  Val v;
  v.type = host->type;
  v.host = std::move(host);
  return v;
}

//===- constants ----------------------------------------------------------===//

Val NodeBuilder::scalar(Type element, double value) {
  return known(splat(typeOf({}, element), scalarOf(element, value)));
}
Val NodeBuilder::constant(ArrayRef<int64_t> ints) {
  return known(fromInts(program.context, ints));
}
Val NodeBuilder::fill(ArrayRef<int64_t> shape, Type element, Scalar value) {
  if (!checkSize(shape))
    return Val();
  return known(splat(typeOf(shape, element), value));
}

Val NodeBuilder::iota(ArrayRef<int64_t> shape, Type element, int64_t axis) {
  if (!checkSize(shape))
    return Val();
  RankedTensorType type = typeOf(shape, element);
  if (!fitsConstant(type))
    return build1("iota", {}, type, attr("axis", axis));
  SmallVector<int64_t> values(shape[axis]);
  std::iota(values.begin(), values.end(), 0);
  Host row = foldConvert(fromInts(program.context, values), element);
  return known(
      foldMove(row, type, [&](ArrayRef<int64_t> at) { return at[axis]; }));
}

//===- elementwise --------------------------------------------------------===//

std::optional<SmallVector<int64_t>>
NodeBuilder::commonShape(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  SmallVector<int64_t> shape(std::max(a.size(), b.size()));
  for (size_t k = 1; k <= shape.size(); ++k) {
    int64_t l = k <= a.size() ? a[a.size() - k] : 1;
    int64_t r = k <= b.size() ? b[b.size() - k] : 1;
    if (l != r && l != 1 && r != 1) {
      fail("shapes " + text(a) + " and " + text(b) + " do not broadcast");
      return std::nullopt;
    }
    shape[shape.size() - k] = l == 1 ? r : l;
  }
  return shape;
}

Val NodeBuilder::unary(StringRef op, const Val &x) {
  if (!x)
    return x;
  if (folds(x, x.type))
    if (Host host = foldUnary(op, x.host))
      return known(host);
  bool isTest = op == "is_finite" || op == "is_nan";
  return build1(op, x, isTest ? typeOf(x.shape(), i1()) : x.type);
}

Val NodeBuilder::binary(StringRef op, const Val &a, const Val &b) {
  if (!a || !b)
    return Val();
  if (a.element() != b.element())
    return fail("operands have types " + text(a.type) + " and " + text(b.type) +
                ", expected one element type");
  auto shape = commonShape(a.shape(), b.shape());
  if (!shape)
    return Val();
  Val l = broadcastTo(a, *shape), r = broadcastTo(b, *shape);
  if (l && r && folds({l, r}, l.type))
    if (Host host = foldBinary(op, l.host, r.host))
      return known(host);
  return build1(op, {l, r}, typeOf(*shape, a.element()));
}

Val NodeBuilder::compare(StringRef kind, const Val &a, const Val &b) {
  if (!a || !b)
    return Val();
  if (a.element() != b.element())
    return fail("operands have types " + text(a.type) + " and " + text(b.type) +
                ", expected one element type");
  auto shape = commonShape(a.shape(), b.shape());
  if (!shape)
    return Val();
  Val l = broadcastTo(a, *shape), r = broadcastTo(b, *shape);
  if (l && r && folds({l, r}, l.type))
    return known(foldCompare(kind, l.host, r.host));
  return build1("compare", {l, r}, typeOf(*shape, i1()), attr("kind", kind));
}

Val NodeBuilder::select(const Val &pred, const Val &onTrue,
                        const Val &onFalse) {
  if (!pred || !onTrue || !onFalse)
    return Val();
  if (onTrue.element() != onFalse.element())
    return fail("operands have types " + text(onTrue.type) + " and " +
                text(onFalse.type) + ", expected one element type");
  auto shape = commonShape(onTrue.shape(), onFalse.shape());
  if (shape)
    shape = commonShape(*shape, pred.shape());
  if (!shape)
    return Val();
  Val p = broadcastTo(pred, *shape), l = broadcastTo(onTrue, *shape),
      r = broadcastTo(onFalse, *shape);
  if (p && l && r && folds({p, l, r}, l.type))
    return known(foldSelect(p.host, l.host, r.host));
  return build1("select", {p, l, r}, typeOf(*shape, onTrue.element()));
}

Val NodeBuilder::convert(const Val &x, Type element) {
  if (!x || x.element() == element)
    return x;
  RankedTensorType type = typeOf(x.shape(), element);
  if (folds(x, type))
    return known(foldConvert(x.host, element));
  return build1("convert", x, type);
}

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
    return known(foldMove(x.host, type, [&](ArrayRef<int64_t> at) {
      int64_t linear = 0;
      for (auto [i, d] : llvm::enumerate(dims))
        linear += at[d] * strides[i];
      return linear;
    }));
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
  for (auto [d, size] : llvm::enumerate(x.shape())) {
    shape.push_back(size + lo[d] + hi[d]);
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
    if (shape.empty())
      shape.assign(v.shape().begin(), v.shape().end());
    else
      shape[axis] += v.shape()[axis];
    bool fits =
        v.rank() == int64_t(shape.size()) && v.element() == parts[0].element();
    for (int64_t d = 0; fits && d < v.rank(); ++d)
      fits = d == axis || v.shape()[d] == shape[d];
    if (!fits)
      return fail("cannot concatenate " + text(parts[0].type) + " and " +
                  text(v.type) + " along axis " + Twine(axis));
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

//===- indexing, reduction, contraction -----------------------------------===//

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

Val NodeBuilder::reduce(StringRef kind, const Val &x, ArrayRef<int64_t> axes,
                        bool keepDims) {
  if (!x)
    return x;
  SmallVector<int64_t> shape, kept;
  for (auto [d, size] : llvm::enumerate(x.shape())) {
    bool reduced = llvm::is_contained(axes, int64_t(d));
    if (!reduced)
      shape.push_back(size);
    if (!reduced || keepDims)
      kept.push_back(reduced ? 1 : size);
  }
  RankedTensorType type = typeOf(shape, x.element());
  Val result;
  if (axes.empty())
    return x;
  if (x.host && fitsConstant(x.type))
    if (Host host = foldReduce(kind, x.host, axes))
      result = known(host);
  if (!result)
    result =
        build1("reduce", x, type, {attr("kind", kind), attr("axes", axes)});
  return reshape(result, kept);
}

/// Dims of a transposed state, given in the state's own dims when that keeps
/// the order of the free ones.
static bool seeThrough(const Val &v, SmallVectorImpl<int64_t> &batch,
                       SmallVectorImpl<int64_t> &contract) {
  if (v.initializer < 0 || v.perm.empty())
    return false;
  int64_t last = -1;
  for (auto [d, from] : llvm::enumerate(v.perm)) {
    if (llvm::is_contained(batch, int64_t(d)) ||
        llvm::is_contained(contract, int64_t(d)))
      continue;
    if (from < last)
      return false;
    last = from;
  }
  for (SmallVectorImpl<int64_t> *dims : {&batch, &contract})
    for (int64_t &d : *dims)
      d = v.perm[d];
  return true;
}

Val NodeBuilder::dot(const Val &a, const Val &b, const DotDims &given) {
  if (!a || !b)
    return Val();
  if (a.element() != b.element())
    return fail("operands have types " + text(a.type) + " and " + text(b.type) +
                ", expected one element type");
  DotDims dims = given;
  for (auto [l, r] : llvm::zip(dims.lhsContract, dims.rhsContract))
    if (a.shape()[l] != b.shape()[r])
      return fail("contracted dims differ: " + text(a.type) + " has " +
                  Twine(a.shape()[l]) + ", " + text(b.type) + " has " +
                  Twine(b.shape()[r]));
  SmallVector<int64_t> shape;
  for (int64_t d : dims.lhsBatch)
    shape.push_back(a.shape()[d]);
  auto addFree = [&](const Val &v, ArrayRef<int64_t> batch,
                     ArrayRef<int64_t> contract) {
    for (auto [d, size] : llvm::enumerate(v.shape()))
      if (!llvm::is_contained(batch, int64_t(d)) &&
          !llvm::is_contained(contract, int64_t(d)))
        shape.push_back(size);
  };
  addFree(a, dims.lhsBatch, dims.lhsContract);
  addFree(b, dims.rhsBatch, dims.rhsContract);
  Val lhs = a, rhs = b;
  if (seeThrough(lhs, dims.lhsBatch, dims.lhsContract)) {
    lhs.perm.clear();
    lhs.type = program.stored[lhs.initializer].type;
  }
  if (seeThrough(rhs, dims.rhsBatch, dims.rhsContract)) {
    rhs.perm.clear();
    rhs.type = program.stored[rhs.initializer].type;
  }
  SmallVector<NamedAttribute> attrs = {
      attr("lhs_contract", ArrayRef<int64_t>(dims.lhsContract)),
      attr("rhs_contract", ArrayRef<int64_t>(dims.rhsContract))};
  if (!dims.lhsBatch.empty()) {
    attrs.push_back(attr("lhs_batch", ArrayRef<int64_t>(dims.lhsBatch)));
    attrs.push_back(attr("rhs_batch", ArrayRef<int64_t>(dims.rhsBatch)));
  }
  return build1("dot_general", {lhs, rhs}, typeOf(shape, a.element()), attrs);
}
