// SPDX-License-Identifier: Apache-2.0
//===- GraphImport.cpp - nodes to core ops --------------------------------===//
//
// One pass over the nodes, which the reader has sorted. A frame holds the
// values of one list of nodes: the graph, or the body of a function that is
// inlined at its call. Handlers come from the families' rows by operator name;
// versions of an operator are the handler's business.
//
// Refused: operators without a row, other domains than ai.onnx, values that are
// no tensors, element types that programs do not have.
//
//===----------------------------------------------------------------------===//
#include "GraphImport.h"
#include "Bind.h"
#include "NodeBuilder.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;

static const OpRow *findRow(StringRef op) {
  static const llvm::StringMap<const OpRow *> *table = [] {
    auto *rows = new llvm::StringMap<const OpRow *>();
    for (ArrayRef<OpRow> family :
         {getElementwiseRows(), getContractionRows(), getReductionRows(),
          getShapeRows(), getIndexingRows(), getGatherRows(), getScatterRows(),
          getRotaryRows(), getNeuralRows(), getAttentionRows(), getLossRows()})
      for (const OpRow &row : family) {
        [[maybe_unused]] bool isNew = rows->try_emplace(row.op, &row).second;
        assert(isNew && "one row per operator");
      }
    return rows;
  }();
  auto found = table->find(op);
  return found == table->end() ? nullptr : found->second;
}

namespace {
/// Values of one list of nodes. A name that is neither in `values` nor failed
/// is an input that a call omitted.
struct Frame {
  const std::vector<onnx::OpsetImport> &opsets;
  std::string scope;  ///< "function 'f'", for messages
  std::string prefix; ///< of node names, for locations
  llvm::StringMap<Val> values;
  llvm::StringSet<> failed;
  /// Attributes of the call, for bodies of functions.
  llvm::StringMap<const onnx::Attribute *> attributes;
  unsigned depth = 0;

  int64_t opset(const std::string &domain) const {
    for (const onnx::OpsetImport &import : opsets)
      if (import.domain == domain)
        return import.version;
    return 0;
  }
};

class GraphImporter {
public:
  explicit GraphImporter(Program &program)
      : program(program),
        binding(Config(program.module).getStrings("bind"), program.problems),
        frame{program.model.opsets, "", "", {}, {}, {}, 0} {}
  void run();

private:
  void addInputs();
  void addInitializers();
  Val addInitializer(const onnx::Tensor &tensor, StringRef name);
  void splitMerged();
  void walk(const std::vector<onnx::Node> &nodes, Frame &frame);
  void importNode(const onnx::Node &node, Frame &frame);
  Vals importCall(const onnx::Function &function, NodeBuilder &b,
                  const Frame &caller);
  void addOutputs();
  bool checkOutput(const onnx::ValueInfo &declared, const Val &v);

  Program &program;
  Binding binding;
  Frame frame;
  /// By node of the graph and input.
  std::map<MergedUses::Use, Val> splitUses;
};
} // namespace

//===- inputs, initializers -----------------------------------------------===//

void GraphImporter::addInputs() {
  llvm::StringSet<> overridable; // IR 3 lists initializers among the inputs
  for (const onnx::Tensor &tensor : program.model.graph.initializers)
    overridable.insert(tensor.name);
  SmallVector<Type> types;
  SmallVector<const onnx::ValueInfo *> inputs;
  for (const onnx::ValueInfo &input : program.model.graph.inputs) {
    if (overridable.contains(input.name))
      continue;
    std::string what = "input " + onnx::quote(input.name);
    Type element = program.elementType(input.dtype);
    if (input.kind != onnx::ValueInfo::Tensor || !element)
      program.problems.error(what + (input.kind == onnx::ValueInfo::Tensor
                                         ? " has elements of type " +
                                               onnx::name(input.dtype) +
                                               ", which programs do not have"
                                         : " is no tensor"));
    else if (!input.hasShape)
      program.problems.error(what + " has no rank", "export it with a shape");
    SmallVector<int64_t> shape;
    for (size_t d = 0; d < input.dims.size(); ++d)
      if (std::optional<int64_t> size = binding.size(input, d))
        shape.push_back(*size);
    int64_t elements = 1;
    bool isSmall = llvm::all_of(shape, [&](int64_t n) {
      return !llvm::MulOverflow(elements, n, elements) && elements <= int64_t(1)
                                                                          << 40;
    });
    if (!isSmall)
      program.problems.error(what + " has more than 2^40 elements");
    if (!element || !input.hasShape || !isSmall ||
        shape.size() != input.dims.size()) {
      frame.failed.insert(input.name);
      continue;
    }
    types.push_back(RankedTensorType::get(shape, element));
    inputs.push_back(&input);
  }
  binding.finish();
  OpBuilder &builder = program.builder;
  builder.setInsertionPointToEnd(program.module.getBody());
  program.function =
      func::FuncOp::create(builder, program.module.getLoc(), "predict",
                           builder.getFunctionType(types, {}));
  Block *entry = program.function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  for (auto [i, input] : llvm::enumerate(inputs)) {
    program.function.setArgAttr(i, "mpt.input",
                                builder.getStringAttr(input->name));
    Val &v = frame.values[input->name];
    v.type = cast<RankedTensorType>(types[i]);
    v.value = entry->getArgument(i);
  }
}

