// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Bindings.h"

using namespace mlir;
using namespace mlir::mpt;

static constexpr StringLiteral attrNames[] = {
    "mpt.state", "mpt.input", "mpt.inputs", "mpt.output",
    "mpt.save",  "mpt.once",  "mpt.acc",    "mpt.grad",
    "mpt.recv",  "mpt.send",  "mpt.metric"};

StringRef mlir::mpt::getAttrName(BindingKind kind) {
  return attrNames[unsigned(kind)];
}

bool mlir::mpt::isBindingName(StringRef attribute) {
  return llvm::is_contained(attrNames, attribute);
}

NamedAttribute mlir::mpt::getBindingAttr(MLIRContext *context,
                                         Binding binding) {
  bool symbol = llvm::is_contained({BindingKind::State, BindingKind::Grad,
                                    BindingKind::Recv, BindingKind::Send},
                                   binding.kind) ||
                (binding.kind == BindingKind::Acc && binding.name != "loss");
  auto name = StringAttr::get(context, binding.name);
  Attribute value = symbol ? Attribute(FlatSymbolRefAttr::get(name)) : name;
  return {getAttrName(binding.kind), value};
}

static std::optional<Binding> getBinding(ArrayRef<NamedAttribute> attrs) {
  for (NamedAttribute attr : attrs)
    for (auto [i, name] : llvm::enumerate(attrNames)) {
      if (attr.getName() != name)
        continue;
      if (auto symbol = dyn_cast<FlatSymbolRefAttr>(attr.getValue()))
        return Binding{BindingKind(i), symbol.getValue()};
      if (auto text = dyn_cast<StringAttr>(attr.getValue()))
        return Binding{BindingKind(i), text.getValue()};
    }
  return std::nullopt;
}

std::optional<Binding> mlir::mpt::getArgBinding(func::FuncOp func,
                                                unsigned index) {
  return getBinding(function_interface_impl::getArgAttrs(func, index));
}
std::optional<Binding> mlir::mpt::getResultBinding(func::FuncOp func,
                                                   unsigned index) {
  return getBinding(function_interface_impl::getResultAttrs(func, index));
}

std::optional<TaskName> mlir::mpt::readTaskName(StringRef name) {
  TaskName task{0, ""};
  if (!name.consume_front("s") || name.consumeInteger(10, task.stage) ||
      !name.consume_front("_") || name.empty())
    return std::nullopt;
  task.kind = name;
  return task;
}

int64_t mlir::mpt::bytesOf(Type type) {
  auto shaped = cast<ShapedType>(type);
  int64_t bits = shaped.getElementTypeBitWidth();
  return shaped.getNumElements() * ((bits + 7) / 8);
}
