// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"
#include "mpt/Lowering/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "mpt/Lowering/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct PlanMemory : mpt::impl::PlanMemoryPassBase<PlanMemory> {
  void runOnOperation() override;
};
} // namespace

void PlanMemory::runOnOperation() {}
