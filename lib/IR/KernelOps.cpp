// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Bindings.h"

using namespace mlir;
using namespace mlir::mpt;

/// With tensors every destination gives a result of its type, with memrefs
/// there are no results.
template <typename Op> static LogicalResult verifyDestinations(Op op) {
  if (op.getResults().empty()) {
    for (Type type : op.getOuts().getTypes())
      if (isa<TensorType>(type))
        return op.emitOpError()
               << "destination of type " << type << " gives no result";
    return success();
  }
  if (op.getOuts().getTypes() != op.getResults().getTypes())
    return op.emitOpError()
           << "results must have the types of the destinations";
  return success();
}

LogicalResult LaunchOp::verify() { return verifyDestinations(*this); }

LogicalResult LibraryOp::verify() {
  struct Call {
    StringRef name;
    size_t fewest, most, outs;
  };
  static const Call calls[] = {
      {"gemm", 2, 2, 1}, {"attention", 3, 4, 2}, {"attention_grad", 6, 7, 3}};
  const Call *call =
      llvm::find_if(calls, [&](const Call &c) { return c.name == getName(); });
  if (call == std::end(calls))
    return emitOpError() << "unknown library call '" << getName()
                         << "'; expected gemm, attention or attention_grad";
  if (getInputs().size() < call->fewest || getInputs().size() > call->most ||
      getOuts().size() != call->outs)
    return emitOpError() << "found " << getInputs().size() << " operands and "
                         << getOuts().size() << " destinations; " << call->name
                         << " takes " << call->fewest
                         << (call->most > call->fewest
                                 ? " or " + std::to_string(call->most)
                                 : std::string())
                         << " and " << call->outs;
  return verifyDestinations(*this);
}

LogicalResult BufferOp::verify() {
  auto arena = cast<MemRefType>(getArena().getType());
  auto result = cast<MemRefType>(getResult().getType());
  if (!arena.getElementType().isInteger(8) || arena.getRank() != 1)
    return emitOpError() << "arena must be a memref of bytes, found " << arena;
  if (getIndex() && !getStride())
    return emitOpError() << "an indexed buffer needs a 'stride'";
  int64_t bytes = bytesOf(result);
  if (int64_t(getAt()) < 0 || int64_t(getAt()) + bytes > arena.getDimSize(0))
    return emitOpError() << "bytes [" << getAt() << ", " << getAt() + bytes
                         << ") lie outside of the arena of "
                         << arena.getDimSize(0) << " bytes";
  return success();
}

LogicalResult CopyOp::verify() {
  auto from = cast<MemRefType>(getFrom().getType());
  auto to = cast<MemRefType>(getTo().getType());
  if (from.getElementType() != to.getElementType() ||
      from.getNumElements() != to.getNumElements())
    return emitOpError() << "copies " << from << " to " << to
                         << "; expected the same elements";
  return success();
}
