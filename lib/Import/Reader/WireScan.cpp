// SPDX-License-Identifier: Apache-2.0
//===- WireScan.cpp - bounded walk over a protobuf file -------------------===//
//
// One pass records, in file order, the spans that the structure does not keep
// ("cuts") and every message that holds one ("hulls"); lengths shrink from the
// inside out when a hull is left. A second pass copies what is kept and writes
// the hulls' new lengths. Messages without a cut are copied as they are.
//
//===----------------------------------------------------------------------===//
#include "mpt/Import/Reader/WireScan.h"
#include <algorithm>
#include <iterator>

namespace mpt::onnx {
namespace {

enum Kind : uint8_t {
  Model,
  Graph,
  Node,
  Attribute,
  Tensor,
  Sparse,
  Function,
  Training,
  Info,
  Type,
  Nested,
  MapType,
  TensorType,
  Shape,
  Devices,
  Spec,
  SpecDim,
  Leaf
};
const char *const kindName[] = {
    "Model",        "Graph",      "Node",
    "Attribute",    "Tensor",     "SparseTensor",
    "Function",     "Training",   "ValueInfo",
    "Type",         "Type",       "Type",
    "Type",         "Shape",      "NodeDeviceConfiguration",
    "ShardingSpec", "ShardedDim", "message"};

enum Role : uint8_t { Child, ChildOnce, Name, PayloadField, Reserved };
struct FieldRule {
  Kind kind;
  uint32_t number;
  const char *name;
  Role role;
  Kind child = Leaf;
};

/// Fields the walk does more with than skip.
const FieldRule rules[] = {
    {Model, 7, "graph", ChildOnce, Graph},
    {Model, 20, "training_info", Child, Training},
    {Model, 25, "functions", Child, Function},
    {Model, 26, "configuration", Child, Leaf},
    {Training, 1, "initialization", ChildOnce, Graph},
    {Training, 2, "algorithm", ChildOnce, Graph},
    {Graph, 1, "node", Child, Node},
    {Graph, 2, "name", Name},
    {Graph, 5, "initializer", Child, Tensor},
    {Graph, 11, "input", Child, Info},
    {Graph, 12, "output", Child, Info},
    {Graph, 13, "value_info", Child, Info},
    {Graph, 15, "sparse_initializer", Child, Sparse},
    {Node, 1, "input", Name},
    {Node, 2, "output", Name},
    {Node, 3, "name", Name},
    {Node, 4, "op_type", Name},
    {Node, 5, "attribute", Child, Attribute},
    {Node, 7, "domain", Name},
    {Node, 8, "overload", Name},
    {Node, 10, "device_configurations", Child, Devices},
    {Devices, 2, "sharding_spec", Child, Spec},
    {Spec, 1, "tensor_name", Name},
    {Spec, 3, "index_to_device_group_map", Child, Leaf},
    {Spec, 4, "sharded_dim", Child, SpecDim},
    {SpecDim, 2, "simple_sharding", Child, Leaf},
    {Attribute, 1, "name", Name},
    {Attribute, 5, "t", ChildOnce, Tensor},
    {Attribute, 6, "g", ChildOnce, Graph},
    {Attribute, 10, "tensors", Child, Tensor},
    {Attribute, 11, "graphs", Child, Graph},
    {Attribute, 14, "tp", ChildOnce, Type},
    {Attribute, 15, "type_protos", Child, Type},
    {Attribute, 21, "ref_attr_name", Name},
    {Attribute, 22, "sparse_tensor", ChildOnce, Sparse},
    {Attribute, 23, "sparse_tensors", Child, Sparse},
    {Sparse, 1, "values", ChildOnce, Tensor},
    {Sparse, 2, "indices", ChildOnce, Tensor},
    {Tensor, 4, "float_data", PayloadField},
    {Tensor, 8, "name", Name},
    {Tensor, 9, "raw_data", PayloadField},
    {Tensor, 10, "double_data", PayloadField},
    {Tensor, 1000, "mpt_range", Reserved},
    {Function, 1, "name", Name},
    {Function, 4, "input", Name},
    {Function, 5, "output", Name},
    {Function, 6, "attribute", Name},
    {Function, 7, "node", Child, Node},
    {Function, 10, "domain", Name},
    {Function, 11, "attribute_proto", Child, Attribute},
    {Function, 12, "value_info", Child, Info},
    {Function, 13, "overload", Name},
    {Info, 1, "name", Name},
    {Info, 2, "type", ChildOnce, Type},
    {Type, 1, "tensor_type", ChildOnce, TensorType},
    {Type, 8, "sparse_tensor_type", ChildOnce, TensorType},
    {TensorType, 2, "shape", ChildOnce, Shape},
    {Shape, 1, "dim", Child, Leaf},
    {Type, 4, "sequence_type", ChildOnce, Nested},
    {Type, 5, "map_type", ChildOnce, MapType},
    {Type, 9, "optional_type", ChildOnce, Nested},
    {Nested, 1, "elem_type", ChildOnce, Type},
    {MapType, 2, "value_type", ChildOnce, Type},
};

const FieldRule *ruleOf(Kind kind, uint64_t number) {
  for (const FieldRule &rule : rules)
    if (rule.kind == kind && rule.number == number)
      return &rule;
  return nullptr;
}

unsigned varintSize(uint64_t value) {
  unsigned n = 1;
  for (; value >= 0x80; value >>= 7)
    ++n;
  return n;
}

void putVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out += char(value | 0x80);
  out += char(value);
}

/// The span of a payload's field; its stand-in takes the place.
struct Cut {
  uint64_t begin, end, payload;
};

/// A message around a cut: the span of its length varint, and its new length.
struct Hull {
  uint64_t lengthBegin, lengthEnd, newLength;
};

struct Frame {
  Kind kind;
  const char *field; ///< it is in
  uint64_t lengthBegin, begin, end;
  uint64_t removed = 0; ///< bytes fewer in the structure
  bool cut = false;
  uint32_t seen = 0; ///< singular fields met: bit = number
};

constexpr uint64_t rangeTag = 1000 << 3; ///< Tensor.mpt_range, a varint

class Walk {
public:
  Walk(const ByteSource &source, const Budget &budget, Scan &scan,
       Problems &problems)
      : source(source), budget(budget), scan(scan), problems(problems) {}

