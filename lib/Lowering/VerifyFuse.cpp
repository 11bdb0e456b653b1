// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"
#include "mpt/Lowering/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYFUSEPASS
#include "mpt/Lowering/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct VerifyFuse : mpt::impl::VerifyFusePassBase<VerifyFuse> {
  void runOnOperation() override;
};
} // namespace

void VerifyFuse::runOnOperation() {}
