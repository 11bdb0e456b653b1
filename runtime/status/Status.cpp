// SPDX-License-Identifier: Apache-2.0
// Status: names of codes, formatted messages, context in front.
#include "mptrt/Status.h"

#include <cstdio>

namespace mptrt {

const char *codeName(Code code) {
  switch (code) {
  case Code::Ok:
    return "ok";
  case Code::Usage:
    return "usage";
  case Code::BadInput:
    return "bad input";
  case Code::Internal:
    return "internal";
  case Code::CannotWrite:
    return "cannot write";
  case Code::Stopped:
    return "stopped";
  case Code::Timeout:
    return "timeout";
  case Code::PeerLost:
    return "peer lost";
  case Code::NonFinite:
    return "non-finite";
  }
  return "unknown code";
}

Status Status::withContext(const std::string &context) const {
  if (ok())
    return *this;
  return Status(value, context + ": " + text);
}

std::string formatTextV(const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  int length = std::vsnprintf(nullptr, 0, format, args);
  std::string text(length > 0 ? static_cast<size_t>(length) : 0, '\0');
  if (length > 0) // the terminating zero falls on the string's own
    std::vsnprintf(&text[0], text.size() + 1, format, again);
  va_end(again);
  return text;
}

std::string formatText(const char *format, ...) {
  va_list args;
  va_start(args, format);
  std::string text = formatTextV(format, args);
  va_end(args);
  return text;
}

Status makeStatus(Code code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  std::string text = formatTextV(format, args);
  va_end(args);
  return Status(code, std::move(text));
}

} // namespace mptrt
