// SPDX-License-Identifier: Apache-2.0
//===- Facts.h - the operator table ---------------------------------------===//
//
// What ONNX says about its operators (Facts.inc, one row per version), looked
// up by (domain, name, opset): the row in force is the one with the greatest
// `since` not above the opset. It covers every ai.onnx operator version in
// force at opsets 7 to 28, and the two preview domains. That an operator is in
// the table does not mean that import has a handler for it.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_IMPORT_READER_FACTS_H
#define MPT_IMPORT_READER_FACTS_H

#include "mpt/Import/Reader/Model.h"

namespace mpt::onnx {

constexpr int64_t oldestOpset = 7, newestOpset = 28, newestIr = 14;

/// Bit n is the element type numbered n.
using DTypeMask = uint64_t;
/// "float16, float32 or float64".
std::string names(DTypeMask mask);

struct FormalFact {
  enum Count { One, Optional, Variadic };
  std::string_view name;
  Count count = One;
  bool sameType = true;  ///< all of a variadic have one type
  unsigned least = 1;    ///< of a variadic
  std::string_view type; ///< type variable; empty: a fixed mask, or unchecked
  DTypeMask mask = 0;    ///< allowed element types; 0: unchecked
};

struct AttributeFact {
  std::string_view name;
  AttrType type = AttrType::Undefined;
  bool required = false, hasDefault = false;
  std::string_view text; ///< the default, a list separated by commas
};

struct OpFacts {
  std::string_view domain, name;
  int64_t since = 0;
  bool deprecated = false;
  std::vector<FormalFact> inputs, outputs;
  std::vector<AttributeFact> attributes;

  unsigned minInputs() const, maxInputs() const; ///< ~0u: any number
  unsigned minOutputs() const, maxOutputs() const;
  const AttributeFact *attribute(std::string_view name) const;
};

/// The row in force, or null.
const OpFacts *lookup(std::string_view domain, std::string_view op,
                      int64_t opset);
/// The first version of an operator, 0 when there is none of the name.
int64_t firstVersion(std::string_view domain, std::string_view op);
bool isTableDomain(std::string_view domain);
/// Every row, for tests.
const std::vector<OpFacts> &allFacts();

} // namespace mpt::onnx

#endif
