// SPDX-License-Identifier: Apache-2.0
//===- VerifyGraph.cpp - names and order of a graph -----------------------===//
//
// A value is defined once, by an input, an initializer or a node (an
// initializer that repeats an input is its default, as in IR 3), and no
// subgraph shadows a name of the graphs around it. A node depends on the
// producers of its inputs and of whatever its subgraphs use from outside. Lists
// out of order are sorted (Kahn's algorithm, smallest file position first);
// what cannot be sorted holds a cycle, which is printed.
//
//===----------------------------------------------------------------------===//
#include "mpt/Import/Reader/Verify.h"
#include <algorithm>
#include <queue>

namespace mpt::onnx {

std::string describe(const Definition &definition) {
  switch (definition.kind) {
  case Definition::Input:
    return "an input of the graph";
  case Definition::Initializer:
    return "an initializer";
  case Definition::NodeOutput:
    return "node " + label(*definition.node);
  }
  return "";
}

const Definition *Names::find(std::string_view name) const {
  for (const Names *names = this; names; names = names->outer) {
    auto at = names->defined.find(name);
    if (at != names->defined.end())
      return &at->second;
  }
  return nullptr;
}

namespace {

class BodyVerifier {
public:
  BodyVerifier(const Scope &scope, std::vector<Node> &nodes, const Names *outer)
      : scope(scope), nodes(nodes) {
    names.outer = outer;
  }

  void define(std::string_view name, Definition definition) {
    if (name.find('\0') != std::string_view::npos)
      return report(definition,
                    "value " + quote(name) + " has a NUL in its name",
                    "rename it");
    auto [at, isNew] = names.defined.emplace(name, definition);
    if (!isNew) {
      const Definition &first = at->second;
      bool isDefault = first.kind == Definition::Input &&
                       definition.kind == Definition::Initializer;
      if (isDefault)
        at->second.kind = Definition::Initializer;
      else
        report(definition,
               "value " + quote(name) + " is defined twice, by " +
                   describe(first) + " and by " + describe(definition),
               "rename one of them");
      return;
    }
    const Definition *around = names.outer ? names.outer->find(name) : nullptr;
    if (around)
      report(definition,
             "value " + quote(name) + " shadows the one that " +
                 describe(*around) + " defines around the subgraph",
             "rename one of them");
  }

  /// After all inputs and initializers: nodes, uses, subgraphs, order.
  void run() {
    for (const Node &node : nodes)
      for (const std::string &output : node.outputs)
        if (!output.empty())
          define(output, {Definition::NodeOutput, &node});
    for (const Node &node : nodes)
      for (size_t i = 0; i < node.inputs.size(); ++i)
        if (!node.inputs[i].empty() && !names.find(node.inputs[i]))
          scope.report(node,
                       "input " + std::to_string(i) + ", " +
                           quote(node.inputs[i]) + ", is defined nowhere",
                       "export the model again");
    for (Node &node : nodes)
      for (Attribute &attribute : node.attributes)
        for (std::unique_ptr<Graph> &graph : attribute.graphs)
          verifyGraph(
              {scope.model, scope.opsets, scope.function,
               "subgraph " + quote(attribute.name) + " of node " + label(node),
               scope.problems},
              *graph, &names);
  }

  void checkOutput(const std::string &output) {
    if (output.empty())
      scope.report("an output has no name", "export the model again");
    else if (!names.find(output))
      scope.report("output " + quote(output) + " is never produced",
                   "export the model again");
    if (!outputs.emplace(output, true).second)
      scope.report("output " + quote(output) + " is listed twice",
                   "list it once");
  }

  /// Last: moves the nodes, which ends the life of `names`.
  void sort() {
    collectEdges();
    bool sorted = true;
    for (size_t i = 0; i < nodes.size() && sorted; ++i)
      for (size_t user : users[i])
        sorted &= user > i;
    if (sorted)
      return;
    std::vector<size_t> order = kahn();
    if (order.size() != nodes.size())
      return reportCycle();
    std::vector<Node> inOrder;
    inOrder.reserve(nodes.size());
    for (size_t i : order)
      inOrder.push_back(std::move(nodes[i]));
    nodes = std::move(inOrder);
    scope.problems.note((scope.where.empty() ? "" : scope.where + ": ") +
                        "nodes are not in topological order, sorted them");
  }

private:
  void report(const Definition &at, std::string what, std::string remedy) {
    if (at.node)
      scope.report(*at.node, std::move(what), std::move(remedy));
    else
      scope.report(std::move(what), std::move(remedy));
  }

