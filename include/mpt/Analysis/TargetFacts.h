// SPDX-License-Identifier: Apache-2.0
//===- TargetFacts.h - what phases 8 to 10 ask about a target ---*- C++ -*-===//
//
// Data only, so that fuse and allocate need no code of a target. The facts of a
// named target come from `Target::getFacts` (mpt/Target/Target.h).
//
//===----------------------------------------------------------------------===//
#ifndef MPT_ANALYSIS_TARGETFACTS_H
#define MPT_ANALYSIS_TARGETFACTS_H

#include <cstdint>
#include <string>

namespace mlir::mpt {

struct TargetFacts {
  std::string name;
  /// Of the arena and of every buffer in it, in bytes.
  int64_t alignment = 64;
  /// Largest workspace that a library call of the target asks for.
  int64_t workspaceBytes = 0;
  /// Float types that `gemm` takes.
  bool gemmF32 = true;
  bool gemmF64 = true;
  /// Whether kernels may use transcendental functions of f64.
  bool mathF64 = true;
  /// Whether this build links executables for the target.
  bool executable = true;
};

} // namespace mlir::mpt
#endif
