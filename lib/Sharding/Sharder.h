// SPDX-License-Identifier: Apache-2.0
//===- Sharder.h - shardings for the values of one program ------*- C++ -*-===//
//
// Phase 4 for one function. Ops are visited in order; each in four steps:
//
//   1. which partial sums pass through it        PlaceReductions.cpp
//   2. one axis list per factor of its rule      ChooseFactors.cpp
//   3. operands in the forms that follow         PlaceReductions.cpp,
//                                                CloneValues.cpp
//   4. results as the rule says                  ShardProgram.cpp
//
// Step 2 takes the lists of the operands; where they disagree, the ones that
// move the fewest bytes. Step 3 inserts `mpt.reshard`, one per value and form.
// A partial sum is reduced right where it arises; sums over micro-batches and
// data ranks (gradients, the loss) pass through any linear op, and a pass of
// its own (SinkReductions.cpp) moves the others to where they are cheapest. Ops
// that are free to clone, and those that follow from constants alone (masks),
// have no sharding of their own: each need makes a clone. Wishes flow backward
// from updates: the form that a gradient ends in.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_SHARDING_SHARDER_H
#define MPT_LIB_SHARDING_SHARDER_H

#include "mpt/Analysis/Sharding/Factors.h"
#include "mpt/Analysis/Sharding/Program.h"

namespace mlir::mpt {

/// When a value exists: before the step's loop over micro-batches, inside of
/// it, or after it (values that end the axis `micro`).
enum class Moment : uint8_t { Before, Inside, After };

/// How an op runs.
struct FactorChoice {
  SmallVector<AxisList> factors;
  AxisList passed;
  SmallVector<unsigned> group;
};

struct FactorCandidates;

class Sharder {
public:
  Sharder(func::FuncOp func, MeshOp mesh);
  LogicalResult run();

private:
  // ShardProgram.cpp
  void collectFree();
  void collectWishes();
  void visitArguments();
  void visit(Operation *op);
  void visitCompute(ComputeOpInterface op);
  void visitReturn(func::ReturnOp op);
  Moment momentOf(Operation *op);
  void setMoments(Operation *op);
  ShardingAttr replicated(Value v);

  // ChooseFactors.cpp
  /// The form in which the op meets its operand; null if it can be any.
  ShardingAttr formOf(Value v);
  ShardingAttr naturalForm(Value v);
  std::optional<FactorChoice> chooseFactors(ComputeOpInterface op,
                                            const PassedPartials &passed);
  std::optional<FactorChoice> chooseBest(ComputeOpInterface op,
                                         const ShardingRule &rule,
                                         ArrayRef<ShardingAttr> forms,
                                         const PassedPartials &passed,
                                         const FactorCandidates &offered);
  double costOf(ComputeOpInterface op, const ShardingRule &rule,
                ArrayRef<ShardingAttr> forms, const FactorChoice &choice);

  // PlaceReductions.cpp
  PassedPartials choosePassed(ComputeOpInterface op);
  int64_t stageOf(Operation *op);
  /// The value in this form, for `user`; inserts reshards and clones.
  Value get(Value v, ShardingAttr form, Operation *user);
  Value reshard(Value v, ShardingAttr form, Operation *user);

  // CloneValues.cpp
  /// Whether the value has no sharding of its own; its clones have.
  bool isFree(Value v);
  Value cloneFree(Value v, ShardingAttr form);
  Value cutBatch(Value v, ShardingAttr form, Operation *user);
  void cannotCutBatch(Operation *op, Twine why);

  void mixesBatch(Operation *op, Twine how);

  func::FuncOp func;
  MeshOp mesh;
  SymbolTable symbols;
  ProgramRoles roles;
  bool ok = true;
  DenseSet<Operation *> freeOps;
  DenseMap<Operation *, int64_t> stages;
  DenseMap<Value, Moment> moments;
  DenseMap<Value, ShardingAttr> wishes;
  DenseMap<Value, ShardingAttr> gradients; ///< form the update wants
  DenseMap<Value, Value> reduced;          ///< partial value -> its sum
  DenseMap<std::pair<Value, std::pair<Attribute, int64_t>>, Value> versions;
};

} // namespace mlir::mpt
#endif
