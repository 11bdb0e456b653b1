// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"
#include "mpt/Sharding/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYLOCALIZEPASS
#include "mpt/Sharding/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct VerifyLocalize : mpt::impl::VerifyLocalizePassBase<VerifyLocalize> {
  void runOnOperation() override;
};
} // namespace

void VerifyLocalize::runOnOperation() {}
