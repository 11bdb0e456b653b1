// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"
#include "mpt/Planning/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYPLANPASS
#include "mpt/Planning/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct VerifyPlan : mpt::impl::VerifyPlanPassBase<VerifyPlan> {
  void runOnOperation() override;
};
} // namespace

void VerifyPlan::runOnOperation() {}
