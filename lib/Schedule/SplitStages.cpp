// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"
#include "mpt/Schedule/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_SPLITSTAGESPASS
#include "mpt/Schedule/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct SplitStages : mpt::impl::SplitStagesPassBase<SplitStages> {
  void runOnOperation() override;
};
} // namespace

void SplitStages::runOnOperation() {}
