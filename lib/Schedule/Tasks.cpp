// SPDX-License-Identifier: Apache-2.0
#include "Tasks.h"

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
  return getBinding(mlir::function_interface_impl::getArgAttrs(func, index));
}
std::optional<Binding> mlir::mpt::getResultBinding(func::FuncOp func,
                                                   unsigned index) {
  return getBinding(mlir::function_interface_impl::getResultAttrs(func, index));
}

std::optional<Task> mlir::mpt::getTask(func::FuncOp func) {
  StringRef name = func.getName();
  int stage;
  if (!name.consume_front("s") || name.consumeInteger(10, stage) ||
      !name.consume_front("_"))
    return std::nullopt;
  std::optional<algebra::Kind> kind = algebra::kindNamed(name.str());
  if (!kind || !(algebra::isMicro(*kind) || algebra::isStep(*kind)))
    return std::nullopt;
  return Task{func, stage, *kind};
}

SmallVector<Task> mlir::mpt::getTasks(ModuleOp module) {
  SmallVector<Task> tasks;
  for (auto func : module.getOps<func::FuncOp>())
    if (std::optional<Task> task = getTask(func))
      tasks.push_back(*task);
  return tasks;
}

std::string mlir::mpt::getTaskName(int stage, algebra::Kind kind) {
  return "s" + std::to_string(stage) + "_" +
         std::string(algebra::kindName(kind));
}

int64_t mlir::mpt::getAlignedBytes(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  int64_t bits = tensor.getElementTypeBitWidth();
  int64_t bytes = tensor.getNumElements() * ((bits + 7) / 8);
  return (bytes + 63) / 64 * 64;
}
