// SPDX-License-Identifier: Apache-2.0
//===- Load.cpp - read and check an ONNX file -----------------------------===//
#include "mpt/Import/Reader/Load.h"
#include "Decode.h"
#include "mpt/Import/Reader/Verify.h"

namespace mpt::onnx {

static LoadResult load(const ByteSource &source, const std::string &path,
                       const std::string *directory,
                       const LoadOptions &options) {
  LoadResult result{nullptr, Problems(path)};
  Scan scan;
  if (!scanModel(source, options.budget, scan, result.problems))
    return result;
  std::unique_ptr<ExternalFiles> external;
  if (directory)
    external = std::make_unique<ExternalFiles>(*directory);
  DecodeContext context{source, scan, options.budget, external.get(),
                        result.problems};
  std::unique_ptr<Model> model = decodeModel(context);
  if (!model)
    return result;
  model->path = path;
  if (directory)
    model->directory = *directory;
  verifyModel(*model, options, result.problems);
  if (!result.problems.hasErrors())
    result.model = std::move(model);
  return result;
}

LoadResult loadModel(const std::string &path, const LoadOptions &options) {
  std::string why;
  std::unique_ptr<FileBytes> file = FileBytes::open(path, why);
  if (!file) {
    LoadResult result{nullptr, Problems(path)};
    result.problems.error(why, "pass an ONNX model");
    return result;
  }
  size_t slash = path.rfind('/');
  std::string directory =
      slash == std::string::npos ? "" : path.substr(0, slash + 1);
  return load(*file, path, &directory, options);
}

LoadResult loadModelBytes(std::string_view bytes, const std::string &name,
                          const LoadOptions &options,
                          const std::string *directory) {
  return load(MemoryBytes(bytes), name, directory, options);
}

std::unique_ptr<ByteSource> openTensor(const Model &model, const Tensor &tensor,
                                       uint64_t &offset, std::string &why) {
  offset = 0;
  if (!tensor.inFile || tensor.bytes.size() == tensor.length)
    return std::make_unique<MemoryBytes>(tensor.bytes);
  offset = tensor.offset;
  if (tensor.location.empty())
    return FileBytes::open(model.path, why);
  return ExternalFiles(model.directory).open(tensor.location, why);
}

bool readTensor(const Model &model, const Tensor &tensor, uint64_t limit,
                std::string &out, std::string &why) {
  uint64_t length = tensor.inFile ? tensor.length : tensor.bytes.size();
  if (length > limit) {
    why = "has " + std::to_string(length) + " bytes, the limit is " +
          std::to_string(limit);
    return false;
  }
  uint64_t offset;
  std::unique_ptr<ByteSource> source = openTensor(model, tensor, offset, why);
  if (!source)
    return false;
  out.resize(length);
  if (source->read(offset, out.data(), length))
    return true;
  why = "cannot be read; did the file change?";
  return false;
}

} // namespace mpt::onnx
