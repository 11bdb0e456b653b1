// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"
#include "mpt/Training/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYDIFFERENTIATEPASS
#include "mpt/Training/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct VerifyDifferentiate : mpt::impl::VerifyDifferentiatePassBase<VerifyDifferentiate> {
  void runOnOperation() override;
};
} // namespace

void VerifyDifferentiate::runOnOperation() {}
