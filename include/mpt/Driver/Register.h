// SPDX-License-Identifier: Apache-2.0
//===- Register.h - what the tools know -------------------------*- C++ -*-===//
#ifndef MPT_DRIVER_REGISTER_H
#define MPT_DRIVER_REGISTER_H

#include "mlir/IR/DialectRegistry.h"

namespace mlir::mpt {

/// Our dialect, those that phases lower to, and their external models.
void registerDialects(DialectRegistry &registry);

/// Our passes, one pipeline `--mpt-<phase>` per phase, and MLIR's passes.
void registerPasses();

} // namespace mlir::mpt
#endif
