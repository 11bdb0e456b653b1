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
// is one reduction, not three. No value is partial on an edge between stages.
// Sums that also end the axis `micro` are accumulators and stay as they are.
#include "mpt/Analysis/Sharding/Factors.h"
#include "mpt/Analysis/Sharding/MinCut.h"
#include "mpt/Analysis/Sharding/Program.h"
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
/// A value of a web: the sum itself and, once it is known, its partial form.
struct WebNode {
  Value whole;
  Value partial;       ///< of results of reshards, later of partial ops
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
  /// The linear group through which partial sums would pass, if any.
  std::optional<unsigned> passingGroup(ComputeOpInterface op) const;
  bool isFreeOfAxes(Value v) const;
  bool isAtStage(Value v, int64_t stage) const;
  void addUses(CutNetwork &network, const WebNode &node);
  void addMasks(CutNetwork &network, const WebNode &node);
  void rewrite(const CutNetwork &network);
  Value reshard(OpBuilder &b, Value v, ShardingAttr form, Operation *like);
  int64_t bytesOf(Value v) const;

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

static SmallVector<unsigned> groupOf(Operation *op, unsigned group) {
  return cast<ComputeOpInterface>(op).getLinearGroups()[group];
}

bool ReductionWebs::isFreeOfAxes(Value v) const {
  ShardingAttr form = getSharding(v.getType());
  return form && !form.isPartial() &&
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
  int64_t stage = stages.lookup_or(op, -1);
  for (auto [g, group] : llvm::enumerate(op.getLinearGroups())) {
    bool here = llvm::all_of(
        group, [&](unsigned i) { return isAtStage(op->getOperand(i), stage); });
    bool holds = false, others = false;
    for (OpOperand &operand : op->getOpOperands())
      if (web.contains(operand.get()))
        (llvm::is_contained(group, operand.getOperandNumber()) ? holds
                                                               : others) = true;
    if (here && holds && !others)
      return g;
  }
  return std::nullopt;
}

void ReductionWebs::collect() {
  for (Operation &op : func.getBody().front()) {
    if (auto reshard = dyn_cast<ReshardOp>(op)) {
      if (ArrayRef(endedAxes(reshard)) == axes)
        web[reshard.getResult()] = {reshard.getResult(), reshard.getInput()};
    } else if (auto compute = dyn_cast<ComputeOpInterface>(op)) {
      if (auto group = passingGroup(compute))
        web[op.getResult(0)] = {op.getResult(0), Value(), *group};
    }
  }
}

/// Of what one rank holds.
int64_t ReductionWebs::bytesOf(Value v) const {
  auto type = cast<RankedTensorType>(v.getType());
  int64_t bytes = type.getNumElements() *
                  std::max<int64_t>(1, type.getElementTypeBitWidth() / 8);
  for (DimShardingAttr dim : getSharding(type).getDims())
    bytes /= dim.getNumShards();
  return std::max<int64_t>(bytes, 1);
}

/// Whoever uses a partial value: web ops become partial with it, all others
/// need it reduced, and totals take it as it is.
void ReductionWebs::addUses(CutNetwork &network, const WebNode &node) {
  for (OpOperand &use : node.whole.getUses()) {
    Operation *user = use.getOwner();
    auto follower =
        user->getNumResults() == 1 ? web.find(user->getResult(0)) : web.end();
    if (follower != web.end() && !isa<ReshardOp>(user))
      network.addEdge(node.out, follower->second.in, CutNetwork::kUncut);
    else if (!isa<TotalsOp>(user))
      network.addEdge(node.out, network.sink(), CutNetwork::kUncut);
  }
}

/// A reduction over n ranks moves 2 (n - 1) / n of the value, a mask reads and
/// writes it at once: 1/16 of the value, so that it decides between equals.
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

void ReductionWebs::rewrite(const CutNetwork &network) {
  SmallVector<ReshardOp> reshards;
  DenseMap<Value, Value> partialOf;
  for (auto &[whole, node] : web) {
    if (auto native = whole.getDefiningOp<ReshardOp>()) {
      partialOf[whole] = node.partial;
      reshards.push_back(native);
      continue;
    }
    if (!network.isWithSource(node.in))
      continue;
    Operation *op = whole.getDefiningOp();
    OpBuilder b(op);
    for (unsigned i : groupOf(op, node.group)) {
      Value operand = op->getOperand(i);
      Value partial = partialOf.lookup(operand);
      if (!partial)
        partial = reshard(
            b, operand, getSharding(operand.getType()).withPartial("sum", axes),
            op);
      op->setOperand(i, partial);
    }
    ShardingAttr form = getSharding(whole.getType());
    Value result = op->getResult(0);
    result.setType(
        withSharding(result.getType(), form.withPartial("sum", axes)));
    b.setInsertionPointAfter(op);
    Value sum = reshard(b, result, form, op);
    result.replaceAllUsesExcept(sum, sum.getDefiningOp());
    partialOf[sum] = result;
    reshards.push_back(sum.getDefiningOp<ReshardOp>());
  }
  for (ReshardOp op : llvm::reverse(reshards))
    if (op->use_empty())
      op->erase();
}

void ReductionWebs::run() {
  collect();
  CutNetwork network;
  int64_t ranks = numShards(axes);
  for (auto &[whole, node] : web) {
    node.in = network.addNode();
    node.out = network.addNode();
    network.addEdge(node.in, node.out,
                    32 * (ranks - 1) * bytesOf(whole) / ranks);
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

namespace {
struct SinkReductions
    : mlir::mpt::impl::SinkReductionsPassBase<SinkReductions> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal())
        continue;
      DenseMap<Operation *, int64_t> stages = getStages(func);
      SmallVector<SmallVector<AxisRefAttr>> sets;
      for (auto op : func.getOps<ReshardOp>())
        if (auto axes = endedAxes(op);
            !axes.empty() && !llvm::is_contained(sets, axes))
          sets.push_back(axes);
      for (ArrayRef<AxisRefAttr> axes : sets)
        ReductionWebs(func, axes, stages).run();
    }
  }
};
} // namespace
