// SPDX-License-Identifier: Apache-2.0
// Reads the header, a Python dict literal of three known keys, by looking for
// each key: values are a string, a bool and a tuple of numbers.
#include "data/Npy.h"

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace mptrt {

namespace {

struct NpyType {
  const char *text;
  DType dtype;
};
constexpr NpyType types[] = {
    {"<f4", DType::F32}, {"<f8", DType::F64}, {"<i8", DType::I64},
    {"<i4", DType::I32}, {"|i1", DType::I8},  {"|u1", DType::U8},
    {"|b1", DType::I1},  {"<f2", DType::F16},
};

/// The text after `'key':`, without spaces before it; null if there is none.
const char *valueOf(const std::string &header, const char *key) {
  for (const char *quote : {"'", "\""}) {
    size_t at = header.find(std::string(quote) + key + quote);
    if (at == std::string::npos)
      continue;
    at = header.find_first_not_of(" :", at + std::strlen(key) + 2);
    return at == std::string::npos ? nullptr : header.c_str() + at;
  }
  return nullptr;
}

bool parseShape(const char *text, Shape *out) {
  if (!text || *text++ != '(')
    return false;
  int64_t total = 1;
  for (;;) {
    while (*text == ' ' || *text == ',')
      ++text;
    if (*text == ')')
      return true;
    if (!std::isdigit(static_cast<unsigned char>(*text)))
      return false;
    char *end = nullptr;
    errno = 0;
    int64_t size = std::strtoll(text, &end, 10);
    if (errno || __builtin_mul_overflow(total, size ? size : 1, &total))
      return false;
    out->push_back(size);
    text = *end == 'L' ? end + 1 : end;
  }
}

Status parseType(const char *text, DType *out) {
  std::string found;
  if (text && (*text == '\'' || *text == '"'))
    for (const char *at = text + 1; *at && *at != *text; ++at)
      found += *at;
  for (const NpyType &type : types)
    if (found == type.text) {
      *out = type.dtype;
      return Status();
    }
  return makeStatus(Code::BadInput,
                    "elements are of type '%s'; expected one of <f4, <f8, <i8, "
                    "<i4, |i1, |u1, |b1, <f2; convert with numpy's astype",
                    found.c_str());
}

} // namespace

Status parseNpy(const char *file, size_t size, NpyArray *out) {
  if (size < 10 || std::memcmp(file, "\x93NUMPY", 6) != 0)
    return makeStatus(Code::BadInput, "not an .npy array");
  int major = file[6];
  size_t lengthBytes = major == 1 ? 2 : 4;
  uint32_t length = 0;
  if (major < 1 || major > 3 || size < 8 + lengthBytes)
    return makeStatus(Code::BadInput, ".npy version %d; expected 1, 2 or 3",
                      major);
  std::memcpy(&length, file + 8, lengthBytes);
  size_t start = 8 + lengthBytes + length;
  if (start > size)
    return makeStatus(Code::BadInput, "the header of the array is truncated");
  std::string header(file + 8 + lengthBytes, length);
  NpyArray array;
  MPTRT_TRY(parseType(valueOf(header, "descr"), &array.dtype));
  const char *order = valueOf(header, "fortran_order");
  if (!order || std::strncmp(order, "False", 5) != 0)
    return makeStatus(Code::BadInput, "the array is in Fortran order; store "
                                      "numpy.ascontiguousarray of it");
  if (!parseShape(valueOf(header, "shape"), &array.shape))
    return makeStatus(Code::BadInput, "the array has no shape");
  array.data = file + start;
  if (static_cast<uint64_t>(elementCount(array.shape)) >
      (size - start) / dtypeSize(array.dtype))
    return makeStatus(Code::BadInput,
                      "the array is truncated: shape %s needs %lld bytes, "
                      "%zu are there",
                      shapeText(array.shape).c_str(), (long long)array.bytes(),
                      size - start);
  *out = array;
  return Status();
}

Status npyHeader(DType dtype, const Shape &shape, std::string *out) {
  for (const NpyType &type : types) {
    if (type.dtype != dtype)
      continue;
    std::string dims;
    for (int64_t size : shape)
      dims += formatText("%lld, ", (long long)size);
    if (shape.size() > 1)
      dims.resize(dims.size() - 2);
    else if (!dims.empty())
      dims.pop_back();
    std::string dict =
        formatText("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                   type.text, dims.c_str());
    dict.append(63 - (10 + dict.size()) % 64, ' ');
    dict += '\n';
    uint16_t length = static_cast<uint16_t>(dict.size());
    *out = std::string("\x93NUMPY\x01\x00", 8);
    out->append(reinterpret_cast<const char *>(&length), 2);
    *out += dict;
    return Status();
  }
  return makeStatus(Code::BadInput, "numpy has no element type %s",
                    dtypeName(dtype));
}

} // namespace mptrt
