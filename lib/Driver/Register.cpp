// SPDX-License-Identifier: Apache-2.0
#include "mpt/Driver/Register.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mpt/Driver/Passes.h"
#include "mpt/Driver/Phases.h"
#include "mpt/IR/Mpt.h"
#include "mpt/Import/Passes.h"
#include "mpt/Lowering/Passes.h"
#include "mpt/Planning/Passes.h"
#include "mpt/Schedule/Passes.h"
#include "mpt/Sharding/Passes.h"
#include "mpt/Target/Passes.h"
#include "mpt/Training/Passes.h"

using namespace mlir;

void mpt::registerDialects(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  registry.insert<MptDialect>();
}

void mpt::registerPasses() {
  registerAllPasses();
  registerMPTDriverPasses();
  registerMPTImportPasses();
  registerMPTTrainingPasses();
  registerMPTPlanningPasses();
  registerMPTShardingPasses();
  registerMPTSchedulePasses();
  registerMPTLoweringPasses();
  registerMPTTargetPasses();
  static std::vector<std::unique_ptr<PassPipelineRegistration<>>> pipelines;
  for (const PhaseInfo &phase : getPhases())
    pipelines.push_back(std::make_unique<PassPipelineRegistration<>>(
        ("mpt-" + phase.name).str(), phase.form,
        [&phase](OpPassManager &pm) { addPhase(pm, phase); }));
}
