// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_LOWERING_PASSES_H
#define MPT_LOWERING_PASSES_H
#include "mlir/Pass/Pass.h"

namespace mlir::mpt {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "mpt/Lowering/Passes.h.inc"
} // namespace mlir::mpt
#endif