  bool run() {
    stack.push_back({Model, "model", 0, 0, source.size()});
    while (true) {
      while (pos == stack.back().end) {
        if (stack.size() == 1)
          return emit();
        leave();
      }
      if (!field())
        return false;
    }
  }

private:
  bool fail(std::string what, std::string remedy) {
    problems.error(std::move(what), std::move(remedy));
    return false;
  }
  bool broken(const std::string &what) {
    return fail("not a valid ONNX file at byte " + std::to_string(pos) + ": " +
                    what,
                "copy or export the model again");
  }
  bool truncated(const std::string &field, uint64_t need, uint64_t have) {
    return fail("truncated at byte " + std::to_string(source.size()) + ": " +
                    field + " needs " + std::to_string(need) + " bytes, " +
                    std::to_string(have) + " remain",
                "copy or export the model again");
  }

  /// One byte at `pos` through the window; the caller checked the bounds.
  bool byte(uint8_t &out) {
    if (pos < windowBegin || pos - windowBegin >= window.size()) {
      uint64_t n = std::min<uint64_t>(1 << 16, source.size() - pos);
      window.resize(n);
      windowBegin = pos;
      if (!source.read(pos, window.data(), n)) {
        window.clear();
        return broken("the file cannot be read; did it change?");
      }
    }
    out = uint8_t(window[pos++ - windowBegin]);
    return true;
  }

  bool varint(uint64_t &value) {
    const Frame &frame = stack.back();
    value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (pos == frame.end)
        return pos == source.size()
                   ? truncated("a number in " + where(), 1, 0)
                   : broken("a number runs out of its " + where());
      uint8_t b;
      if (!byte(b))
        return false;
      if (shift == 63 && b > 1)
        return broken("a number of more than 64 bits");
      value |= uint64_t(b & 0x7F) << shift;
      if (!(b & 0x80))
        return true;
    }
    return broken("a number of more than 10 bytes");
  }

  std::string where() const {
    const Frame &frame = stack.back();
    return std::string(kindName[frame.kind]) +
           (stack.size() == 1 ? "" : " '" + std::string(frame.field) + "'");
  }

  bool field() {
    uint64_t begin = pos, tag;
    if (!varint(tag))
      return false;
    uint64_t number = tag >> 3;
    if (number == 0 || number > 0x1FFFFFFF)
      return broken("field number " + std::to_string(number) + " in " +
                    where());
    const FieldRule *rule = ruleOf(stack.back().kind, number);
    uint64_t value;
    switch (tag & 7) {
    case 0:
      if (!varint(value))
        return false;
      break;
    case 1:
      if (!skip(8, "a 64-bit field"))
        return false;
      break;
    case 2:
      return delimited(begin, rule);
    case 5:
      if (!skip(4, "a 32-bit field"))
        return false;
      break;
    default:
      return broken("wire type " + std::to_string(tag & 7) + " in " + where());
    }
    return !rule || rule->role != Reserved || reserved();
  }

  /// Steps over `length` bytes of the enclosing message.
  bool skip(uint64_t length, const std::string &field) {
    const Frame &frame = stack.back();
    uint64_t left = frame.end - pos;
    if (length > left) {
      if (frame.end == source.size())
        return truncated(field + " of " + where(), length, left);
      return broken(field + " of " + where() + " needs " +
                    std::to_string(length) + " bytes, the message has " +
                    std::to_string(left) + " left");
    }
    pos += length;
    return true;
  }

