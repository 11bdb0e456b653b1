// SPDX-License-Identifier: Apache-2.0
// `--shard='REGEX=[{}, {tp}]'`: storage of the parameters whose name matches,
// split at the first `=[`. Axes of the mesh of size 1 may be named and say
// nothing. Refused: no match, wrong number of dims, axes that are unknown, that
// stand twice or that cut no parameter (pp, micro), an axis larger than its
// dim.
#include "Planner.h"
#include "llvm/Support/Regex.h"

using namespace mlir;
using namespace mlir::mpt;

/// The axis of that name; null if the mesh has it with size 1.
static FailureOr<AxisRefAttr>
resolveAxis(StringRef name, MeshOp mesh,
            function_ref<InFlightDiagnostic()> error) {
  if (name == "pp" || mesh.isTime(name))
    return error() << "axis '" << name << "' cuts no parameter";
  if (!llvm::is_contained({"dp", "cp", "tp", "ep"}, name))
    return error() << "unknown axis '" << name
                   << "'; expected dp, cp, tp or ep";
  return mesh.getAxis(name); // null if of size 1
}

FailureOr<ShardingAttr>
mpt::parseSharding(StringRef text, MeshOp mesh,
                   function_ref<InFlightDiagnostic()> error) {
  MLIRContext *ctx = mesh.getContext();
  StringRef rest = text.trim();
  auto malformed = [&] {
    return error() << "expected a list of dims like [{}, {tp}], found '" << text
                   << "'";
  };
  if (!rest.consume_front("[") || !rest.consume_back("]"))
    return malformed();
  SmallVector<DimShardingAttr> dims;
  SmallVector<StringRef> seen;
  for (rest = rest.trim(); !rest.empty(); rest = rest.ltrim()) {
    if (!dims.empty() && !rest.consume_front(","))
      return malformed();
    rest = rest.ltrim();
    size_t end = rest.find('}');
    if (!rest.consume_front("{") || end == StringRef::npos)
      return malformed();
    SmallVector<AxisRefAttr> axes;
    SmallVector<StringRef> names;
    rest.take_front(end - 1).split(names, ',', -1, false);
    rest = rest.drop_front(end);
    for (StringRef name : names) {
      name = name.trim().trim('"');
      if (llvm::is_contained(seen, name))
        return error() << "axis '" << name << "' is used twice";
      seen.push_back(name);
      auto axis = resolveAxis(name, mesh, error);
      if (failed(axis))
        return failure();
      if (*axis)
        axes.push_back(*axis);
    }
    dims.push_back(DimShardingAttr::get(ctx, axes, false));
  }
  return ShardingAttr::get(ctx, dims, ArrayRef<PartialAttr>());
}

static LogicalResult applyOne(ModuleOp module, MeshOp mesh, StringRef option) {
  auto error = [&] {
    return module.emitError() << "--shard='" << option << "': ";
  };
  size_t split = option.find("=[");
  if (split == StringRef::npos)
    return error() << "expected REGEX=[{}, {tp}]";
  llvm::Regex regex(option.take_front(split));
  std::string why;
  if (!regex.isValid(why))
    return error() << "no regular expression: " << why;
  auto sharding = parseSharding(option.drop_front(split + 1), mesh, error);
  if (failed(sharding))
    return failure();
  bool matched = false;
  for (auto state : module.getOps<StateOp>()) {
    if (state.getRole() != "parameter" || !regex.match(state.getSymName()))
      continue;
    matched = true;
    RankedTensorType type = state.getTensorType();
    if (sharding->getRank() != unsigned(type.getRank()))
      return error() << "has " << sharding->getRank() << " dims, parameter '"
                     << state.getSymName() << "' has " << type.getRank();
    for (auto [d, dim] : llvm::enumerate(sharding->getDims()))
      if (dim.getNumShards() > type.getDimSize(d))
        return error() << "cuts dim " << d << " of parameter '"
                       << state.getSymName() << "', of size "
                       << type.getDimSize(d) << ", into " << dim.getNumShards();
    state.setStorageAttr(StorageAttr::get(module.getContext(),
                                          type.getElementType(), *sharding));
  }
  if (!matched)
    return error() << "no parameter matches; --list-params lists their names";
  return success();
}

LogicalResult mpt::applyShardOptions(ModuleOp module, MeshOp mesh,
                                     const Config &config) {
  LogicalResult result = success();
  for (StringRef option : config.getStrings("shard"))
    if (failed(applyOne(module, mesh, option)))
      result = failure();
  return result;
}
