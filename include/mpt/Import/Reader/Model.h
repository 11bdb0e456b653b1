// SPDX-License-Identifier: Apache-2.0
//===- Model.h - an ONNX file as plain structs ----------------------------===//
//
// What loadModel() gives to import: no protobuf, no MLIR. Names are as in the
// file (any bytes without NUL); `index` is a node's place in its list in the
// *file*, while the order of `nodes` is topological. The domain "ai.onnx" is
// spelt "". Weights are byte ranges, see Tensor.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_IMPORT_READER_MODEL_H
#define MPT_IMPORT_READER_MODEL_H

#include "mpt/Import/Reader/ByteSource.h"
#include "mpt/Import/Reader/DType.h"
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace mpt::onnx {

using Metadata = std::vector<std::pair<std::string, std::string>>;
/// Value of a key, or null.
const std::string *find(const Metadata &metadata, std::string_view key);

/// A dim is a number, a name, or unknown (no value, empty name).
struct Dim {
  bool known = false;
  int64_t value = 0;
  std::string param;
};

struct ValueInfo {
  enum Kind { None, Tensor, Sparse, Sequence, Map, Optional, Opaque };
  std::string name;
  Kind kind = None;
  DType dtype = DType::Undefined; ///< of a tensor
  bool hasShape = false;          ///< false: rank unknown
  std::vector<Dim> dims;
  Metadata metadata;
};

/// An initializer or a tensor attribute. The elements are dense, row-major and
/// little-endian (raw_data's layout), in one of three places:
///  - in a file: `inFile`, at [offset, offset + length) of the model file
///    (`location` empty) or of Model::directory + location;
///  - in `bytes`: typed fields that are no array on disk (int32_data, ...);
///  - in `strings`.
/// Payloads of at most Budget::smallBytes in the model file are in `bytes` too.
struct Tensor {
  std::string name;
  DType dtype = DType::Undefined;
  std::vector<int64_t> dims;
  bool inFile = false;
  bool refused = false; ///< its data; already reported
  std::string location; ///< relative path of the external file
  uint64_t offset = 0, length = 0;
  std::string bytes;
  std::vector<std::string> strings;
  Metadata metadata;

  /// Product of dims; fits, after verification.
  int64_t elements() const;
};

struct Graph;

/// Numbers are ONNX's (AttributeProto.AttributeType).
enum class AttrType : int32_t {
  Undefined = 0,
  Float,
  Int,
  String,
  Tensor,
  Graph,
  Floats,
  Ints,
  Strings,
  Tensors,
  Graphs,
  SparseTensor,
  SparseTensors,
  Type,
  Types
};
/// "float", "ints", ...; "type 77" when unknown.
std::string name(AttrType t);

struct Attribute {
  std::string name;
  AttrType type = AttrType::Undefined;
  std::string refName; ///< in a function: the attribute of the call it copies
  std::vector<float> floats;                  ///< Float: one
  std::vector<int64_t> ints;                  ///< Int: one
  std::vector<std::string> strings;           ///< String: one
  std::vector<Tensor> tensors;                ///< Tensor: one
  std::vector<std::unique_ptr<Graph>> graphs; ///< Graph: one
};

/// Multi-device annotations of IR 11 and later.
struct ShardedDim {
  int64_t axis = 0;
  struct Part {
    Dim dim;
    int64_t shards = 0;
  };
  std::vector<Part> parts;
};
struct ShardingSpec {
  std::string tensor;
  std::vector<int64_t> devices;
  std::vector<std::pair<int64_t, std::vector<int64_t>>> groups;
  std::vector<ShardedDim> dims;
};
struct NodeDevices {
  std::string configuration;
  std::vector<ShardingSpec> shardings;
  bool hasStage = false;
  int32_t stage = 0;
};
struct DeviceConfiguration {
  std::string name;
  int32_t count = 0;
  std::vector<std::string> devices;
};

struct Node {
  std::string name, op, domain, overload;
  std::vector<std::string> inputs; ///< "" stands for an omitted one
  std::vector<std::string> outputs;
  std::vector<Attribute> attributes;
  Metadata metadata;
  std::vector<NodeDevices> devices;
  int64_t index = 0;

  const Attribute *find(std::string_view attribute) const;
  int64_t getInt(std::string_view attribute, int64_t otherwise) const;
  float getFloat(std::string_view attribute, float otherwise) const;
  std::string getString(std::string_view attribute,
                        std::string_view otherwise) const;
  /// Null when absent.
  const std::vector<int64_t> *getInts(std::string_view attribute) const;
  bool hasInput(size_t i) const {
    return i < inputs.size() && !inputs[i].empty();
  }
  bool hasOutput(size_t i) const {
    return i < outputs.size() && !outputs[i].empty();
  }
};

struct Graph {
  std::string name;
  std::vector<Node> nodes;
  std::vector<Tensor> initializers;
  std::vector<ValueInfo> inputs, outputs, valueInfo;
  std::vector<std::string> sparseInitializers; ///< names; always refused
  Metadata metadata;
};

struct OpsetImport {
  std::string domain;
  int64_t version = 0;
};

struct Function {
  std::string name, domain, overload;
  std::vector<std::string> inputs, outputs;
  std::vector<std::string> attributes;      ///< without default
  std::vector<Attribute> attributeDefaults; ///< with default
  std::vector<Node> nodes;
  std::vector<OpsetImport> opsets;
  std::vector<ValueInfo> valueInfo;
  Metadata metadata;
};

struct Model {
  std::string path;      ///< as the user gave it
  std::string directory; ///< where external files are, ends in '/' or empty
  int64_t irVersion = 0;
  std::string producer, producerVersion, domain;
  int64_t modelVersion = 0;
  std::vector<OpsetImport> opsets;
  Graph graph;
  std::vector<Function> functions;
  std::vector<DeviceConfiguration> configurations;
  bool hasTrainingInfo = false;
  Metadata metadata;

  /// Opset of a domain, 0 when it is not imported.
  int64_t opset(std::string_view domain) const;
  const Function *find(std::string_view domain, std::string_view op,
                       std::string_view overload) const;
};

} // namespace mpt::onnx

#endif
