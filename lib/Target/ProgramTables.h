// SPDX-License-Identifier: Apache-2.0
// Numbers that host program and manifest agree on: kernels, groups, tasks and
// axes by index. Built once from the form of phase 9.
#ifndef MPT_LIB_TARGET_PROGRAMTABLES_H
#define MPT_LIB_TARGET_PROGRAMTABLES_H

#include "mpt/IR/Mpt.h"
#include "mptrt/Manifest.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::mpt {

using GroupKey = std::pair<std::vector<std::string>, std::vector<int64_t>>;

struct ProgramTables {
  MeshOp mesh;
  ScheduleOp schedule;
  /// Functions of phase 9 in module order.
  SmallVector<func::FuncOp> kernels, tasks;
  SmallVector<StateOp> states;
  SmallVector<TransferOp> transfers;
  /// Device axes, outermost first.
  SmallVector<AxisRefAttr> axes;
  /// Symbol -> index in the list above.
  llvm::StringMap<int64_t> kernelIndex, taskIndex, stateIndex, transferIndex;

  std::vector<mptrt::abi::Group> groups;

  int64_t getAxisIndex(StringRef name) const;
  /// Coordinate of the pipeline on which the stage runs.
  int64_t getCoordinate(int64_t stage) const;
  int64_t countCoordinates() const;
  /// The group of the ranks that differ in `over`, on these stages only (all if
  /// empty); made if it is new, -1 if it has one rank.
  int64_t getGroup(ArrayAttr over, ArrayRef<int64_t> stages);

private:
  std::map<GroupKey, int64_t> groupIndex;
};

/// Fails with an error where the module is not of phase 9.
FailureOr<ProgramTables> buildProgramTables(ModuleOp module);

/// "s1_WGT" -> 1, "WGT".
FailureOr<std::pair<int64_t, StringRef>> parseTaskName(func::FuncOp task);

/// Value of the ABI for an element type, -1 if there is none.
int64_t getDTypeNumber(Type type);
/// Bytes of an element in memory.
int64_t getElementBytes(Type type);

/// Fills the manifest from the module.
LogicalResult buildManifest(ModuleOp module, ProgramTables &tables,
                            mptrt::abi::Manifest &manifest);

/// Appends the host functions of all tasks. `spaces`: rows and grain of each
/// kernel.
LogicalResult lowerTasks(ModuleOp module, ProgramTables &tables,
                         ArrayRef<std::pair<int64_t, int64_t>> spaces);

} // namespace mlir::mpt
#endif
