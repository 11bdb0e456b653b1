// SPDX-License-Identifier: Apache-2.0
#include "VerifyTask.h"
#include "ClassifyOps.h"
#include "llvm/ADT/StringExtras.h"
#include <map>

using namespace mlir;
using namespace mlir::mpt;
using K = algebra::Kind;
using BK = BindingKind;

std::string mlir::mpt::spell(MLIRContext *context, Binding binding) {
  NamedAttribute attr = getBindingAttr(context, binding);
  std::string text;
  llvm::raw_string_ostream(text)
      << attr.getName().getValue() << " = " << attr.getValue();
  return text;
}

static SmallVector<BK> getArgKinds(K task) {
  switch (task) {
  case K::WGT:
    return {BK::Inputs, BK::State};
  case K::F:
    return {BK::State, BK::Input, BK::Once, BK::Recv, BK::Acc};
  case K::B:
    return {BK::State, BK::Input, BK::Save, BK::Once, BK::Recv, BK::Acc};
  case K::RS:
    return {BK::State, BK::Once, BK::Recv, BK::Acc};
  case K::NORM:
    return {BK::State, BK::Once, BK::Acc, BK::Grad};
  default:
    return {BK::State, BK::Once, BK::Recv, BK::Grad};
  }
}

static SmallVector<BK> getResultKinds(K task) {
  switch (task) {
  case K::WGT:
    return {BK::Once};
  case K::F:
    return {BK::Send, BK::Acc, BK::Save, BK::Output};
  case K::B:
    return {BK::Send, BK::Acc};
  case K::RS:
    return {BK::Grad};
  case K::NORM:
    return {BK::Send};
  default:
    return {BK::State, BK::Acc, BK::Metric};
  }
}

namespace {
class TaskVerifier {
public:
  explicit TaskVerifier(Task task) : task(task), func(task.func) {}
  LogicalResult run();

private:
  InFlightDiagnostic fail(Operation *op) {
    ok = false;
    return op->emitError();
  }
  void checkPlace(bool result, unsigned index, Type type,
                  ArrayRef<NamedAttribute> attrs);
  void checkTwice(Binding binding, bool result, unsigned index);
  void checkType(Operation *op, Type type);
  void checkOp(Operation *op);
  void checkAccumulators();
  void checkSum(StringRef name, BlockArgument arg, Value result);

  Task task;
  func::FuncOp func;
  int64_t points = 0;
  /// Argument or result by (is a result, kind, name).
  std::map<std::tuple<bool, BK, StringRef>, unsigned> places;
  bool ok = true;
};
} // namespace

static std::string describe(bool result, unsigned index) {
  return (result ? "result " : "argument ") + std::to_string(index);
}

//===- Bindings ----------------------------------------------------------===//

void TaskVerifier::checkPlace(bool result, unsigned index, Type type,
                              ArrayRef<NamedAttribute> attrs) {
  SmallVector<NamedAttribute> found;
  for (NamedAttribute attr : attrs)
    if (isBindingName(attr.getName()))
      found.push_back(attr);
  auto error = [&]() -> InFlightDiagnostic {
    return std::move(fail(func) << describe(result, index) << " of task '"
                                << func.getName() << "' ");
  };
  if (!isa<RankedTensorType>(type)) {
    error() << "has type " << type << "; expected a ranked tensor";
    return;
  }
  if (found.size() != 1) {
    error() << "has " << found.size()
            << " bindings; expected one attribute that says what it is bound "
               "to";
    return;
  }
  std::optional<Binding> binding =
      result ? getResultBinding(func, index) : getArgBinding(func, index);
  StringRef name = found[0].getName();
  if (!binding || getBindingAttr(func.getContext(), *binding) != found[0]) {
    error() << "has '" << name << " = " << found[0].getValue()
            << "'; expected a symbol for states, gradients, transfers and "
               "accumulators of parameters, a string for the others";
    return;
  }
  SmallVector<BK> kinds =
      result ? getResultKinds(task.kind) : getArgKinds(task.kind);
  if (!llvm::is_contained(kinds, binding->kind)) {
    auto names =
        llvm::map_range(kinds, [](BK kind) { return getAttrName(kind).str(); });
    error() << "is bound by '" << name << "'; expected "
            << llvm::join(names, ", ");
    return;
  }
  checkTwice(*binding, result, index);
}

/// A state may be read by several arguments; nothing else stands twice.
void TaskVerifier::checkTwice(Binding binding, bool result, unsigned index) {
  auto [it, fresh] =
      places.insert({{result, binding.kind, binding.name}, index});
  if (!fresh && (result || binding.kind != BK::State))
    fail(func) << describe(result, index) << " of task '" << func.getName()
               << "' has '" << spell(func.getContext(), binding) << "', as has "
               << describe(result, it->second) << "; expected it once";
}

