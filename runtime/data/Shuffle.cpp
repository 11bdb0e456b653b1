// SPDX-License-Identifier: Apache-2.0
// A balanced Feistel network permutes the numbers of an even number of bits, at
// least 16; positions whose image is no sample walk on along the cycle until it
// is one.
#include "data/Shuffle.h"

namespace mptrt {

static constexpr int rounds = 8;

static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

Shuffle::Shuffle(uint64_t seed, uint64_t count) : seed(seed), count(count) {
  int bits = 0;
  while (bits < 64 && (count - 1) >> bits)
    ++bits;
  halfBits = bits <= 16 ? 8 : (bits + 1) / 2;
}

uint64_t Shuffle::encrypt(uint64_t value) const {
  uint64_t mask = (uint64_t(1) << halfBits) - 1;
  uint64_t left = value >> halfBits, right = value & mask;
  for (uint64_t round = 0; round < rounds; ++round) {
    uint64_t key = mix(seed + (round + 1) * 0x9e3779b97f4a7c15u);
    uint64_t next = left ^ (mix(right ^ key) & mask);
    left = right;
    right = next;
  }
  return left << halfBits | right;
}

uint64_t Shuffle::operator()(uint64_t position) const {
  uint64_t value = encrypt(position);
  while (value >= count)
    value = encrypt(value);
  return value;
}

} // namespace mptrt
