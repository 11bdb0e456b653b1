// SPDX-License-Identifier: Apache-2.0
// The CPU: kernels are functions over ranges of rows, vectorised by LLVM, which
// may not reorder sums (LaneReductions.cpp says in which lanes they run); functions of f32 are polynomials, those of f64 calls of
// libm. Contractions are library calls (oneDNN, in the runtime).
#include "../Kernels/Kernels.h"
#include "mpt/Target/Passes.h"
#include "mpt/Target/Target.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
class CpuTarget final : public Target {
public:
  TargetFacts getFacts() const override;
  void buildKernelPipeline(OpPassManager &pm,
                           const Config &config) const override;
  SmallVector<StringRef> getLinkArguments() const override;
};
} // namespace

TargetFacts CpuTarget::getFacts() const {
  TargetFacts facts;
  facts.name = "cpu";
  return facts;
}

void CpuTarget::buildKernelPipeline(OpPassManager &pm, const Config &) const {
  buildKernelLoops(pm);
  pm.addNestedPass<func::FuncOp>(createKernelRowsPass());
  pm.addNestedPass<func::FuncOp>(createLaneReductionsPass());
  pm.addPass(createApproximateMathPass());
  buildLoopsToLLVM(pm);
  pm.addPass(createKernelWordsPass());
}

// libm and what the runtime needs are on every link line.
SmallVector<StringRef> CpuTarget::getLinkArguments() const { return {}; }

namespace mlir::mpt {
const Target *getCpuTarget() {
  static const CpuTarget target;
  return &target;
}
} // namespace mlir::mpt
