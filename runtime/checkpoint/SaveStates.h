// SPDX-License-Identifier: Apache-2.0
// Writes states as a safetensors file: global arrays under their ONNX names, in
// the initializer's own layout and shape, gathered tensor by tensor; or, if the
// file's name ends in .onnx, as a copy of the model.
#ifndef MPTRT_CHECKPOINT_SAVESTATES_H
#define MPTRT_CHECKPOINT_SAVESTATES_H

#include "checkpoint/Gather.h"

namespace mptrt {

/// One array to save: a state (or its gradient) and the coordinate whose ranks
/// hold it; `local` is valid on those only.
struct SavedState {
  const abi::State *state = nullptr;
  int coordinate = 0;
  DevicePtr local;
};

/// Every rank calls it with the same states; rank 0 writes the file.
Status saveStates(const std::string &path, const abi::Manifest &manifest,
                  Gatherer &gatherer, bool isWriter,
                  const std::vector<SavedState> &states);

} // namespace mptrt

#endif // MPTRT_CHECKPOINT_SAVESTATES_H
