// SPDX-License-Identifier: Apache-2.0
//===- GraphImport.h - the steps of importModel -----------------*- C++ -*-===//
#ifndef MPT_LIB_IMPORT_GRAPHIMPORT_H
#define MPT_LIB_IMPORT_GRAPHIMPORT_H

#include "Program.h"
#include <map>

namespace mlir::mpt::import {

/// Builds @predict: binds the inputs, walks the nodes in order and inlines
/// model-local functions. A node that fails is reported and what depends on it
/// is left out, so that the rest is still checked.
void importGraph(Program &program);

/// Drops what nothing uses, makes states of the initializers that are read,
/// numbers the ops and writes the table `mpt.nodes`.
void finish(Program &program);

/// What becomes of a stored tensor.
struct Fate {
  bool isTrainable = false;
  bool isParameter = false; ///< else a buffer
};
/// The trainable-set rule, for each stored tensor (nothing for unread ones).
/// --freeze and --train come first, then whether a gradient reaches the state,
/// then the exporter's metadata, then how it is used.
SmallVector<Fate> decideTrainable(Program &program);
/// Uses of initializers that stand for another parameter than their name says.
struct MergedUses {
  using Use = std::pair<int64_t, unsigned>; ///< index of the node, input
  std::map<Use, std::string> names;
  std::vector<std::string> lost; ///< parameters that no node reads
};
/// What the exporter's notes say; warns of it, by name. --keep-merged gives no
/// uses.
MergedUses findMerged(Program &program);
/// Makes one state of trained initializers that an exporter copied from one
/// parameter, unless --keep-copies; says so in notes.
void tieCopies(Program &program, ArrayRef<Fate> fates);
/// Whether a float tensor may be trained, decided before the walk: scalars are
/// constants unless the exporter calls them parameters or --train names them.
bool mayTrain(const Program &program, const onnx::Tensor &initializer);

} // namespace mlir::mpt::import
#endif
