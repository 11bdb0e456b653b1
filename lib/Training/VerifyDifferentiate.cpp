// SPDX-License-Identifier: Apache-2.0
//===- VerifyDifferentiate.cpp - the form of phase 2 ----------------------===//
//
// @step over the global batch:
//  - ids are unique, `adjoint_of` names a forward op (one without adjoint_of);
//  - every trainable state and its optimizer states are written once, by their
//    update; no other state is written;
//  - totals are loss, stop and the squared norm of each gradient that an update
//    uses, named and ordered as the trainable states;
//  - the weight of a loss that phase 2 built depends on inputs only;
//  - only updates use step.lr, step.count and ok, only totals use step.stop;
//  - it returns the totals and the norm.
// With `inference` there is a @predict and nothing to check.
//
//===----------------------------------------------------------------------===//
#include "Updates.h"
#include "mpt/IR/Config.h"
#include "mpt/Training/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYDIFFERENTIATEPASS
#include "mpt/Training/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct VerifyDifferentiate
    : mpt::impl::VerifyDifferentiatePassBase<VerifyDifferentiate> {
  void runOnOperation() override;
};

class StepVerifier {
public:
  StepVerifier(ModuleOp module, func::FuncOp step)
      : module(module), step(step) {}
  LogicalResult run();

private:
  void checkIds();
  void checkWrites();
  void checkWrite(WriteOp write);
  void checkTotals();
  void checkSeed();
  void checkStepBlock();
  void checkReturn();
  InFlightDiagnostic error(Operation *op) {
    ok = false;
    return op->emitError();
  }
  StateOp lookup(SymbolRefAttr name) {
    return module.lookupSymbol<StateOp>(name.getLeafReference());
  }
  SmallVector<StateOp> getParameters() {
    return llvm::to_vector(
        llvm::make_filter_range(module.getOps<StateOp>(), [](StateOp state) {
          return state.getTrainable();
        }));
  }

  ModuleOp module;
  func::FuncOp step;
  TotalsOp totals;
  bool ok = true;
};
} // namespace

void StepVerifier::checkIds() {
  llvm::DenseMap<int64_t, Operation *> byId;
  for (Operation &op : step.front())
    if (auto id = op.getAttrOfType<IntegerAttr>("id"))
      if (!byId.try_emplace(id.getInt(), &op).second)
        error(&op) << "id " << id.getInt() << " is given twice";
  for (Operation &op : step.front()) {
    auto origin = op.getAttrOfType<IntegerAttr>("adjoint_of");
    if (!origin)
      continue;
    Operation *forward = byId.lookup(origin.getInt());
    if (!forward)
      error(&op) << "adjoint of op " << origin.getInt()
                 << ", which does not exist";
    else if (forward->hasAttr("adjoint_of"))
      error(&op) << "adjoint of op " << origin.getInt()
                 << ", which is an adjoint itself; expected a forward op";
  }
}

/// The state is written with the result of its own update.
void StepVerifier::checkWrite(WriteOp write) {
  StateOp state = lookup(write.getSourceAttr());
  auto update = write.getValue().getDefiningOp<OptUpdateOp>();
  StateOp parameter = state.getOf() ? lookup(state.getOfAttr()) : state;
  if (!parameter || !parameter.getTrainable()) {
    error(write) << "'" << state.getSymName()
                 << "' is written but is neither trainable nor the state of a "
                    "trainable parameter";
    return;
  }
  auto read = update ? update.getParam().getDefiningOp<ReadOp>() : ReadOp();
  if (!read || read.getSource() != parameter.getSymName())
    error(write) << "'" << state.getSymName()
                 << "' is not written with the result of the update of '"
                 << parameter.getSymName() << "'";
}

void StepVerifier::checkWrites() {
  llvm::DenseMap<StringAttr, unsigned> writes;
  for (WriteOp write : step.front().getOps<WriteOp>()) {
    if (++writes[write.getSourceAttr().getAttr()] == 2)
      error(write) << "'" << write.getSource() << "' is written twice";
    checkWrite(write);
  }
  for (StateOp state : module.getOps<StateOp>()) {
    bool expected = state.getTrainable() || state.getRole() == "optimizer";
    if (expected && !writes.contains(state.getSymNameAttr()))
      error(state) << "'" << state.getSymName()
                   << "' is not written; expected one write in @step";
  }
}

