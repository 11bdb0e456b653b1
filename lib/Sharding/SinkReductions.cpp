// SPDX-License-Identifier: Apache-2.0
// Where sums over device axes end. Phase 4 first ends them right where they
// arise; here they flow on through linear ops to the cheapest places.
//
// A web is what can be a partial sum over some axes: values whose sum ends in a
// reshard, and results of linear ops of web values. Each of them is partial or
// whole; a partial one that anybody needs whole is reduced once. That is a
// minimum cut (one network for all webs of a set of axes): per value an edge
// with the bytes of its reduction, uncut edges to the ops that must follow.
// Whole operands of an op that becomes partial are masked on all ranks but the
// first, which moves nothing and counts a little. So
//
//   sum(dq, dk, dv, dy)    three partial cotangents and a whole one
//
// is one reduction, not three. A value that a reshard gathers joins a web, too:
// each rank's block among zeros is a partial sum. A gradient that becomes
// partial is reduced with its accumulator, once per step (key heads that stay
// whole). No value is partial on an edge between stages.
#include "mpt/Analysis/Sharding/Factors.h"
#include "mpt/Analysis/Sharding/MinCut.h"
#include "mpt/Analysis/Sharding/Program.h"
#include "mpt/IR/Bindings.h"
#include "mpt/Sharding/Passes.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_SINKREDUCTIONSPASS
#include "mpt/Sharding/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;
using ::mpt::sharding::CutNetwork;

namespace {
/// A value of a web.
struct WebNode {
  Value whole;
  unsigned group = 0;  ///< of ops: the linear group that holds web values
  int in = 0, out = 0; ///< in the network
};

class ReductionWebs {
public:
  ReductionWebs(func::FuncOp func, ArrayRef<AxisRefAttr> axes,
                const DenseMap<Operation *, int64_t> &stages)
      : func(func), axes(axes), stages(stages) {}
  void run();

private:
  void collect();
  /// Takes out accumulators that anything but a gradient's reshard needs whole.
  void prune();
  bool follows(OpOperand &use) const;
  /// The linear group through which partial sums would pass, if any.
  std::optional<unsigned> passingGroup(ComputeOpInterface op) const;
  bool isFreeOfAxes(Value v) const;
  bool isAtStage(Value v, int64_t stage) const;
  void addUses(CutNetwork &network, const WebNode &node);
  void addMasks(CutNetwork &network, const WebNode &node);
  void rewrite(const CutNetwork &network);
  Value reshard(OpBuilder &b, Value v, ShardingAttr form, Operation *like);
  Value partialOf(ReshardOp origin);
  int64_t bytesOf(Value v) const;
  int64_t priceOf(Value v) const;

  func::FuncOp func;
  ArrayRef<AxisRefAttr> axes;
  const DenseMap<Operation *, int64_t> &stages;
  llvm::MapVector<Value, WebNode> web;
};
} // namespace

/// The axes of a reshard that does nothing but end sums over device axes.
static SmallVector<AxisRefAttr> endedAxes(ReshardOp op) {
  ShardingAttr from = getSharding(op.getInput().getType());
  ShardingAttr to = getSharding(op.getResult().getType());
  if (from.withoutPartials() != to || from.getPartials().size() != 1 ||
      from.getPartials()[0].getKind() != "sum" ||
      from.isPartialOver(kMicroAxis))
    return {};
  return llvm::to_vector(from.getPartialAxes());
}

/// The axis of a reshard that does nothing but gather one dim.
static SmallVector<AxisRefAttr> gatheredAxes(ReshardOp op) {
  ShardingAttr from = getSharding(op.getInput().getType());
  ShardingAttr to = getSharding(op.getResult().getType());
  SmallVector<AxisRefAttr> axes;
  if (from.isPartial() || to.isPartial())
    return axes;
  for (auto [a, b] : llvm::zip(from.getDims(), to.getDims())) {
    if (a == b)
      continue;
    if (!axes.empty() || a.getAxes().size() != 1 || !b.getAxes().empty())
      return {};
    llvm::append_range(axes, a.getAxes());
  }
  return axes;
}

static bool isAccumulated(Value v) {
  return getSharding(v.getType()).isPartialOver(kMicroAxis);
}

static SmallVector<unsigned> groupOf(Operation *op, unsigned group) {
  return cast<ComputeOpInterface>(op).getLinearGroups()[group];
}

bool ReductionWebs::isFreeOfAxes(Value v) const {
  ShardingAttr form = getSharding(v.getType());
  return form && !sharesAxis(form.getPartialAxes(), axes) &&
         llvm::none_of(form.getDims(), [&](DimShardingAttr dim) {
           return sharesAxis(dim.getAxes(), axes);
         });
}

