// SPDX-License-Identifier: Apache-2.0
// A file of nothing but tokens, little endian, of one width. It is cut into
// windows of length + 1 tokens that overlap by one: window w begins at token
// w * length; its first `length` tokens are a sample's ids, its last `length`
// the tokens to predict.
#ifndef MPTRT_DATA_TOKENS_H
#define MPTRT_DATA_TOKENS_H

#include "mptrt/Device.h"

#include <cstdint>
#include <string>

namespace mptrt {

/// Bytes of a token type, "u8", "u16" or "u32"; 0: it is none.
int tokenBytes(const std::string &type);
/// The type that a file's name ends in ("text.u16"); empty if in none.
std::string tokenTypeOf(const std::string &path);

/// `count` tokens of `bytes` each as elements of `wanted` (i64 or i32).
void widenTokens(const char *from, int bytes, DType wanted, char *to,
                 int64_t count);

} // namespace mptrt

#endif // MPTRT_DATA_TOKENS_H
