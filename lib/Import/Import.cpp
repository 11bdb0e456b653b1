// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"
#include "mpt/Import/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_IMPORTPASS
#include "mpt/Import/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct Import : mpt::impl::ImportPassBase<Import> {
  void runOnOperation() override;
};
} // namespace

void Import::runOnOperation() {}
