// SPDX-License-Identifier: Apache-2.0
//
// Ops are whole only where their dims are. Local types do not say what is cut,
// but states do: from their stored shardings the cuts are followed through the
// ops of a task by their rules. A cut dim must not meet an op that needs it
// whole (a layer_norm, a cross_entropy that was not split), nor an op that
// counts positions in it without the rank's offset. Values of other tasks are
// taken as uncut: the check proves errors, not their absence.
//
#include "Localize.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
using AxisNames = SmallVector<StringRef, 2>;
/// Axes by dim, major to minor.
using ValueCuts = SmallVector<AxisNames>;

class WholeVerifier {
public:
  WholeVerifier(func::FuncOp task, SymbolTable &symbols);
  LogicalResult run();

private:
  ValueCuts cutsOf(Value value);
  void follow(Operation *op);
  LogicalResult checkCompute(ComputeOpInterface op);

  func::FuncOp task;
  DenseMap<Value, ValueCuts> cuts;
};
} // namespace

WholeVerifier::WholeVerifier(func::FuncOp task, SymbolTable &symbols)
    : task(task) {
  for (BlockArgument arg : task.getArguments()) {
    auto name = task.getArgAttrOfType<FlatSymbolRefAttr>(arg.getArgNumber(),
                                                         "mpt.state");
    auto state = name ? symbols.lookup<StateOp>(name.getValue()) : StateOp();
    if (!state)
      continue;
    ValueCuts &ofArg = cuts[arg];
    for (DimShardingAttr dim : state.getStorageSharding().getDims()) {
      AxisNames &names = ofArg.emplace_back();
      for (AxisRefAttr axis : dim.getAxes())
        names.push_back(axis.getName());
    }
  }
}

ValueCuts WholeVerifier::cutsOf(Value value) {
  auto it = cuts.find(value);
  if (it != cuts.end())
    return it->second;
  return ValueCuts(cast<RankedTensorType>(value.getType()).getRank());
}

/// Ops that move data between ranks or leave it where it is.
void WholeVerifier::follow(Operation *op) {
  if (op->getNumOperands() == 0)
    return;
  for (auto [operand, result] :
       llvm::zip(op->getOperands(), op->getResults())) {
    ValueCuts moved = cutsOf(operand);
    auto drop = [&](unsigned dim) {
      if (!moved[dim].empty())
        moved[dim].pop_back();
    };
    auto add = [&](unsigned dim, ArrayAttr axes) {
      llvm::append_range(moved[dim], axes.getAsValueRange<StringAttr>());
    };
    if (auto gather = dyn_cast<AllGatherOp>(op))
      drop(gather.getDim());
    if (auto scatter = dyn_cast<ReduceScatterOp>(op))
      add(scatter.getDim(), scatter.getOver());
    if (auto slice = dyn_cast<ShardSliceOp>(op))
      add(slice.getDim(), slice.getAxes());
    if (auto copies = dyn_cast<ConcatOp>(op))
      moved[copies.getAxis()].clear();
    if (auto move = dyn_cast<AllToAllOp>(op)) {
      drop(move.getConcatDim());
      add(move.getSplitDim(), move.getOver());
    }
    cuts[result] = moved;
  }
}

/// Whether the op has an offset for a dim that it counts positions in.
static bool hasOffset(ComputeOpInterface op) {
  if (auto take = dyn_cast<TakeOp>(*op))
    return bool(take.getLo());
  if (auto scatter = dyn_cast<ScatterRowsOp>(*op))
    return bool(scatter.getLo());
  if (auto grad = dyn_cast<CrossEntropyGradOp>(*op))
    return bool(grad.getLo());
  return true;
}
/// Dim of operand 0 whose positions the op counts, or -1.
static int64_t getCountedDim(ComputeOpInterface op) {
  if (auto take = dyn_cast<TakeOp>(*op))
    return take.getAxis();
  if (auto scatter = dyn_cast<ScatterRowsOp>(*op))
    return scatter.getAxis();
  if (isa<CrossEntropyGradOp>(op))
    return cast<RankedTensorType>(op->getOperand(0).getType()).getRank() - 1;
  return -1;
}

/// A local dim of size 1 may be a cut one: which dim of a reshape it is cannot
/// be told from sizes.
static bool isAmbiguous(Operation *op) {
  auto hasUnit = [](Value v) {
    return llvm::is_contained(cast<RankedTensorType>(v.getType()).getShape(),
                              1);
  };
  return isa<ReshapeOp>(op) &&
         (hasUnit(op->getOperand(0)) || hasUnit(op->getResult(0)));
}

LogicalResult WholeVerifier::checkCompute(ComputeOpInterface op) {
  if (isAmbiguous(op))
    return success();
  ShardingRule rule = op.getShardingRule();
  SmallVector<AxisNames> ofFactor(rule.factors.size());
  LogicalResult result = success();
  for (auto [i, dims] : llvm::enumerate(rule.operands)) {
    ValueCuts ofOperand = cutsOf(op->getOperand(i));
    for (auto [dim, factors] : llvm::enumerate(dims)) {
      if (ofOperand[dim].empty())
        continue;
      // Dims of size 1 may have no factor.
      bool whole =
          factors.empty() &&
          cast<RankedTensorType>(op->getOperand(i).getType()).getDimSize(dim) !=
              1;
      for (unsigned factor : factors)
        whole |= rule.factors[factor].kind == IterKind::Replicate ||
                 rule.factors[factor].kind == IterKind::TwoPhase;
      if (whole && !isa<CrossEntropyLocalOp>(op))
        result = op->emitOpError()
                 << "is whole, but dim " << dim << " of operand " << i
                 << " is cut over '" << ofOperand[dim].front() << "'";
      if (i == 0 && int64_t(dim) == getCountedDim(op) && !hasOffset(op))
        result = op->emitOpError()
                 << "counts positions in dim " << dim << ", which is cut over '"
                 << ofOperand[dim].front() << "', but takes no offset";
      if (factors.size() == 1 && ofFactor[factors[0]].empty())
        ofFactor[factors[0]] = ofOperand[dim];
    }
  }
  for (auto [i, dims] : llvm::enumerate(rule.results)) {
    ValueCuts &ofResult = cuts[op->getResult(i)];
    for (const DimFactors &factors : dims)
      ofResult.push_back(factors.size() == 1 ? ofFactor[factors[0]]
                                             : AxisNames());
  }
  return result;
}

/// Parts of reshards: the cut-off of a gather's pads, copies of a block that is
/// put among zeros.
static bool isOfReshard(Operation *op) {
  if (isa_and_nonnull<SliceOp>(op))
    return op->getOperand(0).getDefiningOp<AllGatherOp>() ||
           isOfReshard(op->getOperand(0).getDefiningOp());
  return isa_and_nonnull<ConcatOp>(op) && op->getNumOperands() > 1 &&
         llvm::all_equal(op->getOperands());
}

LogicalResult WholeVerifier::run() {
  LogicalResult result = success();
  for (Operation &op : task.front()) {
    auto compute = dyn_cast<ComputeOpInterface>(op);
    if (compute && !isOfReshard(&op)) {
      if (failed(checkCompute(compute)))
        result = failure();
    } else {
      follow(&op);
    }
  }
  return result;
}

LogicalResult mlir::mpt::verifyWhole(func::FuncOp task, SymbolTable &symbols) {
  return WholeVerifier(task, symbols).run();
}
