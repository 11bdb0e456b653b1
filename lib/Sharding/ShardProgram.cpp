// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Mpt.h"
#include "mpt/Sharding/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_SHARDPROGRAMPASS
#include "mpt/Sharding/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct ShardProgram : mpt::impl::ShardProgramPassBase<ShardProgram> {
  void runOnOperation() override;
};
} // namespace

void ShardProgram::runOnOperation() {}
