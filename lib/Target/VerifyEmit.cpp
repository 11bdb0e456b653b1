// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"
#include "mpt/Target/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYEMITPASS
#include "mpt/Target/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct VerifyEmit : mpt::impl::VerifyEmitPassBase<VerifyEmit> {
  void runOnOperation() override;
};
} // namespace

void VerifyEmit::runOnOperation() {}
