// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_PLANNING_PASSES_H
#define MPT_PLANNING_PASSES_H
#include "mlir/Pass/Pass.h"

namespace mlir::mpt {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "mpt/Planning/Passes.h.inc"
} // namespace mlir::mpt
#endif
