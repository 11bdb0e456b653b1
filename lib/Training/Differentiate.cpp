// SPDX-License-Identifier: Apache-2.0
//===- Differentiate.cpp - phase 2 ----------------------------------------===//
//
// @predict becomes @step: the loss is appended to it (Loss.cpp), what does not
// lead to the loss is dropped, adjoints are appended (Adjoints.cpp), then
// totals and updates (Updates.cpp). With `inference` the program stays as it
// is.
//
// Refuses, with all problems at once where they do not depend on one another:
// unknown losses and optimizers, outputs that do not fit, ops without gradient
// on the way to trainable parameters, parameters of another float type than the
// loss. A trainable parameter that does not reach the loss has no gradient; as
// in PyTorch it keeps its value (a warning says so) and is no longer trainable.
//
//===----------------------------------------------------------------------===//
#include "Updates.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mpt/IR/Config.h"
#include "mpt/Training/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_DIFFERENTIATEPASS
#include "mpt/Training/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct Differentiate : mpt::impl::DifferentiatePassBase<Differentiate> {
  void runOnOperation() override;
};
} // namespace

/// One more than the largest id of the module.
static int64_t getNextId(ModuleOp module) {
  int64_t next = 0;
  module.walk([&](Operation *op) {
    if (auto id = op->getAttrOfType<IntegerAttr>("id"))
      next = std::max(next, id.getInt() + 1);
  });
  return next;
}

/// Drops reads and pure ops whose results nobody uses.
static void dropDead(Block &body) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (op.use_empty() && (isa<ReadOp>(op) || isOpTriviallyDead(&op)))
      op.erase();
}

/// The program returns only what leads to the loss: nothing yet.
static void dropOutputs(func::FuncOp program, ArrayRef<Value> keep) {
  Operation *terminator = program.front().getTerminator();
  terminator->setOperands(keep);
  dropDead(program.front());
}

/// The trainable states with a gradient, in the order of the module; the others
/// lose their mark.
static FailureOr<SmallVector<StateOp>>
selectParameters(ModuleOp module, const StateGradients &gradients,
                 RankedTensorType loss) {
  SmallVector<StateOp> parameters;
  bool ok = true;
  for (StateOp state : module.getOps<StateOp>()) {
    if (!state.getTrainable())
      continue;
    StringRef name = state.getSymName();
    if (!gradients.contains(state.getSymNameAttr())) {
      state.emitWarning() << "parameter '" << name
                          << "' does not reach the loss; it keeps its value";
      state.removeTrainableAttr();
      continue;
    }
    parameters.push_back(state);
    Type element = state.getTensorType().getElementType();
    if (element == loss.getElementType())
      continue;
    state.emitError() << "parameter '" << name << "' has elements of type "
                      << element << ", the loss has " << loss.getElementType()
                      << "; export the model in one float type or freeze '"
                      << name << "'";
    ok = false;
  }
  if (ok && parameters.empty()) {
    module.emitError() << "the loss depends on no trainable parameter; check "
                          "--loss, --freeze and --train";
    ok = false;
  }
  if (!ok)
    return failure();
  return parameters;
}

static LogicalResult differentiate(ModuleOp module) {
  auto program = module.lookupSymbol<func::FuncOp>("predict");
  FailureOr<TrainingOptions> options = TrainingOptions::parse(module);
  if (!program)
    return module.emitError() << "the module has no @predict; phase 1 "
                                 "(--mpt-import) makes it";
  if (failed(options))
    return failure();
  int64_t nextId = getNextId(module);
  FailureOr<LossTerm> term = appendLoss(program, options->loss, nextId);
  if (failed(term))
    return failure();
  dropOutputs(program, {term->loss, term->seed});

  llvm::DenseSet<StringAttr> trainable;
  for (StateOp state : module.getOps<StateOp>())
    if (state.getTrainable())
      trainable.insert(state.getSymNameAttr());
  FailureOr<StateGradients> gradients = appendAdjoints(
      program, term->sum, term->seed,
      [&](StringAttr name) { return trainable.contains(name); }, nextId);
  if (failed(gradients))
    return failure();
  FailureOr<SmallVector<StateOp>> parameters = selectParameters(
      module, *gradients, cast<RankedTensorType>(term->loss.getType()));
  if (failed(parameters) ||
      failed(appendUpdates(program, *parameters, *gradients, term->loss,
                           *options)))
    return failure();
  dropDead(program.front());
  program.setName("step");
  return success();
}

void Differentiate::runOnOperation() {
  ModuleOp module = getOperation();
  if (Config(module).isInference())
    return;
  if (failed(differentiate(module)))
    signalPassFailure();
}
