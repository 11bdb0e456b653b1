// SPDX-License-Identifier: Apache-2.0
#include "TaskUses.h"

using namespace mlir;
using namespace mlir::mpt;
using BK = BindingKind;

namespace {
class StateVerifier {
public:
  StateVerifier(ModuleOp module, const TaskUses &uses)
      : module(module), symbols(module), uses(uses) {}
  LogicalResult run();

private:
  InFlightDiagnostic fail(Operation *op) {
    ok = false;
    return op->emitError();
  }
  void checkStateUses(StringRef name, const TaskUses::List &places);
  void checkReplicas(StateOp state, const std::set<int> &owners);
  void checkOwners(StateOp state);
  std::set<int> getOwners(StringRef parameter);
  std::set<int> getWriters(StringRef state);

  ModuleOp module;
  SymbolTable symbols;
  const TaskUses &uses;
  bool ok = true;
};
} // namespace

std::set<int> StateVerifier::getOwners(StringRef parameter) {
  std::set<int> owners;
  for (BK kind : {BK::State, BK::Acc})
    for (const Use &use : uses.get(kind, parameter))
      if (algebra::isMicro(use.task.kind))
        owners.insert(use.task.stage);
  return owners;
}

std::set<int> StateVerifier::getWriters(StringRef state) {
  std::set<int> writers;
  for (const Use &use : uses.get(BK::State, state))
    if (use.result)
      writers.insert(use.task.stage);
  return writers;
}

void StateVerifier::checkStateUses(StringRef name,
                                   const TaskUses::List &places) {
  auto state = symbols.lookup<StateOp>(name);
  for (const Use &use : places) {
    if (!state) {
      fail(use.task.func) << use.str() << " names state '" << name
                          << "', which does not exist";
      continue;
    }
    auto type = cast<RankedTensorType>(use.type);
    if (type.getShape() != state.getTensorType().getShape() ||
        type.getElementType() != state.getTensorType().getElementType())
      fail(use.task.func) << use.str() << " has type " << type
                          << "; expected that of state '" << name << "', "
                          << state.getType();
    if (!use.result)
      continue;
    auto of = state.getOf() ? symbols.lookup<StateOp>(*state.getOf()) : state;
    if (!of || !of.getTrainable())
      fail(use.task.func) << use.str() << " writes state '" << name
                          << "'; expected only trainable parameters and their "
                             "optimizer states to be written";
  }
}

void StateVerifier::checkReplicas(StateOp state, const std::set<int> &owners) {
  std::set<int> among;
  for (auto replicas : module.getOps<ReplicasOp>())
    if (replicas.getParameter() == state.getSymName())
      among.insert(replicas.getAmong().begin(), replicas.getAmong().end());
  if (owners.size() > 1 ? among != owners : !among.empty())
    fail(state) << "state '" << state.getSymName()
                << "' has replicas on stages " << spell(among) << "; expected "
                << (owners.size() > 1 ? spell(owners) + ", which use it"
                                      : std::string("none"));
}

/// Who uses a parameter in F or B updates its copy; of one that nobody uses
/// there is one.
void StateVerifier::checkOwners(StateOp state) {
  StringRef name = state.getSymName();
  std::set<int> writers = getWriters(name);
  if (state.getTrainable()) {
    std::set<int> owners = getOwners(name);
    checkReplicas(state, owners);
    if (owners.empty() ? writers.size() != 1 : writers != owners)
      fail(state) << "trainable state '" << name
                  << "' is written by OPT of stages " << spell(writers)
                  << "; expected "
                  << (owners.empty() ? std::string("one stage")
                                     : spell(owners) + ", which use it");
  } else if (state.getOf() && writers != getWriters(*state.getOf())) {
    fail(state) << "state '" << name << "' is written by OPT of stages "
                << spell(writers) << "; expected "
                << spell(getWriters(*state.getOf())) << ", as its parameter '"
                << *state.getOf() << "'";
  }
}

LogicalResult StateVerifier::run() {
  bool training = false;
  for (const auto &[key, places] : uses.all()) {
    if (key.first == BK::State)
      checkStateUses(key.second, places);
    training |= llvm::any_of(places, [](const Use &use) {
      return use.task.kind == algebra::Kind::OPT;
    });
  }
  if (training)
    for (auto state : module.getOps<StateOp>())
      checkOwners(state);
  return success(ok);
}

LogicalResult mlir::mpt::verifyStates(ModuleOp module, const TaskUses &uses) {
  return StateVerifier(module, uses).run();
}
