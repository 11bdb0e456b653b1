// SPDX-License-Identifier: Apache-2.0
// Where the states of a program begin: slices of the model's files, numbers,
// copies of other states, or a weights file. Files are opened and checked once,
// before ranks start; each rank then reads its own boxes only.
#ifndef MPTRT_CHECKPOINT_INITIALVALUES_H
#define MPTRT_CHECKPOINT_INITIALVALUES_H

#include "checkpoint/WeightFiles.h"

namespace mptrt {

/// Counters are written by the executor, not here.
bool isCounter(const abi::State &state);
/// True if weights files hold it: parameters and buffers.
bool isWeight(const abi::State &state);
/// The shape in which a state stands in files.
const Shape &fileShapeOf(const abi::State &state);
/// Bytes between the elements of a state's dims in such a file.
std::vector<int64_t> fileStridesOf(const abi::State &state,
                                   int64_t elementBytes);

class InitialValues {
public:
  /// `weights` may be empty. All problems in one message.
  static Status open(const abi::Manifest &manifest, const std::string &weights,
                     InitialValues *out);
  /// A remark for the user: tensors of the weights file that nobody reads.
  const std::string &note() const { return remark; }
  /// Fills a rank's local array of a state, zero-padded.
  void take(size_t state, const Box &box, char *local) const;

private:
  /// How one state begins: an array in a file, or one number everywhere.
  struct Origin {
    const char *data = nullptr; // null: `number`
    size_t bytes = 0;
    DType stored = DType::F32, wanted = DType::F32;
    std::vector<int64_t> strides;
    double number = 0;
  };
  Status openState(const abi::Manifest &manifest, size_t state, int depth,
                   Origin *out);
  Status openSlice(const abi::Manifest &manifest, const abi::State &state,
                   Origin *out);
  Status openTensor(const abi::State &state, Origin *out) const;

  std::map<std::string, MappedFile> files;
  WeightFiles weights;
  std::vector<Origin> origins;
  std::string remark;
};

} // namespace mptrt

#endif // MPTRT_CHECKPOINT_INITIALVALUES_H
