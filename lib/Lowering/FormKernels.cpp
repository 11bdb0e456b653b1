// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"
#include "mpt/Lowering/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_FORMKERNELSPASS
#include "mpt/Lowering/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct FormKernels : mpt::impl::FormKernelsPassBase<FormKernels> {
  void runOnOperation() override;
};
} // namespace

void FormKernels::runOnOperation() {}
