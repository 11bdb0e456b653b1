// SPDX-License-Identifier: Apache-2.0
// Whether one op of a sharded program obeys its rule: one axis list per factor,
// disjoint lists, partial operands only where the op is linear, results that
// follow. Factors that no operand holds (a broadcast's new dims) are read from
// the results.
#include "mpt/Analysis/Sharding/Factors.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct OpCheck {
  explicit OpCheck(ComputeOpInterface op)
      : op(op), rule(op.getShardingRule()), lists(rule.factors.size()) {}

  LogicalResult read(ArrayRef<DimFactors> dims, ShardingAttr sharding,
                     Twine what, bool onlyNew);
  LogicalResult readAll();
  LogicalResult checkPartials();
  LogicalResult checkResults();

  ComputeOpInterface op;
  ShardingRule rule;
  SmallVector<std::optional<AxisList>> lists;
  SmallVector<AxisList> factors;
  SmallVector<ShardingAttr> operands;
  AxisList passed;
};
} // namespace

static std::string spell(ArrayRef<AxisRefAttr> axes) {
  std::string text = "{";
  for (AxisRefAttr axis : axes)
    text += (text.size() > 1 ? ", " : "") + axis.getName().str();
  return text + "}";
}

LogicalResult OpCheck::read(ArrayRef<DimFactors> dims, ShardingAttr sharding,
                            Twine what, bool onlyNew) {
  FactorVotes votes = readFactors(rule, dims, sharding);
  if (!votes.rest.empty())
    return op->emitOpError()
           << what << " is cut over '" << votes.rest[0].getName()
           << "' along a dim that must be whole";
  for (auto [f, vote] : llvm::enumerate(votes.axes)) {
    if (!vote)
      continue;
    if (!lists[f])
      lists[f] = vote;
    else if (!onlyNew && *lists[f] != *vote)
      return op->emitOpError()
             << "one dim of size " << rule.factors[f].size << " is cut over "
             << spell(*lists[f]) << " and, in " << what << ", over "
             << spell(*vote);
  }
  return success();
}

LogicalResult OpCheck::readAll() {
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    operands.push_back(getSharding(operand.getType()));
    if (!operands.back())
      return op->emitOpError() << "operand " << i << " has no sharding";
    if (failed(read(rule.operands[i], operands.back(), "operand " + Twine(i),
                    false)))
      return failure();
  }
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    ShardingAttr sharding = getSharding(result.getType());
    if (!sharding)
      return op->emitOpError() << "result " << i << " has no sharding";
    if (failed(read(rule.results[i], sharding, "result " + Twine(i), true)))
      return failure();
  }
  for (auto &list : lists)
    factors.push_back(list.value_or(AxisList()));
  if (std::string why = checkFactors(rule, factors); !why.empty())
    return op->emitOpError() << why;
  return success();
}

LogicalResult OpCheck::checkPartials() {
  passed = getPassedPartials(op, operands).axes;
  SmallVector<unsigned> group = getPassedPartials(op, operands).group;
  for (auto [i, sharding] : llvm::enumerate(operands)) {
    AxisList added = getAddedPartials(op, rule, i, factors);
    for (PartialAttr partial : sharding.getPartials())
      for (AxisRefAttr axis : partial.getAxes()) {
        bool sum = partial.getKind() == "sum";
        bool passes = sum && llvm::is_contained(passed, axis) &&
                      llvm::is_contained(group, unsigned(i));
        if (!passes && !(sum && llvm::is_contained(added, axis)))
          return op->emitOpError()
                 << "operand " << i << " is partial over '" << axis.getName()
                 << "', in which the op is not linear";
      }
    if (!group.empty() && llvm::is_contained(group, unsigned(i)))
      llvm::append_range(added, passed);
    for (AxisRefAttr axis : added)
      if (!sharding.isPartialOver(axis.getName()))
        return op->emitOpError()
               << "operand " << i
               << " is whole and added to a partial sum over '"
               << axis.getName() << "'";
  }
  for (const AxisList &list : factors)
    if (sharesAxis(list, passed))
      return op->emitOpError()
             << "axis '" << passed[0].getName()
             << "' cuts a dim and stands in a partial operand";
  return success();
}

LogicalResult OpCheck::checkResults() {
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    ShardingAttr found = getSharding(result.getType());
    ShardingAttr expected =
        inferResult(op->getContext(), rule, i, factors, passed);
    // Zero may be a partial sum over anything.
    if (isZero(result) && found.withoutPartials() == expected)
      continue;
    if (found != expected)
      return op->emitOpError() << "result " << i << " has sharding " << found
                               << ", from the operands follows " << expected;
  }
  return success();
}

LogicalResult mpt::verifySharded(Operation *op) {
  OpCheck check{cast<ComputeOpInterface>(op)};
  if (failed(check.readAll()))
    return failure();
  // Totals add everything over everything.
  if (isa<TotalsOp>(op)) {
    if (getSharding(op->getResult(0).getType()).isReplicated())
      return success();
    return op->emitOpError() << "the result must be replicated, found "
                             << getSharding(op->getResult(0).getType());
  }
  if (failed(check.checkPartials()))
    return failure();
  return check.checkResults();
}
