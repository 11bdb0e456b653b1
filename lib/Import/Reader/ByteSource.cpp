// SPDX-License-Identifier: Apache-2.0
//===- ByteSource.cpp - bounded random access to a file -------------------===//
#include "mpt/Import/Reader/ByteSource.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mpt::onnx {

bool MemoryBytes::read(uint64_t offset, void *out, uint64_t length) const {
  if (offset > bytes.size() || length > bytes.size() - offset)
    return false;
  if (length)
    std::memcpy(out, bytes.data() + offset, length);
  return true;
}

const char *fileKind(uint32_t mode) {
  switch (mode & S_IFMT) {
  case S_IFREG:
    return "a regular file";
  case S_IFDIR:
    return "a directory";
  case S_IFLNK:
    return "a symbolic link";
  case S_IFIFO:
    return "a fifo";
  case S_IFSOCK:
    return "a socket";
  case S_IFCHR:
  case S_IFBLK:
    return "a device";
  default:
    return "no regular file";
  }
}

std::unique_ptr<FileBytes> FileBytes::open(const std::string &path,
                                           std::string &why) {
  // O_NONBLOCK: a fifo without a writer must not hang the compiler.
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) {
    why = std::string("cannot open the file: ") + std::strerror(errno);
    return nullptr;
  }
  struct stat status;
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    why = std::string("is ") + fileKind(status.st_mode) +
          ", expected a regular file";
    ::close(fd);
    return nullptr;
  }
  return std::make_unique<FileBytes>(fd, uint64_t(status.st_size));
}

FileBytes::~FileBytes() { ::close(fd); }

bool FileBytes::read(uint64_t offset, void *out, uint64_t length) const {
  if (offset > bytes || length > bytes - offset)
    return false;
  auto *to = static_cast<char *>(out);
  while (length) {
    ssize_t n = ::pread(fd, to, length, off_t(offset));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    to += n;
    offset += uint64_t(n);
    length -= uint64_t(n);
  }
  return true;
}

} // namespace mpt::onnx
