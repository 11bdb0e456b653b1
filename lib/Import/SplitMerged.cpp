// SPDX-License-Identifier: Apache-2.0
//===- SplitMerged.cpp - parameters that an exporter merged ---------------===//
//
// Exporters keep one initializer for parameters of equal value (all norms of a
// fresh model), and drop biases of zeros; trained as it stands, such a file
// ties what was independent. What the exporters leave behind tells the
// parameters apart:
//   - TorchScript: Identity(initializer) -> name of the other parameter
//   - dynamo: a node's metadata shows the operation it comes from, whose
//     arguments are the module's parameters ("%p_h_0_ln_1_weight"); the graph's
//     signature gives their names. All nodes of one operation are looked at
//     together; parameters and initializers that are not matched by their name
//     are matched in order, if they are equally many.
// Nothing is split where that leaves a doubt. Parameters that an operation had
// and no node reads are lost: warned of.
//
//===----------------------------------------------------------------------===//
#include "GraphImport.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Regex.h"
#include <set>

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;

namespace {
constexpr StringLiteral operationKey = "pkg.torch.onnx.fx_node";

/// The nodes of one operation of the module.
struct OperationNodes {
  SmallVector<std::string> parameters; ///< in the order of its arguments
  SmallVector<MergedUses::Use> uses;   ///< of initializers
  SmallVector<StringRef> initializers; ///< that they read
};

class MergeFinder {
public:
  explicit MergeFinder(const Program &program) : graph(program.model.graph) {
    for (const onnx::Tensor &tensor : graph.initializers)
      if (onnx::isTrainableFloat(tensor.dtype) && !tensor.dims.empty())
        initializers.insert(tensor.name);
  }
  MergedUses find();

private:
  void readSignature();
  void readIdentities();
  void readOperations();
  void match(const OperationNodes &operation);
  void dropRenamed();

  const onnx::Graph &graph;
  llvm::StringSet<> initializers;
  llvm::StringMap<std::string> parameters; ///< argument -> name in the module
  llvm::StringSet<> folded;                ///< inside other initializers
  llvm::StringSet<> read, missed;          ///< names of parameters
  MergedUses result;
};
} // namespace

//===- what the exporter says ---------------------------------------------===//

/// Lines "p_wte_weight: PARAMETER target='wte.weight'", and what was folded.
void MergeFinder::readSignature() {
  const std::string *text = onnx::find(
      graph.metadata, "pkg.torch.export.ExportedProgram.graph_signature");
  llvm::Regex line("^([A-Za-z0-9_]+): PARAMETER target='([^']*)'");
  SmallVector<StringRef> lines, found;
  if (text)
    StringRef(*text).split(lines, '\n');
  for (StringRef candidate : lines)
    if (line.match(candidate, &found))
      parameters[found[1]] = found[2].str();
  for (const onnx::ValueInfo &info : graph.valueInfo)
    if (const std::string *from =
            onnx::find(info.metadata, "pkg.onnxscript.optimizer.folded_from")) {
      SmallVector<StringRef> names;
      StringRef(*from).trim("[]").split(names, ", ");
      for (StringRef name : names)
        folded.insert(name.trim("'\""));
    }
}

void MergeFinder::readIdentities() {
  for (const onnx::Node &node : graph.nodes)
    if (node.op == "Identity" && node.domain.empty() && node.hasOutput(0) &&
        node.hasInput(0) && initializers.contains(node.inputs[0]) &&
        StringRef(node.outputs[0]).contains('.'))
      result.names[{node.index, 0}] = node.outputs[0];
}

/// The module's parameters among the arguments, each once.
static SmallVector<std::string>
argumentsOf(StringRef text, const llvm::StringMap<std::string> &parameters) {
  SmallVector<std::string> names;
  SmallVector<StringRef> parts;
  text.split(parts, '%');
  for (StringRef part : ArrayRef(parts).drop_front()) {
    auto found = parameters.find(
        part.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; }));
    if (found != parameters.end() && !llvm::is_contained(names, found->second))
      names.push_back(found->second);
  }
  return names;
}

void MergeFinder::readOperations() {
  llvm::MapVector<StringRef, OperationNodes> operations;
  for (const onnx::Node &node : graph.nodes) {
    const std::string *text =
        onnx::find(node.metadata, {operationKey.data(), operationKey.size()});
    if (!text)
      continue;
    OperationNodes &operation = operations[*text];
    if (operation.parameters.empty())
      operation.parameters = argumentsOf(*text, parameters);
    for (auto [slot, name] : llvm::enumerate(node.inputs))
      if (initializers.contains(name) && !folded.contains(name)) {
        operation.uses.push_back({node.index, unsigned(slot)});
        operation.initializers.push_back(name);
      }
  }
  for (auto &[text, operation] : operations)
    match(operation);
}

