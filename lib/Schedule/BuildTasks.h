// SPDX-License-Identifier: Apache-2.0
//===- BuildTasks.h - functions of drafted tasks ----------------*- C++ -*-===//
#ifndef MPT_LIB_SCHEDULE_BUILDTASKS_H
#define MPT_LIB_SCHEDULE_BUILDTASKS_H

#include "TaskDrafts.h"

namespace mlir::mpt {

/// Builds `mpt.replicas`, `mpt.transfer` and one function per drafted task at
/// the end of the module.
LogicalResult buildTasks(ModuleOp module, Classification &classes,
                         TaskDrafts &drafts);

} // namespace mlir::mpt
#endif
