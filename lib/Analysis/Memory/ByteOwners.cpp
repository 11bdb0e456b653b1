// SPDX-License-Identifier: Apache-2.0
#include "mpt/Analysis/Memory/ByteOwners.h"

using namespace mlir::mpt;

ByteOwners::ByteOwners(int64_t bytes) { pieces[0] = {bytes, given}; }

void ByteOwners::splitAt(int64_t at) {
  auto next = pieces.upper_bound(at);
  if (next == pieces.begin())
    return;
  auto piece = std::prev(next);
  if (piece->first == at || piece->second.end <= at)
    return;
  pieces[at] = piece->second;
  piece->second.end = at;
}

void ByteOwners::set(ByteRange range, ByteRange owner) {
  if (range.begin >= range.end)
    return;
  splitAt(range.begin);
  splitAt(range.end);
  pieces.erase(pieces.lower_bound(range.begin), pieces.lower_bound(range.end));
  pieces[range.begin] = {range.end, owner};
}

ByteOwners::Read ByteOwners::read(ByteRange range, ByteRange *culprit) const {
  auto piece = pieces.upper_bound(range.begin);
  if (piece != pieces.begin())
    --piece;
  for (; piece != pieces.end() && piece->first < range.end; ++piece) {
    if (piece->second.end <= range.begin)
      continue;
    ByteRange owner = piece->second.owner;
    if (owner == none)
      return Read::Unwritten;
    if (owner == given || owner == range)
      continue;
    if (culprit)
      *culprit = owner;
    return Read::Overwritten;
  }
  return Read::Good;
}
