// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"

using namespace mlir;
using namespace mlir::mpt;

LogicalResult StateOp::verify() {
  if (!llvm::is_contained(
          {"parameter", "optimizer", "buffer", "cache", "counter"}, getRole()))
    return emitOpError() << "unknown role '" << getRole()
                         << "'; expected parameter, optimizer, buffer, cache or counter";
  RankedTensorType type = getTensorType();
  if (!type.hasStaticShape())
    return emitOpError() << "must have a static shape, found " << type;
  for (std::optional<StorageAttr> form :
       {getStorage(), getCompute(), getGrad(), getState()})
    if (form && form->getSharding().getRank() != unsigned(type.getRank()))
      return emitOpError() << "a sharding has " << form->getSharding().getRank()
                           << " dims, the state has " << type.getRank();
  if (RankedTensorType::get(getOuterShape(), type.getElementType())
          .getNumElements() != type.getNumElements())
    return emitOpError() << "file_shape and " << type
                         << " differ in their number of elements";
  if (auto slice = dyn_cast_or_null<SliceAttr>(getSource().value_or(nullptr))) {
    unsigned bits = slice.getDtype().getIntOrFloatBitWidth();
    int64_t expected = type.getNumElements() * (std::max(bits, 8u) / 8);
    if (slice.getBytes() != expected)
      return emitOpError() << "source has " << slice.getBytes()
                           << " bytes, the state needs " << expected;
  }
  return success();
}

ShardingAttr StateOp::getStorageSharding() {
  if (auto storage = getStorage())
    return storage->getSharding();
  if (auto of = getOfAttr()) {
    auto parameter = SymbolTable::lookupNearestSymbolFrom<StateOp>(*this, of);
    if (parameter && parameter != *this)
      return parameter.getState() ? parameter.getState()->getSharding()
                                  : parameter.getStorageSharding();
  }
  return ShardingAttr::get(getContext(), unsigned(getTensorType().getRank()));
}

static LogicalResult verifyStateUse(Operation *op, FlatSymbolRefAttr source,
                                    Type type, SymbolTableCollection &tables) {
  auto state = tables.lookupNearestSymbolFrom<StateOp>(op, source);
  if (!state)
    return op->emitOpError() << "there is no state " << source;
  if (!sameShapesAndElements(type, state.getType()))
    return op->emitOpError() << "state " << source << " has type "
                             << state.getType() << ", found " << type;
  return success();
}
LogicalResult ReadOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyStateUse(*this, getSourceAttr(), getResult().getType(), tables);
}
LogicalResult WriteOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyStateUse(*this, getSourceAttr(), getValue().getType(), tables);
}

//===- mesh --------------------------------------------------------------===//

static ParseResult parseAxes(OpAsmParser &p, ArrayAttr &axes) {
  SmallVector<Attribute> list;
  if (p.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
        std::string name;
        int64_t size;
        if (p.parseString(&name) || p.parseEqual() || p.parseInteger(size))
          return failure();
        list.push_back(AxisRefAttr::get(p.getContext(), name, size));
        return success();
      }))
    return failure();
  axes = p.getBuilder().getArrayAttr(list);
  return success();
}
static void printAxes(OpAsmPrinter &p, ArrayAttr axes) {
  p << "[";
  llvm::interleaveComma(axes.getAsRange<AxisRefAttr>(), p.getStream(),
                        [&](AxisRefAttr a) {
                          p << '"' << a.getName() << "\"=" << a.getSize();
                        });
  p << "]";
}

ParseResult MeshOp::parse(OpAsmParser &p, OperationState &result) {
  ArrayAttr axes, time = p.getBuilder().getArrayAttr({});
  if (p.parseLess() || parseAxes(p, axes))
    return failure();
  if (succeeded(p.parseOptionalComma()))
    if (p.parseKeyword("time") || parseAxes(p, time))
      return failure();
  result.addAttribute("axes", axes);
  result.addAttribute("time", time);
  return failure(p.parseGreater() ||
                 p.parseOptionalAttrDict(result.attributes));
}
void MeshOp::print(OpAsmPrinter &p) {
  p << " <";
  printAxes(p, getAxes());
  if (!getTime().empty()) {
    p << ", time ";
    printAxes(p, getTime());
  }
  p << ">";
  p.printOptionalAttrDict((*this)->getAttrs(), {"axes", "time"});
}
LogicalResult MeshOp::verify() {
  SmallVector<StringRef> seen;
  for (ArrayAttr list : {getAxes(), getTime()})
    for (Attribute attr : list) {
      auto axis = dyn_cast<AxisRefAttr>(attr);
      if (!axis || !axis.isWhole())
        return emitOpError() << "axes must be whole axes, found " << attr;
      if (llvm::is_contained(seen, axis.getName()))
        return emitOpError() << "axis '" << axis.getName() << "' stands twice";
      seen.push_back(axis.getName());
    }
  return success();
}
AxisRefAttr MeshOp::getAxis(StringRef name) {
  for (ArrayAttr list : {getAxes(), getTime()})
    for (auto axis : list.getAsRange<AxisRefAttr>())
      if (axis.getName() == name)
        return axis;
  return {};
}
int64_t MeshOp::getSize(StringRef name) {
  AxisRefAttr axis = getAxis(name);
  return axis ? axis.getSize() : 1;
}
int64_t MeshOp::getNumRanks() {
  int64_t n = 1;
  for (auto axis : getAxes().getAsRange<AxisRefAttr>())
    n *= axis.getSize();
  return n;
}
bool MeshOp::isTime(StringRef name) {
  return llvm::any_of(getTime().getAsRange<AxisRefAttr>(), [&](AxisRefAttr a) {
    return a.getName() == name;
  });
}

LogicalResult ScheduleHeaderOp::verify() {
  if (getPlace().size() != getStages())
    return emitOpError() << "'place' has " << getPlace().size()
                         << " entries for " << getStages() << " stages";
  return success();
}

LogicalResult TransferOp::verify() {
  if (getMode() == "move") {
    if (!getFrom() || !getTo())
      return emitOpError() << "a move needs 'from' and 'to'";
    if (getInput() != getOutput())
      return emitOpError() << "a move may not change the type; only a sum ends "
                              "partial axes on its way";
    return success();
  }
  if (getMode() != "sum")
    return emitOpError() << "unknown mode '" << getMode()
                         << "'; expected move or sum";
  if (!getAmong())
    return emitOpError() << "a sum needs 'among'";
  return success();
}
