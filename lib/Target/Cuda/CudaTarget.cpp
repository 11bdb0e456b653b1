// SPDX-License-Identifier: Apache-2.0
// CUDA, emission only: the same loops as on the CPU, but a row is an element
// where a nest allows it, and a thread computes one row. Kernels whose rows are
// few or that are one row run on few threads: legal, and slow. Functions of f32
// are polynomials, so no libdevice is needed; others are refused by name.
#include "../Kernels/Kernels.h"
#include "mpt/Target/Passes.h"
#include "mpt/Target/Target.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
class CudaTarget final : public Target {
public:
  TargetFacts getFacts() const override;
  void buildKernelPipeline(OpPassManager &pm,
                           const Config &config) const override;
  SmallVector<StringRef> getLinkArguments() const override { return {}; }
};
} // namespace

TargetFacts CudaTarget::getFacts() const {
  TargetFacts facts;
  facts.name = "cuda";
  facts.alignment = 256;
  facts.mathF64 = false;
  facts.executable = false;
  return facts;
}

void CudaTarget::buildKernelPipeline(OpPassManager &pm, const Config &) const {
  buildKernelLoops(pm);
  KernelRowsPassOptions rows;
  rows.flatten = true;
  pm.addNestedPass<func::FuncOp>(createKernelRowsPass(rows));
  pm.addPass(createApproximateMathPass());
  pm.addPass(createCheckGpuMathPass());
  buildLoopsToLLVM(pm);
  pm.addPass(createKernelThreadsPass());
}

namespace mlir::mpt {
const Target *getCudaTarget() {
  static const CudaTarget target;
  return &target;
}
} // namespace mlir::mpt
