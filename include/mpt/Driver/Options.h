// SPDX-License-Identifier: Apache-2.0
//===- Options.h - the command line of mptc ---------------------*- C++ -*-===//
#ifndef MPT_DRIVER_OPTIONS_H
#define MPT_DRIVER_OPTIONS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>
#include <string>
#include <vector>

namespace mlir::mpt {

/// What the user asked for, as written on the command line. Everything that
/// decides about the program goes into `mpt.config` (getConfig); the rest is
/// about this run of the compiler.
struct Options {
  // The program.
  std::string model; ///< ONNX file; with startAfter a .mlir file
  std::vector<std::pair<std::string, int64_t>> mesh;
  int64_t microbatches = 1;
  std::vector<std::string> bind, freeze, train, shard;
  std::string loss, optimizer, decay;
  std::optional<double> clip;
  std::optional<int64_t> stages;
  std::vector<std::string> stageRegexes;
  std::string schedule = "1f1b"; ///< gpipe, 1f1b; or `scheduleFile` is set
  std::string scheduleFile, scheduleText;
  std::string precision = "f32";
  std::string target = "cpu";
  std::optional<int64_t> deviceMemory; ///< bytes per rank
  bool inference = false, keepCopies = false, keepMerged = false;

  // This run.
  std::string output;
  std::string emit = "exe";
  std::string stopAfter, startAfter, dumpPhases;
  bool check = false, listParams = false, explain = false, time = false;
  bool help = false, version = false;
};

/// Parses argv[1..]. On failure `errors` has one line per problem, each with
/// what was found, what was expected and the remedy.
bool parseOptions(llvm::ArrayRef<const char *> arguments, Options &options,
                  std::vector<std::string> &errors);

/// The text of --help.
std::string getUsage();

/// `mpt.config` for these options (see mpt/IR/Config.h for the keys).
DictionaryAttr getConfig(const Options &options, MLIRContext *context);

} // namespace mlir::mpt
#endif
