// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Bindings.h"

using namespace mlir;
using namespace mlir::mpt;

static LogicalResult checkBytes(Operation *op, int64_t found,
                                int64_t expected) {
  if (found == expected)
    return success();
  return op->emitOpError() << "'bytes' is " << found << ", its payload has "
                           << expected;
}
static LogicalResult checkKind(Operation *op, StringRef kind) {
  if (llvm::is_contained({"sum", "max", "min"}, kind))
    return success();
  return op->emitOpError() << "unknown kind '" << kind
                           << "'; expected sum, max or min";
}

LogicalResult ReshardOp::verify() {
  if (!sameShapesAndElements(getInput().getType(), getResult().getType()))
    return emitOpError() << "changes the tensor from " << getInput().getType()
                         << " to " << getResult().getType()
                         << "; only the sharding may change";
  return success();
}

LogicalResult AllReduceOp::verify() {
  if (failed(checkKind(*this, getKind())))
    return failure();
  if (!getOutputs().empty() &&
      getInputs().getTypes() != getOutputs().getTypes())
    return emitOpError() << "results must have the types of the operands";
  int64_t bytes = 0;
  for (Type type : getInputs().getTypes())
    bytes += bytesOf(type);
  return checkBytes(*this, getBytes(), bytes);
}
LogicalResult AllGatherOp::verify() {
  Type big = getResult() ? getResult().getType() : getOut().getType();
  return checkBytes(*this, getBytes(), bytesOf(big));
}
LogicalResult ReduceScatterOp::verify() {
  if (failed(checkKind(*this, getKind())))
    return failure();
  return checkBytes(*this, getBytes(), bytesOf(getInput().getType()));
}
LogicalResult AllToAllOp::verify() {
  return checkBytes(*this, getBytes(), bytesOf(getInput().getType()));
}

static LogicalResult verifyRankScalar(Operation *op, int64_t size) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (type.getRank() != 0 || !type.getElementType().isInteger(64))
    return op->emitOpError()
           << "result must be a scalar of type i64, found " << type;
  if (size < 1)
    return op->emitOpError() << "size must be positive, found " << size;
  return success();
}
LogicalResult ShardOffsetOp::verify() {
  return verifyRankScalar(*this, getSize());
}
LogicalResult ShardExtentOp::verify() {
  return verifyRankScalar(*this, getSize());
}

LogicalResult ShardSliceOp::verify() {
  auto from = cast<RankedTensorType>(getInput().getType());
  if (int64_t(getDim()) < 0 || int64_t(getDim()) >= from.getRank() ||
      from.getDimSize(getDim()) != int64_t(getSize()))
    return emitOpError() << "size " << getSize() << " is not that of dim "
                         << getDim() << " of " << from;
  return success();
}
LogicalResult MaskPadOp::verify() {
  if (!sameShapesAndElements(getInput().getType(), getResult().getType()))
    return emitOpError() << "result must have the type of the operand";
  auto type = cast<RankedTensorType>(getInput().getType());
  if (int64_t(getDim()) < 0 || int64_t(getDim()) >= type.getRank())
    return emitOpError() << "dim " << getDim() << " is out of range for "
                         << type;
  auto value = dyn_cast<TypedAttr>(getValue());
  if (!value || value.getType() != type.getElementType())
    return emitOpError() << "value must be a scalar of type "
                         << type.getElementType() << ", found " << getValue();
  return success();
}
