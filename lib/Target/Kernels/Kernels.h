// SPDX-License-Identifier: Apache-2.0
// What the targets share on the way from kernels on tensors to loops.
#ifndef MPT_LIB_TARGET_KERNELS_KERNELS_H
#define MPT_LIB_TARGET_KERNELS_KERNELS_H

#include "mlir/Pass/PassManager.h"

namespace mlir::mpt {

/// Kernels on tensors -> functions on memrefs of identity layout, without
/// results, their bodies affine loops.
void buildKernelLoops(OpPassManager &pm);

} // namespace mlir::mpt
#endif
