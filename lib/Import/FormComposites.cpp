// SPDX-License-Identifier: Apache-2.0
// The pass of the recognisers (Composites.h).
#include "Composites.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mpt/IR/Config.h"
#include "mpt/Import/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_FORMCOMPOSITESPASS
#include "mpt/Import/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;

static std::optional<int64_t> idOf(Operation *op) {
  auto id = op->getAttrOfType<IntegerAttr>("id");
  return id ? std::optional<int64_t>(id.getInt()) : std::nullopt;
}

ProgramNames::ProgramNames(ModuleOp module) : module(module) {
  auto table = module->getAttrOfType<DictionaryAttr>(kNodesAttr);
  hasTable = bool(table);
  if (table)
    for (NamedAttribute entry : table)
      names[entry.getName()] = entry.getValue();
  module.walk([&](Operation *op) {
    if (auto id = idOf(op))
      nextId = std::max(nextId, *id + 1);
  });
}

void ProgramNames::copyName(Operation *op, Operation *like) {
  auto name = names.find(std::to_string(idOf(like).value_or(-1)));
  if (name == names.end())
    return;
  Attribute value = name->second;
  names[std::to_string(*idOf(op))] = value;
}

void ProgramNames::write() {
  if (!hasTable)
    return;
  SmallVector<NamedAttribute> table;
  Builder b(module.getContext());
  module.walk([&](Operation *op) {
    std::string id = std::to_string(idOf(op).value_or(-1));
    if (auto name = names.find(id); name != names.end())
      table.push_back(b.getNamedAttr(id, name->second));
  });
  module->setAttr(kNodesAttr, b.getDictionaryAttr(table));
}

/// Reads stay: they are the states that the file has.
static void eraseDead(Block &program) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(program)))
    if (!isa<ReadOp>(op) && isOpTriviallyDead(&op))
      op.erase();
}

namespace {
struct FormComposites : mpt::impl::FormCompositesPassBase<FormComposites> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    ProgramNames names(module);
    for (auto program : module.getOps<func::FuncOp>()) {
      if (program.isExternal())
        continue;
      Block &body = program.front();
      formAttention(body, names);
      formGelu(body, names);
      formNorms(body, names);
      eraseDead(body);
    }
    names.write();
  }
};
} // namespace
