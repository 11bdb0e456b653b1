// SPDX-License-Identifier: Apache-2.0
// One tensor in memory at a time.
#include "checkpoint/SaveStates.h"

#include "checkpoint/InitialValues.h"
#include "checkpoint/ModelCopy.h"
#include "checkpoint/SafeTensors.h"

namespace mptrt {

namespace {

/// Rank 0's file, of either kind; tensors come in the order of the entries.
class WeightsWriter {
public:
  Status open(const std::string &path, const abi::Manifest &manifest,
              const std::vector<SavedState> &states) {
    asModel = isModelName(path);
    if (asModel)
      return model.open(manifest, path);
    std::vector<SafeTensorsWriter::Entry> entries;
    for (const SavedState &saved : states)
      entries.push_back({saved.state->name,
                         static_cast<DType>(saved.state->dtype),
                         fileShapeOf(*saved.state)});
    return tensors.open(path, entries);
  }
  Status write(const abi::State &state, const std::vector<char> &values) {
    return asModel ? model.write(state, values) : tensors.write(values);
  }
  Status commit() { return asModel ? model.commit() : tensors.commit(); }

private:
  bool asModel = false;
  ModelCopy model;
  SafeTensorsWriter tensors;
};

} // namespace

Status saveStates(const std::string &path, const abi::Manifest &manifest,
                  Gatherer &gatherer, bool isWriter,
                  const std::vector<SavedState> &states) {
  WeightsWriter writer;
  if (isWriter)
    MPTRT_TRY(writer.open(path, manifest, states));
  for (const SavedState &saved : states) {
    const abi::State &state = *saved.state;
    ShardedArray array;
    array.dtype = static_cast<DType>(state.dtype);
    array.shape = &state.shape;
    array.cuts = &state.cuts;
    array.coordinate = saved.coordinate;
    int64_t elementBytes = static_cast<int64_t>(dtypeSize(array.dtype));
    std::vector<char> global;
    if (isWriter)
      global.resize(
          static_cast<size_t>(elementCount(state.shape) * elementBytes));
    std::vector<int64_t> strides = fileStridesOf(state, elementBytes);
    MPTRT_TRY(gatherer.collect(array, saved.local, global.data(), strides)
                  .withContext("gathering '" + state.name + "'"));
    if (isWriter)
      MPTRT_TRY(writer.write(state, global));
  }
  return isWriter ? writer.commit() : Status();
}

} // namespace mptrt
