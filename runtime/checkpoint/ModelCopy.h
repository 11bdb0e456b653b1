// SPDX-License-Identifier: Apache-2.0
// A copy of the ONNX model with other weights. The program knows where in the
// model's files each weight's bytes lie, in the file's own layout; the copy is
// the same files with these bytes replaced, so nothing of the model's structure
// has to be understood. Weights in files beside the model are copied beside the
// copy, under their own names.
#ifndef MPTRT_CHECKPOINT_MODELCOPY_H
#define MPTRT_CHECKPOINT_MODELCOPY_H

#include "layout/Box.h"
#include "layout/MappedFile.h"

#include <map>
#include <memory>

namespace mptrt {

/// True if a file of this name is to be a model.
bool isModelName(const std::string &path);

class ModelCopy {
public:
  /// Refuses, before anything is written: weights that lie in no file of the
  /// model, a copy that would replace the model or the files that it needs.
  static Status check(const abi::Manifest &manifest, const std::string &path);

  /// Copies the model's files; needs what check() needs.
  Status open(const abi::Manifest &manifest, const std::string &path);
  /// Puts a weight into its place: an array in the file's layout, of the
  /// program's element type.
  Status write(const abi::State &state, const std::vector<char> &values);
  /// Gives all files their names.
  Status commit();

private:
  std::map<std::string, std::unique_ptr<FileWriter>> files; // by source's name
};

} // namespace mptrt

#endif // MPTRT_CHECKPOINT_MODELCOPY_H
