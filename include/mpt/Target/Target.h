// SPDX-License-Identifier: Apache-2.0
//===- Target.h - what a backend must offer ---------------------*- C++ -*-===//
//
// A target is its facts, its generation of kernel code, its checks and its link
// line. It lives in a directory of its own and is one line of Targets.def; the
// host program, the manifest and all earlier phases know it by this interface
// only.
//
// Kernels come as functions on tensors (form of phase 8),
//   func.func private @k(ins..., outs...) -> outs attributes {mpt.kernel}
// in a module of their own. The target's pipeline leaves there what the program
// shall embed: for the CPU `llvm.func @k(words, begin, end)`, for a GPU a
// `gpu.module`. Every kernel has the attribute `mpt.space = [rows, grain]` at
// the end: its parallel space, which goes into each launch (mptrt/Device.h).
//
//===----------------------------------------------------------------------===//
#ifndef MPT_TARGET_TARGET_H
#define MPT_TARGET_TARGET_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mpt/Analysis/TargetFacts.h"
#include "mpt/IR/Config.h"
#include "mpt/IR/Kernels.h"

namespace mlir::mpt {

inline constexpr StringLiteral kSpaceAttr = "mpt.space";
/// On a kernel that adds up the operands of a sum transfer: its words are the
/// destination and the other operand, it is launched as one row (abi.def,
/// TransferPlace).
inline constexpr StringLiteral kSumAttr = "mpt.sum";
/// On a kernel that some launch gives overlapping operands.
inline constexpr StringLiteral kMayAliasAttr = "mpt.may_alias";

class Target {
public:
  virtual ~Target();
  virtual TargetFacts getFacts() const = 0;
  /// Adds the passes that turn a module of kernels into the target's code.
  virtual void buildKernelPipeline(OpPassManager &pm,
                                   const Config &config) const = 0;
  /// What the linker needs beside the object and the runtime's archive.
  virtual SmallVector<StringRef> getLinkArguments() const = 0;
};

/// The target of that name, null if this build has none.
const Target *findTarget(StringRef name);
/// All targets in the order of Targets.def.
ArrayRef<const Target *> getTargets();
/// The target that the module's config names; an error at the module if there
/// is none.
FailureOr<const Target *> getTarget(ModuleOp module);

} // namespace mlir::mpt
#endif