//===- Body --------------------------------------------------------------===//

void TaskVerifier::checkType(Operation *op, Type type) {
  if (task.kind != K::WGT && variesByMicrobatch(type))
    fail(op) << "type " << type << " in task '" << func.getName()
             << "' mentions axis 'micro'; expected the type of one "
                "micro-batch, or of a sum that has ended";
}

void TaskVerifier::checkOp(Operation *op) {
  if (isa<ReadOp, WriteOp, func::CallOp>(op)) {
    fail(op) << "'" << op->getName() << "' in task '" << func.getName()
             << "'; values come from arguments and leave by results only";
  } else if (auto point = dyn_cast<PointOp>(op)) {
    if (int64_t(point.getIndex()) != points)
      fail(op) << "found point " << point.getIndex() << " in task '"
               << func.getName() << "', expected " << points
               << "; points count up from 0";
    points = int64_t(point.getIndex()) + 1;
  }
  for (Type type : op->getResultTypes())
    checkType(op, type);
}

//===- Accumulators ------------------------------------------------------===//

/// Follows the sum from the result back to the argument.
void TaskVerifier::checkSum(StringRef name, BlockArgument arg, Value result) {
  Value value = result;
  while (value != arg) {
    auto add = value.getDefiningOp<AccumulateOp>();
    if (!add) {
      fail(func) << "accumulator '" << name << "' of task '" << func.getName()
                 << "' returns no sum that starts with its argument; expected "
                    "'mpt.accumulate'";
      return;
    }
    value = add.getAcc();
    if (!value.hasOneUse()) {
      fail(add) << "accumulator '" << name << "' of task '" << func.getName()
                << "' has " << llvm::range_size(value.getUses())
                << " uses between two sums; expected one";
      return;
    }
  }
  if (result == arg)
    fail(func) << "task '" << func.getName()
               << "' adds nothing to accumulator '" << name << "'";
}

/// F and B read an accumulator once and write it once.
void TaskVerifier::checkAccumulators() {
  Operation *end = func.front().getTerminator();
  auto miss = [&](StringRef name, const char *has, const char *lacks) {
    fail(func) << "accumulator '" << name << "' is " << has << " of task '"
               << func.getName() << "' but no " << lacks
               << "; expected it to be read once and written once";
  };
  for (const auto &[key, index] : places) {
    auto [result, kind, name] = key;
    if (kind != BK::Acc || !algebra::isMicro(task.kind))
      continue;
    auto other = places.find({!result, BK::Acc, name});
    if (result) {
      if (other == places.end())
        miss(name, "a result", "argument");
      continue;
    }
    if (other == places.end()) {
      miss(name, "an argument", "result");
      continue;
    }
    BlockArgument arg = func.getArgument(index);
    Value sum = end->getOperand(other->second);
    if (arg.getType() != sum.getType())
      fail(func) << "accumulator '" << name << "' of task '" << func.getName()
                 << "' is read as " << arg.getType() << " and written as "
                 << sum.getType() << "; expected one type";
    else
      checkSum(name, arg, sum);
  }
}

LogicalResult TaskVerifier::run() {
  FunctionType type = func.getFunctionType();
  for (auto [i, input] : llvm::enumerate(type.getInputs())) {
    checkPlace(false, i, input, function_interface_impl::getArgAttrs(func, i));
    checkType(func, input);
  }
  for (auto [i, output] : llvm::enumerate(type.getResults())) {
    checkPlace(true, i, output,
               function_interface_impl::getResultAttrs(func, i));
    if (task.kind == K::WGT && variesByMicrobatch(output))
      fail(func) << "result " << i << " of task '" << func.getName()
                 << "' has type " << output
                 << ", which varies by micro-batch; expected a value of the "
                    "whole step";
  }
  for (Operation &op : func.front())
    checkOp(&op);
  if (ok)
    checkAccumulators();
  return success(ok);
}

LogicalResult mlir::mpt::verifyTask(func::FuncOp func, int64_t stages) {
  static const K kinds[] = {K::F, K::B, K::WGT, K::RS, K::NORM, K::OPT};
  std::optional<Task> task = getTask(func);
  if (!task || !llvm::is_contained(kinds, task->kind) ||
      getTaskName(task->stage, task->kind) != func.getName())
    return func.emitError()
           << "function '" << func.getName()
           << "' is no task; expected the name s<stage>_<TASK> with one of F, "
              "B, WGT, RS, NORM, OPT";
  if (task->stage >= stages)
    return func.emitError()
           << "task '" << func.getName() << "' names stage " << task->stage
           << "; the header has " << stages << " stages, counted from 0";
  if (!llvm::hasSingleElement(func.getBody()))
    return func.emitError()
           << "task '" << func.getName() << "' has "
           << func.getBody().getBlocks().size() << " blocks; expected one";
  return TaskVerifier(*task).run();
}
