// SPDX-License-Identifier: Apache-2.0
#include "mpt/Driver/Explain.h"
#include "mpt/IR/Bindings.h"
#include "llvm/Support/FormatVariadic.h"
#include <map>

using namespace mlir;
using namespace mlir::mpt;

void mpt::listParameters(ModuleOp module, raw_ostream &os) {
  int64_t elements = 0;
  for (auto state : module.getOps<StateOp>()) {
    std::string type;
    llvm::raw_string_ostream(type) << RankedTensorType::get(
        state.getOuterShape(), state.getTensorType().getElementType());
    os << llvm::formatv("{0,-40} {1,-28} {2}{3}\n", state.getSymName(), type,
                        state.getRole(),
                        state.getTrainable() ? ", trained" : "");
    if (state.getTrainable())
      elements += state.getTensorType().getNumElements();
  }
  os << elements << " elements are trained\n";
}

/// Bytes of the states that the tasks of each stage are bound to.
static std::map<int, int64_t> stateBytes(ModuleOp module) {
  std::map<int, std::map<StringRef, int64_t>> stages;
  for (auto task : module.getOps<func::FuncOp>()) {
    int stage = 0;
    StringRef name = task.getName();
    if (!name.consume_front("s") || name.consumeInteger(10, stage))
      continue;
    for (unsigned i = 0; i < task.getNumArguments(); ++i)
      if (auto state = task.getArgAttrOfType<FlatSymbolRefAttr>(i, "mpt.state"))
        if (auto op = module.lookupSymbol<StateOp>(state.getValue());
            op && op.getRole() == "parameter")
          stages[stage][state.getValue()] =
              bytesOf(task.getArgument(i).getType());
  }
  std::map<int, int64_t> total;
  for (auto &[stage, states] : stages)
    for (auto &[name, bytes] : states)
      total[stage] += bytes;
  return total;
}

static void explainTask(func::FuncOp task, raw_ostream &os) {
  // Equal collectives are counted together.
  std::map<std::string, int> counts;
  task.walk([&](Operation *op) {
    auto over = op->getAttrOfType<ArrayAttr>("over");
    auto bytes = op->getAttrOfType<IntegerAttr>("bytes");
    if (!over || !bytes)
      return;
    std::string axes = llvm::join(over.getAsValueRange<StringAttr>(), ",");
    auto kind = op->getAttrOfType<StringAttr>("kind");
    counts[llvm::formatv(
               "{0}{1} over {2}, {3} bytes", op->getName().stripDialect(),
               kind ? " " + kind.getValue().str() : "", axes, bytes.getInt())
               .str()]++;
  });
  for (auto &[text, count] : counts)
    os << llvm::formatv("  {0,-10} {1} x {2}\n", task.getName(), count, text);
}

void mpt::explainPlan(ModuleOp module, raw_ostream &os) {
  os << "parameters of one rank\n";
  for (auto [stage, bytes] : stateBytes(module))
    os << llvm::formatv("  stage {0}    {1} bytes\n", stage, bytes);
  os << "collectives of one run of each task\n";
  for (auto task : module.getOps<func::FuncOp>())
    explainTask(task, os);
  os << "transfers between stages\n";
  for (auto transfer : module.getOps<TransferOp>())
    os << llvm::formatv("  {0,-16} {1} {2}, {3} bytes\n", transfer.getSymName(),
                        transfer.getMode(), transfer.getTask(),
                        transfer.getBytes().value_or(0));
  os << "memory bound of one rank\n";
  module.walk([&](ActionsOp actions) {
    os << llvm::formatv("  pipeline coordinate {0}    {1} bytes\n",
                        actions.getPp(), actions.getPeak());
  });
}
