// SPDX-License-Identifier: Apache-2.0
#include "mpt/Driver/Explain.h"
#include "mpt/IR/Config.h"
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

/// Bytes that the forward tasks of each stage keep for one micro-batch.
static std::map<int, int64_t> savedBytes(ModuleOp module) {
  std::map<int, int64_t> stages;
  for (auto task : module.getOps<func::FuncOp>()) {
    int stage = 0;
    StringRef name = task.getName();
    if (!name.consume_front("s") || name.consumeInteger(10, stage) ||
        name != "_F")
      continue;
    for (unsigned i = 0; i < task.getNumResults(); ++i)
      if (task.getResultAttr(i, "mpt.save"))
        stages[stage] += bytesOf(task.getResultTypes()[i]);
  }
  return stages;
}

/// What one rank receives, of `bytes` that the op says.
static int64_t wireBytes(Operation *op, int64_t bytes, int64_t ranks) {
  if (isa<AllReduceOp>(op))
    return 2 * (ranks - 1) * bytes / ranks;
  return (ranks - 1) * bytes / ranks;
}

static void explainParameters(ModuleOp module, raw_ostream &os) {
  bool first = true;
  for (auto state : module.getOps<StateOp>()) {
    auto why = state->getAttrOfType<StringAttr>(kWhyAttr);
    if (!why)
      continue;
    if (std::exchange(first, false))
      os << "parameters over tp\n";
    os << llvm::formatv("  {0,-40} ", state.getSymName());
    os << state.getStorageSharding() << ' ' << why.getValue() << '\n';
  }
}

static void explainTask(func::FuncOp task, MeshOp mesh, raw_ostream &os) {
  // Equal collectives are counted together.
  std::map<std::string, int> counts;
  task.walk([&](Operation *op) {
    auto over = op->getAttrOfType<ArrayAttr>("over");
    auto bytes = op->getAttrOfType<IntegerAttr>("bytes");
    if (!over || !bytes)
      return;
    std::string axes = llvm::join(over.getAsValueRange<StringAttr>(), ",");
    auto kind = op->getAttrOfType<StringAttr>("kind");
    int64_t ranks = 1;
    for (StringRef axis : over.getAsValueRange<StringAttr>())
      ranks *= mesh.getSize(axis);
    counts[llvm::formatv("{0}{1} over {2}, {3} bytes, {4} received",
                         op->getName().stripDialect(),
                         kind ? " " + kind.getValue().str() : "", axes,
                         bytes.getInt(), wireBytes(op, bytes.getInt(), ranks))
               .str()]++;
  });
  for (auto &[text, count] : counts)
    os << llvm::formatv("  {0,-10} {1} x {2}\n", task.getName(), count, text);
}

void mpt::explainPlan(ModuleOp module, raw_ostream &os) {
  explainParameters(module, os);
  os << "parameters of one rank\n";
  for (auto [stage, bytes] : stateBytes(module))
    os << llvm::formatv("  stage {0}    {1} bytes\n", stage, bytes);
  os << "activations that one rank keeps per micro-batch\n";
  for (auto [stage, bytes] : savedBytes(module))
    os << llvm::formatv("  stage {0}    {1} bytes\n", stage, bytes);
  os << "collectives of one run of each task\n";
  MeshOp mesh = *module.getOps<MeshOp>().begin();
  for (auto task : module.getOps<func::FuncOp>())
    explainTask(task, mesh, os);
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
