// SPDX-License-Identifier: Apache-2.0
// What the code emitters of all targets share.
#ifndef MPT_LIB_TARGET_EMITHOST_H
#define MPT_LIB_TARGET_EMITHOST_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Target/TargetMachine.h"

namespace mlir::mpt {

/// LLVM's O2 pipeline.
void optimize(llvm::Module &module, llvm::TargetMachine &machine);

/// Opens a file that vanishes unless it is kept; null after an error.
std::unique_ptr<llvm::ToolOutputFile>
openOutput(ModuleOp module, StringRef path, llvm::sys::fs::OpenFlags flags);

} // namespace mlir::mpt
#endif
