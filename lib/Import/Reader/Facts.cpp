// SPDX-License-Identifier: Apache-2.0
//===- Facts.cpp - the operator table -------------------------------------===//
//
// Parses the rows of Facts.inc once, at first use (0.5 ms), into views of the
// string literals. A row whose `since` is a list becomes one entry per version.
//
//===----------------------------------------------------------------------===//
#include "mpt/Import/Reader/Facts.h"
#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>

namespace mpt::onnx {
namespace {

struct Row {
  std::string_view domain, op, since;
  bool deprecated;
  std::string_view inputs, outputs, attributes, masks;
};
const Row rows[] = {
#define FACT(domain, op, since, deprecated, inputs, outputs, attributes,       \
             masks)                                                            \
  {domain, op, since, deprecated != 0, inputs, outputs, attributes, masks},
#include "Facts.inc"
#undef FACT
};

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    size_t end = std::min(text.find(at), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

uint64_t number(std::string_view text, int base) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

using Masks = std::map<std::string_view, DTypeMask>;

/// `name[mark]:type`, see gen_facts.py.
FormalFact parseFormal(std::string_view text, const Masks &masks) {
  FormalFact formal;
  size_t colon = text.find(':');
  std::string_view head = text.substr(0, colon);
  std::string_view type = text.substr(colon + 1);
  size_t mark = head.find_first_of("?*~");
  formal.name = head.substr(0, mark);
  if (mark != std::string_view::npos) {
    formal.count =
        head[mark] == '?' ? FormalFact::Optional : FormalFact::Variadic;
    formal.sameType = head[mark] != '~';
    if (formal.count == FormalFact::Variadic)
      formal.least = unsigned(number(head.substr(mark + 2), 10));
  }
  if (type[0] == '#') {
    formal.mask = number(type.substr(1), 16);
  } else if (type != "-") {
    formal.type = type;
    auto found = masks.find(type);
    formal.mask = found == masks.end() ? 0 : found->second;
  }
  return formal;
}

AttrType parseType(std::string_view text) {
  for (int32_t t = 1; t <= int32_t(AttrType::Types); ++t)
    if (name(AttrType(t)) == text)
      return AttrType(t);
  return AttrType::Undefined;
}

AttributeFact parseAttribute(std::string_view text) {
  AttributeFact fact;
  size_t colon = text.find(':');
  size_t mark = std::min(text.find_first_of("!=", colon), text.size());
  fact.name = text.substr(0, colon);
  fact.type = parseType(text.substr(colon + 1, mark - colon - 1));
  fact.required = mark < text.size() && text[mark] == '!';
  fact.hasDefault = mark < text.size() && text[mark] == '=';
  if (fact.hasDefault)
    fact.text = text.substr(mark + 1);
  return fact;
}

struct Table {
  std::vector<OpFacts> facts;
  /// "domain op" -> indices into `facts`, by rising version.
  std::unordered_map<std::string, std::vector<size_t>> byName;

  Table() {
    for (const Row &row : rows) {
      Masks masks;
      for (std::string_view text : split(row.masks, ' '))
        masks[text.substr(0, text.find('='))] =
            number(text.substr(text.find('=') + 1), 16);
      OpFacts op;
      op.domain = row.domain;
      op.name = row.op;
      op.deprecated = row.deprecated;
      for (std::string_view text : split(row.inputs, ' '))
        op.inputs.push_back(parseFormal(text, masks));
      for (std::string_view text : split(row.outputs, ' '))
        op.outputs.push_back(parseFormal(text, masks));
      for (std::string_view text : split(row.attributes, ' '))
        op.attributes.push_back(parseAttribute(text));
      for (std::string_view since : split(row.since, ' ')) {
        op.since = int64_t(number(since, 10));
        byName[key(row.domain, row.op)].push_back(facts.size());
        facts.push_back(op);
      }
    }
    for (auto &[name, versions] : byName)
      std::sort(versions.begin(), versions.end(), [&](size_t a, size_t b) {
        return facts[a].since < facts[b].since;
      });
  }

  static std::string key(std::string_view domain, std::string_view op) {
    return std::string(domain) + ' ' + std::string(op);
  }
  const std::vector<size_t> *versions(std::string_view domain,
                                      std::string_view op) const {
    auto at = byName.find(key(domain, op));
    return at == byName.end() ? nullptr : &at->second;
  }
};

const Table &table() {
  static const Table it;
  return it;
}

unsigned least(const std::vector<FormalFact> &formals) {
  unsigned n = 0, needed = 0;
  for (const FormalFact &formal : formals) {
    if (formal.count == FormalFact::Variadic) {
      if (formal.least)
        needed = n + formal.least;
    } else {
      ++n;
      if (formal.count == FormalFact::One)
        needed = n;
    }
  }
  return needed;
}

unsigned most(const std::vector<FormalFact> &formals) {
  for (const FormalFact &formal : formals)
    if (formal.count == FormalFact::Variadic)
      return ~0u;
  return unsigned(formals.size());
}

} // namespace

std::string names(DTypeMask mask) {
  std::vector<std::string> all;
  for (int32_t t = 1; t <= lastDType; ++t)
    if (mask >> t & 1)
      all.push_back(name(DType(t)));
  std::string out;
  for (size_t i = 0; i < all.size(); ++i)
    out += (i == 0 ? "" : i + 1 == all.size() ? " or " : ", ") + all[i];
  return out;
}

unsigned OpFacts::minInputs() const { return least(inputs); }
unsigned OpFacts::maxInputs() const { return most(inputs); }
unsigned OpFacts::minOutputs() const { return least(outputs); }
unsigned OpFacts::maxOutputs() const { return most(outputs); }

const AttributeFact *OpFacts::attribute(std::string_view wanted) const {
  for (const AttributeFact &fact : attributes)
    if (fact.name == wanted)
      return &fact;
  return nullptr;
}

const OpFacts *lookup(std::string_view domain, std::string_view op,
                      int64_t opset) {
  const OpFacts *inForce = nullptr;
  if (const std::vector<size_t> *versions = table().versions(domain, op))
    for (size_t i : *versions)
      if (table().facts[i].since <= opset)
        inForce = &table().facts[i];
  return inForce;
}

int64_t firstVersion(std::string_view domain, std::string_view op) {
  const std::vector<size_t> *versions = table().versions(domain, op);
  return versions ? table().facts[versions->front()].since : 0;
}

bool isTableDomain(std::string_view domain) {
  return domain.empty() || domain == "ai.onnx.preview.training" ||
         domain == "ai.onnx.preview";
}

const std::vector<OpFacts> &allFacts() { return table().facts; }

} // namespace mpt::onnx
