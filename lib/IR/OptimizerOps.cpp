// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"

using namespace mlir;
using namespace mlir::mpt;

/// Number of optimizer states of a kind, or nullopt for an unknown kind.
static std::optional<unsigned> numStates(StringRef kind) {
  return llvm::StringSwitch<std::optional<unsigned>>(kind)
      .Case("sgd", 0)
      .Case("momentum", 1)
      .Cases({"adam", "adamw"}, 2)
      .Default(std::nullopt);
}

LogicalResult OptUpdateOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> loc, ValueRange operands,
    DictionaryAttr attrs, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attrs, properties, regions);
  RankedTensorType param = withoutEncoding(op.getParam().getType());
  if (withoutEncoding(op.getGrad().getType()) != param)
    return emitOptionalError(loc, "parameter has type ", param,
                             ", its gradient ", op.getGrad().getType());
  types.push_back(param);
  for (Value state : op.getStates())
    types.push_back(withoutEncoding(state.getType()));
  return success();
}

LogicalResult OptUpdateOp::verify() {
  std::optional<unsigned> states = numStates(getKind());
  if (!states)
    return emitOpError() << "unknown kind '" << getKind()
                         << "'; expected sgd, momentum, adam or adamw";
  if (getStates().size() != *states)
    return emitOpError() << "'" << getKind() << "' has " << *states
                         << " states, found " << getStates().size();
  return success();
}

IterationSpace OptUpdateOp::getIterationSpace() {
  IterationSpace space = elementwiseSpace(*this);
  unsigned n = space.kinds.size();
  // clip, lr, count and ok are scalars.
  for (size_t i = getNumOperands() - 4; i < getNumOperands(); ++i)
    space.operands[i] = AffineMap::get(n, 0, getContext());
  return space;
}
