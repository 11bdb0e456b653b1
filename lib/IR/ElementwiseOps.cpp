// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"

using namespace mlir;
using namespace mlir::mpt;

LogicalResult CompareOp::verify() {
  if (!llvm::is_contained({"eq", "ne", "lt", "le", "gt", "ge"}, getKind()))
    return emitOpError() << "unknown kind '" << getKind()
                         << "'; expected eq, ne, lt, le, gt or ge";
  return success();
}

LogicalResult SelectOp::verify() {
  if (!cast<RankedTensorType>(getPred().getType()).getElementType().isInteger(1))
    return emitOpError() << "predicate must have elements of type i1, found "
                         << getPred().getType();
  return success();
}

IterationSpace ConvertOp::getIterationSpace() { return elementwiseSpace(*this); }

SmallVector<SmallVector<unsigned>> ConvertOp::getLinearGroups() {
  auto from = dyn_cast<FloatType>(
      cast<RankedTensorType>(getInput().getType()).getElementType());
  auto to = dyn_cast<FloatType>(
      cast<RankedTensorType>(getResult().getType()).getElementType());
  // Rounding a partial sum is not rounding the sum.
  if (from && to && from.getWidth() <= to.getWidth())
    return {{0}};
  return {};
}
