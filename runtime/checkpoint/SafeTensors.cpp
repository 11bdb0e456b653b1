// SPDX-License-Identifier: Apache-2.0
// Parsing and writing of safetensors headers.
#include "checkpoint/SafeTensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

namespace mptrt {

using Json = nlohmann::ordered_json;

namespace {

struct TypeName {
  const char *name;
  DType dtype;
};
constexpr TypeName typeNames[] = {
    {"F32", DType::F32}, {"F64", DType::F64},   {"I64", DType::I64},
    {"I32", DType::I32}, {"I8", DType::I8},     {"U8", DType::U8},
    {"BOOL", DType::I1}, {"BF16", DType::BF16}, {"F16", DType::F16},
};

struct Extent {
  uint64_t begin, end;
};

bool isCount(const Json &value) { return value.is_number_unsigned(); }

Status parseTensor(const std::string &name, const Json &value, uint64_t room,
                   StoredTensor *out, Extent *extent) {
  auto wrong = [&](const char *what) {
    return makeStatus(Code::BadInput, "tensor '%s': %s", name.c_str(), what);
  };
  if (!value.is_object() || !value.contains("dtype") ||
      !value.contains("shape") || !value.contains("data_offsets"))
    return wrong("expected an object of dtype, shape and data_offsets");
  const Json &dtype = value["dtype"], &shape = value["shape"],
             &offsets = value["data_offsets"];
  auto type =
      std::find_if(std::begin(typeNames), std::end(typeNames),
                   [&](const TypeName &type) { return dtype == type.name; });
  if (type == std::end(typeNames))
    return makeStatus(Code::BadInput,
                      "tensor '%s': element type %s is not supported",
                      name.c_str(), dtype.dump().c_str());
  out->dtype = type->dtype;
  int64_t bytes = static_cast<int64_t>(dtypeSize(out->dtype));
  if (!shape.is_array() || !std::all_of(shape.begin(), shape.end(), isCount))
    return wrong("shape is no list of numbers");
  for (const Json &size : shape) {
    out->shape.push_back(size.get<int64_t>());
    if (out->shape.back() < 0 ||
        __builtin_mul_overflow(bytes, out->shape.back(), &bytes))
      return wrong("shape is too large");
  }
  if (!offsets.is_array() || offsets.size() != 2 || !isCount(offsets[0]) ||
      !isCount(offsets[1]))
    return wrong("data_offsets are no two numbers");
  *extent = {offsets[0].get<uint64_t>(), offsets[1].get<uint64_t>()};
  if (extent->begin > extent->end || extent->end > room)
    return wrong("data_offsets are outside of the file; it may be truncated");
  if (extent->end - extent->begin != static_cast<uint64_t>(bytes))
    return wrong("data_offsets do not fit shape and dtype");
  return Status();
}

} // namespace

Status SafeTensors::parse() {
  uint64_t length = 0;
  if (file.size() < 8)
    return makeStatus(Code::BadInput, "too short for a header");
  std::memcpy(&length, file.data(), 8);
  if (length > 100000000 || length > file.size() - 8)
    return makeStatus(Code::BadInput,
                      "header of %llu bytes in a file of %zu; it is no "
                      "safetensors file or truncated",
                      (unsigned long long)length, file.size());
  const char *start = file.data() + 8;
  Json header = Json::parse(start, start + length, nullptr,
                            /*allow_exceptions=*/false);
  if (!header.is_object())
    return makeStatus(Code::BadInput, "the header is no JSON object");
  uint64_t room = file.size() - 8 - length;
  std::vector<Extent> extents;
  for (const auto &item : header.items()) {
    if (item.key() == "__metadata__")
      continue;
    StoredTensor tensor;
    Extent extent;
    MPTRT_TRY(parseTensor(item.key(), item.value(), room, &tensor, &extent));
    tensor.data = start + length + extent.begin;
    extents.push_back(extent);
    if (!tensors.emplace(item.key(), std::move(tensor)).second)
      return makeStatus(Code::BadInput, "tensor '%s' stands there twice",
                        item.key().c_str());
  }
  std::sort(extents.begin(), extents.end(), [](Extent a, Extent b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  uint64_t at = 0;
  for (const Extent &extent : extents) {
    if (extent.begin != at)
      return makeStatus(Code::BadInput, "data has holes or overlaps");
    at = extent.end;
  }
  return at == room ? Status()
                    : makeStatus(Code::BadInput, "data has holes or overlaps");
}

Status SafeTensors::open(const std::string &path, SafeTensors *out) {
  SafeTensors result;
  MPTRT_TRY(MappedFile::open(path, &result.file));
  MPTRT_TRY(result.parse().withContext("'" + path + "'"));
  *out = std::move(result);
  return Status();
}

const StoredTensor *SafeTensors::find(const std::string &name) const {
  auto found = tensors.find(name);
  return found == tensors.end() ? nullptr : &found->second;
}

Status SafeTensorsWriter::open(const std::string &path,
                               const std::vector<Entry> &entries) {
  Json header = Json::object();
  uint64_t at = 0;
  for (const Entry &entry : entries) {
    auto type = std::find_if(
        std::begin(typeNames), std::end(typeNames),
        [&](const TypeName &type) { return entry.dtype == type.dtype; });
    uint64_t end = at + static_cast<uint64_t>(elementCount(entry.shape)) *
                            dtypeSize(entry.dtype);
    header[entry.name] = {{"dtype", type->name},
                          {"shape", entry.shape},
                          {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text =
      header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');
  uint64_t length = text.size();
  MPTRT_TRY(file.open(path));
  MPTRT_TRY(file.write(&length, 8));
  return file.write(text.data(), text.size());
}

Status SafeTensorsWriter::write(const std::vector<char> &tensor) {
  return file.write(tensor.data(), tensor.size());
}

} // namespace mptrt
