// SPDX-License-Identifier: Apache-2.0
//===- Decode.cpp - from the wire to Model --------------------------------===//
//
// protobuf decodes the structure that the scan left (no payloads, bounded
// depth and counts); this copies it into plain structs, so that nothing behind
// the reader sees protobuf. Sparse tensors are noted by name and refused by the
// verifier.
//
//===----------------------------------------------------------------------===//
#include "Decode.h"
#include "onnx.pb.h"
#include <google/protobuf/io/coded_stream.h>

namespace mpt::onnx {
namespace {

namespace pb = mptc::onnxpb;

std::string canonical(const std::string &domain) {
  return domain == "ai.onnx" ? "" : domain;
}

template <typename List> Metadata metadata(const List &list) {
  Metadata out;
  for (const pb::Pair &pair : list)
    out.emplace_back(pair.key(), pair.value());
  return out;
}

template <typename List> std::vector<std::string> strings(const List &list) {
  return std::vector<std::string>(list.begin(), list.end());
}

template <typename List> std::vector<OpsetImport> opsets(const List &list) {
  std::vector<OpsetImport> out;
  for (const pb::OperatorSet &import : list)
    out.push_back({canonical(import.domain()), import.version()});
  return out;
}

template <typename T> Dim dim(const T &in) {
  Dim out;
  out.known = in.has_dim_value();
  out.value = in.dim_value();
  out.param = in.dim_param();
  return out;
}

ValueInfo valueInfo(const pb::ValueInfo &in) {
  ValueInfo out;
  out.name = in.name();
  out.metadata = metadata(in.metadata_props());
  const pb::Type &type = in.type();
  bool sparse = type.has_sparse_tensor_type();
  if (type.has_tensor_type() || sparse) {
    const pb::Type::TensorType &tensor =
        sparse ? type.sparse_tensor_type() : type.tensor_type();
    out.kind = sparse ? ValueInfo::Sparse : ValueInfo::Tensor;
    out.dtype = DType(tensor.elem_type());
    out.hasShape = tensor.has_shape();
    for (const pb::Dimension &d : tensor.shape().dim())
      out.dims.push_back(dim(d));
  } else if (type.has_sequence_type()) {
    out.kind = ValueInfo::Sequence;
  } else if (type.has_map_type()) {
    out.kind = ValueInfo::Map;
  } else if (type.has_optional_type()) {
    out.kind = ValueInfo::Optional;
  } else if (type.has_opaque_type()) {
    out.kind = ValueInfo::Opaque;
  }
  return out;
}

ShardingSpec sharding(const pb::ShardingSpec &in) {
  ShardingSpec out;
  out.tensor = in.tensor_name();
  out.devices.assign(in.device().begin(), in.device().end());
  for (const pb::IntIntList &group : in.index_to_device_group_map())
    out.groups.emplace_back(
        group.key(),
        std::vector<int64_t>(group.value().begin(), group.value().end()));
  for (const pb::ShardedDim &sharded : in.sharded_dim()) {
    ShardedDim d;
    d.axis = sharded.axis();
    for (const pb::SimpleShardedDim &part : sharded.simple_sharding())
      d.parts.push_back({dim(part), part.num_shards()});
    out.dims.push_back(std::move(d));
  }
  return out;
}

NodeDevices devices(const pb::NodeDeviceConfiguration &in) {
  NodeDevices out;
  out.configuration = in.configuration_id();
  out.hasStage = in.has_pipeline_stage();
  out.stage = in.pipeline_stage();
  for (const pb::ShardingSpec &spec : in.sharding_spec())
    out.shardings.push_back(sharding(spec));
  return out;
}

/// Copies graphs, nodes and attributes; graphs nest at most Budget::depth deep.
class Decoder {
public:
  explicit Decoder(DecodeContext &context) : context(context) {}

  std::unique_ptr<Model> model(const pb::Model &in) {
    auto out = std::make_unique<Model>();
    out->irVersion = in.ir_version();
    out->producer = in.producer_name();
    out->producerVersion = in.producer_version();
    out->domain = in.domain();
    out->modelVersion = in.model_version();
    out->opsets = opsets(in.opset_import());
    out->metadata = metadata(in.metadata_props());
    out->hasTrainingInfo = in.training_info_size() != 0;
    if (!in.has_graph())
      context.problems.error("the file holds no graph", "pass an ONNX model");
    graph(in.graph(), out->graph);
    for (const pb::Function &f : in.functions())
      out->functions.push_back(function(f));
    for (const pb::DeviceConfiguration &c : in.configuration())
      out->configurations.push_back(
          {c.name(), c.num_devices(), strings(c.device())});
    return out;
  }

private:
  void graph(const pb::Graph &in, Graph &out) {
    out.name = in.name();
    out.metadata = metadata(in.metadata_props());
    for (const pb::ValueInfo &v : in.input())
      out.inputs.push_back(valueInfo(v));
    for (const pb::ValueInfo &v : in.output())
      out.outputs.push_back(valueInfo(v));
    for (const pb::ValueInfo &v : in.value_info())
      out.valueInfo.push_back(valueInfo(v));
    for (const pb::Tensor &t : in.initializer())
      out.initializers.push_back(
          decodeTensor(context, t, "initializer " + quote(t.name())));
    for (const pb::SparseTensor &t : in.sparse_initializer())
      out.sparseInitializers.push_back(t.values().name());
    nodes(in.node(), out.nodes);
  }

