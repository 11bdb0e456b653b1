// SPDX-License-Identifier: Apache-2.0
// The tensors that --weights names: one safetensors file, or all of a directory
// (a model in several files, whose names do not repeat).
#ifndef MPTRT_CHECKPOINT_WEIGHTFILES_H
#define MPTRT_CHECKPOINT_WEIGHTFILES_H

#include "checkpoint/SafeTensors.h"

#include <deque>

namespace mptrt {

class WeightFiles {
public:
  static Status open(const std::string &path, WeightFiles *out);
  /// Null if no file has it.
  const StoredTensor *find(const std::string &name) const;
  const std::deque<SafeTensors> &all() const { return files; }
  /// "weights file 'a.safetensors'", for messages.
  const std::string &title() const { return text; }
  bool empty() const { return files.empty(); }

private:
  Status add(const std::string &path);

  std::deque<SafeTensors> files;
  std::string text;
};

} // namespace mptrt

#endif // MPTRT_CHECKPOINT_WEIGHTFILES_H
