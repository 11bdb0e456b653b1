// SPDX-License-Identifier: Apache-2.0
// What the targets share on the way from kernels on tensors to loops.
#ifndef MPT_LIB_TARGET_KERNELS_KERNELS_H
#define MPT_LIB_TARGET_KERNELS_KERNELS_H

#include "mlir/Pass/PassManager.h"

namespace mlir::mpt {

/// Kernels on tensors -> functions on memrefs of identity layout, without
/// results, their bodies affine loops.
void buildKernelLoops(OpPassManager &pm);

/// Loops on memrefs -> functions on bare pointers in the LLVM dialect. What is
/// left of dialect `math` becomes instructions or calls of libm.
void buildLoopsToLLVM(OpPassManager &pm);

} // namespace mlir::mpt
#endif
