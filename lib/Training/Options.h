// SPDX-License-Identifier: Apache-2.0
//===- Options.h - what phase 2 is asked for --------------------*- C++ -*-===//
//
// The keys loss, optimizer, decay and clip of mpt.config, parsed. Defaults are
// PyTorch's. All problems are reported before parsing fails.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_TRAINING_OPTIONS_H
#define MPT_LIB_TRAINING_OPTIONS_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Regex.h"
#include <optional>

namespace mlir::mpt {

struct LossOptions {
  enum class Kind { CrossEntropy, MeanSquaredError, Output };
  Kind kind = Kind::Output;
  StringRef text;   ///< as given
  StringRef output; ///< graph output: logits, prediction or the loss itself
  StringRef label;  ///< new input; empty for Output
  int64_t ignoreIndex = -100;
};

struct OptimizerOptions {
  StringRef kind = "adamw"; ///< as of mpt.opt_update
  SmallVector<double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weightDecay = 0.0;
  double momentum = 0.0;
  bool nesterov = false;

  /// Suffixes of the states' names, in the order of opt_update's operands.
  SmallVector<StringRef> getStates() const;
};

struct TrainingOptions {
  LossOptions loss;
  OptimizerOptions optimizer;
  std::optional<double> clip;

  /// Reports problems at the module.
  static FailureOr<TrainingOptions> parse(ModuleOp module);

  /// Weight decay of a parameter: by --decay, or without it by rank >= 2.
  double getDecay(StringRef parameter, int64_t rank) const;

private:
  std::optional<std::string> decay;
};

} // namespace mlir::mpt
#endif
