// SPDX-License-Identifier: Apache-2.0
//===- VerifyTypes.cpp - element types of a graph's values ----------------===//
//
// Walks a sorted graph once. Each operator's table row gives type variables
// with allowed element types: inputs bind them, outputs take what was bound.
// Worked example: Gemm-13 has A:T B:T C?:T -> Y:T; A float32 and B int64 is an
// error naming both, otherwise Y is float32. An output whose type no input
// gives comes from `to`, `dtype` or the tensor of the node, else from the
// file's value_info, else it stays unknown and unchecked.
//
//===----------------------------------------------------------------------===//
#include "mpt/Import/Reader/Facts.h"
#include "mpt/Import/Reader/Verify.h"

namespace mpt::onnx {

DType DTypes::find(std::string_view name) const {
  for (const DTypes *types = this; types; types = types->outer) {
    auto at = types->known.find(name);
    if (at != types->known.end())
      return at->second;
  }
  return DType::Undefined;
}

namespace {

bool allows(DTypeMask mask, DType t) {
  return mask == 0 || !isKnown(t) || (mask >> int32_t(t) & 1);
}

/// Formal parameter of the i-th argument, or null past the last.
const FormalFact *formalOf(const std::vector<FormalFact> &formals, size_t i) {
  if (i < formals.size())
    return &formals[i];
  bool variadic =
      !formals.empty() && formals.back().count == FormalFact::Variadic;
  return variadic ? &formals.back() : nullptr;
}

class NodeTypes {
public:
  NodeTypes(const Scope &scope, const Node &node, const OpFacts &facts,
            DTypes &types)
      : scope(scope), node(node), facts(facts), types(types) {}

  void inputs() {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const FormalFact *formal = formalOf(facts.inputs, i);
      DType t = types.find(node.inputs[i]);
      if (!formal || node.inputs[i].empty() || t == DType::Undefined)
        continue;
      if (!allows(formal->mask, t))
        scope.report(node,
                     site(*formal, i) + " is " + name(t) + ", expected " +
                         names(formal->mask),
                     "insert a Cast");
      else if (!formal->type.empty() && formal->sameType)
        bind(*formal, i, t);
    }
  }

  DType output(size_t i) {
    const FormalFact *formal = formalOf(facts.outputs, i);
    if (!formal)
      return DType::Undefined;
    if (!formal->type.empty() && formal->sameType) {
      auto at = bound.find(formal->type);
      if (at != bound.end())
        return at->second.type;
    }
    if (formal->mask && (formal->mask & (formal->mask - 1)) == 0)
      return DType(__builtin_ctzll(formal->mask));
    DType stated = attributeType();
    if (stated != DType::Undefined && !allows(formal->mask, stated)) {
      scope.report(node,
                   "output " + quote(formal->name) + " would be " +
                       name(stated) + ", expected " + names(formal->mask),
                   "export the model again");
      return DType::Undefined;
    }
    return stated;
  }

private:
  struct Binding {
    DType type;
    std::string site;
  };

  std::string site(const FormalFact &formal, size_t i) const {
    return "input " + quote(formal.name) + " (" + quote(node.inputs[i]) + ")";
  }

  void bind(const FormalFact &formal, size_t i, DType t) {
    auto [at, isNew] = bound.emplace(formal.type, Binding{t, site(formal, i)});
    if (!isNew && at->second.type != t)
      scope.report(node,
                   at->second.site + " is " + name(at->second.type) + ", but " +
                       site(formal, i) + " is " + name(t) +
                       "; they must be equal",
                   "insert a Cast");
  }

  /// Element type that the attributes alone state.
  DType attributeType() const {
    for (const char *key : {"to", "dtype", "output_dtype"}) {
      const Attribute *a = node.find(key);
      if (!a || a->type != AttrType::Int || a->ints.empty())
        continue;
      if (a->ints[0] == 0 && std::string_view(key) != "to")
        continue; // the default, "as the input"
      DType t = a->ints[0] < 0 || a->ints[0] > lastDType ? DType::Undefined
                                                         : DType(a->ints[0]);
      if (!isKnown(t))
        scope.report(node,
                     "attribute " + quote(key) +
                         " names unknown element type " +
                         std::to_string(a->ints[0]),
                     "the known ones are 1 to " + std::to_string(lastDType));
      return t;
    }
    bool constant = facts.name == "Constant";
    if (!facts.domain.empty() || (!constant && facts.name != "ConstantOfShape"))
      return DType::Undefined;
    for (const Attribute &a : node.attributes) {
      if (!a.tensors.empty())
        return a.tensors[0].dtype;
      if (a.type == AttrType::Float || a.type == AttrType::Floats)
        return DType::Float32;
      if (a.type == AttrType::Int || a.type == AttrType::Ints)
        return DType::Int64;
      if (a.type == AttrType::String || a.type == AttrType::Strings)
        return DType::String;
    }
    return constant ? DType::Undefined : DType::Float32;
  }

  const Scope &scope;
  const Node &node;
  const OpFacts &facts;
  DTypes &types;
  std::unordered_map<std::string_view, Binding> bound;
};

void addDeclared(const std::vector<ValueInfo> &list, DTypes &types) {
  for (const ValueInfo &info : list)
    if (info.kind == ValueInfo::Tensor && isKnown(info.dtype))
      types.known.emplace(info.name, info.dtype);
}

void nodeTypes(const Scope &scope, const Node &node, const DTypes &declared,
               DTypes &types) {
  const OpFacts *facts = lookup(node.domain, node.op, scope.opset(node.domain));
  for (const Attribute &attribute : node.attributes)
    for (const std::unique_ptr<Graph> &graph : attribute.graphs)
      verifyTypes(
          {scope.model, scope.opsets, scope.function,
           "subgraph " + quote(attribute.name) + " of node " + label(node),
           scope.problems},
          *graph, &types);
  if (!facts) {
    for (const std::string &output : node.outputs)
      if (DType t = declared.find(output); t != DType::Undefined)
        types.known[output] = t;
    return;
  }
  NodeTypes check(scope, node, *facts, types);
  check.inputs();
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const std::string &output = node.outputs[i];
    if (output.empty())
      continue;
    DType computed = check.output(i), said = declared.find(output);
    if (computed != DType::Undefined && said != DType::Undefined &&
        computed != said)
      scope.report(node,
                   "output " + quote(output) + " is " + name(computed) +
                       ", but the file declares it " + name(said),
                   "export the model again");
    DType t = computed != DType::Undefined ? computed : said;
    if (t != DType::Undefined)
      types.known[output] = t;
  }
}

} // namespace

void verifyTypes(const Scope &scope, const Graph &graph, const DTypes *outer) {
  DTypes types, declared;
  types.outer = outer;
  for (const Tensor &tensor : graph.initializers)
    if (isKnown(tensor.dtype))
      types.known.emplace(tensor.name, tensor.dtype);
  for (const ValueInfo &input : graph.inputs) {
    auto at = types.known.find(input.name);
    if (at != types.known.end() && input.kind == ValueInfo::Tensor &&
        isKnown(input.dtype) && at->second != input.dtype)
      scope.report("input " + quote(input.name) + " is declared " +
                       name(input.dtype) + ", its initializer is " +
                       name(at->second),
                   "export the model again");
  }
  addDeclared(graph.inputs, types);
  addDeclared(graph.valueInfo, declared);
  addDeclared(graph.outputs, declared);
  for (const Node &node : graph.nodes)
    nodeTypes(scope, node, declared, types);
}

} // namespace mpt::onnx
