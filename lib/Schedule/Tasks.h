// SPDX-License-Identifier: Apache-2.0
//===- Tasks.h - task functions and what their values are bound to --------===//
//
// A task is a function `s<stage>_<TASK>`. Every argument and result says by one
// attribute what it is bound to: `mpt.state = @wte` is Binding{State, "wte"}.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_SCHEDULE_TASKS_H
#define MPT_LIB_SCHEDULE_TASKS_H

#include "mpt/Analysis/Schedule/Schedule.h"
#include "mpt/IR/Mpt.h"

namespace mlir::mpt {

namespace algebra = ::mpt::schedule;

enum class BindingKind {
  State,  ///< a state; as a result: its new value
  Input,  ///< one micro-batch of an input
  Inputs, ///< all micro-batches of an input
  Output, ///< one micro-batch of a result (inference)
  Save,   ///< kept from F to B
  Once,   ///< computed once per step
  Acc,    ///< accumulator over micro-batches: of a parameter, or "loss"
  Grad,   ///< reduced gradient of a parameter
  Recv,   ///< received from a transfer
  Send,   ///< sent into a transfer
  Metric, ///< read by the host after a step
};

struct Binding {
  BindingKind kind;
  StringRef name;
  bool operator==(const Binding &o) const {
    return kind == o.kind && name == o.name;
  }
};

/// `mpt.state`, `mpt.input`, ...
StringRef getAttrName(BindingKind kind);
bool isBindingName(StringRef attribute);
/// `{mpt.state = @wte}`: symbols for state, grad, recv, send and parameters.
NamedAttribute getBindingAttr(MLIRContext *context, Binding binding);

std::optional<Binding> getArgBinding(func::FuncOp func, unsigned index);
std::optional<Binding> getResultBinding(func::FuncOp func, unsigned index);

/// Name of the transfer that adds the totals of all stages.
inline constexpr StringLiteral kTotals = "totals";

struct Task {
  func::FuncOp func;
  int stage;
  algebra::Kind kind;
};

/// The task that this function is; none if it is no task (a kernel).
std::optional<Task> getTask(func::FuncOp func);
/// All tasks of the module, in its order.
SmallVector<Task> getTasks(ModuleOp module);
std::string getTaskName(int stage, algebra::Kind kind);

/// The only op of this type in the module, or null.
template <typename OpT> OpT getOnly(ModuleOp module) {
  auto ops = module.getOps<OpT>();
  return ops.empty() ? OpT() : *ops.begin();
}

/// Bytes of a tensor, rounded up to the alignment of buffers.
int64_t getAlignedBytes(Type type);

} // namespace mlir::mpt
#endif