Val GraphImporter::addInitializer(const onnx::Tensor &tensor, StringRef name) {
  std::string why;
  bool trains = mayTrain(program, tensor);
  Type element = program.elementType(tensor.dtype);
  if (trains && !tensor.inFile &&
      fitsConstant(RankedTensorType::get(tensor.dims, element))) {
    program.problems.warning("initializer " + onnx::quote(tensor.name) +
                                 " is taken as a constant, its elements are "
                                 "no array in the file",
                             "store it as raw_data to train it");
    trains = false;
  }
  Val v = program.addTensor(tensor, name, /*isInitializer=*/true, trains, why);
  if (!v)
    program.problems.error("initializer " + onnx::quote(tensor.name) + " " +
                           why);
  return v;
}

void GraphImporter::addInitializers() {
  for (const onnx::Tensor &tensor : program.model.graph.initializers)
    if (Val v = addInitializer(tensor, tensor.name))
      frame.values[tensor.name] = v;
    else
      frame.failed.insert(tensor.name);
}

/// A state for each parameter behind a merged initializer.
void GraphImporter::splitMerged() {
  MergedUses merged = findMerged(program);
  llvm::StringMap<const onnx::Tensor *> tensors;
  for (const onnx::Tensor &tensor : program.model.graph.initializers)
    tensors[tensor.name] = &tensor;
  llvm::StringMap<Val> parts;
  for (const onnx::Node &node : program.model.graph.nodes)
    for (auto [slot, input] : llvm::enumerate(node.inputs)) {
      MergedUses::Use use(node.index, slot);
      auto found = merged.names.find(use);
      if (found == merged.names.end() || frame.failed.contains(input))
        continue;
      auto [part, isNew] = parts.try_emplace(found->second);
      if (isNew) {
        if (const onnx::Metadata *said = program.metadata.lookup(input))
          program.metadata[found->second] = said;
        part->second = addInitializer(*tensors[input], found->second);
      }
      splitUses[use] = part->second;
    }
}

//===- nodes --------------------------------------------------------------===//

/// The node with the call's attributes in place of the references to them.
static onnx::Node withAttributes(const onnx::Node &node, const Frame &frame) {
  onnx::Node copy;
  copy.name = node.name, copy.op = node.op, copy.domain = node.domain;
  copy.overload = node.overload, copy.index = node.index;
  copy.inputs = node.inputs, copy.outputs = node.outputs;
  for (const onnx::Attribute &given : node.attributes) {
    const onnx::Attribute *from = &given;
    if (!given.refName.empty())
      from = frame.attributes.lookup(given.refName);
    if (!from)
      continue;
    onnx::Attribute attribute;
    attribute.name = given.name, attribute.type = from->type;
    attribute.floats = from->floats, attribute.ints = from->ints;
    attribute.strings = from->strings, attribute.tensors = from->tensors;
    copy.attributes.push_back(std::move(attribute));
  }
  return copy;
}

void GraphImporter::walk(const std::vector<onnx::Node> &nodes, Frame &frame) {
  for (const onnx::Node &node : nodes) {
    bool refers = llvm::any_of(node.attributes, [](const onnx::Attribute &a) {
      return !a.refName.empty();
    });
    if (refers)
      importNode(withAttributes(node, frame), frame);
    else
      importNode(node, frame);
  }
}

static std::string nameOf(const onnx::Node &node) {
  return node.name.empty() ? node.op + "_" + std::to_string(node.index)
                           : node.name;
}