  bool delimited(uint64_t begin, const FieldRule *rule) {
    uint64_t lengthBegin = pos, length;
    if (!varint(length))
      return false;
    if (++fields > budget.fields)
      return fail("more than " + std::to_string(budget.fields) + " fields",
                  "split the model");
    std::string name =
        rule ? "field '" + std::string(rule->name) + "'" : "a field";
    uint64_t payload = pos;
    if (!skip(length, name))
      return false;
    if (!rule)
      return true;
    switch (rule->role) {
    case Name:
      if (length > budget.stringBytes)
        return fail(name + " of " + where() + " at byte " +
                        std::to_string(payload) + " has " +
                        std::to_string(length) + " bytes, the limit is " +
                        std::to_string(budget.stringBytes),
                    "shorten the name");
      return true;
    case Reserved:
      return reserved();
    case PayloadField:
      return cutPayload(begin, payload, length, *rule);
    case ChildOnce:
      if (stack.back().seen & (1u << rule->number))
        return broken(name + " of " + where() + " appears twice");
      stack.back().seen |= 1u << rule->number;
      [[fallthrough]];
    case Child:
      pos = payload;
      return enter(*rule, lengthBegin, length);
    }
    return true;
  }

  bool enter(const FieldRule &rule, uint64_t lengthBegin, uint64_t length) {
    if (rule.child == Node && ++scan.nodes > budget.nodes)
      return fail("more than " + std::to_string(budget.nodes) + " nodes",
                  "split the model");
    if (rule.child == Graph && ++graphs > budget.depth + 1)
      return fail("graphs nest more than " + std::to_string(budget.depth) +
                      " deep",
                  "flatten the model");
    if (rule.child == Type && ++types > budget.depth)
      return fail("types nest more than " + std::to_string(budget.depth) +
                      " deep",
                  "flatten the type");
    stack.push_back({rule.child, rule.name, lengthBegin, pos, pos + length});
    return true;
  }

  void leave() {
    Frame frame = stack.back();
    stack.pop_back();
    graphs -= frame.kind == Graph;
    types -= frame.kind == Type;
    if (!frame.cut)
      return;
    uint64_t oldLength = frame.end - frame.begin;
    uint64_t newLength = oldLength - frame.removed;
    hulls.push_back({frame.lengthBegin, frame.begin, newLength});
    Frame &parent = stack.back();
    parent.cut = true;
    parent.removed += frame.removed + (frame.begin - frame.lengthBegin) -
                      varintSize(newLength);
  }

  bool reserved() { return broken("field number 1000 in " + where()); }

  bool cutPayload(uint64_t begin, uint64_t offset, uint64_t length,
                  const FieldRule &rule) {
    constexpr uint32_t any = 1u << Payload::RawData | 1u << Payload::FloatData |
                             1u << Payload::DoubleData;
    if (length == 0 && rule.number != Payload::RawData)
      return true;
    if (stack.back().seen & any)
      return fail("a tensor's data at byte " + std::to_string(offset) +
                      " is in several pieces",
                  "store it as one raw_data field");
    uint64_t index = scan.payloads.size();
    scan.payloads.push_back({offset, length, Payload::Field(rule.number)});
    cuts.push_back({begin, pos, index});
    Frame &frame = stack.back();
    frame.seen |= 1u << rule.number;
    frame.cut = true;
    // Wraps below zero where a payload is shorter than its stand-in; the sum
    // with the message's length is right all the same.
    frame.removed += (pos - begin) - varintSize(rangeTag) - varintSize(index);
    return true;
  }

  bool copy(uint64_t begin, uint64_t end) {
    std::string &out = scan.structure;
    size_t at = out.size();
    out.resize(at + (end - begin));
    return source.read(begin, &out[at], end - begin) ||
           broken("the file cannot be read; did it change?");
  }

  bool emit() {
    uint64_t size = source.size() - stack.back().removed;
    if (size > budget.structureBytes)
      return fail("the model takes " + std::to_string(size) +
                      " bytes without its weights, the limit is " +
                      std::to_string(budget.structureBytes),
                  "move constants to external data");
    scan.structure.reserve(size);
    std::sort(hulls.begin(), hulls.end(), [](const Hull &a, const Hull &b) {
      return a.lengthBegin < b.lengthBegin;
    });
    uint64_t at = 0;
    auto hull = hulls.begin();
    for (const Cut &cut : cuts) {
      for (; hull != hulls.end() && hull->lengthBegin < cut.begin; ++hull) {
        if (!copy(at, hull->lengthBegin))
          return false;
        putVarint(scan.structure, hull->newLength);
        at = hull->lengthEnd;
      }
      if (!copy(at, cut.begin))
        return false;
      putVarint(scan.structure, rangeTag);
      putVarint(scan.structure, cut.payload);
      at = cut.end;
    }
    return copy(at, source.size());
  }

  const ByteSource &source;
  const Budget &budget;
  Scan &scan;
  Problems &problems;
  std::vector<Frame> stack;
  std::vector<Cut> cuts;
  std::vector<Hull> hulls;
  std::string window;
  uint64_t pos = 0, windowBegin = 0, graphs = 0, types = 0, fields = 0;
};

} // namespace

bool scanModel(const ByteSource &source, const Budget &budget, Scan &scan,
               Problems &problems) {
  if (source.size() == 0) {
    problems.error("the file is empty", "copy or export the model again");
    return false;
  }
  return Walk(source, budget, scan, problems).run();
}

} // namespace mpt::onnx
