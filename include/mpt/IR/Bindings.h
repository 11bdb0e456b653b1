// SPDX-License-Identifier: Apache-2.0
//===- Bindings.h - what the values of a task are bound to ------*- C++ -*-===//
//
// A task is a function `s<stage>_<TASK>`. Every argument and result says by one
// attribute what it is bound to: `mpt.state = @wte` is Binding{State, "wte"}.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_IR_BINDINGS_H
#define MPT_IR_BINDINGS_H

#include "mpt/IR/Mpt.h"

namespace mlir::mpt {

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

/// Stage and kind of a task, from its name `s<stage>_<kind>`.
struct TaskName {
  int64_t stage;
  StringRef kind;
};
/// None if the name is no task's (a kernel's).
std::optional<TaskName> readTaskName(StringRef name);

/// Bytes of a tensor or memref in memory; i1 takes a byte.
int64_t bytesOf(Type type);

} // namespace mlir::mpt
#endif
