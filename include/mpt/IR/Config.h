// SPDX-License-Identifier: Apache-2.0
//===- Config.h - every resolved option, in the module ----------*- C++ -*-===//
//
// `mpt.config`, a dictionary attribute of the module, holds every option and
// machine fact that phases read; they read nothing else, so the output of any
// phase is valid input for `mptc --start-after`. Keys are the names of the flags
// (section 8 of the architecture) with `_` for `-`. Absent keys have the default
// stated at the getter.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_IR_CONFIG_H
#define MPT_IR_CONFIG_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlir::mpt {

inline constexpr StringLiteral kConfigAttr = "mpt.config";
inline constexpr StringLiteral kPhaseAttr = "mpt.phase";
/// Dictionary id -> ONNX node, written at import.
inline constexpr StringLiteral kNodesAttr = "mpt.nodes";
/// On the module: phases may leave notes for people, kWhyAttr on what they
/// decided about. Changes nothing else.
inline constexpr StringLiteral kExplainAttr = "mpt.explain";
inline constexpr StringLiteral kWhyAttr = "mpt.why";

class Config {
public:
  explicit Config(ModuleOp module);

  /// String value, or `fallback` if the key is absent.
  StringRef getString(StringRef key, StringRef fallback = "") const;
  int64_t getInt(StringRef key, int64_t fallback) const;
  double getDouble(StringRef key, double fallback) const;
  bool getBool(StringRef key) const { return getInt(key, 0) != 0; }
  /// List of strings; empty if absent.
  SmallVector<StringRef> getStrings(StringRef key) const;

  /// Axis sizes of --mesh in rank order pp, dp, cp, tp, ep; 1 if absent.
  int64_t getMeshSize(StringRef axis) const;
  int64_t getMicrobatches() const { return getInt("microbatches", 1); }
  bool isInference() const { return getBool("inference"); }
  /// Path of the ONNX file.
  StringRef getModel() const { return getString("model"); }
  /// "f32", "f64" or "bf16".
  StringRef getPrecision() const { return getString("precision", "f32"); }
  /// "cpu" or "cuda".
  StringRef getTarget() const { return getString("target", "cpu"); }

private:
  DictionaryAttr dict;
};

/// Sets one key of the module's config.
void setConfig(ModuleOp module, StringRef key, Attribute value);

} // namespace mlir::mpt
#endif
