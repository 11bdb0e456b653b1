// SPDX-License-Identifier: Apache-2.0
// The part of the zip format that numpy's savez and savez_compressed write:
// members stored or deflated, with zip64 sizes. Refused by name: encryption,
// other methods, archives in several parts.
#ifndef MPTRT_DATA_ZIP_H
#define MPTRT_DATA_ZIP_H

#include "mptrt/Status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace mptrt {

/// A member of an archive in memory.
struct ZipMember {
  std::string name;
  bool deflated = false;
  const char *data = nullptr; // inside the archive
  uint64_t storedBytes = 0;
  uint64_t bytes = 0;
  uint32_t crc = 0;
};

/// Lists the members; offsets are checked against the archive's size.
Status listZip(const char *archive, size_t size, std::vector<ZipMember> *out);
/// Inflates a deflated member (`bytes` long) and checks its checksum.
Status inflateMember(const ZipMember &member, std::vector<char> *out);
/// Checks a stored member's checksum.
Status checkMember(const ZipMember &member);

/// The bytes of an archive of stored members, zip64 where sizes need it.
class ZipWriter {
public:
  void add(const std::string &name, const std::string &contents);
  /// Appends the directory; call once, last.
  std::string finish();

private:
  struct Entry {
    std::string name;
    uint64_t offset, size;
    uint32_t crc;
  };
  std::string archive;
  std::vector<Entry> entries;
};

} // namespace mptrt

#endif // MPTRT_DATA_ZIP_H
