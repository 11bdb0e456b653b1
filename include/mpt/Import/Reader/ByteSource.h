// SPDX-License-Identifier: Apache-2.0
//===- ByteSource.h - bounded random access to a file ---------------------===//
//
// Files are read with pread, never mapped: a file that another process shortens
// while we look at it gives a short read, not a SIGBUS.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_IMPORT_READER_BYTESOURCE_H
#define MPT_IMPORT_READER_BYTESOURCE_H

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace mpt::onnx {

class ByteSource {
public:
  virtual ~ByteSource() = default;
  /// Bytes in all, fixed when the source was opened.
  virtual uint64_t size() const = 0;
  /// Copies `[offset, offset + length)` to `out`; false when any byte of it is
  /// out of bounds or cannot be read.
  virtual bool read(uint64_t offset, void *out, uint64_t length) const = 0;
};

/// Bytes that the caller keeps alive.
class MemoryBytes final : public ByteSource {
public:
  explicit MemoryBytes(std::string_view bytes) : bytes(bytes) {}
  uint64_t size() const override { return bytes.size(); }
  bool read(uint64_t offset, void *out, uint64_t length) const override;

private:
  std::string_view bytes;
};

/// An open regular file; owns its descriptor.
class FileBytes final : public ByteSource {
public:
  /// Opens a path the *user* named (links are followed); null and `why` when it
  /// cannot be opened or is no regular file. Never blocks on a FIFO.
  static std::unique_ptr<FileBytes> open(const std::string &path,
                                         std::string &why);
  /// Takes over `fd`, an open regular file of `size` bytes.
  FileBytes(int fd, uint64_t size) : fd(fd), bytes(size) {}
  FileBytes(const FileBytes &) = delete;
  FileBytes &operator=(const FileBytes &) = delete;
  ~FileBytes() override;
  uint64_t size() const override { return bytes; }
  bool read(uint64_t offset, void *out, uint64_t length) const override;

private:
  int fd;
  uint64_t bytes;
};

/// What a file mode is, in words: "a directory", "a device", "a fifo", ...
const char *fileKind(uint32_t mode);

} // namespace mpt::onnx

#endif
