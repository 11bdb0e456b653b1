// SPDX-License-Identifier: Apache-2.0
//===- Finish.cpp - states, numbers, names --------------------------------===//
#include "GraphImport.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;

static void eraseUnused(Program &program) {
  SmallVector<Operation *> ops;
  for (Operation &op : program.function.front().without_terminator())
    ops.push_back(&op);
  for (Operation *op : llvm::reverse(ops)) {
    bool isUnusedRead = isa<ReadOp>(op) && op->use_empty();
    for (Stored &stored : program.stored)
      if (isUnusedRead && stored.read && stored.read.getDefiningOp() == op)
        stored.read = Value();
    if (isUnusedRead || isOpTriviallyDead(op))
      op->erase();
  }
}

/// Reads stand at the entry in the order of the file.
static void sortReads(Program &program) {
  Block &block = program.function.front();
  for (Stored &stored : llvm::reverse(program.stored))
    if (stored.read)
      stored.read.getDefiningOp()->moveBefore(&block, block.begin());
}

static Attribute sourceOf(Program &program, const Stored &stored) {
  StringRef file = stored.tensor->location;
  if (file.empty())
    file = llvm::sys::path::filename(program.model.path);
  return SliceAttr::get(program.context, file, stored.tensor->offset,
                        stored.length ? stored.length : stored.tensor->length,
                        stored.fileElement, {});
}

static void addStates(Program &program, ArrayRef<Fate> fates) {
  OpBuilder builder(program.function);
  for (auto [stored, fate] : llvm::zip(program.stored, fates)) {
    if (!stored.read)
      continue;
    if (stored.name == program.function.getName() ||
        SymbolTable::lookupSymbolIn(program.module, stored.name)) {
      program.problems.error("initializer " + onnx::quote(stored.name) +
                                 " has the name of a program or of another "
                                 "state",
                             "rename it");
      continue;
    }
    SmallVector<NamedAttribute> attrs = {
        builder.getNamedAttr("sym_name", builder.getStringAttr(stored.name)),
        builder.getNamedAttr("type", TypeAttr::get(stored.type)),
        builder.getNamedAttr(
            "role",
            builder.getStringAttr(fate.isParameter ? "parameter" : "buffer")),
        builder.getNamedAttr("source", sourceOf(program, stored))};
    if (fate.isTrainable)
      attrs.push_back(builder.getNamedAttr("trainable", builder.getUnitAttr()));
    StateOp::create(builder, stored.read.getLoc(), TypeRange(), ValueRange(),
                    attrs);
  }
}

/// Numbers in program order; reads and the return have none.
static void addIds(Program &program) {
  Builder builder(program.context);
  SmallVector<NamedAttribute> nodes;
  int64_t next = 0;
  for (Operation &op : program.function.front().without_terminator()) {
    if (isa<ReadOp>(op))
      continue;
    op.setAttr("id", builder.getI64IntegerAttr(next));
    if (auto name = dyn_cast<NameLoc>(op.getLoc()))
      nodes.push_back(
          builder.getNamedAttr(std::to_string(next), name.getName()));
    ++next;
  }
  program.module->setAttr(kNodesAttr, builder.getDictionaryAttr(nodes));
}

void mlir::mpt::import::finish(Program &program) {
  eraseUnused(program);
  SmallVector<Fate> fates = decideTrainable(program);
  tieCopies(program, fates);
  sortReads(program);
  addStates(program, fates);
  addIds(program);
}
