// SPDX-License-Identifier: Apache-2.0
//===- Compile.h - from options to files ------------------------*- C++ -*-===//
#ifndef MPT_DRIVER_COMPILE_H
#define MPT_DRIVER_COMPILE_H

#include "mpt/Driver/Options.h"

namespace mlir::mpt {

/// Exit codes of mptc (research: ux_runtime 1.8).
enum class ExitCode {
  Ok = 0,
  Usage = 2,
  PlanRejected = 3, ///< does not fit the mesh, the stages or the memory
  BadInput = 65,    ///< the model or the module
  Internal = 70,    ///< a form that its verifier rejects: our bug
  CannotWrite = 73,
};

/// Runs the phases that the options ask for and writes what they ask for.
/// Problems go to stderr. `program` is the path of the running compiler, beside
/// which the runtime lies.
ExitCode compile(const Options &options, StringRef program);

} // namespace mlir::mpt
#endif
