// SPDX-License-Identifier: Apache-2.0
//===- ByteOwners.h - who wrote which bytes last ----------------*- C++ -*-===//
//
// Follows the writes to an arena. A buffer is its range of bytes; a read is
// good if all bytes were last written through the same range, so two buffers
// that share bytes while both are in use show up as a bad read.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_ANALYSIS_MEMORY_BYTEOWNERS_H
#define MPT_ANALYSIS_MEMORY_BYTEOWNERS_H

#include <cstdint>
#include <map>

namespace mlir::mpt {

struct ByteRange {
  int64_t begin, end;
  bool operator==(const ByteRange &o) const {
    return begin == o.begin && end == o.end;
  }
  bool meets(const ByteRange &o) const {
    return begin < o.end && o.begin < end;
  }
};

class ByteOwners {
public:
  enum class Read {
    Good,
    Unwritten,  ///< some byte has no value
    Overwritten ///< some byte belongs to another buffer since
  };

  /// All bytes are given from outside: any range may read them.
  explicit ByteOwners(int64_t bytes);

  void write(ByteRange range) { set(range, range); }
  /// The bytes have no value (any more).
  void forget(ByteRange range) { set(range, none); }
  /// `culprit`: the range that overwrote it, for Overwritten.
  Read read(ByteRange range, ByteRange *culprit = nullptr) const;

private:
  static constexpr ByteRange given{-1, -1}, none{-2, -2};
  struct Piece {
    int64_t end;
    ByteRange owner;
  };
  /// Makes `at` the begin of a piece.
  void splitAt(int64_t at);
  void set(ByteRange range, ByteRange owner);

  std::map<int64_t, Piece> pieces; ///< by begin, without gaps
};

} // namespace mlir::mpt
#endif