bool ReductionWebs::isAtStage(Value v, int64_t stage) const {
  Operation *def = v.getDefiningOp();
  auto compute = dyn_cast_or_null<ComputeOpInterface>(def);
  return def && (stages.lookup_or(def, -1) == stage ||
                 (compute && compute.isFreeToClone()));
}

std::optional<unsigned>
ReductionWebs::passingGroup(ComputeOpInterface op) const {
  if (op->getNumResults() != 1 || op.isFreeToClone() || isa<TotalsOp>(op) ||
      !isFreeOfAxes(op->getResult(0)) ||
      !llvm::all_of(op->getOperands(),
                    [&](Value v) { return isFreeOfAxes(v); }))
    return std::nullopt;
  // Of several groups the one with the latest value: cotangents come after
  // what they are multiplied with.
  int64_t stage = stages.lookup_or(op, -1);
  std::optional<unsigned> best;
  Operation *latest = nullptr;
  for (auto [g, group] : llvm::enumerate(op.getLinearGroups())) {
    if (!llvm::all_of(group, [&](unsigned i) {
          return isAtStage(op->getOperand(i), stage);
        }))
      continue;
    for (unsigned i : group) {
      Operation *def = op->getOperand(i).getDefiningOp();
      if (web.contains(op->getOperand(i)) &&
          (!latest || latest->isBeforeInBlock(def)))
        best = g, latest = def;
    }
  }
  return best;
}

/// Whether the use makes the result of its op partial.
bool ReductionWebs::follows(OpOperand &use) const {
  Operation *user = use.getOwner();
  if (isa<ReshardOp>(user) || user->getNumResults() != 1)
    return false;
  auto follower = web.find(user->getResult(0));
  return follower != web.end() &&
         llvm::is_contained(groupOf(user, follower->second.group),
                            use.getOperandNumber());
}

void ReductionWebs::prune() {
  bool changed = true;
  while (std::exchange(changed, false))
    for (auto &[whole, node] : web)
      if (isAccumulated(whole) &&
          !llvm::all_of(whole.getUses(), [&](OpOperand &use) {
            return isa<ReshardOp>(use.getOwner()) || follows(use);
          })) {
        web.erase(whole);
        changed = true;
        break;
      }
}

void ReductionWebs::collect() {
  for (Operation &op : func.getBody().front()) {
    if (auto reshard = dyn_cast<ReshardOp>(op)) {
      if (ArrayRef(endedAxes(reshard)) == axes ||
          ArrayRef(gatheredAxes(reshard)) == axes)
        web[reshard.getResult()] = {reshard.getResult()};
    } else if (auto compute = dyn_cast<ComputeOpInterface>(op)) {
      if (auto group = passingGroup(compute))
        web[op.getResult(0)] = {op.getResult(0), *group};
    }
  }
}

/// Of what one rank holds.
int64_t ReductionWebs::bytesOf(Value v) const {
  auto type = cast<RankedTensorType>(v.getType());
  int64_t bytes = mlir::mpt::bytesOf(type);
  for (DimShardingAttr dim : getSharding(type).getDims())
    bytes /= dim.getNumShards();
  return std::max<int64_t>(bytes, 1);
}

/// A reduction over n ranks moves 2 (n - 1) / n of the value, a gather half of
/// that, in units of 1/16 byte; each call costs as much as kCallBytes more. A
/// gradient's goes once per step, in a call that is made anyway.
int64_t ReductionWebs::priceOf(Value v) const {
  constexpr int64_t kCallBytes = 65536;
  int64_t ranks = numShards(axes);
  int64_t price = 32 * (ranks - 1) * bytesOf(v) / ranks;
  if (auto origin = v.getDefiningOp<ReshardOp>();
      origin && !gatheredAxes(origin).empty())
    price /= 2;
  for (PartialAttr partial : getSharding(v.getType()).getPartials())
    for (AxisRefAttr axis : partial.getAxes())
      if (axis.getName() == kMicroAxis)
        return price / axis.getSize();
  return price + 16 * kCallBytes;
}

/// Whoever uses a partial value: web ops become partial with it, all others
/// need it reduced, and totals take it as it is.
void ReductionWebs::addUses(CutNetwork &network, const WebNode &node) {
  for (OpOperand &use : node.whole.getUses()) {
    Operation *user = use.getOwner();
    if (follows(use))
      network.addEdge(node.out, web.find(user->getResult(0))->second.in,
                      CutNetwork::kUncut);
    else if (!isa<TotalsOp>(user))
      network.addEdge(node.out, network.sink(), CutNetwork::kUncut);
  }
}

/// A mask moves nothing but counts 1/16 byte per byte, so that it decides
/// between equals.
void ReductionWebs::addMasks(CutNetwork &network, const WebNode &node) {
  Operation *op = node.whole.getDefiningOp();
  for (unsigned i : groupOf(op, node.group)) {
    Value operand = op->getOperand(i);
    auto other = web.find(operand);
    network.addEdge(node.in,
                    other == web.end() ? network.sink() : other->second.in,
                    bytesOf(operand));
  }
}

