// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"
#include "mpt/Training/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_DIFFERENTIATEPASS
#include "mpt/Training/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct Differentiate : mpt::impl::DifferentiatePassBase<Differentiate> {
  void runOnOperation() override;
};
} // namespace

void Differentiate::runOnOperation() {}
