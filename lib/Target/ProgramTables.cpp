// SPDX-License-Identifier: Apache-2.0
#include "ProgramTables.h"
#include "mpt/Target/Target.h"

using namespace mlir;
using namespace mlir::mpt;

int64_t ProgramTables::getAxisIndex(StringRef name) const {
  for (auto [index, axis] : llvm::enumerate(axes))
    if (axis.getName() == name)
      return index;
  return -1;
}

int64_t ProgramTables::getCoordinate(int64_t stage) const {
  ArrayRef<int64_t> place = const_cast<ScheduleOp &>(schedule).getPlace();
  return stage < int64_t(place.size()) ? place[stage] : 0;
}

int64_t ProgramTables::countCoordinates() const {
  return const_cast<MeshOp &>(mesh).getSize("pp");
}

int64_t ProgramTables::getGroup(ArrayAttr over, ArrayRef<int64_t> stages) {
  GroupKey key;
  for (AxisRefAttr axis : axes)
    for (auto name : over.getAsRange<StringAttr>())
      if (name.getValue() == axis.getName())
        key.first.push_back(axis.getName().str());
  bool pipeline = llvm::is_contained(key.first, "pp");
  if (pipeline && !stages.empty()) {
    for (int64_t stage : stages)
      key.second.push_back(getCoordinate(stage));
    llvm::sort(key.second);
    key.second.erase(std::unique(key.second.begin(), key.second.end()),
                     key.second.end());
    // One coordinate: nothing crosses the pipeline. All: no need to say it.
    if (key.second.size() == 1)
      key.first.erase(llvm::find(key.first, "pp"));
    if (key.second.size() == 1 ||
        int64_t(key.second.size()) == countCoordinates())
      key.second.clear();
  }
  if (key.first.empty())
    return -1;
  auto [entry, isNew] = groupIndex.try_emplace(key, groups.size());
  if (isNew) {
    mptrt::abi::Group group;
    group.axes = key.first;
    group.coordinates = key.second;
    group.name = llvm::join(key.first, ",");
    if (!key.second.empty()) {
      group.name += "@pp";
      for (int64_t coordinate : key.second)
        group.name += "." + std::to_string(coordinate);
    }
    groups.push_back(group);
  }
  return entry->second;
}

FailureOr<std::pair<int64_t, StringRef>> mpt::parseTaskName(func::FuncOp task) {
  StringRef name = task.getName();
  int64_t stage = 0;
  if (!name.consume_front("s") || name.consumeInteger(10, stage) ||
      !name.consume_front("_") || name.empty())
    return task.emitError()
           << "'" << task.getName()
           << "' is no name of a task; expected s<stage>_<task>";
  return std::make_pair(stage, name);
}

int64_t mpt::getDTypeNumber(Type type) {
  namespace abi = mptrt::abi;
  if (type.isF32())
    return abi::DTypeF32;
  if (type.isF64())
    return abi::DTypeF64;
  if (type.isBF16())
    return abi::DTypeBF16;
  if (type.isF16())
    return abi::DTypeF16;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return -1;
  switch (integer.getWidth()) {
  case 64:
    return abi::DTypeI64;
  case 32:
    return abi::DTypeI32;
  case 8:
    return integer.isUnsigned() ? abi::DTypeU8 : abi::DTypeI8;
  case 1:
    return abi::DTypeI1;
  default:
    return -1;
  }
}

int64_t mpt::getElementBytes(Type type) {
  return (type.getIntOrFloatBitWidth() + 7) / 8;
}

FailureOr<ProgramTables> mpt::buildProgramTables(ModuleOp module) {
  ProgramTables tables;
  for (Operation &op : *module.getBody()) {
    if (auto function = dyn_cast<func::FuncOp>(op)) {
      bool isKernel = function->hasAttr(kKernelAttr);
      auto &list = isKernel ? tables.kernels : tables.tasks;
      auto &index = isKernel ? tables.kernelIndex : tables.taskIndex;
      index[function.getName()] = list.size();
      list.push_back(function);
    } else if (auto state = dyn_cast<StateOp>(op)) {
      tables.stateIndex[state.getSymName()] = tables.states.size();
      tables.states.push_back(state);
    } else if (auto transfer = dyn_cast<TransferOp>(op)) {
      tables.transferIndex[transfer.getSymName()] = tables.transfers.size();
      tables.transfers.push_back(transfer);
    } else if (auto mesh = dyn_cast<MeshOp>(op)) {
      tables.mesh = mesh;
    } else if (auto schedule = dyn_cast<ScheduleOp>(op)) {
      tables.schedule = schedule;
    }
  }
  if (!tables.mesh || !tables.schedule)
    return module.emitError()
           << "has no 'mpt." << (tables.mesh ? "schedule" : "mesh")
           << "'; expected the form of phase 9";
  for (auto axis : tables.mesh.getAxes().getAsRange<AxisRefAttr>())
    tables.axes.push_back(axis);
  // Groups in order of creation: transfers first, then tasks.
  for (TransferOp transfer : tables.transfers) {
    SmallVector<int64_t> stages(
        transfer.getAmong().value_or(ArrayRef<int64_t>()));
    if (transfer.getMode() == "move")
      stages = {int64_t(*transfer.getFrom()), int64_t(*transfer.getTo())};
    if (transfer.getOver())
      tables.getGroup(*transfer.getOver(), stages);
  }
  return tables;
}
