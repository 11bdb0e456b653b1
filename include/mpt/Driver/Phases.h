// SPDX-License-Identifier: Apache-2.0
//===- Phases.h - the compiler's ten phases ---------------------*- C++ -*-===//
#ifndef MPT_DRIVER_PHASES_H
#define MPT_DRIVER_PHASES_H

#include "mlir/Pass/PassManager.h"

namespace mlir::mpt {

struct PhaseInfo {
  StringLiteral name; ///< "import": value of `mpt.phase`, of --stop-after, ...
  StringLiteral form; ///< the form the phase ends in, which its verifier checks
  void (*build)(OpPassManager &pm);
  std::unique_ptr<Pass> (*createVerifier)();
};

/// The phases in order.
ArrayRef<PhaseInfo> getPhases();

/// Index of the phase of this name, or -1.
int findPhase(StringRef name);

/// The phase's passes, the mark in `mpt.phase`, the phase's verifier.
void addPhase(OpPassManager &pm, const PhaseInfo &phase);

} // namespace mlir::mpt
#endif
