// SPDX-License-Identifier: Apache-2.0
// Phase 4: puts shardings into all tensor types and reshards between them (see
// Sharder.h). Constraints of phase 3 end here. Refuses programs in which one
// micro-batch would have to see another one ("mixes the batch").
#include "Sharder.h"
#include "mpt/Sharding/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_SHARDPROGRAMPASS
#include "mpt/Sharding/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

Sharder::Sharder(func::FuncOp func, MeshOp mesh)
    : func(func), mesh(mesh), symbols(func->getParentOp()), roles(func) {}

ShardingAttr Sharder::replicated(Value v) {
  auto type = cast<RankedTensorType>(v.getType());
  return ShardingAttr::get(v.getContext(), unsigned(type.getRank()));
}

/// What is cheap wherever it is needed: ops that say so, and what follows from
/// constants alone.
void Sharder::collectFree() {
  DenseSet<Operation *> constants;
  for (Operation &op : func.getBody().front()) {
    auto compute = dyn_cast<ComputeOpInterface>(op);
    if (!compute || op.getNumResults() == 0)
      continue;
    if (llvm::all_of(op.getOperands(), [&](Value v) {
          return constants.contains(v.getDefiningOp());
        }))
      constants.insert(&op);
    if (compute.isFreeToClone() || constants.contains(&op))
      freeOps.insert(&op);
  }
}

/// Forms of gradients, from the updates backward through ops that only move or
/// add elements.
void Sharder::collectWishes() {
  for (Operation &op : llvm::reverse(func.getBody().front())) {
    if (auto update = dyn_cast<OptUpdateOp>(op)) {
      auto read = update.getParam().getDefiningOp<ReadOp>();
      if (!read)
        continue;
      auto state = symbols.lookup<StateOp>(read.getSource());
      gradients[update.getGrad()] = state.getStorageSharding();
      wishes[update.getGrad()] = state.getStorageSharding();
      continue;
    }
    if (!isa<SumOp, AddOp, NegOp, TransposeOp, ReshapeOp, ConvertOp>(op))
      continue;
    ShardingAttr wish = wishes.lookup(op.getResult(0));
    if (!wish)
      continue;
    ShardingRule rule = cast<ComputeOpInterface>(op).getShardingRule();
    FactorVotes votes = readFactors(rule, rule.results[0], wish);
    SmallVector<AxisList> factors;
    for (auto &list : votes.axes)
      factors.push_back(list.value_or(AxisList()));
    if (!votes.rest.empty() || !checkFactors(rule, factors).empty())
      continue;
    for (auto [i, operand] : llvm::enumerate(op.getOperands()))
      wishes.try_emplace(
          operand, writeFactors(op.getContext(), rule.operands[i], factors));
  }
}

void Sharder::visitArguments() {
  for (BlockArgument arg : func.getArguments()) {
    ShardingAttr form = replicated(arg);
    for (Operation *user : arg.getUsers())
      if (auto constrain = dyn_cast<ConstrainOp>(user))
        form = constrain.getTo();
    arg.setType(withSharding(arg.getType(), form));
    moments[arg] = Moment::Inside;
  }
}

void Sharder::visitReturn(func::ReturnOp op) {
  for (OpOperand &operand : op->getOpOperands()) {
    Value v = operand.get();
    ShardingAttr form = formOf(v);
    operand.set(get(v, form ? form : replicated(v), op));
  }
}

void Sharder::mixesBatch(Operation *op, Twine how) {
  ok = false;
  std::string node = "an unnamed node";
  if (auto name = dyn_cast<NameLoc>(op->getLoc()))
    node = "node '" + name.getName().str() + "'";
  op->emitError()
      << node << " mixes the batch: '" << op->getName() << "' " << how
      << "; a step is cut into micro-batches along the first dim of "
         "its inputs, so only losses and gradients may be sums over it";
}

/// A value that exists after the loop over micro-batches cannot enter it.
Moment Sharder::momentOf(Operation *op) {
  Moment moment = Moment::Before;
  bool isInside = false;
  for (Value operand : op->getOperands()) {
    isInside |= moments[operand] == Moment::Inside;
    moment = std::max(moment, moments[operand]);
  }
  if (isa<TotalsOp>(op))
    return Moment::After;
  if (moment == Moment::After && isInside)
    mixesBatch(op, "needs a sum over all micro-batches while one is computed");
  return moment;
}

