// SPDX-License-Identifier: Apache-2.0
// One axis list per factor of an op. Candidates are the lists of its operands
// (and the wish for its result): what is cut stays cut, and whole operands are
// sliced, which moves nothing. Only where lists conflict (two for one factor,
// one axis on two factors) may the factor also become whole. Of all
// combinations that the rule allows the one that moves the fewest bytes wins,
// then the one with most shards, then the first.
//
// Bytes are those of one rank and micro-batch: gather (n-1)/n of the result,
// all-to-all (n-1)/n of the shard, a new partial sum over a device axis
// 2(n-1)/n of it, divided by the micro-batches if it is summed over them
// anyway.
#include "Sharder.h"

using namespace mlir;
using namespace mlir::mpt;

/// What ops without a form of their own would have: that of their operands.
ShardingAttr Sharder::naturalForm(Value v) {
  auto op = v.getDefiningOp<ComputeOpInterface>();
  ShardingRule rule = op.getShardingRule();
  SmallVector<AxisList> factors(rule.factors.size());
  bool any = false;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    ShardingAttr form = formOf(operand);
    if (!form)
      continue;
    any = true;
    FactorVotes votes = readFactors(rule, rule.operands[i], form);
    for (auto [f, vote] : llvm::enumerate(votes.axes))
      if (vote && factors[f].empty())
        factors[f] = *vote;
  }
  if (!any || !checkFactors(rule, factors).empty())
    return {};
  return writeFactors(v.getContext(), rule.results[0], factors);
}

ShardingAttr Sharder::formOf(Value v) {
  if (isFree(v))
    return naturalForm(v);
  if (Value sum = reduced.lookup(v))
    return formOf(sum);
  ShardingAttr form = getSharding(v.getType());
  if (!form.isPartial())
    return form;
  ShardingAttr wanted = gradients.lookup(v);
  return wanted ? wanted : form.withoutPartials();
}

static double localBytes(Type type, ShardingAttr form) {
  auto tensor = cast<RankedTensorType>(type);
  double bytes = double(tensor.getNumElements()) *
                 std::max(1u, tensor.getElementTypeBitWidth() / 8);
  for (DimShardingAttr dim : form.getDims())
    bytes /= double(dim.getNumShards());
  return bytes;
}

/// Bytes that bring a value from one form to the other, partials aside.
static double moveCost(Type type, ShardingAttr from, ShardingAttr to) {
  bool leaves = false, gathers = false;
  for (auto [a, b] : llvm::zip(from.getDims(), to.getDims())) {
    size_t same = 0;
    while (same < a.getAxes().size() && same < b.getAxes().size() &&
           a.getAxes()[same] == b.getAxes()[same])
      ++same;
    for (AxisRefAttr axis : a.getAxes().drop_front(same)) {
      leaves = true;
      gathers |= to.getDimOf(axis.getName()) < 0;
    }
  }
  if (!leaves)
    return 0;
  double bytes = std::max(localBytes(type, from), localBytes(type, to));
  return gathers ? bytes : bytes / 2;
}

double Sharder::costOf(ComputeOpInterface op, const ShardingRule &rule,
                       ArrayRef<ShardingAttr> forms,
                       const FactorChoice &choice) {
  MLIRContext *ctx = op->getContext();
  double cost = 0;
  for (auto [i, form] : llvm::enumerate(forms))
    if (form)
      cost += moveCost(op->getOperand(i).getType(), form,
                       writeFactors(ctx, rule.operands[i], choice.factors));
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    ShardingAttr form = inferResult(ctx, rule, i, choice.factors, {});
    double devices = 1;
    for (PartialAttr partial : form.getPartials())
      for (AxisRefAttr axis : partial.getAxes())
        if (axis.getName() != kMicroAxis && axis.getName() != "dp")
          devices *= double(axis.getSize());
    double bytes = 2 * (devices - 1) / devices *
                   localBytes(result.getType(), form.withoutPartials());
    if (form.isPartialOver(kMicroAxis))
      bytes /= double(mesh.getSize(kMicroAxis));
    cost += bytes;
  }
  return cost;
}

