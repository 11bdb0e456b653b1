// SPDX-License-Identifier: Apache-2.0
#include "mpt/Analysis/Sharding/Program.h"

using namespace mlir;
using namespace mlir::mpt;

StringRef mpt::getNodeName(Operation *op) {
  auto name = dyn_cast<NameLoc>(op->getLoc());
  return name ? name.getName().getValue() : StringRef();
}

static bool isFreeToClone(Operation *op) {
  auto compute = dyn_cast<ComputeOpInterface>(op);
  return compute && compute.isFreeToClone();
}

ProgramRoles::ProgramRoles(func::FuncOp func) {
  DenseSet<Operation *> later;
  bool trains = !func.getOps<TotalsOp>().empty();
  for (BlockArgument arg : func.getArguments())
    batch[arg] = {BatchUse::Carried, 0};
  for (Operation &op : func.getBody().front()) {
    if (!isa<ComputeOpInterface, ReshardOp>(op))
      continue;
    auto all = [&](const DenseSet<Operation *> &set) {
      return llvm::all_of(op.getOperands(), [&](Value v) {
        return v.getDefiningOp() && set.contains(v.getDefiningOp());
      });
    };
    bool follows = llvm::any_of(op.getOperands(), [&](Value v) {
      return v.getDefiningOp() && later.contains(v.getDefiningOp());
    });
    if (op.hasAttr("adjoint_of") || isa<TotalsOp, OptUpdateOp>(op) || follows) {
      later.insert(&op);
      continue;
    }
    forward.insert(&op);
    trackBatch(&op);
    if (trains && llvm::all_of(op.getOperands(), [&](Value v) {
          return !v.getDefiningOp() || ofData.contains(v.getDefiningOp());
        }))
      ofData.insert(&op);
    bool isWeight =
        ofData.contains(&op) && llvm::any_of(op.getResults(), [&](Value v) {
          return batch.lookup(v).kind == BatchUse::Reduced;
        });
    if (isWeight || all(beforeLoop))
      beforeLoop.insert(&op);
    bool ofInputs = llvm::any_of(op.getResults(), [&](Value v) {
      return batch.lookup(v).kind != BatchUse::None;
    });
    if (!ofInputs && !beforeLoop.contains(&op))
      ofStates.insert(&op);
  }
}

bool ProgramRoles::needsStage(Operation *op) const {
  return isForward(op) && !isFreeToClone(op) &&
         !isa<ConstrainOp, ReshardOp>(op) && !beforeLoop.contains(op);
}

void ProgramRoles::trackBatch(Operation *op) {
  if (isa<ReshardOp>(op)) {
    batch[op->getResult(0)] = batch.lookup(op->getOperand(0));
    return;
  }
  ShardingRule rule = cast<ComputeOpInterface>(op).getShardingRule();
  std::optional<unsigned> factor;
  bool depends = false, lost = false;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    BatchUse use = batch.lookup(operand);
    depends |= use.kind != BatchUse::None;
    lost |= use.kind == BatchUse::Reduced;
    if (use.kind == BatchUse::Carried && !rule.operands[i][use.dim].empty())
      factor = rule.operands[i][use.dim].front();
  }
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    BatchUse use{depends ? BatchUse::Reduced : BatchUse::None, -1};
    for (auto [d, dim] : llvm::enumerate(rule.results[i]))
      if (!lost && factor && !dim.empty() && dim.front() == *factor)
        use = {BatchUse::Carried, int64_t(d)};
    batch[result] = use;
  }
}

DenseMap<Operation *, int64_t> mpt::getStages(func::FuncOp func) {
  auto number = [](Operation &op, StringRef name) {
    return op.getAttrOfType<IntegerAttr>(name);
  };
  DenseMap<int64_t, int64_t> ofId;
  for (Operation &op : func.getBody().front())
    if (IntegerAttr id = number(op, "id"), stage = number(op, "stage");
        id && stage)
      ofId[id.getInt()] = stage.getInt();
  DenseMap<Operation *, int64_t> stages;
  for (Operation &op : func.getBody().front()) {
    int64_t stage = -1;
    if (IntegerAttr own = number(op, "stage")) {
      stage = own.getInt();
    } else {
      if (IntegerAttr origin = number(op, "adjoint_of"))
        stage = ofId.lookup_or(origin.getInt(), -1);
      for (Value operand : op.getOperands())
        if (Operation *def = operand.getDefiningOp(); def && stage < 0)
          stage = std::max(stage, stages.lookup_or(def, -1));
    }
    stages[&op] = stage;
  }
  return stages;
}