void GraphImporter::importNode(const onnx::Node &node, Frame &frame) {
  Vals inputs;
  bool lacks = false;
  for (auto [slot, name] : llvm::enumerate(node.inputs)) {
    auto split =
        frame.depth == 0 ? splitUses.find({node.index, slot}) : splitUses.end();
    lacks |= frame.failed.contains(name);
    inputs.push_back(split != splitUses.end() ? split->second
                                              : frame.values.lookup(name));
  }
  Location loc = NameLoc::get(
      StringAttr::get(program.context, frame.prefix + nameOf(node)));
  NodeBuilder b(program, node, frame.opset(node.domain), frame.scope, loc,
                inputs);
  Vals outputs;
  const onnx::Function *function =
      program.model.find(node.domain, node.op, node.overload);
  const OpRow *row = node.domain.empty() ? findRow(node.op) : nullptr;
  if (!function && !row) {
    b.fail("operator is not supported", "express it by other operators");
  } else if (!lacks && function) {
    outputs = importCall(*function, b, frame);
  } else if (!lacks) {
    b.detail = row->detail;
    outputs = row->handler(b);
  }
  for (auto [i, name] : llvm::enumerate(node.outputs)) {
    if (name.empty())
      continue;
    if (i < outputs.size() && outputs[i]) {
      frame.values[name] = outputs[i];
      continue;
    }
    if (!lacks && !b.hasFailed())
      b.fail("output " + Twine(i) + ", " + onnx::quote(name) +
             ", is not supported");
    frame.failed.insert(name);
  }
}

/// Inlines the function's body.
Vals GraphImporter::importCall(const onnx::Function &function, NodeBuilder &b,
                               const Frame &caller) {
  constexpr unsigned deepest = 64;
  if (caller.depth >= deepest)
    return {b.fail("functions call each other more than " + Twine(deepest) +
                   " deep")};
  Frame body{function.opsets,
             "function " + onnx::quote(function.name),
             caller.prefix + nameOf(b.node) + "/",
             {},
             {},
             {},
             caller.depth + 1};
  for (auto [i, name] : llvm::enumerate(function.inputs))
    if (b.has(i))
      body.values[name] = b.input(i);
  for (const onnx::Attribute &attribute : function.attributeDefaults)
    body.attributes[attribute.name] = &attribute;
  for (const onnx::Attribute &attribute : b.node.attributes)
    body.attributes[attribute.name] = &attribute;
  size_t before = program.problems.errorCount();
  walk(function.nodes, body);
  Vals outputs;
  for (const std::string &name : function.outputs)
    outputs.push_back(body.values.lookup(name));
  if (program.problems.errorCount() != before)
    b.noteFailure();
  return outputs;
}

//===- outputs ------------------------------------------------------------===//

bool GraphImporter::checkOutput(const onnx::ValueInfo &declared, const Val &v) {
  bool fits = declared.dtype == onnx::DType::Undefined ||
              program.elementType(declared.dtype) == v.element();
  if (declared.hasShape) {
    fits &= int64_t(declared.dims.size()) == v.rank();
    for (size_t d = 0; fits && d < declared.dims.size(); ++d) {
      const onnx::Dim &dim = declared.dims[d];
      std::optional<int64_t> bound =
          dim.known ? dim.value : binding.sizeOf(dim.param);
      fits = !bound || *bound == v.shape()[d];
    }
  }
  if (fits)
    return true;
  std::string text = onnx::name(declared.dtype);
  if (declared.hasShape) {
    text += "[";
    for (auto [d, dim] : llvm::enumerate(declared.dims))
      text +=
          (d ? ", " : "") + (dim.known           ? std::to_string(dim.value)
                             : dim.param.empty() ? "?"
                                                 : onnx::escaped(dim.param));
    text += "]";
  }
  program.problems.error(
      "output " + onnx::quote(declared.name) + " is declared as " + text +
          ", the graph computes " + NodeBuilder::text(v.type),
      "bind the sizes that the file was exported with");
  return false;
}

void GraphImporter::addOutputs() {
  SmallVector<Value> results;
  SmallVector<StringRef> names;
  llvm::StringMap<std::string> producers;
  for (const onnx::Node &node : program.model.graph.nodes)
    for (const std::string &name : node.outputs)
      producers[name] = nameOf(node);
  for (const onnx::ValueInfo &output : program.model.graph.outputs) {
    Val v = frame.values.lookup(output.name);
    if (!v || !checkOutput(output, v))
      continue;
    // A constant, or a state as it is, becomes an op only here.
    auto producer = producers.find(output.name);
    std::string name =
        producer == producers.end() ? output.name : producer->second;
    results.push_back(program.materialize(
        v, NameLoc::get(StringAttr::get(program.context, name))));
    names.push_back(output.name);
  }
  OpBuilder &builder = program.builder;
  func::ReturnOp::create(builder, program.function.getLoc(), results);
  program.function.setFunctionType(builder.getFunctionType(
      program.function.getArgumentTypes(), ValueRange(results).getTypes()));
  for (auto [i, name] : llvm::enumerate(names))
    program.function.setResultAttr(i, "mpt.output",
                                   builder.getStringAttr(name));
}

void GraphImporter::run() {
  addInputs();
  addInitializers();
  splitMerged();
  walk(program.model.graph.nodes, frame);
  addOutputs();
}

void mlir::mpt::import::importGraph(Program &program) {
  GraphImporter(program).run();
}
