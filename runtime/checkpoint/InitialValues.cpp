// SPDX-License-Identifier: Apache-2.0
// Resolves each state's source to memory and strides. Transposed initializers
// are read through transposed strides; f32 files serve f64 programs.
#include "checkpoint/InitialValues.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace mptrt {

bool isCounter(const abi::State &state) { return state.role == "counter"; }

bool isWeight(const abi::State &state) {
  return state.role == "parameter" || state.role == "buffer";
}

const Shape &fileShapeOf(const abi::State &state) {
  return state.source.fileShape.empty() ? state.shape : state.source.fileShape;
}

std::vector<int64_t> fileStridesOf(const abi::State &state,
                                   int64_t elementBytes) {
  // Without a transposition the file may differ in shape, not in order.
  if (state.source.perm.empty())
    return rowMajorStrides(state.shape, elementBytes);
  return transposedStrides(fileShapeOf(state), state.source.perm, elementBytes);
}

Status InitialValues::openSlice(const abi::Manifest &manifest,
                                const abi::State &state, Origin *out) {
  const abi::Source &source = state.source;
  bool isAbsolute = !source.file.empty() && source.file[0] == '/';
  std::string path = isAbsolute || manifest.directory.empty()
                         ? source.file
                         : manifest.directory + "/" + source.file;
  auto known = files.find(path);
  if (known == files.end()) {
    MappedFile file;
    MPTRT_TRY(
        MappedFile::open(path, &file)
            .withContext(
                "initial value; restore the model's file or give --weights"));
    known = files.emplace(path, std::move(file)).first;
  }
  out->stored = static_cast<DType>(source.dtype);
  int64_t elementBytes = static_cast<int64_t>(dtypeSize(out->stored));
  int64_t bytes = elementCount(fileShapeOf(state)) * elementBytes;
  int64_t size = static_cast<int64_t>(known->second.size());
  if (source.bytes != bytes || source.offset < 0 || source.offset > size ||
      bytes > size - source.offset)
    return makeStatus(Code::BadInput,
                      "initial value: expected bytes [%lld, %lld) of '%s', "
                      "which has %lld; the file has changed since the program "
                      "was compiled",
                      (long long)source.offset,
                      (long long)(source.offset + source.bytes), path.c_str(),
                      (long long)size);
  out->data = known->second.data() + source.offset;
  out->bytes = static_cast<size_t>(bytes);
  out->strides = fileStridesOf(state, elementBytes);
  return Status();
}

Status InitialValues::openTensor(const abi::State &state, Origin *out) const {
  const StoredTensor *tensor = weights.find(state.name);
  if (!tensor)
    return makeStatus(Code::BadInput, "not in %s", weights.title().c_str());
  if (tensor->shape != fileShapeOf(state))
    return makeStatus(Code::BadInput, "%s has shape %s; expected %s",
                      weights.title().c_str(), shapeText(tensor->shape).c_str(),
                      shapeText(fileShapeOf(state)).c_str());
  out->stored = tensor->dtype;
  out->bytes = static_cast<size_t>(elementCount(tensor->shape)) *
               dtypeSize(tensor->dtype);
  out->data = tensor->data;
  out->strides =
      fileStridesOf(state, static_cast<int64_t>(dtypeSize(tensor->dtype)));
  return Status();
}

Status InitialValues::openState(const abi::Manifest &manifest, size_t index,
                                int depth, Origin *out) {
  const abi::State &state = manifest.states[index];
  const abi::Source &source = state.source;
  if (!weights.empty() && isWeight(state))
    return openTensor(state, out);
  if (source.kind == "file")
    return openSlice(manifest, state, out);
  if (source.kind == "zero")
    return Status();
  if (source.kind == "value") {
    char *end = nullptr;
    out->number = std::strtod(source.text.c_str(), &end);
    if (end != source.text.c_str() && *end == '\0')
      return Status();
    return makeStatus(Code::Internal, "initial value '%s' is no number",
                      source.text.c_str());
  }
  if (source.kind == "copy" && depth < 8)
    for (size_t i = 0; i < manifest.states.size(); ++i)
      if (manifest.states[i].name == source.file)
        return openState(manifest, i, depth + 1, out);
  return makeStatus(Code::Internal, "unknown source '%s' of '%s'",
                    source.kind.c_str(), source.file.c_str());
}

/// False for what no rank holds.
static bool isPlaced(const abi::Manifest &manifest, size_t state) {
  for (const abi::Coordinate &coordinate : manifest.coordinates)
    for (const abi::StatePlace &place : coordinate.states)
      if (place.state == static_cast<int64_t>(state))
        return true;
  return false;
}

/// Tensors of the files that are no weights of the program.
static std::string unusedTensors(const abi::Manifest &manifest,
                                 const WeightFiles &weights) {
  std::string names;
  int count = 0;
  for (const SafeTensors &file : weights.all())
    for (const auto &tensor : file.all()) {
      bool used =
          std::any_of(manifest.states.begin(), manifest.states.end(),
                      [&](const abi::State &state) {
                        return isWeight(state) && state.name == tensor.first;
                      });
      if (!used && ++count <= 5)
        names += (names.empty() ? "'" : ", '") + tensor.first + "'";
    }
  if (count == 0)
    return "";
  return formatText("%s has %d tensors that the program does not: %s%s",
                    weights.title().c_str(), count, names.c_str(),
                    count > 5 ? ", ..." : "");
}

Status InitialValues::open(const abi::Manifest &manifest,
                           const std::string &path, InitialValues *out) {
  InitialValues values;
  if (!path.empty()) {
    MPTRT_TRY(WeightFiles::open(path, &values.weights));
    values.remark = unusedTensors(manifest, values.weights);
  }
  std::string problems;
  Code code = Code::Ok;
  for (size_t i = 0; i < manifest.states.size(); ++i) {
    const abi::State &state = manifest.states[i];
    Origin origin;
    origin.wanted = static_cast<DType>(state.dtype);
    Status status;
    if (!isCounter(state) && isPlaced(manifest, i))
      status = values.openState(manifest, i, 0, &origin);
    if (status.ok() && origin.data &&
        !convertible(origin.stored, origin.wanted))
      status =
          makeStatus(Code::BadInput, "stored as %s; the program expects %s",
                     dtypeName(origin.stored), dtypeName(origin.wanted));
    values.origins.push_back(std::move(origin));
    if (status.ok())
      continue;
    code = status.code();
    problems += (problems.empty() ? "'" : "\n  '") + state.name +
                "': " + status.message();
  }
  if (code != Code::Ok)
    return Status(code, problems);
  *out = std::move(values);
  return Status();
}

void InitialValues::take(size_t state, const Box &box, char *local) const {
  const Origin &origin = origins[state];
  int64_t count = elementCount(box.bound);
  if (!origin.data) {
    fillBox(origin.number, origin.wanted, box, local);
    return;
  }
  int64_t stored = static_cast<int64_t>(dtypeSize(origin.stored));
  if (origin.stored == origin.wanted) {
    takeBox(box, stored, origin.data, origin.strides, local);
  } else {
    std::vector<char> narrow(static_cast<size_t>(count * stored));
    takeBox(box, stored, origin.data, origin.strides, narrow.data());
    convertElements(origin.stored, narrow.data(), origin.wanted, local, count);
  }
  MappedFile::release(origin.data, origin.bytes);
}

} // namespace mptrt
