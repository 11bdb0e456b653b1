// SPDX-License-Identifier: Apache-2.0
// Tokens lie unaligned in a mapped file: they are copied one by one.
#include "data/Tokens.h"

#include <cstring>

namespace mptrt {

int tokenBytes(const std::string &type) {
  return type == "u8" ? 1 : type == "u16" ? 2 : type == "u32" ? 4 : 0;
}

std::string tokenTypeOf(const std::string &path) {
  size_t dot = path.rfind('.');
  std::string end = dot == std::string::npos ? "" : path.substr(dot + 1);
  return tokenBytes(end) ? end : "";
}

template <typename From, typename To>
static void widen(const char *from, char *to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    From token;
    std::memcpy(&token, from + i * static_cast<int64_t>(sizeof(From)),
                sizeof(From));
    To value = static_cast<To>(token);
    std::memcpy(to + i * static_cast<int64_t>(sizeof(To)), &value, sizeof(To));
  }
}

template <typename To>
static void widenTo(const char *from, int bytes, char *to, int64_t count) {
  if (bytes == 1)
    widen<uint8_t, To>(from, to, count);
  else if (bytes == 2)
    widen<uint16_t, To>(from, to, count);
  else
    widen<uint32_t, To>(from, to, count);
}

void widenTokens(const char *from, int bytes, DType wanted, char *to,
                 int64_t count) {
  if (wanted == DType::I64)
    widenTo<int64_t>(from, bytes, to, count);
  else
    widenTo<int32_t>(from, bytes, to, count);
}

} // namespace mptrt
