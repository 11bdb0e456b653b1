// SPDX-License-Identifier: Apache-2.0
//===- Lowerings.h - from tensor ops to kernels -----------------*- C++ -*-===//
//
// One lowering per op, listed by family (`Lower<Family>.cpp`, the stems of
// lib/IR). A lowering makes one or several launches before the op and replaces
// its results; the pass erases the op.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LOWERING_LOWERINGS_H
#define MPT_LOWERING_LOWERINGS_H

#include "Kernel.h"
#include "mpt/Analysis/Contraction/Gemm.h"

namespace mlir::mpt {

/// One element of an elementwise op's result from those of its operands.
using ScalarFn = std::function<Value(Scalars &, ValueRange)>;

class LoweringMap {
public:
  using Lowering = std::function<LogicalResult(Operation *, KernelTable &)>;
  using ScalarOf = std::function<ScalarFn(Operation *)>;

  template <typename Op>
  void add(std::function<LogicalResult(Op, KernelTable &)> lower) {
    map[Op::getOperationName()] = [lower](Operation *op, KernelTable &table) {
      return lower(cast<Op>(op), table);
    };
  }
  /// Null if the op has none.
  const Lowering *find(Operation *op) const {
    auto it = map.find(op->getName().getStringRef());
    return it == map.end() ? nullptr : &it->second;
  }

  /// The op is elementwise: it may be fused.
  template <typename Op> void addScalar(std::function<ScalarFn(Op)> make) {
    scalars[Op::getOperationName()] = [make](Operation *op) {
      return make(cast<Op>(op));
    };
  }
  bool isScalar(Operation *op) const {
    return scalars.contains(op->getName().getStringRef());
  }
  /// Of an op that is elementwise.
  ScalarFn getScalar(Operation *op) const {
    return scalars.at(op->getName().getStringRef())(op);
  }

private:
  llvm::StringMap<Lowering> map;
  llvm::StringMap<ScalarOf> scalars;
};

/// On an op that its only reader, right after it, computes as it goes.
inline constexpr llvm::StringLiteral kFusedAttr = "mpt.fused";
inline bool isFused(Operation *op) { return op->hasAttr(kFusedAttr); }
/// Clones what readers can compute as they go before each of them
/// (FusePointwise.cpp).
void fusePointwise(func::FuncOp task, const LoweringMap &lowerings);
/// The kernel of an elementwise op, or of a movement of elements, and what is
/// fused into it.
LogicalResult lowerPointwise(Operation *op, KernelTable &table,
                             const LoweringMap &lowerings);

void addElementwiseLowerings(LoweringMap &map);
void addContractionLowerings(LoweringMap &map);
void addReductionLowerings(LoweringMap &map);
void addShapeLowerings(LoweringMap &map);
void addIndexingLowerings(LoweringMap &map);
void addNeuralLowerings(LoweringMap &map);
void addLossLowerings(LoweringMap &map);
void addOptimizerLowerings(LoweringMap &map);
void addRankLowerings(LoweringMap &map);

ContractionShape getContractionShape(DotGeneralOp op);
/// Makes the op a matrix product: transposes operands that are none.
void fitContraction(DotGeneralOp op);
/// Moves the accumulate of the product, if it is the only use, next to it.
void joinAccumulate(DotGeneralOp op);
/// Makes library calls of attention and its adjoint.
LogicalResult callAttention(func::FuncOp task);
/// Makes an exchange one of the outermost dims, by transposes around it.
void arrangeBlocks(AllToAllOp op);

/// `cross_entropy.local` -> "cross_entropy_local".
std::string stemOf(Operation *op);
/// 0, 1, ... n - 1.
SmallVector<unsigned> identityDims(size_t n);

} // namespace mlir::mpt
#endif
