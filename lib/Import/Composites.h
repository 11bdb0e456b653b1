// SPDX-License-Identifier: Apache-2.0
//===- Composites.h - forming composites from core ops ----------*- C++ -*-===//
//
// Each recogniser walks a program forward, replaces the last op of what it
// found by a composite, and leaves the rest to die. It belongs to phase 1: to
// differentiate, to cut and to lower a composite is to know that it is one.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_IMPORT_COMPOSITES_H
#define MPT_LIB_IMPORT_COMPOSITES_H

#include "mpt/IR/Mpt.h"

namespace mlir::mpt::import {

/// Numbers and names of ops that are added to an imported program.
class ProgramNames {
public:
  explicit ProgramNames(ModuleOp module);
  int64_t &getNextId() { return nextId; }
  /// The op stands for the same ONNX node as `like`.
  void copyName(Operation *op, Operation *like);
  /// Writes the table, without the ops that are gone.
  void write();

private:
  ModuleOp module;
  llvm::StringMap<Attribute> names; ///< by id
  bool hasTable;
  int64_t nextId = 0;
};

/// Builds before an op, in its name.
class CompositeBuilder : public ProgramBuilder {
public:
  CompositeBuilder(Operation *anchor, ProgramNames &names)
      : ProgramBuilder(anchor->getLoc(),
                       {anchor->getBlock(), anchor->getIterator()},
                       &names.getNextId()),
        anchor(anchor), names(names) {}

private:
  void annotate(Operation *op) override { names.copyName(op, anchor); }

  Operation *anchor;
  ProgramNames &names;
};

void formAttention(Block &program, ProgramNames &names);
void formGelu(Block &program, ProgramNames &names);
void formNorms(Block &program, ProgramNames &names);

} // namespace mlir::mpt::import
#endif