/// Candidate lists of each factor, in order of preference.
struct mpt::FactorCandidates {
  SmallVector<SmallVector<AxisList>> lists;
  void add(unsigned f, ArrayRef<AxisRefAttr> list) {
    if (!list.empty() && !llvm::is_contained(lists[f], AxisList(list)))
      lists[f].push_back(AxisList(list));
  }
  bool conflicts(unsigned f, ArrayRef<AxisRefAttr> passed) const {
    bool clash = lists[f].size() > 1;
    for (const AxisList &list : lists[f]) {
      clash |= sharesAxis(list, passed);
      for (auto [g, others] : llvm::enumerate(lists))
        clash |= g != f && llvm::any_of(others, [&](const AxisList &other) {
                   return sharesAxis(list, other);
                 });
    }
    return clash;
  }
  /// Offers to leave factors whole: those in conflict or all; never the batch.
  void offerWhole(ArrayRef<AxisRefAttr> passed, bool all) {
    SmallVector<unsigned> whole;
    for (unsigned f = 0; f < lists.size(); ++f)
      if (lists[f].empty() || all || conflicts(f, passed))
        whole.push_back(f);
    for (unsigned f : whole)
      if (llvm::none_of(lists[f], [](ArrayRef<AxisRefAttr> list) {
            return hasAxis(list, kMicroAxis);
          }))
        lists[f].push_back({});
  }
  /// The next combination; false after the last. Caps what is tried: with more
  /// than 4096 combinations only first choices and whole factors are.
  bool next(SmallVectorImpl<unsigned> &at) const {
    for (size_t f = lists.size(); f-- > 0;) {
      if (++at[f] < lists[f].size())
        return true;
      at[f] = 0;
    }
    return false;
  }
  void cap() {
    double n = 1;
    for (auto &options : lists)
      n *= double(options.size());
    for (auto &options : lists)
      if (n > 4096 && options.size() > 2)
        options = {options.front(), options.back()};
  }
};

/// Whether operands can have what the choice asks beyond their dims.
static bool isFeasible(ComputeOpInterface op, const ShardingRule &rule,
                       const FactorChoice &choice) {
  if (!checkFactors(rule, choice.factors).empty())
    return false;
  for (const AxisList &list : choice.factors)
    if (sharesAxis(list, choice.passed))
      return false;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    AxisList added = getAddedPartials(op, rule, i, choice.factors);
    ShardingAttr form = getSharding(operand.getType());
    if (!added.empty() && !isZero(operand) &&
        (!form || ArrayRef(form.getPartialAxes()) != ArrayRef(added)))
      return false;
  }
  return true;
}

std::optional<FactorChoice>
Sharder::chooseBest(ComputeOpInterface op, const ShardingRule &rule,
                    ArrayRef<ShardingAttr> forms, const PassedPartials &passed,
                    const FactorCandidates &offered) {
  std::optional<FactorChoice> best;
  double bestCost = 0, bestShards = 0;
  SmallVector<unsigned> at(rule.factors.size(), 0);
  do {
    FactorChoice choice{{}, passed.axes, passed.group};
    double shards = 1;
    for (auto [f, i] : llvm::enumerate(at)) {
      choice.factors.push_back(offered.lists[f][i]);
      shards *= double(numShards(choice.factors.back()));
    }
    if (!isFeasible(op, rule, choice))
      continue;
    double cost = costOf(op, rule, forms, choice);
    if (best && (cost > bestCost || (cost == bestCost && shards <= bestShards)))
      continue;
    best = choice, bestCost = cost, bestShards = shards;
  } while (offered.next(at));
  return best;
}

std::optional<FactorChoice>
Sharder::chooseFactors(ComputeOpInterface op, const PassedPartials &passed) {
  ShardingRule rule = op.getShardingRule();
  FactorCandidates candidates;
  candidates.lists.resize(rule.factors.size());
  SmallVector<ShardingAttr> forms;
  auto vote = [&](ArrayRef<DimFactors> dims, ShardingAttr form) {
    for (auto [f, list] : llvm::enumerate(readFactors(rule, dims, form).axes))
      if (list && rule.factors[f].kind != IterKind::Replicate)
        candidates.add(f, *list);
  };
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    ShardingAttr form = formOf(operand);
    if (form && llvm::is_contained(passed.group, unsigned(i)))
      form = isFree(operand) ? form : getSharding(operand.getType());
    forms.push_back(form ? form.withoutPartials() : form);
    if (form)
      vote(rule.operands[i], form);
  }
  if (ShardingAttr wish = op->getNumResults() ? wishes.lookup(op->getResult(0))
                                              : ShardingAttr())
    vote(rule.results[0], wish);
  for (bool all : {false, true}) {
    FactorCandidates offered = candidates;
    offered.offerWhole(passed.axes, all);
    offered.cap();
    if (auto best = chooseBest(op, rule, forms, passed, offered))
      return best;
  }
  return std::nullopt;
}
