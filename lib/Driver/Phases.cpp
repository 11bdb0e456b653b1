// SPDX-License-Identifier: Apache-2.0
// The compiler on one page: what each phase does, in order. A phase ends in a
// form that its verifier checks.
#include "mpt/Driver/Phases.h"
#include "mpt/Driver/Passes.h"
#include "mpt/IR/Config.h"
#include "mpt/Import/Passes.h"
#include "mpt/Lowering/Passes.h"
#include "mpt/Planning/Passes.h"
#include "mpt/Schedule/Passes.h"
#include "mpt/Sharding/Passes.h"
#include "mpt/Target/Passes.h"
#include "mpt/Training/Passes.h"

using namespace mlir;
using namespace mlir::mpt;

static void buildImport(OpPassManager &pm) {
  pm.addPass(createImportPass());
  pm.addPass(createUnmergeDimsPass());
  pm.addPass(createSplitFusedDimsPass());
  pm.addPass(createFormCompositesPass());
  pm.addPass(createRepeatHeadsPass());
}

static void buildDifferentiate(OpPassManager &pm) {
  pm.addPass(createDifferentiatePass());
}

static void buildPlan(OpPassManager &pm) { pm.addPass(createPlanPass()); }

static void buildShard(OpPassManager &pm) {
  pm.addPass(createShardProgramPass());
  pm.addPass(createSinkReductionsPass());
}

static void buildSplit(OpPassManager &pm) {
  pm.addPass(createSplitStagesPass());
}

static void buildLocalize(OpPassManager &pm) {
  pm.addPass(createLocalizeTasksPass());
  // Before memory is counted.
  pm.addPass(createExpandAttentionPass());
}

static void buildSchedule(OpPassManager &pm) {
  pm.addPass(createOrderActionsPass());
}

static void buildFuse(OpPassManager &pm) {
  pm.addPass(createFormKernelsPass());
}

static void buildAllocate(OpPassManager &pm) {
  pm.addPass(createPlanMemoryPass());
}

static void buildEmit(OpPassManager &pm) {
  pm.addPass(createLowerToLLVMPass());
}

static const PhaseInfo phases[] = {
    {"import", "programs and states over the global batch, static shapes",
     buildImport, createVerifyImportPass},
    {"differentiate", "one @step: forward, adjoints, updates",
     buildDifferentiate, createVerifyDifferentiatePass},
    {"plan", "mesh, constraints, stages and the schedule's header", buildPlan,
     createVerifyPlanPass},
    {"shard", "shardings in types; only reshards change them", buildShard,
     createVerifyShardPass},
    {"split", "one function per stage and task", buildSplit,
     createVerifySplitPass},
    {"localize", "local types; every exchange inside a stage is a collective",
     buildLocalize, createVerifyLocalizePass},
    {"schedule", "one ordered action list per pipeline coordinate",
     buildSchedule, createVerifySchedulePass},
    {"fuse", "every tensor op is in a kernel or a library call", buildFuse,
     createVerifyFusePass},
    {"allocate", "buffers at offsets of arenas; streams and events",
     buildAllocate, createVerifyAllocatePass},
    {"emit", "LLVM dialect: host program, kernels of the target", buildEmit,
     createVerifyEmitPass},
};

ArrayRef<PhaseInfo> mpt::getPhases() { return phases; }

int mpt::findPhase(StringRef name) {
  for (auto [i, phase] : llvm::enumerate(phases))
    if (phase.name == name)
      return i;
  return -1;
}

void mpt::addPhase(OpPassManager &pm, const PhaseInfo &phase) {
  phase.build(pm);
  pm.addPass(createMarkPhasePass({phase.name.str()}));
  pm.addPass(phase.createVerifier());
}

namespace mlir::mpt {
#define GEN_PASS_DEF_MARKPHASEPASS
#include "mpt/Driver/Passes.h.inc"
} // namespace mlir::mpt

namespace {
struct MarkPhase : mpt::impl::MarkPhasePassBase<MarkPhase> {
  using MarkPhasePassBase::MarkPhasePassBase;
  void runOnOperation() override {
    getOperation()->setAttr(kPhaseAttr, StringAttr::get(&getContext(), phase));
  }
};
} // namespace
