// SPDX-License-Identifier: Apache-2.0
// Ranges over pieces of device memory; the piece of an offset by bisection.
#include "Payload.h"

#include <algorithm>

namespace mptrt {

void Payload::add(DevicePtr memory, int64_t bytes) {
  if (bytes == 0)
    return;
  if (!pieces.empty() && pieces.back().memory + pieces.back().bytes == memory)
    pieces.back().bytes += bytes;
  else
    pieces.push_back({memory, total, bytes});
  total += bytes;
}

void Payload::addBlocks(DevicePtr memory, int64_t rows, int64_t blocks,
                        int64_t index, int64_t bytes) {
  for (int64_t row = 0; row < rows; ++row)
    add(memory + (row * blocks + index) * bytes, bytes);
}

size_t Payload::find(int64_t offset) const {
  auto after = std::upper_bound(
      pieces.begin(), pieces.end(), offset,
      [](int64_t value, const Piece &piece) { return value < piece.start; });
  return static_cast<size_t>(after - pieces.begin()) - 1;
}

/// Null unless one visible piece holds the range.
char *Payload::direct(int64_t offset, int64_t length) {
  const Piece &piece = pieces[find(offset)];
  if (offset + length > piece.start + piece.bytes)
    return nullptr;
  return static_cast<char *>(
      device.hostView(piece.memory + (offset - piece.start)));
}

/// action(memory, offset in the range, bytes) for each piece in the range.
template <typename Action>
Status Payload::forPieces(int64_t offset, int64_t length,
                          const Action &action) {
  size_t index = length ? find(offset) : 0;
  for (int64_t done = 0; done < length; ++index) {
    const Piece &piece = pieces[index];
    int64_t inside = offset + done - piece.start;
    int64_t bytes = std::min(piece.bytes - inside, length - done);
    MPTRT_TRY(action(piece.memory + inside, done, static_cast<size_t>(bytes)));
    done += bytes;
  }
  return Status();
}

Status Payload::read(int64_t offset, int64_t length, std::vector<char> &staging,
                     const char **out) {
  *out = length ? direct(offset, length) : staging.data();
  if (*out || length == 0)
    return Status();
  if (staging.size() < static_cast<size_t>(length))
    staging.resize(static_cast<size_t>(length));
  *out = staging.data();
  return forPieces(
      offset, length, [&](DevicePtr memory, int64_t at, size_t bytes) {
        return device.copyToHostNow(staging.data() + at, memory, bytes);
      });
}

char *Payload::target(int64_t offset, int64_t length,
                      std::vector<char> &staging) {
  if (length)
    if (char *memory = direct(offset, length))
      return memory;
  if (staging.size() < static_cast<size_t>(length))
    staging.resize(static_cast<size_t>(length));
  return staging.data();
}

Status Payload::commit(int64_t offset, int64_t length, const char *written) {
  if (length == 0 || direct(offset, length) == written)
    return Status();
  return forPieces(offset, length,
                   [&](DevicePtr memory, int64_t at, size_t bytes) {
                     return device.copyToDeviceNow(memory, written + at, bytes);
                   });
}

} // namespace mptrt
