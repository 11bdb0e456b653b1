// SPDX-License-Identifier: Apache-2.0
// Files as the runtime reads and writes them: whole files mapped read-only, so
// that a rank touches only the pages of its boxes; new files written beside
// their name and renamed when complete, so that nobody sees half of one.
#ifndef MPTRT_LAYOUT_MAPPEDFILE_H
#define MPTRT_LAYOUT_MAPPEDFILE_H

#include "mptrt/Status.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace mptrt {

class MappedFile {
public:
  MappedFile() = default;
  MappedFile(MappedFile &&other) noexcept { *this = std::move(other); }
  MappedFile &operator=(MappedFile &&other) noexcept;
  ~MappedFile() { close(); }

  /// Regular files only; anything else is bad input.
  static Status open(const std::string &path, MappedFile *out);
  const char *data() const { return memory; }
  size_t size() const { return bytes; }
  const std::string &path() const { return name; }

  /// Lets go of the pages that lie within these bytes of some mapped file: they
  /// count as memory of this process until then, and come back when read.
  static void release(const char *data, size_t bytes);

private:
  void close();

  char *memory = nullptr;
  size_t bytes = 0;
  std::string name;
};

class FileWriter {
public:
  FileWriter() = default;
  FileWriter(const FileWriter &) = delete;
  FileWriter &operator=(const FileWriter &) = delete;
  ~FileWriter(); // removes what was not committed

  Status open(const std::string &path);
  Status write(const void *data, size_t size);
  /// Over what has been written.
  Status writeAt(int64_t offset, const void *data, size_t size);
  /// Makes the file durable and gives it its name.
  Status commit();

private:
  Status failed(const char *what) const;

  int file = -1;
  std::string name, temporary;
};

/// Fails (cannot write) if no file of this name can be made.
Status checkWritable(const std::string &path);

} // namespace mptrt

#endif // MPTRT_LAYOUT_MAPPEDFILE_H
