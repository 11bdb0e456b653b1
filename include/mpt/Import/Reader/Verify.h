// SPDX-License-Identifier: Apache-2.0
//===- Verify.h - is a decoded model a program? ---------------------------===//
//
// Each function reports what it finds to `problems` and goes on. Graphs nest at
// most Budget::depth deep (the scan saw to it), which bounds all recursion
// here.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_IMPORT_READER_VERIFY_H
#define MPT_IMPORT_READER_VERIFY_H

#include "mpt/Import/Reader/Load.h"
#include <string_view>
#include <unordered_map>

namespace mpt::onnx {

/// Versions, opset imports, names and order of every graph and function body,
/// tensors, operators, element types. Sorts node lists that are out of order
/// (and says so); `Node::index` keeps the place in the file.
void verifyModel(Model &model, const LoadOptions &options, Problems &problems);

//===-- the parts, in the order verifyModel runs them
//----------------------===//

/// Where a check is: the function or subgraph, for messages, and its opsets.
struct Scope {
  const Model &model;
  const std::vector<OpsetImport> &opsets;
  const Function *function = nullptr;
  std::string where;
  Problems &problems;

  int64_t opset(std::string_view domain) const;
  void report(const Node &node, std::string what, std::string remedy = "",
              Severity severity = Severity::Error) const;
  void report(std::string what, std::string remedy = "") const;
};

/// Name of a node for running text: 'n' or #3.
std::string label(const Node &node);
/// "Gemm-13", or "domain::Op".
std::string opLabel(const Node &node, int64_t opset);

/// Who defines a value, in words, for messages that name both sites.
struct Definition {
  enum Kind { Input, Initializer, NodeOutput } kind;
  const Node *node;
};
std::string describe(const Definition &definition);

/// Names of one graph; `outer` is the graph around it.
struct Names {
  std::unordered_map<std::string_view, Definition> defined;
  const Names *outer = nullptr;
  const Definition *find(std::string_view name) const;
};

void verifyTensor(const Scope &scope, const Tensor &tensor,
                  const std::string &what, const Node *node,
                  const Budget &budget);
void verifyValueInfo(const Scope &scope, const ValueInfo &info,
                     const char *what);
/// SSA and order of a graph and the graphs in it.
void verifyGraph(const Scope &scope, Graph &graph, const Names *outer);
void verifyBody(const Scope &scope, Function &function);
/// Functions: identities, bodies, call graph, size after inlining.
void verifyFunctions(Model &model, const LoadOptions &options,
                     Problems &problems);
/// A node, and those of its subgraphs, against the operator table.
void verifyNode(const Scope &scope, const Node &node);
/// Element types of a graph's values, from inputs, tensors and operator facts.
struct DTypes {
  std::unordered_map<std::string_view, DType> known;
  const DTypes *outer = nullptr;
  DType find(std::string_view name) const; ///< Undefined when not known
};
void verifyTypes(const Scope &scope, const Graph &graph, const DTypes *outer);

} // namespace mpt::onnx

#endif
