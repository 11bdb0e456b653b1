// SPDX-License-Identifier: Apache-2.0
// A directory is read in order of names, so that messages are the same
// anywhere.
#include "checkpoint/WeightFiles.h"

#include <algorithm>
#include <dirent.h>
#include <memory>
#include <sys/stat.h>

namespace mptrt {

static bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

Status WeightFiles::add(const std::string &path) {
  SafeTensors file;
  MPTRT_TRY(SafeTensors::open(path, &file).withContext("weights file"));
  for (const auto &tensor : file.all())
    for (const SafeTensors &other : files)
      if (other.find(tensor.first))
        return makeStatus(
            Code::BadInput, "tensor '%s' is in '%s' and in '%s'; name one file",
            tensor.first.c_str(), other.path().c_str(), path.c_str());
  files.push_back(std::move(file));
  return Status();
}

Status WeightFiles::open(const std::string &path, WeightFiles *out) {
  WeightFiles weights;
  struct stat status;
  bool isDirectory =
      stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  weights.text =
      (isDirectory ? "weights directory '" : "weights file '") + path + "'";
  if (!isDirectory) {
    MPTRT_TRY(weights.add(path));
    *out = std::move(weights);
    return Status();
  }
  std::unique_ptr<DIR, int (*)(DIR *)> directory(opendir(path.c_str()),
                                                 closedir);
  std::vector<std::string> names;
  if (directory)
    while (const dirent *entry = readdir(directory.get()))
      if (endsWith(entry->d_name, ".safetensors"))
        names.push_back(entry->d_name);
  if (names.empty())
    return makeStatus(Code::BadInput, "%s has no file *.safetensors",
                      weights.text.c_str());
  std::sort(names.begin(), names.end());
  for (const std::string &name : names)
    MPTRT_TRY(weights.add(path + "/" + name));
  *out = std::move(weights);
  return Status();
}

const StoredTensor *WeightFiles::find(const std::string &name) const {
  for (const SafeTensors &file : files)
    if (const StoredTensor *found = file.find(name))
      return found;
  return nullptr;
}

} // namespace mptrt
