// SPDX-License-Identifier: Apache-2.0
//===- ExternalData.cpp - tensor data outside the model file --------------===//
//
// Walks the components of a location with openat, O_NOFOLLOW at each, and
// checks the *opened* descriptor, so what was checked is what is read. fstatat
// looks first, to name what stands in the way and so that no device is opened;
// a swap between the two still ends in a refusal.
//
//===----------------------------------------------------------------------===//
#include "mpt/Import/Reader/ExternalData.h"
#include "mpt/Import/Reader/Problem.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mpt::onnx {

ExternalFiles::ExternalFiles(std::string where) : directory(std::move(where)) {
  const char *path = directory.empty() ? "." : directory.c_str();
  dirfd = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

ExternalFiles::~ExternalFiles() {
  if (dirfd >= 0)
    ::close(dirfd);
}

/// Why the text of a location alone is refused; empty if it is not.
static std::string refuseText(std::string_view location) {
  if (location.empty())
    return "the location is empty";
  if (location.find('\0') != std::string_view::npos)
    return "the location holds a NUL byte";
  if (location.find('\\') != std::string_view::npos)
    return "the location holds a backslash";
  if (location.front() == '/')
    return "the location is an absolute path";
  for (size_t begin = 0; begin <= location.size();) {
    size_t end = std::min(location.find('/', begin), location.size());
    std::string_view part = location.substr(begin, end - begin);
    if (part == "..")
      return "the location leaves the model's directory by '..'";
    if (part.empty() || part == ".")
      return "the location has an empty or '.' component";
    begin = end + 1;
  }
  return "";
}

/// Why the entry `name` of `parent` is refused before it is opened; empty if
/// it is not.
static std::string refuseEntry(int parent, const std::string &name,
                               const std::string &location, bool last) {
  std::string part = name == location ? "it" : "its component " + quote(name);
  struct stat status;
  if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? "the file does not exist"
                           : part + " cannot be examined: " + strerror(errno);
  if (S_ISLNK(status.st_mode))
    return part + " is a symbolic link";
  if (last ? !S_ISREG(status.st_mode) : !S_ISDIR(status.st_mode))
    return part + " is " + fileKind(status.st_mode) + ", expected " +
           fileKind(last ? S_IFREG : S_IFDIR);
  return "";
}

/// Opens the file; -1 and `why` when refused. `status` is of the open file.
static int openBeneath(int root, const std::string &location,
                       struct stat &status, std::string &why) {
  why = refuseText(location);
  if (!why.empty())
    return -1;
  int parent = root, fd = -1;
  for (size_t begin = 0; begin < location.size();) {
    size_t end = std::min(location.find('/', begin), location.size());
    std::string name = location.substr(begin, end - begin);
    bool last = end == location.size();
    int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
    why = refuseEntry(parent, name, location, last);
    fd = -1;
    if (why.empty()) {
      fd = ::openat(parent, name.c_str(), last ? flags : flags | O_DIRECTORY);
      if (fd < 0)
        why = quote(name) + " cannot be opened: " + strerror(errno);
    }
    if (parent != root)
      ::close(parent);
    if (fd < 0)
      return -1;
    parent = fd;
    begin = end + 1;
  }
  if (::fstat(fd, &status) != 0)
    why = std::string("it cannot be examined: ") + strerror(errno);
  else if (!S_ISREG(status.st_mode))
    why = std::string("it is ") + fileKind(status.st_mode);
  else if (status.st_nlink > 1)
    why = "it has " + std::to_string(status.st_nlink) + " hard links";
  if (why.empty())
    return fd;
  ::close(fd);
  return -1;
}

bool ExternalFiles::size(const std::string &location, uint64_t &bytes,
                         std::string &why) {
  auto at = known.find(location);
  if (at == known.end()) {
    Known entry{0, ""};
    if (std::unique_ptr<FileBytes> file = open(location, entry.why))
      entry.bytes = file->size();
    at = known.emplace(location, std::move(entry)).first;
  }
  bytes = at->second.bytes;
  why = at->second.why;
  return why.empty();
}

std::unique_ptr<FileBytes> ExternalFiles::open(const std::string &location,
                                               std::string &why) const {
  if (dirfd < 0) {
    why = "the model's directory cannot be opened";
    return nullptr;
  }
  struct stat status;
  int fd = openBeneath(dirfd, location, status, why);
  if (fd < 0)
    return nullptr;
  return std::make_unique<FileBytes>(fd, uint64_t(status.st_size));
}

} // namespace mpt::onnx
