// SPDX-License-Identifier: Apache-2.0
// What a runtime call returns: a code, which is also the exit code of the
// process, and one line of text for a person. Every call of the runtime returns
// a Status by value; nothing throws across the ABI. The message names who, what
// and how much, inner words last: callers prefix what they know (withContext).
//
//   Status s = communicator.allReduce(...);
//   if (!s)
//     return s.withContext("step 17 B1.0");
#ifndef MPTRT_STATUS_H
#define MPTRT_STATUS_H

#include <cstdarg>
#include <string>
#include <utility>

namespace mptrt {

/// Values are exit codes of the executable.
enum class Code : int {
  Ok = 0,
  Usage = 2,        // command line, environment, configuration
  BadInput = 65,    // model, data, weights, checkpoint
  Internal = 70,    // a broken promise of ours, or of a library
  CannotWrite = 73, // disk full, no permission
  Stopped = 75,     // by a signal, after a whole step; what was asked is saved
  Timeout = 86,     // a peer did not answer in time
  PeerLost = 87,    // a peer ended
  NonFinite = 88,   // loss or gradient is not finite
};

/// "ok", "usage", "bad input", ...
const char *codeName(Code code);

class [[nodiscard]] Status {
public:
  Status() = default;
  Status(Code code, std::string message)
      : value(code), text(std::move(message)) {}

  static Status okStatus() { return Status(); }

  Code code() const { return value; }
  int exitCode() const { return static_cast<int>(value); }
  bool ok() const { return value == Code::Ok; }
  explicit operator bool() const { return ok(); }

  /// One line without a full stop; empty if ok.
  const std::string &message() const { return text; }

  /// The same code with `context + ": "` before the message; ok stays ok.
  Status withContext(const std::string &context) const;

private:
  Code value = Code::Ok;
  std::string text;
};

/// printf into a message. `code` must not be Ok.
Status makeStatus(Code code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/// printf into a string.
std::string formatText(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
std::string formatTextV(const char *format, va_list args);

} // namespace mptrt

/// Returns from the enclosing function if `expr` is not ok.
#define MPTRT_TRY(expr)                                                        \
  do {                                                                         \
    ::mptrt::Status mptrtStatus = (expr);                                      \
    if (!mptrtStatus.ok())                                                     \
      return mptrtStatus;                                                      \
  } while (false)

#endif // MPTRT_STATUS_H
