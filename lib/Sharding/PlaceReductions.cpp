// SPDX-License-Identifier: Apache-2.0
// Where values change their form: which partial sums pass an op, and the
// reshards that give an op its operands (see Sharder.h).
//
// A sum over a device axis ends right after the op that made it; a sum over
// micro-batches ends before its first user that needs it whole, because that
// user runs after the loop. A gradient's sum takes the form of its update.
#include "Sharder.h"

using namespace mlir;
using namespace mlir::mpt;

int64_t Sharder::stageOf(Operation *op) {
  return op ? stages.lookup_or(op, -1) : -1;
}

PassedPartials Sharder::choosePassed(ComputeOpInterface op) {
  SmallVector<ShardingAttr> forms;
  for (Value operand : op->getOperands())
    forms.push_back(reduced.contains(operand) ? ShardingAttr()
                                              : getSharding(operand.getType()));
  PassedPartials passed = getPassedPartials(op, forms);
  if (passed.axes.empty() || hasAxis(passed.axes, kMicroAxis))
    return passed;
  // The loss on its way to the totals; SinkReductions.cpp moves the others.
  bool scalar = llvm::all_of(op->getResultTypes(), [](Type type) {
    return cast<RankedTensorType>(type).getRank() == 0;
  });
  bool stays = llvm::all_of(passed.group, [&](unsigned i) {
    return isZero(op->getOperand(i)) ||
           stageOf(op->getOperand(i).getDefiningOp()) == stageOf(op);
  });
  if (scalar && stays)
    return passed;
  return {};
}

static bool cuts(ShardingAttr form, StringRef axis) {
  return form.getDimOf(axis) >= 0;
}

Value Sharder::reshard(Value v, ShardingAttr form, Operation *user) {
  ShardingAttr from = getSharding(v.getType());
  bool endsMicro = (from.isPartialOver(kMicroAxis) || cuts(from, kMicroAxis)) &&
                   !form.isPartialOver(kMicroAxis) && !cuts(form, kMicroAxis);
  if (cuts(from, kMicroAxis) && !cuts(form, kMicroAxis)) {
    mixesBatch(user, "needs the whole batch at once");
    return v;
  }
  Operation *def = v.getDefiningOp();
  bool atOrigin = from.isPartial() && !endsMicro;
  bool placed = user->hasAttr("stage") || user->hasAttr("adjoint_of");
  Operation *like = endsMicro ? nullptr : atOrigin || !placed ? def : user;
  OpBuilder b(user);
  if (atOrigin)
    b.setInsertionPointAfterValue(v);
  auto attr = [&](StringRef name) {
    return like ? like->getAttrOfType<IntegerAttr>(name) : IntegerAttr();
  };
  auto op = ReshardOp::create(
      b, def && from.isPartial() ? def->getLoc() : user->getLoc(),
      withSharding(v.getType(), form), v, IntegerAttr(), attr("adjoint_of"),
      attr("stage"), UnitAttr());
  stages[op] = like ? stageOf(like) : stageOf(def);
  bool weight = def && roles.isOfData(def);
  moments[op] = !endsMicro ? moments[v]
                : weight   ? Moment::Before
                           : Moment::After;
  return op;
}

Value Sharder::get(Value v, ShardingAttr form, Operation *user) {
  if (isFree(v))
    return cloneFree(v, form);
  ShardingAttr from = getSharding(v.getType());
  if (from == form)
    return v;
  if (from.isPartial() && !form.isPartial()) {
    if (Value sum = reduced.lookup(v))
      return get(sum, form, user);
    if (ShardingAttr wanted = gradients.lookup(v)) {
      Value sum = reshard(v, wanted, user);
      reduced[v] = sum;
      return get(sum, form, user);
    }
  }
  auto key = std::pair(v, std::pair<Attribute, int64_t>(form, stageOf(user)));
  if (Value version = versions.lookup(key))
    return version;
  Value version = cuts(form, kMicroAxis) && !cuts(from, kMicroAxis)
                      ? cutBatch(v, form, user)
                      : reshard(v, form, user);
  versions[key] = version;
  if (from.isPartial() && !form.isPartial())
    reduced[v] = version;
  return version;
}
