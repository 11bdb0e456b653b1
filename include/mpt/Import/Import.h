// SPDX-License-Identifier: Apache-2.0
//===- Import.h - an ONNX model as a program --------------------*- C++ -*-===//
#ifndef MPT_IMPORT_IMPORT_H
#define MPT_IMPORT_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mpt/Import/Reader/Problem.h"

namespace mlir::mpt {

/// Reads the model that `mpt.config` of the module names and adds its states
/// and
/// @predict. Gives everything that is wrong with the file or cannot be imported
/// (node, operator with version, reason), and warnings; after an error the
/// module is as it was. `mptc --check` is this and no more.
::mpt::onnx::Problems importModel(ModuleOp module);

/// Emits the problems as diagnostics; failure if one is an error.
LogicalResult emitProblems(const ::mpt::onnx::Problems &problems, Location loc);

} // namespace mlir::mpt
#endif