  template <typename List> void nodes(const List &in, std::vector<Node> &out) {
    out.reserve(in.size());
    for (const pb::Node &n : in) {
      out.push_back(node(n));
      out.back().index = int64_t(out.size()) - 1;
    }
  }

  Node node(const pb::Node &in) {
    Node out;
    out.name = in.name();
    out.op = in.op_type();
    out.domain = canonical(in.domain());
    out.overload = in.overload();
    out.inputs = strings(in.input());
    out.outputs = strings(in.output());
    out.metadata = metadata(in.metadata_props());
    for (const pb::Attribute &a : in.attribute())
      out.attributes.push_back(attribute(a, " of node " + quote(in.name()) +
                                                " (" + escaped(in.op_type()) +
                                                ")"));
    for (const pb::NodeDeviceConfiguration &d : in.device_configurations())
      out.devices.push_back(devices(d));
    return out;
  }

  /// Files of IR versions 1 and 2 may leave the type out.
  static AttrType inferType(const pb::Attribute &in) {
    if (in.type() != 0)
      return AttrType(in.type());
    if (in.has_f())
      return AttrType::Float;
    if (in.has_i())
      return AttrType::Int;
    if (in.has_s())
      return AttrType::String;
    if (in.has_t())
      return AttrType::Tensor;
    if (in.has_g())
      return AttrType::Graph;
    if (in.floats_size())
      return AttrType::Floats;
    if (in.ints_size())
      return AttrType::Ints;
    if (in.strings_size())
      return AttrType::Strings;
    return AttrType::Undefined;
  }

  Attribute attribute(const pb::Attribute &in, const std::string &of) {
    Attribute out;
    out.name = in.name();
    out.type = inferType(in);
    out.refName = in.ref_attr_name();
    if (!out.refName.empty())
      return out;
    std::string site = "attribute " + quote(in.name()) + of;
    switch (out.type) {
    case AttrType::Float:
      out.floats = {in.f()};
      break;
    case AttrType::Int:
      out.ints = {in.i()};
      break;
    case AttrType::String:
      out.strings = {in.s()};
      break;
    case AttrType::Tensor:
      out.tensors.push_back(decodeTensor(context, in.t(), site));
      break;
    case AttrType::Graph:
      addGraph(in.g(), out);
      break;
    case AttrType::Floats:
      out.floats.assign(in.floats().begin(), in.floats().end());
      break;
    case AttrType::Ints:
      out.ints.assign(in.ints().begin(), in.ints().end());
      break;
    case AttrType::Strings:
      out.strings = strings(in.strings());
      break;
    case AttrType::Tensors:
      for (const pb::Tensor &t : in.tensors())
        out.tensors.push_back(decodeTensor(context, t, site));
      break;
    case AttrType::Graphs:
      for (const pb::Graph &g : in.graphs())
        addGraph(g, out);
      break;
    default: // sparse tensors, types, unknown: the verifier refuses them
      break;
    }
    return out;
  }

  void addGraph(const pb::Graph &in, Attribute &out) {
    out.graphs.push_back(std::make_unique<Graph>());
    graph(in, *out.graphs.back());
  }

  Function function(const pb::Function &in) {
    Function out;
    out.name = in.name();
    out.domain = canonical(in.domain());
    out.overload = in.overload();
    out.inputs = strings(in.input());
    out.outputs = strings(in.output());
    out.attributes = strings(in.attribute());
    for (const pb::Attribute &a : in.attribute_proto())
      out.attributeDefaults.push_back(
          attribute(a, " of function " + quote(in.name())));
    out.opsets = opsets(in.opset_import());
    for (const pb::ValueInfo &v : in.value_info())
      out.valueInfo.push_back(valueInfo(v));
    out.metadata = metadata(in.metadata_props());
    nodes(in.node(), out.nodes);
    return out;
  }

  DecodeContext &context;
};

} // namespace

std::unique_ptr<Model> decodeModel(DecodeContext &context) {
  const std::string &bytes = context.scan.structure;
  pb::Model in;
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const uint8_t *>(bytes.data()), int(bytes.size()));
  // A graph takes three levels (graph, node, attribute), types come on top; the
  // scan limits both by Budget::depth.
  stream.SetRecursionLimit(int(context.budget.depth) * 6 + 32);
  if (!in.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    context.problems.error("not a valid ONNX file: a message is malformed",
                           "copy or export the model again");
    return nullptr;
  }
  return Decoder(context).model(in);
}

} // namespace mpt::onnx
