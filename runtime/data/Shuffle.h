// SPDX-License-Identifier: Apache-2.0
// A permutation of the samples that depends on a seed only: not on the mesh,
// not on how many are asked for. No table: any sample's place is computed.
#ifndef MPTRT_DATA_SHUFFLE_H
#define MPTRT_DATA_SHUFFLE_H

#include <cstdint>

namespace mptrt {

class Shuffle {
public:
  /// Of `count` samples, count >= 1.
  Shuffle(uint64_t seed, uint64_t count);
  /// The sample at a position below `count`.
  uint64_t operator()(uint64_t position) const;

private:
  uint64_t encrypt(uint64_t value) const;

  uint64_t seed, count;
  int halfBits;
};

} // namespace mptrt

#endif // MPTRT_DATA_SHUFFLE_H
