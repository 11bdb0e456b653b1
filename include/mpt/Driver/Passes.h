// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_DRIVER_PASSES_H
#define MPT_DRIVER_PASSES_H
#include "mlir/Pass/Pass.h"

namespace mlir::mpt {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "mpt/Driver/Passes.h.inc"
} // namespace mlir::mpt
#endif
