// SPDX-License-Identifier: Apache-2.0
// Values that are computed again in the form that a user needs (see Sharder.h).
//
// A free value is cloned for each form: backward from the result's form follow
// the forms of its operands, which are free themselves or get resharded.
//
// A value that depends on states only is the same for all micro-batches. Where
// it is met by a batch (a table of positions looked up once per sample), it is
// computed for one micro-batch: its op is cloned with the batch cut, too. This
// ends at constants and broadcasts; where it ends at a state, or at an op that
// needs the whole batch, the program is refused by name.
#include "Sharder.h"

using namespace mlir;
using namespace mlir::mpt;

bool Sharder::isFree(Value v) {
  return freeOps.contains(v.getDefiningOp()) && !getSharding(v.getType());
}

/// A clone beside the original whose result has this form, as far as the op can
/// make it; a reshard makes the rest.
Value Sharder::cloneFree(Value v, ShardingAttr form) {
  auto key = std::pair(v, std::pair<Attribute, int64_t>(form, -2));
  if (Value version = versions.lookup(key))
    return version;
  auto op = v.getDefiningOp<ComputeOpInterface>();
  ShardingRule rule = op.getShardingRule();
  FactorVotes votes = readFactors(rule, rule.results[0], form);
  SmallVector<AxisList> factors;
  for (auto [f, list] : llvm::enumerate(votes.axes))
    factors.push_back(rule.factors[f].kind == IterKind::Parallel
                          ? list.value_or(AxisList())
                          : AxisList());
  SmallVector<Value> operands;
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    operands.push_back(get(
        operand, writeFactors(v.getContext(), rule.operands[i], factors), op));
  OpBuilder b(op);
  Operation *clone = b.clone(*op);
  clone->setOperands(operands);
  ShardingAttr made = writeFactors(v.getContext(), rule.results[0], factors);
  if (isZero(v))
    made = made.withPartial("sum", form.getPartialAxes());
  Value result = clone->getResult(0);
  result.setType(withSharding(v.getType(), made));
  setMoments(clone);
  stages[clone] = stageOf(op);
  if (made != form) {
    if (form.getDimOf(kMicroAxis) >= 0 && made.getDimOf(kMicroAxis) < 0 &&
        mesh.getSize(kMicroAxis) > 1)
      cannotCutBatch(op, "needs the dim that is the batch whole");
    b.setInsertionPointAfter(clone);
    auto cut = ReshardOp::create(
        b, op->getLoc(), withSharding(v.getType(), form), result, IntegerAttr(),
        IntegerAttr(), IntegerAttr(), UnitAttr());
    moments[cut] = moments[result];
    result = cut;
  }
  return versions[key] = result;
}

void Sharder::cannotCutBatch(Operation *op, Twine why) {
  ok = false;
  InFlightDiagnostic error = op->emitError();
  if (auto read = dyn_cast<ReadOp>(op))
    error << "state '" << read.getSource() << "'";
  else
    error << "'" << op->getName() << "'";
  error << " gives one value for the whole batch, which is cut into "
           "micro-batches: it "
        << why << "; compute it from the inputs, or make it equal for all "
        << "samples";
}

/// The axes of the op's factors as it was placed, and those that cut the batch
/// in `form` of its result; nothing if the op cannot run so.
static std::optional<SmallVector<AxisList>> addBatch(const ShardingRule &rule,
                                                     Operation *op,
                                                     unsigned result,
                                                     ShardingAttr form) {
  SmallVector<AxisList> factors(rule.factors.size());
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (ShardingAttr sharding = getSharding(operand.getType()))
      for (auto [f, list] :
           llvm::enumerate(readFactors(rule, rule.operands[i], sharding).axes))
        if (list && factors[f].empty())
          factors[f] = *list;
  unsigned dim = form.getDimOf(kMicroAxis);
  const DimFactors &batch = rule.results[result][dim];
  if (batch.empty() || rule.factors[batch[0]].kind != IterKind::Parallel)
    return std::nullopt;
  ArrayRef<AxisRefAttr> axes = form.getDims()[dim].getAxes();
  for (AxisList &list : factors)
    llvm::erase_if(
        list, [&](AxisRefAttr axis) { return llvm::is_contained(axes, axis); });
  factors[batch[0]] = AxisList(axes);
  if (!checkFactors(rule, factors).empty())
    return std::nullopt;
  return factors;
}

/// A clone of the value's op whose result has the batch of `form`; a reshard
/// makes the rest.
Value Sharder::cutBatch(Value v, ShardingAttr form, Operation *user) {
  while (auto reshard = v.getDefiningOp<ReshardOp>())
    v = reshard.getInput();
  auto op = v.getDefiningOp<ComputeOpInterface>();
  unsigned number = cast<OpResult>(v).getResultNumber();
  ShardingRule rule = op ? op.getShardingRule() : ShardingRule();
  auto factors = op ? addBatch(rule, op, number, form) : std::nullopt;
  if (!factors && mesh.getSize(kMicroAxis) == 1)
    return reshard(v, form, user);
  if (!factors) {
    cannotCutBatch(v.getDefiningOp(), op ? "needs the dim that is the batch "
                                           "whole"
                                         : "lies as a whole");
    return v;
  }
  MLIRContext *ctx = v.getContext();
  SmallVector<Value> operands;
  SmallVector<ShardingAttr> forms;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    forms.push_back(
        writeFactors(ctx, rule.operands[i], *factors)
            .withPartial("sum",
                         getSharding(operand.getType()).getPartialAxes()));
    operands.push_back(get(operand, forms.back(), op));
    if (!ok)
      return v;
  }
  AxisList passed = getPassedPartials(op, forms).axes;
  OpBuilder b(op);
  Operation *clone = b.clone(*op);
  clone->setOperands(operands);
  for (auto [i, result] : llvm::enumerate(clone->getResults()))
    result.setType(withSharding(result.getType(),
                                inferResult(ctx, rule, i, *factors, passed)));
  setMoments(clone);
  stages[clone] = stageOf(op);
  return get(clone->getResult(number), form, user);
}