void StepVerifier::checkTotals() {
  auto all = llvm::to_vector(step.front().getOps<TotalsOp>());
  if (all.size() != 1) {
    error(step) << "has " << all.size() << " mpt.totals, expected one";
    return;
  }
  totals = all.front();
  SmallVector<StringRef> expected = {"loss", "stop"};
  for (StateOp state : getParameters())
    expected.push_back(state.getSymName());
  SmallVector<StringRef> names;
  if (ArrayAttr attr = totals.getNamesAttr())
    llvm::append_range(names, attr.getAsValueRange<StringAttr>());
  if (names != expected) {
    error(totals) << "names must be loss, stop and the " << expected.size() - 2
                  << " trainable states in order";
    return;
  }
  llvm::StringMap<Value> gradients;
  for (auto update : step.front().getOps<OptUpdateOp>())
    if (auto read = update.getParam().getDefiningOp<ReadOp>())
      gradients[read.getSource()] = update.getGrad();
  for (size_t i = 2; i < expected.size(); ++i) {
    auto norm = totals.getInputs()[i].getDefiningOp<SumSquaresOp>();
    if (!norm || norm.getInput() != gradients.lookup(expected[i]))
      error(totals) << "entry '" << expected[i]
                    << "' is not the squared norm of the gradient that "
                       "updates it";
  }
}

/// Cross entropy and mse multiply their sum by a seed, see Loss.cpp.
void StepVerifier::checkSeed() {
  if (Config(module).getString("loss").starts_with("output:") || !totals)
    return;
  auto loss = totals.getInputs()[0].getDefiningOp<MulOp>();
  if (!loss) {
    error(totals) << "the loss must be the product of a sum and its seed";
    return;
  }
  SmallVector<Value> worklist = {loss.getRhs()};
  llvm::DenseSet<Operation *> seen;
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val().getDefiningOp();
    if (!op || !seen.insert(op).second)
      continue;
    if (auto read = dyn_cast<ReadOp>(op)) {
      error(loss) << "the weight of the loss depends on the state '"
                  << read.getSource() << "'; expected inputs only";
      return;
    }
    llvm::append_range(worklist, op->getOperands());
  }
}

void StepVerifier::checkStepBlock() {
  auto onlyIn = [&](Value value, const Twine &name, StringRef user, auto test) {
    for (Operation *op : value.getUsers())
      if (!test(op))
        error(op) << "uses " << name << "; expected only " << user
                  << " to use it";
  };
  auto isUpdate = [](Operation *op) { return isa<OptUpdateOp>(op); };
  for (ReadOp read : step.front().getOps<ReadOp>()) {
    StringRef name = read.getSource();
    if (name == kStepLr || name == kStepCount)
      onlyIn(read.getResult(), name, "updates", isUpdate);
    else if (name == kStepStop)
      onlyIn(read.getResult(), name, "totals",
             [](Operation *op) { return isa<TotalsOp>(op); });
  }
  llvm::SmallSetVector<Value, 1> oks;
  for (auto update : step.front().getOps<OptUpdateOp>())
    oks.insert(update.getOk());
  for (Value value : oks)
    onlyIn(value, "ok", "updates", isUpdate);
}

void StepVerifier::checkReturn() {
  constexpr StringLiteral metrics[] = {"totals", "grad_norm"};
  for (auto [i, name] : llvm::enumerate(metrics)) {
    auto metric = i < step.getNumResults()
                      ? step.getResultAttrOfType<StringAttr>(i, "mpt.metric")
                      : StringAttr();
    if (!metric || metric.getValue() != name)
      error(step) << "result " << i << " must be the metric '" << name << "'";
  }
  Operation *terminator = step.front().getTerminator();
  if (totals && terminator->getNumOperands() > 0 &&
      terminator->getOperand(0) != totals.getResult())
    error(terminator) << "must return the totals first";
}

LogicalResult StepVerifier::run() {
  checkIds();
  checkWrites();
  checkTotals();
  checkSeed();
  checkStepBlock();
  checkReturn();
  return success(ok);
}

void VerifyDifferentiate::runOnOperation() {
  ModuleOp module = getOperation();
  bool inference = Config(module).isInference();
  StringRef name = inference ? "predict" : "step";
  auto program = module.lookupSymbol<func::FuncOp>(name);
  if (!program || program.isExternal()) {
    module.emitError() << "the module has no @" << name
                       << "; expected the output of phase 2";
    return signalPassFailure();
  }
  if (!inference && failed(StepVerifier(module, program).run()))
    signalPassFailure();
}
