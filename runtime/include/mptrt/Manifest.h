// SPDX-License-Identifier: Apache-2.0
// The structs of abi.def and their encoding. Plain C++17, header only: the
// compiler writes manifests with `encode`, the runtime reads them with `decode`.
// `visit(struct, f)` calls f(name, field) for every field in order.
#ifndef MPTRT_MANIFEST_H
#define MPTRT_MANIFEST_H

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace mptrt {
namespace abi {

enum : int64_t {
#define MPTRT_ENUM(NAME, VALUE) NAME = VALUE,
#include "mptrt/abi.def"
};
inline constexpr int64_t version = MPTRT_ABI_VERSION;
inline constexpr char magic[9] = "MPTMANIF";

#define STR std::string
#define I64 int64_t
#define F64 double
#define LIST(KIND) std::vector<KIND>
#define STRUCT(NAME) NAME
#define MPTRT_STRUCT(NAME) struct NAME {
#define MPTRT_FIELD(KIND, FIELD) KIND FIELD{};
#define MPTRT_END(NAME)                                                        \
  }                                                                            \
  ;
#include "mptrt/abi.def"
#undef STR
#undef I64
#undef F64
#undef LIST
#undef STRUCT

#define MPTRT_STRUCT(NAME)                                                     \
  template <typename S, typename F,                                            \
            std::enable_if_t<std::is_same_v<std::remove_const_t<S>, NAME>,     \
                             int> = 0>                                         \
  void visit(S &value, F &&f) {
#define MPTRT_FIELD(KIND, FIELD) f(#FIELD, value.FIELD);
#define MPTRT_END(NAME) }
#include "mptrt/abi.def"

template <typename T> struct IsList : std::false_type {};
template <typename T> struct IsList<std::vector<T>> : std::true_type {};

/// Appends the encoding of a field or struct.
template <typename T> void encode(const T &value, std::string &out) {
  if constexpr (std::is_arithmetic_v<T>) {
    static_assert(sizeof(T) == 8, "only I64 and F64");
    char bytes[8];
    std::memcpy(bytes, &value, 8);
    out.append(bytes, 8);
  } else if constexpr (std::is_same_v<T, std::string>) {
    encode(static_cast<int64_t>(value.size()), out);
    out += value;
  } else if constexpr (IsList<T>::value) {
    encode(static_cast<int64_t>(value.size()), out);
    for (const auto &element : value)
      encode(element, out);
  } else {
    visit(value, [&](const char *, const auto &field) { encode(field, out); });
  }
}

/// Reads from [*at, end); false (and an unspecified value) if it is too short.
template <typename T> bool decode(T &value, const char **at, const char *end) {
  if constexpr (std::is_arithmetic_v<T>) {
    if (end - *at < 8)
      return false;
    std::memcpy(&value, *at, 8);
    *at += 8;
    return true;
  } else if constexpr (std::is_same_v<T, std::string>) {
    int64_t size = 0;
    if (!decode(size, at, end) || size < 0 || size > end - *at)
      return false;
    value.assign(*at, static_cast<size_t>(size));
    *at += size;
    return true;
  } else if constexpr (IsList<T>::value) {
    int64_t count = 0;
    // Every element takes at least eight bytes.
    if (!decode(count, at, end) || count < 0 || count > (end - *at) / 8)
      return false;
    value.resize(static_cast<size_t>(count));
    for (auto &element : value)
      if (!decode(element, at, end))
        return false;
    return true;
  } else {
    bool ok = true;
    visit(value, [&](const char *, auto &field) {
      ok = ok && decode(field, at, end);
    });
    return ok;
  }
}

inline std::string encodeManifest(const Manifest &manifest) {
  std::string out(magic, 8);
  encode(version, out);
  encode(manifest, out);
  return out;
}

/// False if it is no manifest of this version or truncated.
inline bool decodeManifest(const void *data, size_t size, Manifest &out) {
  const char *at = static_cast<const char *>(data), *end = at + size;
  int64_t found = 0;
  if (size < 16 || std::memcmp(at, magic, 8) != 0)
    return false;
  at += 8;
  return decode(found, &at, end) && found == version &&
         decode(out, &at, end) && at == end;
}

} // namespace abi
} // namespace mptrt

#endif // MPTRT_MANIFEST_H