//===- matching -----------------------------------------------------------===//

/// Initializers that are parameters of the module under their own names are
/// what may stand for others.
void MergeFinder::match(const OperationNodes &operation) {
  SmallVector<StringRef> open;
  for (const std::string &name : operation.parameters) {
    bool isRead = llvm::is_contained(operation.initializers, name);
    if (isRead || folded.contains(name))
      read.insert(name);
    else if (!initializers.contains(name))
      open.push_back(name);
  }
  SmallVector<std::pair<MergedUses::Use, StringRef>> uses;
  llvm::StringSet<> known;
  for (const auto &[argument, name] : parameters)
    known.insert(name);
  for (auto [use, name] : llvm::zip(operation.uses, operation.initializers))
    if (known.contains(name) && !llvm::is_contained(operation.parameters, name))
      uses.push_back({use, name});
  // A merged initializer may also be one of the operation's own parameters.
  llvm::StringSet<> seen;
  if (uses.size() < open.size())
    for (auto [use, name] : llvm::zip(operation.uses, operation.initializers))
      if (llvm::is_contained(operation.parameters, name) &&
          !seen.insert(name).second)
        uses.push_back({use, name});
  if (uses.size() != open.size()) {
    for (StringRef name : open)
      missed.insert(name);
    return;
  }
  for (auto [use, name] : llvm::zip(uses, open)) {
    result.names[use.first] = name.str();
    read.insert(name);
  }
}

/// An initializer that stands for one parameter only has another name for it
/// (a tied one has several).
void MergeFinder::dropRenamed() {
  llvm::StringMap<std::set<std::string>> standsFor;
  auto nameOf = [&](const onnx::Node &node, size_t slot) {
    auto found = result.names.find({node.index, unsigned(slot)});
    return found == result.names.end() ? node.inputs[slot] : found->second;
  };
  for (const onnx::Node &node : graph.nodes)
    for (auto [slot, input] : llvm::enumerate(node.inputs))
      if (initializers.contains(input))
        standsFor[input].insert(nameOf(node, slot));
  for (const onnx::Node &node : graph.nodes)
    for (auto [slot, input] : llvm::enumerate(node.inputs))
      if (standsFor.contains(input) && standsFor[input].size() == 1)
        result.names.erase({node.index, unsigned(slot)});
}

MergedUses MergeFinder::find() {
  readSignature();
  if (parameters.empty())
    readIdentities();
  else
    readOperations();
  dropRenamed();
  for (const auto &entry : missed)
    if (!read.contains(entry.getKey()))
      result.lost.push_back(entry.getKey().str());
  llvm::sort(result.lost);
  return std::move(result);
}

//===- messages -----------------------------------------------------------===//

static std::string listOf(ArrayRef<std::string> names) {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : ", ") + onnx::quote(name);
  return text;
}

static void report(Program &program, const MergedUses &merged) {
  std::map<std::string, std::vector<std::string>> parts;
  for (const onnx::Node &node : program.model.graph.nodes)
    for (auto [slot, name] : llvm::enumerate(node.inputs)) {
      auto found = merged.names.find({node.index, unsigned(slot)});
      if (found == merged.names.end())
        continue;
      std::vector<std::string> &list = parts[name];
      if (!llvm::is_contained(list, found->second))
        list.push_back(found->second);
    }
  for (auto &[name, list] : parts)
    program.problems.warning(
        "initializer " + onnx::quote(name) + " stands also for " +
            listOf(list) +
            ", which the exporter merged; each is trained on its own",
        "--keep-merged trains them as one, python3 -m mpt.export writes a "
        "file that keeps them apart");
  if (!merged.lost.empty())
    program.problems.warning("the exporter dropped parameters of the module: " +
                                 listOf(merged.lost) + "; they are not trained",
                             "python3 -m mpt.export writes a file that has "
                             "them");
}

MergedUses mlir::mpt::import::findMerged(Program &program) {
  MergedUses merged = MergeFinder(program).find();
  if (Config(program.module).getBool("keep_merged"))
    merged.names.clear();
  report(program, merged);
  return merged;
}