Value ReductionWebs::reshard(OpBuilder &b, Value v, ShardingAttr form,
                             Operation *like) {
  return ReshardOp::create(
      b, like->getLoc(), withSharding(v.getType(), form), v, IntegerAttr(),
      like->getAttrOfType<IntegerAttr>("adjoint_of"),
      like->getAttrOfType<IntegerAttr>("stage"), UnitAttr());
}

/// The partial form of what a reshard reduces or gathers.
Value ReductionWebs::partialOf(ReshardOp origin) {
  if (gatheredAxes(origin).empty())
    return origin.getInput();
  OpBuilder b(origin);
  ShardingAttr form = getSharding(origin.getResult().getType());
  return reshard(b, origin.getInput(), form.withPartial("sum", axes), origin);
}

void ReductionWebs::rewrite(const CutNetwork &network) {
  SmallVector<ReshardOp> reshards;
  DenseMap<Value, Value> partials; // of values that are partial
  for (auto &[whole, node] : web) {
    Operation *op = whole.getDefiningOp();
    if (auto origin = dyn_cast<ReshardOp>(op)) {
      reshards.push_back(origin);
      continue;
    }
    if (!network.isWithSource(node.in))
      continue;
    OpBuilder b(op);
    for (unsigned i : groupOf(op, node.group)) {
      Value operand = op->getOperand(i);
      Value &partial = partials[operand];
      auto origin = operand.getDefiningOp<ReshardOp>();
      if (!partial && origin && web.contains(operand))
        partial = partialOf(origin);
      ShardingAttr form = getSharding(operand.getType());
      op->setOperand(
          i, partial ? partial
                     : reshard(b, operand, form.withPartial("sum", axes), op));
    }
    ShardingAttr form = getSharding(whole.getType());
    Value result = op->getResult(0);
    result.setType(
        withSharding(result.getType(), form.withPartial("sum", axes)));
    if (isAccumulated(result)) {
      partials[result] = result;
      continue;
    }
    b.setInsertionPointAfter(op);
    Value sum = reshard(b, result, form, op);
    result.replaceAllUsesExcept(sum, sum.getDefiningOp());
    partials[sum] = result;
    reshards.push_back(sum.getDefiningOp<ReshardOp>());
  }
  for (ReshardOp op : llvm::reverse(reshards)) {
    // What cuts the sum again takes its share at once: a reduce-scatter.
    if (op->hasOneUse() && !endedAxes(op).empty())
      if (auto next = dyn_cast<ReshardOp>(*op->user_begin());
          next && !getSharding(next.getResult().getType()).isPartial())
        next->setOperand(0, op.getInput());
    if (op->use_empty())
      op->erase();
  }
}

void ReductionWebs::run() {
  collect();
  prune();
  CutNetwork network;
  for (auto &[whole, node] : web) {
    node.in = network.addNode();
    node.out = network.addNode();
    network.addEdge(node.in, node.out, priceOf(whole));
  }
  for (auto &[whole, node] : web) {
    if (whole.getDefiningOp<ReshardOp>())
      network.addEdge(network.source(), node.in, CutNetwork::kUncut);
    else
      addMasks(network, node);
    addUses(network, node);
  }
  network.cut();
  rewrite(network);
}

/// A form that a value has only on its way to another one is skipped.
static void skipForms(func::FuncOp func,
                      const DenseMap<Operation *, int64_t> &stages) {
  for (auto op : llvm::make_early_inc_range(func.getOps<ReshardOp>())) {
    auto before = op.getInput().getDefiningOp<ReshardOp>();
    if (!before || !before->hasOneUse() ||
        stages.lookup(before) != stages.lookup(op) ||
        isAccumulated(before.getInput()))
      continue;
    op->setOperand(0, before.getInput());
    before->erase();
    if (op.getInput().getType() == op.getResult().getType()) {
      op.replaceAllUsesWith(op.getInput());
      op->erase();
    }
  }
}

namespace {
struct SinkReductions
    : mlir::mpt::impl::SinkReductionsPassBase<SinkReductions> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal())
        continue;
      DenseMap<Operation *, int64_t> stages = getStages(func);
      skipForms(func, stages);
      SmallVector<SmallVector<AxisRefAttr>> sets;
      for (auto op : func.getOps<ReshardOp>())
        for (auto &axes : {endedAxes(op), gatheredAxes(op)})
          if (!axes.empty() && !llvm::is_contained(sets, axes))
            sets.push_back(axes);
      for (ArrayRef<AxisRefAttr> axes : sets)
        ReductionWebs(func, axes, stages).run();
    }
  }
};
} // namespace
