// SPDX-License-Identifier: Apache-2.0
// Mapping, and writing by temporary file, fsync and rename.
#include "layout/MappedFile.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace mptrt {

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  if (this == &other)
    return *this;
  close();
  memory = std::exchange(other.memory, nullptr);
  bytes = std::exchange(other.bytes, 0);
  name = std::move(other.name);
  return *this;
}

void MappedFile::close() {
  if (memory)
    munmap(memory, bytes);
  memory = nullptr;
  bytes = 0;
}

Status MappedFile::open(const std::string &path, MappedFile *out) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return makeStatus(Code::BadInput, "cannot open '%s': %s", path.c_str(),
                      std::strerror(errno));
  struct stat status;
  bool isRegular = fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  MappedFile result;
  result.name = path;
  result.bytes = isRegular ? static_cast<size_t>(status.st_size) : 0;
  void *mapped = nullptr;
  if (result.bytes)
    mapped = mmap(nullptr, result.bytes, PROT_READ, MAP_PRIVATE, file, 0);
  int error = errno;
  ::close(file);
  if (!isRegular)
    return makeStatus(Code::BadInput, "'%s' is not a regular file",
                      path.c_str());
  if (mapped == MAP_FAILED)
    return makeStatus(Code::BadInput, "cannot map '%s' of %zu bytes: %s",
                      path.c_str(), result.bytes, std::strerror(error));
  result.memory = static_cast<char *>(mapped);
  *out = std::move(result);
  return Status();
}

void MappedFile::release(const char *data, size_t bytes) {
  uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  uintptr_t begin = reinterpret_cast<uintptr_t>(data), end = begin + bytes;
  begin = (begin + page - 1) / page * page;
  end = end / page * page;
  if (begin < end)
    madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
}

FileWriter::~FileWriter() {
  if (file < 0)
    return;
  ::close(file);
  unlink(temporary.c_str());
}

Status FileWriter::failed(const char *what) const {
  return makeStatus(Code::CannotWrite, "cannot %s '%s': %s", what, name.c_str(),
                    std::strerror(errno));
}

Status FileWriter::open(const std::string &path) {
  name = path;
  temporary = path + formatText(".tmp-%d", static_cast<int>(getpid()));
  file =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  return file < 0 ? failed("create") : Status();
}

Status FileWriter::write(const void *data, size_t size) {
  const char *at = static_cast<const char *>(data);
  while (size > 0) {
    ssize_t written = ::write(file, at, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return failed("write");
    at += written;
    size -= static_cast<size_t>(written);
  }
  return Status();
}

Status FileWriter::writeAt(int64_t offset, const void *data, size_t size) {
  const char *at = static_cast<const char *>(data);
  while (size > 0) {
    ssize_t written = pwrite(file, at, size, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return failed("write");
    at += written;
    offset += written;
    size -= static_cast<size_t>(written);
  }
  return Status();
}

Status FileWriter::commit() {
  if (fsync(file) != 0)
    return failed("write");
  if (::close(std::exchange(file, -1)) != 0 ||
      rename(temporary.c_str(), name.c_str()) != 0) {
    Status status = failed("write");
    unlink(temporary.c_str());
    return status;
  }
  return Status();
}

Status checkWritable(const std::string &path) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
    return makeStatus(Code::CannotWrite, "cannot write '%s': it is a directory",
                      path.c_str());
  FileWriter writer; // its temporary file goes with it
  return writer.open(path);
}

} // namespace mptrt
