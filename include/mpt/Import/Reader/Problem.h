// SPDX-License-Identifier: Apache-2.0
//===- Problem.h - what is wrong with a model file ------------------------===//
//
// The reader never stops at the first mistake it can step over: each one
// becomes a Problem, and the caller prints the whole list. Text that comes from
// the file (names, keys) is escaped and shortened before it enters a message,
// so a hostile name can neither forge a line nor flood the terminal.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_IMPORT_READER_PROBLEM_H
#define MPT_IMPORT_READER_PROBLEM_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mpt::onnx {

enum class Severity { Error, Warning, Note };

/// One finding. Reads `FILE: SCOPE: node 'NAME' (OP-VERSION): WHAT; REMEDY`;
/// empty parts are left out, a node without a name is `node #INDEX`.
struct Problem {
  Severity severity = Severity::Error;
  std::string file;       ///< path as the user gave it
  std::string scope;      ///< "function 'f'", "subgraph 'body' of node 'n'"
  std::string node;       ///< escaped node name, may be empty
  int64_t nodeIndex = -1; ///< position in its graph's list, -1: not a node
  std::string op;         ///< escaped "Gemm-13" or "dom::Op", may be empty
  std::string what;
  std::string remedy;

  std::string str() const;
};

/// Collects problems of one file. Past `limit` only the count grows.
class Problems {
public:
  explicit Problems(std::string file, size_t limit = 1000)
      : file(std::move(file)), limit(limit) {}

  /// Fills in the file and keeps the problem.
  void add(Problem problem);
  /// A problem of the file as a whole.
  void error(std::string what, std::string remedy = "");
  void warning(std::string what, std::string remedy = "");
  void note(std::string what);

  bool hasErrors() const { return errors != 0; }
  size_t errorCount() const { return errors; }
  const std::vector<Problem> &list() const { return found; }
  const std::string &fileName() const { return file; }
  /// All problems, one a line, and how many were left out.
  std::string str() const;

private:
  std::string file;
  size_t limit;
  size_t errors = 0, dropped = 0;
  std::vector<Problem> found;
};

/// Text from the file made fit for a message: control bytes, quotes' escapes
/// and invalid UTF-8 as \xNN, at most 120 bytes, then "...".
std::string escaped(std::string_view text);
/// escaped() in single quotes.
std::string quote(std::string_view text);

} // namespace mpt::onnx

#endif
