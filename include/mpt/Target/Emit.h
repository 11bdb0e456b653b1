// SPDX-License-Identifier: Apache-2.0
//===- Emit.h - from the form of phase 10 to files --------------*- C++ -*-===//
//
// All write through temporary files and report problems as errors at the
// module's location.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_TARGET_EMIT_H
#define MPT_TARGET_EMIT_H

#include "mlir/IR/BuiltinOps.h"

namespace mlir::mpt {

/// LLVM IR as text, after optimisation.
LogicalResult emitLLVM(ModuleOp module, StringRef path);
/// An object file for the host. Equal modules give equal bytes.
LogicalResult emitObject(ModuleOp module, StringRef path);
/// The kernels as PTX / as cubin assembled by ptxas (target cuda only).
LogicalResult emitPTX(ModuleOp module, StringRef path);
LogicalResult emitCubin(ModuleOp module, StringRef path);
/// Links an object with the runtime's archive and what the target adds into an
/// executable.
LogicalResult linkExecutable(StringRef object, StringRef archive,
                             StringRef path, StringRef target = "cpu");

} // namespace mlir::mpt
#endif
