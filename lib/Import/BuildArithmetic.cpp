// SPDX-License-Identifier: Apache-2.0
//===- BuildArithmetic.cpp - constants, elementwise, sums -----------------===//
#include "NodeBuilder.h"
#include <numeric>

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;

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
  RankedTensorType type = typeOf(shape[axis], element);
  if (!fitsConstant(type))
    return broadcast(build1("iota", {}, type, attr("axis", int64_t(0))), axis,
                     shape);
  SmallVector<int64_t> values(shape[axis]);
  std::iota(values.begin(), values.end(), 0);
  Host row = foldConvert(fromInts(program.context, values), element);
  return broadcast(known(row), axis, shape);
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

std::pair<Val, Val> NodeBuilder::broadcastAlike(const Val &a, const Val &b) {
  if (!a || !b)
    return {};
  if (a.element() != b.element()) {
    fail("operands have types " + text(a.type) + " and " + text(b.type) +
         ", expected one element type");
    return {};
  }
  auto shape = commonShape(a.shape(), b.shape());
  if (!shape)
    return {};
  return {broadcastTo(a, *shape), broadcastTo(b, *shape)};
}

Val NodeBuilder::binary(StringRef op, const Val &a, const Val &b) {
  auto [l, r] = broadcastAlike(a, b);
  if (!l || !r)
    return Val();
  if (folds({l, r}, l.type))
    if (Host host = foldBinary(op, l.host, r.host))
      return known(host);
  return build1(op, {l, r}, l.type);
}

Val NodeBuilder::compare(StringRef kind, const Val &a, const Val &b) {
  auto [l, r] = broadcastAlike(a, b);
  if (!l || !r)
    return Val();
  if (folds({l, r}, l.type))
    return known(foldCompare(kind, l.host, r.host));
  return build1("compare", {l, r}, typeOf(l.shape(), i1()), attr("kind", kind));
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

//===- reduction, contraction
//----------------------------------------------===//

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
  auto differ = [&](ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs) {
    return llvm::any_of(llvm::zip(lhs, rhs), [&](auto pair) {
      return a.shape()[std::get<0>(pair)] != b.shape()[std::get<1>(pair)];
    });
  };
  if (differ(dims.lhsContract, dims.rhsContract) ||
      differ(dims.lhsBatch, dims.rhsBatch))
    return fail("cannot multiply " + text(a.type) + " and " + text(b.type) +
                ", sizes differ along dims " + text(dims.lhsContract) +
                " and " + text(dims.rhsContract));
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