void Sharder::setMoments(Operation *op) {
  Moment moment = momentOf(op);
  for (Value result : op->getResults())
    moments[result] = moment;
}

void Sharder::visitCompute(ComputeOpInterface op) {
  PassedPartials passed = choosePassed(op);
  std::optional<FactorChoice> choice = chooseFactors(op, passed);
  if (!choice && !passed.axes.empty())
    choice = chooseFactors(op, {});
  if (!choice) {
    ok = false;
    op->emitError() << "'" << op->getName()
                    << "' has no common sharding of its "
                    << "operands";
    return;
  }
  ShardingRule rule = op.getShardingRule();
  for (OpOperand &operand : op->getOpOperands()) {
    unsigned i = operand.getOperandNumber();
    ShardingAttr form =
        writeFactors(op->getContext(), rule.operands[i], choice->factors)
            .withPartial("sum", getAddedPartials(op, rule, i, choice->factors));
    if (llvm::is_contained(choice->group, i))
      form = form.withPartial("sum", choice->passed);
    operand.set(get(operand.get(), form, op));
  }
  for (auto [i, result] : llvm::enumerate(op->getResults()))
    result.setType(withSharding(result.getType(),
                                inferResult(op->getContext(), rule, i,
                                            choice->factors, choice->passed)));
  setMoments(op);
}

void Sharder::visit(Operation *op) {
  if (auto read = dyn_cast<ReadOp>(op)) {
    auto state = symbols.lookup<StateOp>(read.getSource());
    Value v = read.getResult();
    v.setType(withSharding(v.getType(), state.getStorageSharding()));
    moments[v] = Moment::Before;
  } else if (auto write = dyn_cast<WriteOp>(op)) {
    auto state = symbols.lookup<StateOp>(write.getSource());
    write.getValueMutable().assign(
        get(write.getValue(), state.getStorageSharding(), op));
  } else if (auto constrain = dyn_cast<ConstrainOp>(op)) {
    Value v = get(constrain.getInput(), constrain.getTo(), op);
    constrain.getResult().replaceAllUsesWith(v);
    constrain.erase();
  } else if (auto ret = dyn_cast<func::ReturnOp>(op)) {
    visitReturn(ret);
  } else if (isa<TotalsOp>(op)) {
    for (OpOperand &operand : op->getOpOperands())
      if (isFree(operand.get()))
        operand.set(get(operand.get(), replicated(operand.get()), op));
    Value v = op->getResult(0);
    v.setType(withSharding(v.getType(), replicated(v)));
    setMoments(op);
  } else if (op->getNumResults() && isFree(op->getResult(0))) {
    return; // cloned where it is needed
  } else if (auto compute = dyn_cast<ComputeOpInterface>(op)) {
    visitCompute(compute);
  } else {
    ok = false;
    op->emitError() << "'" << op->getName()
                    << "' may not stand in a program before phase 4";
  }
}

LogicalResult Sharder::run() {
  Block &body = func.getBody().front();
  collectFree();
  stages = getStages(func);
  collectWishes();
  visitArguments();
  SmallVector<Operation *> ops;
  for (Operation &op : body)
    ops.push_back(&op);
  SmallVector<Operation *> originals; // of clones
  for (Operation *op : ops) {
    if (op->getNumResults() && isFree(op->getResult(0)))
      originals.push_back(op);
    visit(op);
    if (!ok)
      return failure();
  }
  for (Operation *op : llvm::reverse(originals))
    op->erase();
  func.setFunctionType(
      FunctionType::get(func.getContext(), body.getArgumentTypes(),
                        body.getTerminator()->getOperandTypes()));
  return success();
}

namespace {
struct ShardProgram : mlir::mpt::impl::ShardProgramPassBase<ShardProgram> {
  void runOnOperation() override;
};
} // namespace

void ShardProgram::runOnOperation() {
  ModuleOp module = getOperation();
  auto meshes = module.getOps<MeshOp>();
  if (meshes.empty()) {
    module.emitError() << "there is no mesh; run --mpt-plan first";
    return signalPassFailure();
  }
  for (auto func : module.getOps<func::FuncOp>())
    if (!func.isExternal() && failed(Sharder(func, *meshes.begin()).run()))
      signalPassFailure();
}
