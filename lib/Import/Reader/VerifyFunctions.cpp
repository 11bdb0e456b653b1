// SPDX-License-Identifier: Apache-2.0
//===- VerifyFunctions.cpp - functions of a model -------------------------===//
//
// Identities are unique, bodies are in order, calls are acyclic, and the model
// with all functions inlined stays within the node budget: sizes are added up
// along the call graph, bottom up, before anything is inlined. (30 functions
// that each call the one before twice are a file of 2 KB and 10^9 nodes.)
//
//===----------------------------------------------------------------------===//
#include "mpt/Import/Reader/Facts.h"
#include "mpt/Import/Reader/Verify.h"
#include <algorithm>
#include <map>

namespace mpt::onnx {
namespace {

using Key = std::tuple<std::string_view, std::string_view, std::string_view>;

class CallGraph {
public:
  CallGraph(const Model &model, const LoadOptions &options, Problems &problems)
      : model(model), limit(options.budget.nodes), problems(problems) {}

  void run() {
    for (size_t i = 0; i < model.functions.size(); ++i) {
      const Function &f = model.functions[i];
      if (!index.emplace(Key(f.domain, f.name, f.overload), i).second)
        problems.error("function " + label(f) + " is defined twice",
                       "keep one of them");
      if (lookup(f.domain, f.name, newestOpset))
        problems.error("function " + label(f) +
                           " has the name of an ONNX operator",
                       "rename it");
    }
    size_t n = model.functions.size();
    calls.resize(n);
    ownNodes.assign(n, 0);
    sizes.assign(n, 0);
    state.assign(n, New);
    for (size_t i = 0; i < n; ++i)
      collect(model.functions[i].nodes, calls[i], ownNodes[i]);
    for (size_t i = 0; i < n; ++i)
      if (!visit(i))
        return;
    std::vector<size_t> fromGraph;
    uint64_t nodes = 0;
    collect(model.graph.nodes, fromGraph, nodes);
    if (sum(nodes, fromGraph) > limit)
      problems.error("with its functions inlined the model has more than " +
                         std::to_string(limit) + " nodes",
                     "split the model");
  }

private:
  enum State : uint8_t { New, Open, Done };

  static std::string label(const Function &f) {
    return quote(f.domain.empty() ? f.name : f.domain + "::" + f.name);
  }

  void collect(const std::vector<Node> &nodes, std::vector<size_t> &called,
               uint64_t &count) {
    count += nodes.size();
    for (const Node &node : nodes) {
      auto at = index.find(Key(node.domain, node.op, node.overload));
      if (at != index.end())
        called.push_back(at->second);
      for (const Attribute &attribute : node.attributes)
        for (const std::unique_ptr<Graph> &graph : attribute.graphs)
          collect(graph->nodes, called, count);
    }
  }

  /// Saturates above the limit.
  uint64_t sum(uint64_t nodes, const std::vector<size_t> &called) const {
    for (size_t callee : called) {
      nodes += sizes[callee];
      if (nodes > limit)
        return limit + 1;
    }
    return nodes;
  }

  /// Depth-first with an explicit stack; false on recursion, which is reported.
  bool visit(size_t root) {
    if (state[root] == Done)
      return true;
    std::vector<std::pair<size_t, size_t>> stack{{root, 0}};
    state[root] = Open;
    while (!stack.empty()) {
      auto &[f, next] = stack.back();
      if (next == calls[f].size()) {
        sizes[f] = sum(ownNodes[f], calls[f]);
        state[f] = Done;
        stack.pop_back();
        continue;
      }
      size_t callee = calls[f][next++];
      if (state[callee] == Open)
        return recursion(stack, callee);
      if (state[callee] == New) {
        state[callee] = Open;
        stack.push_back({callee, 0});
      }
    }
    return true;
  }

  bool recursion(const std::vector<std::pair<size_t, size_t>> &stack,
                 size_t callee) {
    size_t from = 0;
    while (stack[from].first != callee)
      ++from;
    std::string text;
    for (size_t i = from; i < stack.size() && i < from + 8; ++i)
      text += label(model.functions[stack[i].first]) + " -> ";
    if (stack.size() > from + 8)
      text += "... -> ";
    problems.error("functions call themselves: " + text +
                       label(model.functions[callee]),
                   "recursion is not supported; use Loop");
    return false;
  }

  const Model &model;
  uint64_t limit;
  Problems &problems;
  std::map<Key, size_t> index;
  std::vector<std::vector<size_t>> calls; ///< once per call site
  std::vector<uint64_t> ownNodes, sizes;
  std::vector<State> state;
};

} // namespace

void verifyFunctions(Model &model, const LoadOptions &options,
                     Problems &problems) {
  CallGraph(model, options, problems).run();
  for (Function &function : model.functions)
    verifyBody({model, function.opsets, &function,
                "function " + quote(function.name), problems},
               function);
}

} // namespace mpt::onnx
