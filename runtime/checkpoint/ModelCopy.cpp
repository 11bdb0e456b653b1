// SPDX-License-Identifier: Apache-2.0
// Paths: the model is DIRECTORY/NAME.onnx of the manifest; a source names its
// file relative to that directory.
#include "checkpoint/ModelCopy.h"

#include "checkpoint/InitialValues.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <sys/stat.h>

namespace mptrt {

bool isModelName(const std::string &path) {
  const std::string end = ".onnx";
  return path.size() > end.size() &&
         path.compare(path.size() - end.size(), end.size(), end) == 0;
}

static std::string folderOf(const std::string &path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos
             ? "."
             : path.substr(0, std::max<size_t>(slash, 1));
}

static std::string inFolder(const std::string &folder,
                            const std::string &name) {
  return folder.empty() ? name : folder + "/" + name;
}

static bool isSame(const std::string &a, const std::string &b) {
  struct stat first, second;
  return stat(a.c_str(), &first) == 0 && stat(b.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

namespace {

/// The files of a model and where their copies go.
struct Plan {
  std::string model;              // name of the .onnx file
  std::set<std::string> external; // names, relative to the model

  explicit Plan(const abi::Manifest &manifest)
      : model(manifest.name + ".onnx") {
    for (const abi::State &state : manifest.states)
      if (isWeight(state) && state.source.kind == "file" &&
          state.source.file != model)
        external.insert(state.source.file);
  }
};

} // namespace

/// Weights that the program changes but the model's files do not hold.
static std::string homeless(const abi::Manifest &manifest) {
  std::string names;
  for (const abi::State &state : manifest.states) {
    DType stored = static_cast<DType>(state.source.dtype);
    bool fits = state.source.kind == "file" &&
                convertible(stored, static_cast<DType>(state.dtype));
    if (isWeight(state) && state.trainable && !fits)
      names += (names.empty() ? "'" : ", '") + state.name + "'";
  }
  return names;
}

Status ModelCopy::check(const abi::Manifest &manifest,
                        const std::string &path) {
  Plan plan(manifest);
  std::string model = inFolder(manifest.directory, plan.model);
  std::string missing = homeless(manifest);
  if (!missing.empty())
    return makeStatus(Code::Usage,
                      "'--save' has value '%s', but the model's files hold no "
                      "plain array for %s; save as .safetensors",
                      path.c_str(), missing.c_str());
  if (isSame(model, path))
    return makeStatus(Code::Usage,
                      "'--save' has value '%s', the model itself, which the "
                      "program reads; use another name",
                      path.c_str());
  for (const std::string &name : plan.external) {
    bool isInside = name.find('/') == std::string::npos;
    if (!isInside || isSame(folderOf(path), inFolder(manifest.directory, ".")))
      return makeStatus(Code::Usage,
                        "'--save' has value '%s', but the model's weights lie "
                        "in '%s' beside it, which the copy needs under the "
                        "same name; %s",
                        path.c_str(), name.c_str(),
                        isInside ? "save into another directory"
                                 : "save as .safetensors");
  }
  const char *why = "'--save' of a model copies the one it was compiled from";
  for (const abi::State &state : manifest.states) {
    bool isHere = isWeight(state) && state.source.kind == "file";
    std::string name = isHere ? state.source.file : plan.model;
    MappedFile file;
    MPTRT_TRY(MappedFile::open(inFolder(manifest.directory, name), &file)
                  .withContext(why));
    int64_t end = state.source.offset + state.source.bytes;
    if (isHere && end > static_cast<int64_t>(file.size()))
      return makeStatus(Code::BadInput,
                        "%s: '%s' has changed since, it ends before '%s'", why,
                        name.c_str(), state.name.c_str());
  }
  return Status();
}

Status ModelCopy::open(const abi::Manifest &manifest, const std::string &path) {
  Plan plan(manifest);
  std::map<std::string, std::string> targets = {{plan.model, path}};
  for (const std::string &name : plan.external)
    targets[name] = inFolder(folderOf(path), name);
  for (const auto &target : targets) {
    MappedFile source;
    MPTRT_TRY(
        MappedFile::open(inFolder(manifest.directory, target.first), &source));
    auto writer = std::make_unique<FileWriter>();
    MPTRT_TRY(writer->open(target.second));
    MPTRT_TRY(writer->write(source.data(), source.size()));
    files[target.first] = std::move(writer);
  }
  return Status();
}

Status ModelCopy::write(const abi::State &state,
                        const std::vector<char> &values) {
  const abi::Source &source = state.source;
  auto file = files.find(source.file);
  if (source.kind != "file" || file == files.end())
    return Status(); // not trainable: as the model has it
  DType stored = static_cast<DType>(source.dtype);
  if (stored == static_cast<DType>(state.dtype))
    return file->second->writeAt(source.offset, values.data(), values.size());
  // A program of f64 over a file of f32.
  std::vector<char> narrow(static_cast<size_t>(source.bytes));
  for (size_t i = 0; i < narrow.size() / sizeof(float); ++i) {
    double wide;
    std::memcpy(&wide, values.data() + i * sizeof(double), sizeof(double));
    float value = static_cast<float>(wide);
    std::memcpy(narrow.data() + i * sizeof(float), &value, sizeof(float));
  }
  return file->second->writeAt(source.offset, narrow.data(), narrow.size());
}

Status ModelCopy::commit() {
  for (auto &file : files)
    MPTRT_TRY(file.second->commit());
  return Status();
}

} // namespace mptrt
