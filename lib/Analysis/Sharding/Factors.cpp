// SPDX-License-Identifier: Apache-2.0
// Axes of factors: reading them from shardings, writing shardings from them.
#include "mpt/Analysis/Sharding/Factors.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::mpt;

bool mpt::hasAxis(ArrayRef<AxisRefAttr> axes, StringRef name) {
  return llvm::any_of(axes, [&](AxisRefAttr a) { return a.getName() == name; });
}

bool mpt::sharesAxis(ArrayRef<AxisRefAttr> a, ArrayRef<AxisRefAttr> b) {
  // Axes of size 1 cover nothing, yet the same one may not stand twice.
  return llvm::any_of(a, [&](AxisRefAttr x) {
    return llvm::any_of(b,
                        [&](AxisRefAttr y) { return x == y || x.overlaps(y); });
  });
}

int64_t mpt::numShards(ArrayRef<AxisRefAttr> axes) {
  int64_t n = 1;
  for (AxisRefAttr axis : axes)
    n *= axis.getSize();
  return n;
}

/// Whether the factor stands in a dim together with others.
static bool isMerged(const ShardingRule &rule, unsigned factor) {
  for (const auto &values : {rule.operands, rule.results})
    for (const auto &dims : values)
      for (const DimFactors &dim : dims)
        if (dim.size() > 1 && llvm::is_contained(dim, factor))
          return true;
  return false;
}

FactorVotes mpt::readFactors(const ShardingRule &rule,
                             ArrayRef<DimFactors> dims, ShardingAttr sharding) {
  FactorVotes votes;
  votes.axes.resize(rule.factors.size());
  for (auto [dim, cut] : llvm::zip(dims, sharding.getDims())) {
    for (unsigned f : dim)
      votes.axes[f] = AxisList();
    size_t next = 0;
    int64_t left = dim.empty() ? 1 : rule.factors[dim[0]].size;
    bool whole = dim.size() == 1 && !isMerged(rule, dim[0]);
    for (AxisRefAttr axis : cut.getAxes()) {
      while (!whole && left == 1 && axis.getSize() > 1 && next + 1 < dim.size())
        left = rule.factors[dim[++next]].size;
      bool fits = whole || (!dim.empty() && left % axis.getSize() == 0);
      if (!fits || !votes.rest.empty()) {
        votes.rest.push_back(axis);
        continue;
      }
      votes.axes[dim[next]]->push_back(axis);
      if (!whole)
        left /= axis.getSize();
    }
  }
  return votes;
}

ShardingAttr mpt::writeFactors(MLIRContext *ctx, ArrayRef<DimFactors> dims,
                               ArrayRef<AxisList> factors) {
  SmallVector<DimShardingAttr> cuts;
  for (const DimFactors &dim : dims) {
    AxisList axes;
    for (unsigned f : dim)
      llvm::append_range(axes, factors[f]);
    cuts.push_back(DimShardingAttr::get(ctx, axes, false));
  }
  return ShardingAttr::get(ctx, cuts, ArrayRef<PartialAttr>());
}

std::string mpt::checkFactors(const ShardingRule &rule,
                              ArrayRef<AxisList> factors) {
  std::string why;
  llvm::raw_string_ostream os(why);
  for (size_t f = 0; f < factors.size(); ++f) {
    if (factors[f].empty())
      continue;
    if (rule.factors[f].kind == IterKind::Replicate) {
      os << "a dim of size " << rule.factors[f].size
         << " must be whole, but is cut over '" << factors[f][0].getName()
         << "'";
      return why;
    }
    for (size_t g = 0; g < f; ++g)
      if (sharesAxis(factors[f], factors[g])) {
        os << "axis '" << factors[f][0].getName()
           << "' cuts two different dims";
        return why;
      }
  }
  for (const auto &values : {rule.operands, rule.results})
    for (const auto &dims : values)
      for (const DimFactors &dim : dims)
        for (size_t i = 0; dim.size() > 1 && i < dim.size(); ++i) {
          int64_t size = rule.factors[dim[i]].size;
          int64_t shards = numShards(factors[dim[i]]);
          bool minorCut =
              llvm::any_of(ArrayRef(dim).drop_front(i + 1), [&](unsigned f) {
                return numShards(factors[f]) > 1;
              });
          if (size % shards != 0 || (minorCut && shards != size)) {
            os << "a part of size " << size << " of a merged dim is cut over "
               << shards << (minorCut ? " before a minor part is cut" : "");
            return why;
          }
        }
  return why;
}

static bool holds(ArrayRef<DimFactors> dims, unsigned factor) {
  return llvm::any_of(dims, [&](const DimFactors &dim) {
    return llvm::is_contained(dim, factor);
  });
}

ShardingAttr mpt::inferResult(MLIRContext *ctx, const ShardingRule &rule,
                              unsigned index, ArrayRef<AxisList> factors,
                              ArrayRef<AxisRefAttr> passed) {
  ShardingAttr sharding = writeFactors(ctx, rule.results[index], factors);
  for (auto [f, axes] : llvm::enumerate(factors)) {
    if (axes.empty() || holds(rule.results[index], f))
      continue;
    const ShardingFactor &factor = rule.factors[f];
    if (factor.kind == IterKind::Reduction)
      sharding = sharding.withPartial(factor.monoid, axes);
    if (factor.kind == IterKind::TwoPhase &&
        llvm::is_contained(rule.partialResults, index))
      sharding = sharding.withPartial("sum", axes);
  }
  return sharding.withPartial("sum", passed);
}

AxisList mpt::getAddedPartials(ComputeOpInterface op, const ShardingRule &rule,
                               unsigned operand, ArrayRef<AxisList> factors) {
  AxisList axes;
  for (ArrayRef<unsigned> group : op.getLinearGroups()) {
    if (!llvm::is_contained(group, operand))
      continue;
    for (auto [f, cut] : llvm::enumerate(factors))
      if (rule.factors[f].kind == IterKind::Reduction && !cut.empty() &&
          !holds(rule.operands[operand], f) &&
          llvm::any_of(group, [&, f = f](unsigned other) {
            return holds(rule.operands[other], f);
          }))
        llvm::append_range(axes, cut);
  }
  return axes;
}

bool mpt::isZero(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant)
    return false;
  Attribute attr = constant.getValue();
  if (auto dense = dyn_cast<DenseElementsAttr>(attr))
    attr = dense.isSplat() ? dense.getSplatValue<Attribute>() : Attribute();
  if (auto f = dyn_cast_or_null<FloatAttr>(attr))
    return f.getValue().isZero();
  auto i = dyn_cast_or_null<IntegerAttr>(attr);
  return i && i.getValue().isZero();
}

PassedPartials mpt::getPassedPartials(ComputeOpInterface op,
                                      ArrayRef<ShardingAttr> operands) {
  for (ArrayRef<unsigned> group : op.getLinearGroups()) {
    std::optional<AxisList> common;
    for (unsigned i : group) {
      if (isZero(op->getOperand(i)))
        continue;
      SmallVector<AxisRefAttr> axes = operands[i] ? operands[i].getPartialAxes()
                                                  : SmallVector<AxisRefAttr>();
      if (!common)
        common = AxisList(axes.begin(), axes.end());
      else
        llvm::erase_if(*common, [&](AxisRefAttr axis) {
          return !llvm::is_contained(axes, axis);
        });
    }
    if (common && !common->empty())
      return {*common, SmallVector<unsigned>(group)};
  }
  return {};
}