  /// Calls `use` for every name that a node or its subgraphs read.
  template <typename Use> static void forUses(const Node &node, Use use) {
    for (const std::string &input : node.inputs)
      use(input);
    for (const Attribute &attribute : node.attributes)
      for (const std::unique_ptr<Graph> &graph : attribute.graphs) {
        for (const Node &inner : graph->nodes)
          forUses(inner, use);
        for (const ValueInfo &output : graph->outputs)
          use(output.name);
      }
  }

  void collectEdges() {
    users.resize(nodes.size());
    pending.assign(nodes.size(), 0);
    for (size_t i = 0; i < nodes.size(); ++i)
      forUses(nodes[i], [&](const std::string &name) {
        auto at = names.defined.find(name);
        if (at == names.defined.end() ||
            at->second.kind != Definition::NodeOutput)
          return;
        users[size_t(at->second.node - nodes.data())].push_back(i);
        ++pending[i];
      });
  }

  std::vector<size_t> kahn() {
    std::priority_queue<size_t, std::vector<size_t>, std::greater<size_t>>
        ready;
    for (size_t i = 0; i < nodes.size(); ++i)
      if (pending[i] == 0)
        ready.push(i);
    std::vector<size_t> order;
    while (!ready.empty()) {
      size_t i = ready.top();
      ready.pop();
      order.push_back(i);
      for (size_t user : users[i])
        if (--pending[user] == 0)
          ready.push(user);
    }
    return order;
  }

  /// Walks back over producers that are still pending until one repeats.
  void reportCycle() {
    std::vector<size_t> producer(nodes.size(), ~size_t(0));
    for (size_t i = 0; i < nodes.size(); ++i)
      if (pending[i])
        for (size_t user : users[i])
          producer[user] = i;
    size_t at = 0;
    while (!pending[at])
      ++at;
    std::vector<size_t> place(nodes.size(), 0), path;
    while (place[at] == 0) {
      path.push_back(at);
      place[at] = path.size();
      at = producer[at];
    }
    path.erase(path.begin(), path.begin() + long(place[at] - 1));
    std::reverse(path.begin(), path.end());
    // Starts at the node that is first in the file.
    std::rotate(path.begin(), std::min_element(path.begin(), path.end()),
                path.end());
    std::string text;
    for (size_t i = 0; i < path.size() && i < 8; ++i)
      text += label(nodes[path[i]]) + " -> ";
    if (path.size() > 8)
      text += "... -> ";
    scope.report("the graph has a cycle of " + std::to_string(path.size()) +
                     (path.size() == 1 ? " node: " : " nodes: ") + text +
                     label(nodes[path[0]]),
                 "a graph must be acyclic; use Loop or Scan to iterate");
  }

  const Scope &scope;
  std::vector<Node> &nodes;
  Names names;
  std::unordered_map<std::string_view, bool> outputs;
  std::vector<std::vector<size_t>> users; ///< per node, once per use
  std::vector<size_t> pending;            ///< uses whose producer is not placed
};

} // namespace

void verifyGraph(const Scope &scope, Graph &graph, const Names *outer) {
  BodyVerifier verifier(scope, graph.nodes, outer);
  for (const ValueInfo &input : graph.inputs) {
    if (input.name.empty())
      scope.report("an input has no name", "export the model again");
    else
      verifier.define(input.name, {Definition::Input, nullptr});
  }
  for (const Tensor &tensor : graph.initializers) {
    if (tensor.name.empty())
      scope.report("an initializer has no name", "export the model again");
    else
      verifier.define(tensor.name, {Definition::Initializer, nullptr});
  }
  for (const std::string &name : graph.sparseInitializers)
    if (!name.empty())
      verifier.define(name, {Definition::Initializer, nullptr});
  verifier.run();
  for (const ValueInfo &output : graph.outputs)
    verifier.checkOutput(output.name);
  if (graph.outputs.empty() && !outer)
    scope.report("the graph has no output", "export the model again");
  verifier.sort();
}

void verifyBody(const Scope &scope, Function &function) {
  BodyVerifier verifier(scope, function.nodes, nullptr);
  for (const std::string &input : function.inputs)
    verifier.define(input, {Definition::Input, nullptr});
  verifier.run();
  for (const std::string &output : function.outputs)
    verifier.checkOutput(output);
  verifier.sort();
}

} // namespace mpt::onnx
