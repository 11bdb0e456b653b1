// SPDX-License-Identifier: Apache-2.0
// Pieces of device memory seen as one array of bytes on the host: directly
// where the device shows its memory, else through a staging buffer.
#ifndef MPTRT_COMM_PAYLOAD_H
#define MPTRT_COMM_PAYLOAD_H

#include "mptrt/Device.h"

#include <vector>

namespace mptrt {

class Payload {
public:
  explicit Payload(Device &device) : device(device) {}

  /// Appends `bytes` at `memory`; adjacent pieces become one.
  void add(DevicePtr memory, int64_t bytes);
  /// Appends block `index` of every row of an array [rows, blocks, bytes].
  void addBlocks(DevicePtr memory, int64_t rows, int64_t blocks, int64_t index,
                 int64_t bytes);
  int64_t size() const { return total; }

  /// Bytes [offset, offset + length) for reading: the device's own memory or
  /// `staging` (grown as needed), filled.
  Status read(int64_t offset, int64_t length, std::vector<char> &staging,
              const char **out);
  /// The same range for writing; commit() brings what was staged to the device.
  char *target(int64_t offset, int64_t length, std::vector<char> &staging);
  Status commit(int64_t offset, int64_t length, const char *written);

private:
  struct Piece {
    DevicePtr memory;
    int64_t start; // in the array
    int64_t bytes;
  };
  size_t find(int64_t offset) const;
  char *direct(int64_t offset, int64_t length);
  template <typename Action>
  Status forPieces(int64_t offset, int64_t length, const Action &action);

  Device &device;
  std::vector<Piece> pieces;
  int64_t total = 0;
};

} // namespace mptrt

#endif // MPTRT_COMM_PAYLOAD_H
