// SPDX-License-Identifier: Apache-2.0
//===- Verify.cpp - versions, tensors, value types of a model -------------===//
#include "mpt/Import/Reader/Verify.h"
#include "mpt/Import/Reader/Facts.h"
#include <set>

namespace mpt::onnx {

int64_t Scope::opset(std::string_view domain) const {
  for (const OpsetImport &import : opsets)
    if (import.domain == domain)
      return import.version;
  return 0;
}

void Scope::report(const Node &node, std::string what, std::string remedy,
                   Severity severity) const {
  Problem problem;
  problem.severity = severity;
  problem.scope = where;
  problem.node = escaped(node.name);
  problem.nodeIndex = node.index;
  problem.op = opLabel(node, opset(node.domain));
  problem.what = std::move(what);
  problem.remedy = std::move(remedy);
  problems.add(std::move(problem));
}

void Scope::report(std::string what, std::string remedy) const {
  Problem problem;
  problem.scope = where;
  problem.what = std::move(what);
  problem.remedy = std::move(remedy);
  problems.add(std::move(problem));
}

std::string label(const Node &node) {
  return node.name.empty() ? "#" + std::to_string(node.index)
                           : quote(node.name);
}

std::string opLabel(const Node &node, int64_t opset) {
  std::string op = escaped(node.op);
  if (!node.domain.empty())
    op = escaped(node.domain) + "::" + op;
  if (const OpFacts *facts = lookup(node.domain, node.op, opset))
    op += "-" + std::to_string(facts->since);
  return op;
}

void verifyTensor(const Scope &scope, const Tensor &tensor,
                  const std::string &what, const Node *node,
                  const Budget &budget) {
  auto report = [&](const std::string &text, const std::string &remedy) {
    if (node)
      scope.report(*node, what + " " + text, remedy);
    else
      scope.report(what + " " + text, remedy);
  };
  if (!isKnown(tensor.dtype))
    return report("has unknown " + name(tensor.dtype),
                  "the known ones are 1 to " + std::to_string(lastDType));
  uint64_t elements = 1;
  for (int64_t dim : tensor.dims)
    if (dim < 0)
      return report("has the negative dim " + std::to_string(dim),
                    "export the model again");
    else if (dim == 0)
      elements = 0;
  for (int64_t dim : tensor.dims) {
    if (elements == 0)
      break;
    if (uint64_t(dim) > budget.elements / elements)
      return report("has more than " + std::to_string(budget.elements) +
                        " elements",
                    "export the model again");
    elements *= uint64_t(dim);
  }
  if (tensor.refused)
    return;
  if (tensor.dtype == DType::String) {
    if (tensor.strings.size() != elements)
      report("has " + std::to_string(tensor.strings.size()) +
                 " strings, its shape needs " + std::to_string(elements),
             "export the model again");
    return;
  }
  uint64_t need = storageBytes(tensor.dtype, elements);
  uint64_t have = tensor.inFile ? tensor.length : tensor.bytes.size();
  if (have != need)
    report("has " + std::to_string(have) + " bytes of data, its shape needs " +
               std::to_string(need),
           "export the model again");
}

void verifyValueInfo(const Scope &scope, const ValueInfo &info,
                     const char *what) {
  std::string site = std::string(what) + " " + quote(info.name);
  if (info.kind != ValueInfo::Tensor)
    return;
  if (!isKnown(info.dtype))
    scope.report(site + " has unknown " + name(info.dtype),
                 "the known ones are 1 to " + std::to_string(lastDType));
  constexpr int64_t largest = int64_t(1) << 40;
  for (size_t i = 0; i < info.dims.size(); ++i) {
    const Dim &dim = info.dims[i];
    if (dim.known && (dim.value < 0 || dim.value > largest))
      scope.report(site + " has dim " + std::to_string(i) + " of size " +
                       std::to_string(dim.value),
                   "export the model again");
  }
}

/// Versions of one opset_import list, of the model or of a function.
static void verifyOpsets(const Scope &scope, bool allowNewer) {
  std::set<std::string_view> seen;
  for (const OpsetImport &import : scope.opsets) {
    std::string domain =
        quote(import.domain.empty() ? "ai.onnx" : import.domain);
    if (!seen.insert(import.domain).second)
      scope.report("opset domain " + domain + " is imported twice",
                   "import it once");
    if (import.version <= 0) {
      scope.report("opset " + std::to_string(import.version) + " of domain " +
                       domain + " is not positive",
                   "export the model again");
    } else if (import.domain.empty() && import.version > newestOpset &&
               !allowNewer) {
      scope.report(
          "opset " + std::to_string(import.version) +
              " is newer than the newest known, " + std::to_string(newestOpset),
          "export for opset " + std::to_string(newestOpset) + " or older");
    }
  }
}

static void verifyVersions(const Model &model, const Scope &scope) {
  if (model.irVersion > newestIr)
    scope.problems.warning("IR version " + std::to_string(model.irVersion) +
                           " is newer than the newest known, " +
                           std::to_string(newestIr));
  else if (model.irVersion < 3)
    scope.problems.error("IR version " + std::to_string(model.irVersion) +
                             " is not supported, expected 3 to " +
                             std::to_string(newestIr),
                         "export the model again");
  if (model.opsets.empty())
    scope.problems.error("the file imports no opset", "export the model again");
  if (model.hasTrainingInfo)
    scope.problems.warning("training_info is ignored",
                           "state loss and optimizer by flags");
}

/// Tensors and value types of a graph and its subgraphs, before their names.
static void verifyData(const Scope &scope, const Graph &graph,
                       const Budget &budget);

static void verifyNodeData(const Scope &scope, const Node &node,
                           const Budget &budget) {
  for (const Attribute &attribute : node.attributes) {
    for (const Tensor &tensor : attribute.tensors)
      verifyTensor(scope, tensor, "attribute " + quote(attribute.name), &node,
                   budget);
    for (const std::unique_ptr<Graph> &graph : attribute.graphs)
      verifyData(
          {scope.model, scope.opsets, scope.function,
           "subgraph " + quote(attribute.name) + " of node " + label(node),
           scope.problems},
          *graph, budget);
  }
}

static void verifyData(const Scope &scope, const Graph &graph,
                       const Budget &budget) {
  for (const Tensor &tensor : graph.initializers)
    verifyTensor(scope, tensor, "initializer " + quote(tensor.name), nullptr,
                 budget);
  for (const std::string &name : graph.sparseInitializers)
    scope.report("initializer " + quote(name) +
                     " is sparse, which is not supported",
                 "store it dense");
  for (const ValueInfo &info : graph.inputs)
    verifyValueInfo(scope, info, "input");
  for (const ValueInfo &info : graph.outputs)
    verifyValueInfo(scope, info, "output");
  for (const ValueInfo &info : graph.valueInfo)
    verifyValueInfo(scope, info, "value");
  for (const Node &node : graph.nodes)
    verifyNodeData(scope, node, budget);
}

static void verifyGraphNodes(const Scope &scope, const Graph &graph) {
  for (const Node &node : graph.nodes)
    verifyNode(scope, node);
}

void verifyModel(Model &model, const LoadOptions &options, Problems &problems) {
  Scope scope{model, model.opsets, nullptr, "", problems};
  verifyVersions(model, scope);
  verifyOpsets(scope, options.allowNewerOpset);
  verifyData(scope, model.graph, options.budget);
  verifyGraph(scope, model.graph, nullptr);
  verifyGraphNodes(scope, model.graph);
  verifyTypes(scope, model.graph, nullptr);
  verifyFunctions(model, options, problems);
  for (Function &function : model.functions) {
    Scope inside{model, function.opsets, &function,
                 "function " + quote(function.name), problems};
    verifyOpsets(inside, options.allowNewerOpset);
    for (const Attribute &attribute : function.attributeDefaults)
      for (const Tensor &tensor : attribute.tensors)
        verifyTensor(inside, tensor, "attribute " + quote(attribute.name),
                     nullptr, options.budget);
    for (const Node &node : function.nodes) {
      verifyNodeData(inside, node, options.budget);
      verifyNode(inside, node);
    }
  }
}

} // namespace mpt::onnx
