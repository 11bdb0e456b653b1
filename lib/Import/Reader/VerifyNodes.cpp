// SPDX-License-Identifier: Apache-2.0
//===- VerifyNodes.cpp - nodes against the operator table -----------------===//
//
// Which operator a node means, how many inputs and outputs it has, which
// attributes of which types. Values of attributes are the import handlers'.
//
//===----------------------------------------------------------------------===//
#include "mpt/Import/Reader/Facts.h"
#include "mpt/Import/Reader/Verify.h"
#include <set>

namespace mpt::onnx {
namespace {

std::string domainName(const std::string &domain) {
  return quote(domain.empty() ? "ai.onnx" : domain);
}

/// "3", "2 to 3", "at least 1".
std::string range(size_t least, size_t most) {
  if (most == ~0u)
    return "at least " + std::to_string(least);
  if (least == most)
    return std::to_string(least);
  return std::to_string(least) + " to " + std::to_string(most);
}

class NodeVerifier {
public:
  NodeVerifier(const Scope &scope, const Node &node)
      : scope(scope), node(node) {}

  void run() {
    checkDuplicateAttributes();
    checkReferences();
    int64_t opset = scope.opset(node.domain);
    const Function *function =
        scope.model.find(node.domain, node.op, node.overload);
    if (opset == 0) {
      // A missing list of imports is reported once, for the file.
      if (!scope.opsets.empty())
        scope.report(node,
                     "domain " + domainName(node.domain) + " is not imported",
                     "add it to opset_import");
      return;
    }
    if (function)
      return checkCall(*function);
    if (const OpFacts *facts = resolve(opset)) {
      checkCount("input", node.inputs.size(), facts->minInputs(),
                 facts->maxInputs());
      checkCount("output", node.outputs.size(), facts->minOutputs(),
                 facts->maxOutputs());
      checkRequiredInputs(*facts);
      checkAttributes(*facts);
    }
  }

private:
  const OpFacts *resolve(int64_t opset) {
    int64_t first = firstVersion(node.domain, node.op);
    if (first == 0) {
      scope.report(node,
                   "operator " + quote(node.op) + " does not exist in domain " +
                       domainName(node.domain) +
                       ", and the model has no function of the name",
                   "replace it, or export the model with its functions");
      return nullptr;
    }
    const OpFacts *facts = lookup(node.domain, node.op, opset);
    if (!facts) { // versions that were superseded before opset 7 are not known
      scope.report(node,
                   "operator " + quote(node.op) + " needs opset " +
                       std::to_string(first) + " or newer, the file imports " +
                       std::to_string(opset),
                   "export for a newer opset");
      return nullptr;
    }
    if (facts->deprecated) {
      scope.report(node,
                   "operator " + quote(node.op) +
                       " is deprecated since opset " +
                       std::to_string(facts->since),
                   "convert the model with onnx.version_converter");
      return nullptr;
    }
    return facts;
  }

  void checkCount(const char *what, size_t found, size_t least, size_t most) {
    if (found < least || (most != ~0u && found > most))
      scope.report(node,
                   "has " + std::to_string(found) + " " + what +
                       (found == 1 ? "" : "s") + ", expected " +
                       range(least, most),
                   "export the model again");
  }

  void checkRequiredInputs(const OpFacts &facts) {
    for (size_t i = 0; i < node.inputs.size() && i < facts.inputs.size(); ++i)
      if (facts.inputs[i].count == FormalFact::One && node.inputs[i].empty())
        scope.report(node,
                     "required input " + quote(facts.inputs[i].name) +
                         " is missing",
                     "export the model again");
  }

  void checkDuplicateAttributes() {
    std::set<std::string_view> seen;
    for (const Attribute &attribute : node.attributes)
      if (!seen.insert(attribute.name).second)
        scope.report(node,
                     "attribute " + quote(attribute.name) + " appears twice",
                     "keep one of them");
  }

  void checkReferences() {
    for (const Attribute &attribute : node.attributes) {
      if (attribute.refName.empty())
        continue;
      std::string text = "attribute " + quote(attribute.name) + " refers to " +
                         quote(attribute.refName) + ", ";
      if (!scope.function)
        scope.report(node, text + "but is in no function",
                     "export the model again");
      else if (!declares(*scope.function, attribute.refName))
        scope.report(node, text + "which is no attribute of the function",
                     "declare it");
    }
  }

  static bool declares(const Function &function, std::string_view name) {
    for (const std::string &attribute : function.attributes)
      if (attribute == name)
        return true;
    for (const Attribute &attribute : function.attributeDefaults)
      if (attribute.name == name)
        return true;
    return false;
  }

  void checkCall(const Function &function) {
    checkCount("input", node.inputs.size(), 0, function.inputs.size());
    checkCount("output", node.outputs.size(), 0, function.outputs.size());
    for (const Attribute &attribute : node.attributes)
      if (!declares(function, attribute.name))
        scope.report(node,
                     "function " + quote(function.name) + " has no attribute " +
                         quote(attribute.name),
                     "remove it");
    for (const std::string &name : function.attributes)
      if (!node.find(name))
        scope.report(node, "attribute " + quote(name) + " is missing",
                     "export the model again");
  }

  void checkAttributes(const OpFacts &facts) {
    for (const Attribute &attribute : node.attributes) {
      const AttributeFact *fact = facts.attribute(attribute.name);
      if (!fact)
        scope.report(node,
                     "has no attribute " + quote(attribute.name) +
                         " at this version",
                     "remove it, or export for the opset that has it");
      else if (attribute.type != fact->type)
        scope.report(node,
                     "attribute " + quote(attribute.name) + " has type " +
                         name(attribute.type) + ", expected " +
                         name(fact->type),
                     "export the model again");
      else if (attribute.type == AttrType::SparseTensor)
        scope.report(node,
                     "attribute " + quote(attribute.name) +
                         " is sparse, which is not supported",
                     "store it dense");
    }
    for (const AttributeFact &fact : facts.attributes)
      if (fact.required && !node.find(fact.name))
        scope.report(node, "attribute " + quote(fact.name) + " is missing",
                     "export the model again");
    if (facts.name == "Constant" && node.attributes.size() != 1)
      scope.report(node,
                   "has " + std::to_string(node.attributes.size()) +
                       " attributes, expected 1: its value",
                   "export the model again");
  }

  const Scope &scope;
  const Node &node;
};

} // namespace

void verifyNode(const Scope &scope, const Node &node) {
  NodeVerifier(scope, node).run();
  for (const Attribute &attribute : node.attributes)
    for (const std::unique_ptr<Graph> &graph : attribute.graphs) {
      Scope inside{scope.model, scope.opsets, scope.function,
                   "subgraph " + quote(attribute.name) + " of node " +
                       label(node),
                   scope.problems};
      for (const Node &inner : graph->nodes)
        verifyNode(inside, inner);
    }
}

} // namespace mpt::onnx
