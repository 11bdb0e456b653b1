// SPDX-License-Identifier: Apache-2.0
//===- ExternalData.h - tensor data outside the model file ----------------===//
//
// A location in a model is a hostile string. It is opened component by
// component from the open directory of the model with O_NOFOLLOW, so neither
// `..`, nor a link at any level, nor a race between check and use leads out.
// Refused by name: absolute paths, `.`, `..`, empty components, NUL,
// backslashes, symbolic links, hard links, everything but regular files, and
// ranges past the end.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_IMPORT_READER_EXTERNALDATA_H
#define MPT_IMPORT_READER_EXTERNALDATA_H

#include "mpt/Import/Reader/ByteSource.h"
#include <map>

namespace mpt::onnx {

class ExternalFiles {
public:
  /// `directory`: "" is the working directory, else it ends in '/'.
  explicit ExternalFiles(std::string directory);
  ~ExternalFiles();
  ExternalFiles(const ExternalFiles &) = delete;
  ExternalFiles &operator=(const ExternalFiles &) = delete;

  /// Size of the file at `location`, or false and why not. Asks the file system
  /// once per location.
  bool size(const std::string &location, uint64_t &bytes, std::string &why);
  /// Opens it for reading; null and `why` when refused.
  std::unique_ptr<FileBytes> open(const std::string &location,
                                  std::string &why) const;

private:
  struct Known {
    uint64_t bytes;
    std::string why;
  };
  std::string directory;
  int dirfd;
  std::map<std::string, Known> known;
};

} // namespace mpt::onnx

#endif
