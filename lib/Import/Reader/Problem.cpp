// SPDX-License-Identifier: Apache-2.0
//===- Problem.cpp - what is wrong with a model file ----------------------===//
#include "mpt/Import/Reader/Problem.h"

namespace mpt::onnx {

/// Length of the valid UTF-8 sequence at `i`, 0 if there is none. Overlong
/// forms and surrogates count as invalid.
static size_t utf8Length(std::string_view text, size_t i) {
  auto byte = [&](size_t k) { return uint8_t(text[k]); };
  uint8_t lead = byte(i);
  size_t n = lead < 0x80   ? 1
             : lead < 0xC2 ? 0
             : lead < 0xE0 ? 2
             : lead < 0xF0 ? 3
             : lead < 0xF5 ? 4
                           : 0;
  if (n == 0 || i + n > text.size())
    return 0;
  for (size_t k = 1; k < n; ++k)
    if ((byte(i + k) & 0xC0) != 0x80)
      return 0;
  if (n >= 3) {
    uint8_t next = byte(i + 1);
    if ((lead == 0xE0 && next < 0xA0) || (lead == 0xED && next > 0x9F) ||
        (lead == 0xF0 && next < 0x90) || (lead == 0xF4 && next > 0x8F))
      return 0;
  }
  return n;
}

std::string escaped(std::string_view text) {
  static const char digits[] = "0123456789abcdef";
  constexpr size_t longest = 120;
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (out.size() >= longest)
      return out + "...";
    size_t n = utf8Length(text, i);
    uint8_t byte = uint8_t(text[i]);
    bool control = n == 1 && (byte < 0x20 || byte == 0x7F);
    bool c1 = n == 2 && byte == 0xC2 && uint8_t(text[i + 1]) < 0xA0;
    if (n == 0 || control || c1) {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
      ++i;
      continue;
    }
    if (n == 1 && (byte == '\'' || byte == '\\'))
      out += '\\';
    out.append(text.substr(i, n));
    i += n;
  }
  return out;
}

std::string quote(std::string_view text) { return "'" + escaped(text) + "'"; }

std::string Problem::str() const {
  std::string out = escaped(file);
  if (severity != Severity::Error)
    out += severity == Severity::Warning ? ": warning" : ": note";
  if (!scope.empty())
    out += ": " + scope;
  if (nodeIndex >= 0) {
    out += ": node ";
    out += node.empty() ? "#" + std::to_string(nodeIndex) : "'" + node + "'";
    if (!op.empty())
      out += " (" + op + ")";
  }
  out += ": " + what;
  if (!remedy.empty())
    out += "; " + remedy;
  return out;
}

void Problems::add(Problem problem) {
  if (problem.severity == Severity::Error)
    ++errors;
  if (found.size() >= limit) {
    ++dropped;
    return;
  }
  problem.file = file;
  found.push_back(std::move(problem));
}

void Problems::error(std::string what, std::string remedy) {
  Problem problem;
  problem.what = std::move(what);
  problem.remedy = std::move(remedy);
  add(std::move(problem));
}

void Problems::warning(std::string what, std::string remedy) {
  Problem problem;
  problem.severity = Severity::Warning;
  problem.what = std::move(what);
  problem.remedy = std::move(remedy);
  add(std::move(problem));
}

void Problems::note(std::string what) {
  Problem problem;
  problem.severity = Severity::Note;
  problem.what = std::move(what);
  add(std::move(problem));
}

std::string Problems::str() const {
  std::string out;
  for (const Problem &problem : found)
    out += problem.str() + "\n";
  if (dropped)
    out += escaped(file) + ": " + std::to_string(dropped) + " more\n";
  return out;
}

} // namespace mpt::onnx
