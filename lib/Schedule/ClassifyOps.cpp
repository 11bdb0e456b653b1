// SPDX-License-Identifier: Apache-2.0
#include "ClassifyOps.h"
#include <set>

using namespace mlir;
using namespace mlir::mpt;

bool mlir::mpt::variesByMicrobatch(Type type) {
  ShardingAttr sharding = getSharding(type);
  return sharding &&
         (sharding.getDimOf(kMicro) >= 0 || sharding.isPartialOver(kMicro));
}

static bool anyVaries(TypeRange types) {
  return llvm::any_of(types, variesByMicrobatch);
}

static std::optional<int64_t> getInt(Operation *op, StringRef name) {
  auto attr = dyn_cast_or_null<IntegerAttr>(
      op->getInherentAttr(name).value_or(nullptr));
  if (!attr)
    return std::nullopt;
  return attr.getInt();
}

bool mlir::mpt::isFreeToClone(Operation *op) {
  auto compute = dyn_cast<ComputeOpInterface>(op);
  return isa<ReadOp>(op) || (compute && compute.isFreeToClone());
}

Classification::Classification(func::FuncOp program) {
  for (Operation &op : program.getOps()) {
    if (std::optional<int64_t> id = getInt(&op, "id"))
      byId[*id] = &op;
    if (auto found = dyn_cast<TotalsOp>(op))
      totals = found;
  }
  for (auto [i, op] : llvm::enumerate(program.getOps())) {
    Info info = classify(&op);
    info.index = i;
    infos[&op] = info;
  }
  if (totals)
    findLosses();
}

Classification::Info Classification::classify(Operation *op) const {
  Info info;
  info.backward = getInt(op, "adjoint_of").has_value();
  info.ofConstants = isa<ComputeOpInterface, ReshardOp>(op);
  bool tail = isa<TotalsOp>(op);
  for (Value operand : op->getOperands()) {
    Operation *def = operand.getDefiningOp();
    if (!def) {
      info.fromInput = true;
      info.ofConstants = false;
      continue;
    }
    Info from = infos.lookup(def);
    info.ofConstants &= from.ofConstants;
    info.fromInput |= from.fromInput;
    info.backward |= from.backward;
    tail |= from.home == Home::Tail;
  }
  bool varies = anyVaries(op->getResultTypes());
  bool ends = !varies && anyVaries(op->getOperandTypes());
  if (tail || (ends && info.backward))
    info.home = Home::Tail;
  else if (!varies)
    info.home = info.fromInput ? Home::Once : Home::Free;
  else if (!isFreeToClone(op) && !info.ofConstants) {
    info.stage = findStage(op);
    if (info.stage >= 0)
      info.home = info.backward ? Home::Backward : Home::Forward;
  }
  return info;
}

/// Stage of the forward op; of one that is cloned that of its first reader.
int Classification::getForwardStage(Operation *op) const {
  Info info = infos.lookup(op);
  if (info.home != Home::Free)
    return info.home == Home::Forward ? info.stage : -1;
  int stage = -1;
  for (Operation *user : op->getUsers()) {
    int found = infos.count(user) ? getForwardStage(user) : -1;
    if (found >= 0 && (stage < 0 || found < stage))
      stage = found;
  }
  return stage;
}

int Classification::getOriginStage(Operation *adjoint) const {
  std::optional<int64_t> origin = getInt(adjoint, "adjoint_of");
  Operation *op = origin ? byId.lookup(*origin) : nullptr;
  return op ? getForwardStage(op) : -1;
}

/// Stage of the first operand that has one; through ops that are cloned to
/// theirs.
int Classification::getOperandStage(Operation *op) const {
  for (Value operand : op->getOperands())
    if (Operation *def = operand.getDefiningOp()) {
      Info info = infos.lookup(def);
      int stage = info.home == Home::Free ? getOperandStage(def) : info.stage;
      if (stage >= 0)
        return stage;
    }
  return -1;
}

/// A sum of one stage is there. Else it is at the producer of the value whose
/// cotangents it adds: the first user in the program that is an adjoint of that
/// producer tells the stage.
int Classification::findSumStage(Operation *sum) const {
  std::set<int> of;
  for (Value operand : sum->getOperands())
    if (Operation *def = operand.getDefiningOp())
      if (infos.lookup(def).stage >= 0)
        of.insert(infos.lookup(def).stage);
  if (of.size() == 1)
    return *of.begin();
  Operation *first = nullptr;
  for (Operation *user : sum->getUsers())
    if (getOriginStage(user) >= 0 && (!first || user->isBeforeInBlock(first)))
      first = user;
  if (first)
    return getOriginStage(first);
  return of.empty() ? -1 : *of.begin();
}

int Classification::findStage(Operation *op) const {
  if (isa<SumOp>(op))
    return findSumStage(op);
  int operand = getOperandStage(op);
  if (isa<ReshardOp>(op) && operand >= 0)
    return operand;
  if (std::optional<int64_t> stage = getInt(op, "stage"))
    return *stage;
  int origin = getOriginStage(op);
  return origin >= 0 ? origin : operand;
}

/// The operand of `op` that it only scales: the one that varies, a partial sum.
static Value getScaled(Operation *op) {
  Value scaled;
  for (Value operand : op->getOperands()) {
    if (!variesByMicrobatch(operand.getType()))
      continue;
    if (scaled || getSharding(operand.getType()).getDimOf(kMicro) >= 0)
      return {};
    scaled = operand;
  }
  return scaled;
}

void Classification::findLosses() {
  for (auto [i, operand] : llvm::enumerate(totals.getInputs())) {
    Value value = operand;
    auto home = [&] {
      Operation *def = value.getDefiningOp();
      return def ? infos.lookup(def).home : Home::Free;
    };
    if (home() != Home::Forward)
      continue;
    while (value.hasOneUse() && home() == Home::Forward) {
      Operation *def = value.getDefiningOp();
      Value scaled = getScaled(def);
      if (!scaled)
        break;
      infos[def].home = Home::Tail;
      value = scaled;
    }
    std::optional<ArrayAttr> names = totals.getNames();
    losses.push_back(
        {value, names ? cast<StringAttr>((*names)[i])
                      : StringAttr::get(totals.getContext(), "loss")});
  }
}

void Classification::add(Operation *op, Operation *origin, int stage) {
  Info info = infos.lookup(origin);
  info.stage = stage;
  infos[op] = info;
}
