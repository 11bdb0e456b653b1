// SPDX-License-Identifier: Apache-2.0
// One tensor in memory at a time.
#include "checkpoint/SaveStates.h"

#include "checkpoint/InitialValues.h"
#include "checkpoint/SafeTensors.h"

namespace mptrt {

Status saveStates(const std::string &path, Gatherer &gatherer, bool isWriter,
                  const std::vector<SavedState> &states) {
  SafeTensorsWriter writer;
  if (isWriter) {
    std::vector<SafeTensorsWriter::Entry> entries;
    for (const SavedState &saved : states)
      entries.push_back({saved.state->name,
                         static_cast<DType>(saved.state->dtype),
                         fileShapeOf(*saved.state)});
    MPTRT_TRY(writer.open(path, entries));
  }
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
      MPTRT_TRY(writer.write(global));
  }
  return isWriter ? writer.commit() : Status();
}

} // namespace mptrt
