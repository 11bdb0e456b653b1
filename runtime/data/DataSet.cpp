// SPDX-License-Identifier: Apache-2.0
// Opens, checks and cuts the data file. A sample is what lies at one index of
// the batch dim; a scalar input is a sample of its own.
#include "data/DataSet.h"

#include "data/Tokens.h"

#include <algorithm>
#include <cstring>

namespace mptrt {

/// "name.npy" -> "name"
static std::string arrayName(const std::string &member) {
  size_t length = member.size();
  bool hasSuffix = length > 4 && member.compare(length - 4, 4, ".npy") == 0;
  return hasSuffix ? member.substr(0, length - 4) : member;
}

Status
DataSet::openMembers(const std::string &path,
                     std::vector<std::pair<std::string, NpyArray>> *arrays) {
  MPTRT_TRY(MappedFile::open(path, &file));
  if (file.size() >= 6 && std::memcmp(file.data(), "\x93NUMPY", 6) == 0) {
    NpyArray array;
    MPTRT_TRY(parseNpy(file.data(), file.size(), &array));
    arrays->emplace_back("", array);
    return Status();
  }
  if (file.size() < 4 || std::memcmp(file.data(), "PK", 2) != 0)
    return makeStatus(Code::BadInput,
                      "neither an .npz nor an .npy file; a file of tokens ends "
                      "in .u8, .u16 or .u32, or needs --tokens=TYPE");
  std::vector<ZipMember> members;
  MPTRT_TRY(listZip(file.data(), file.size(), &members));
  for (const ZipMember &member : members) {
    std::string name = arrayName(member.name);
    const char *data = member.data;
    if (member.deflated) {
      inflated.emplace_back();
      MPTRT_TRY(inflateMember(member, &inflated.back()));
      data = inflated.back().data();
    } else {
      MPTRT_TRY(checkMember(member));
    }
    NpyArray array;
    MPTRT_TRY(parseNpy(data, member.bytes, &array)
                  .withContext("array '" + name + "'"));
    arrays->emplace_back(name, array);
  }
  return Status();
}

static bool sameTail(const Shape &found, size_t foundFrom, const Shape &wanted,
                     size_t wantedFrom) {
  return std::equal(
      found.begin() + static_cast<std::ptrdiff_t>(foundFrom), found.end(),
      wanted.begin() + static_cast<std::ptrdiff_t>(wantedFrom), wanted.end());
}

Status DataSet::makeColumn(const abi::Input &input, const NpyArray &array,
                           Column *out) {
  const Shape &shape = input.shape;
  out->stored = array.dtype;
  out->wanted = static_cast<DType>(input.dtype);
  if (!convertible(out->stored, out->wanted))
    return makeStatus(Code::BadInput,
                      "array '%s' has elements of type %s; expected %s; "
                      "convert with numpy's astype",
                      input.name.c_str(), dtypeName(out->stored),
                      dtypeName(out->wanted));
  size_t rank = shape.size(), found = array.shape.size();
  bool perStep = found == rank + 1 && sameTail(array.shape, 1, shape, 0);
  bool perSample =
      rank > 0 && found == rank && sameTail(array.shape, 1, shape, 1);
  if (!perStep && !perSample) {
    std::string tail = shapeText(shape).substr(1);
    std::string samples =
        shapeText(Shape(shape.begin() + (rank > 0 ? 1 : 0), shape.end()))
            .substr(1);
    std::string wanted = "[steps" + (rank ? ", " + tail : tail);
    if (rank > 0)
      wanted += " or [samples" + (rank > 1 ? ", " + samples : samples);
    return makeStatus(Code::BadInput,
                      "array '%s' has shape %s; expected %s; another batch or "
                      "size needs another compile (mptc --bind)",
                      input.name.c_str(), shapeText(array.shape).c_str(),
                      wanted.c_str());
  }
  out->data = array.data;
  out->perStep = rank > 0 ? shape[0] : 1;
  out->sample = rank > 0 ? Shape(shape.begin() + 1, shape.end()) : Shape();
  out->samples = array.shape[0] * (perStep ? out->perStep : 1);
  return Status();
}

/// All arrays must hold the same number of whole steps.
Status DataSet::countSteps(const abi::Manifest &manifest) {
  for (size_t i = 0; i < columns.size(); ++i) {
    int64_t steps =
        columns[i].perStep ? columns[i].samples / columns[i].perStep : 0;
    if (i > 0 && steps != stepCount)
      return makeStatus(Code::BadInput,
                        "array '%s' holds %lld steps, array '%s' %lld; "
                        "expected equal numbers",
                        manifest.inputs[0].name.c_str(), (long long)stepCount,
                        manifest.inputs[i].name.c_str(), (long long)steps);
    stepCount = steps;
    sampleCount = steps * columns[i].perStep;
  }
  if (stepCount == 0)
    return makeStatus(Code::BadInput,
                      "array '%s' holds %lld samples, less than one step of "
                      "%lld",
                      manifest.inputs[0].name.c_str(),
                      (long long)columns[0].samples,
                      (long long)columns[0].perStep);
  return Status();
}

/// Of inputs [batch, length]: one of ids, one that --loss made.
static Status checkTokenInputs(const abi::Manifest &manifest) {
  const auto &inputs = manifest.inputs;
  bool fits = inputs.size() == 2 && inputs[0].label + inputs[1].label == 1 &&
              inputs[0].shape == inputs[1].shape && inputs[0].shape.size() == 2;
  std::string found;
  for (const abi::Input &input : inputs) {
    bool isInteger =
        input.dtype == abi::DTypeI64 || input.dtype == abi::DTypeI32;
    fits = fits && isInteger;
    found += formatText("%s'%s' (%s%s %s)", found.empty() ? "" : ", ",
                        input.name.c_str(), input.label ? "label " : "",
                        dtypeName(static_cast<DType>(input.dtype)),
                        shapeText(input.shape).c_str());
  }
  if (fits)
    return Status();
  return makeStatus(Code::BadInput,
                    "tokens are for programs of one input of ids, [batch, "
                    "length], and labels of the same shape that "
                    "--loss='cross_entropy(...)' made; this one reads %s; use "
                    "an .npz file",
                    found.c_str());
}

Status DataSet::openTokens(const std::string &path, const std::string &type,
                           const abi::Manifest &manifest) {
  MPTRT_TRY(MappedFile::open(path, &file));
  MPTRT_TRY(checkTokenInputs(manifest));
  int bytes = tokenBytes(type);
  if (file.size() % static_cast<size_t>(bytes))
    return makeStatus(Code::BadInput,
                      "%zu bytes are no whole number of %s tokens", file.size(),
                      type.c_str());
  int64_t count = static_cast<int64_t>(file.size()) / bytes;
  for (const abi::Input &input : manifest.inputs) {
    Column column;
    column.data = file.data();
    column.wanted = static_cast<DType>(input.dtype);
    column.perStep = input.shape[0];
    column.sample = Shape(1, input.shape[1]);
    column.samples = count > 0 ? (count - 1) / input.shape[1] : 0;
    column.token = bytes;
    column.shift = input.label;
    columns.push_back(std::move(column));
  }
  const Column &first = columns.front();
  stepCount = first.samples / first.perStep;
  sampleCount = stepCount * first.perStep;
  if (stepCount > 0)
    return Status();
  return makeStatus(Code::BadInput,
                    "%lld tokens give %lld windows of %lld + 1, less than one "
                    "step of %lld",
                    (long long)count, (long long)first.samples,
                    (long long)first.sample[0], (long long)first.perStep);
}

Status DataSet::open(const std::string &path, const std::string &tokens,
                     const abi::Manifest &manifest, DataSet *out) {
  DataSet data;
  std::vector<std::pair<std::string, NpyArray>> arrays;
  std::string context = "data file '" + path + "'";
  std::string type = tokens.empty() ? tokenTypeOf(path) : tokens;
  if (!type.empty()) {
    MPTRT_TRY(data.openTokens(path, type, manifest).withContext(context));
    *out = std::move(data);
    return Status();
  }
  MPTRT_TRY(data.openMembers(path, &arrays).withContext(context));
  if (arrays.size() == 1 && arrays[0].first.empty() &&
      manifest.inputs.size() == 1)
    arrays[0].first = manifest.inputs[0].name;
  std::string problems, names;
  for (const auto &array : arrays)
    names += (names.empty() ? "'" : ", '") + array.first + "'";
  for (const abi::Input &input : manifest.inputs) {
    auto found =
        std::find_if(arrays.begin(), arrays.end(), [&](const auto &array) {
          return array.first == input.name;
        });
    data.columns.emplace_back();
    Status status =
        found == arrays.end()
            ? makeStatus(Code::BadInput,
                         "no array '%s'; the file has %s; name arrays as the "
                         "model names its inputs",
                         input.name.c_str(), names.c_str())
            : makeColumn(input, found->second, &data.columns.back());
    if (!status.ok())
      problems += (problems.empty() ? "" : "\n  ") + status.message();
  }
  if (!problems.empty())
    return Status(Code::BadInput, context + ": " + problems);
  if (!manifest.inputs.empty())
    MPTRT_TRY(data.countSteps(manifest).withContext(context));
  *out = std::move(data);
  return Status();
}

int64_t DataSet::sampleAt(const Column &column, int64_t step,
                          int64_t row) const {
  uint64_t at = static_cast<uint64_t>(step * column.perStep + row);
  return static_cast<int64_t>(order ? (*order)(at) : at);
}

void DataSet::takeTokens(const Column &column, int64_t step, const Box &box,
                         char *local) const {
  int64_t wanted = static_cast<int64_t>(dtypeSize(column.wanted));
  for (int64_t i = 0; i < box.extent[0]; ++i) {
    int64_t window = sampleAt(column, step, box.start[0] + i);
    int64_t token = window * column.sample[0] + column.shift + box.start[1];
    widenTokens(column.data + token * column.token, column.token, column.wanted,
                local + i * box.bound[1] * wanted, box.extent[1]);
  }
}

void DataSet::take(size_t input, int64_t step, const Box &box,
                   char *local) const {
  const Column &column = columns[input];
  int64_t stored = static_cast<int64_t>(dtypeSize(column.stored));
  int64_t wanted = static_cast<int64_t>(dtypeSize(column.wanted));
  int64_t total = elementCount(box.bound);
  std::memset(local, 0, static_cast<size_t>(total * wanted));
  if (box.empty())
    return;
  if (column.token)
    return takeTokens(column, step, box, local);
  // The box of one sample: all dims but the batch.
  std::ptrdiff_t skip = box.bound.empty() ? 0 : 1;
  Box part{Shape(box.start.begin() + skip, box.start.end()),
           Shape(box.extent.begin() + skip, box.extent.end()),
           Shape(box.bound.begin() + skip, box.bound.end())};
  int64_t rows = skip ? box.extent[0] : 1, first = skip ? box.start[0] : 0;
  int64_t rowElements = elementCount(part.bound);
  std::vector<int64_t> strides = rowMajorStrides(column.sample, stored);
  std::vector<char> row(static_cast<size_t>(rowElements * stored));
  int64_t sampleBytes = elementCount(column.sample) * stored;
  for (int64_t i = 0; i < rows; ++i) {
    int64_t sample = sampleAt(column, step, first + i);
    takeBox(part, stored, column.data + sample * sampleBytes, strides,
            row.data());
    convertElements(column.stored, row.data(), column.wanted,
                    local + i * rowElements * wanted, rowElements);
  }
}

} // namespace mptrt
