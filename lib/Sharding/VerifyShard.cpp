// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"
#include "mpt/Sharding/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYSHARDPASS
#include "mpt/Sharding/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct VerifyShard : mpt::impl::VerifyShardPassBase<VerifyShard> {
  void runOnOperation() override;
};
} // namespace

void VerifyShard::runOnOperation() {}
