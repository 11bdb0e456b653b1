// SPDX-License-Identifier: Apache-2.0
//===- Model.cpp - accessors of the model structs and element types -------===//
#include "mpt/Import/Reader/Model.h"

namespace mpt::onnx {

struct DTypeRow {
  const char *name;
  unsigned bits;
};
static const DTypeRow dtypes[lastDType + 1] = {
    {"undefined", 0},      {"float32", 32},   {"uint8", 8},
    {"int8", 8},           {"uint16", 16},    {"int16", 16},
    {"int32", 32},         {"int64", 64},     {"string", 0},
    {"bool", 8},           {"float16", 16},   {"float64", 64},
    {"uint32", 32},        {"uint64", 64},    {"complex64", 64},
    {"complex128", 128},   {"bfloat16", 16},  {"float8e4m3fn", 8},
    {"float8e4m3fnuz", 8}, {"float8e5m2", 8}, {"float8e5m2fnuz", 8},
    {"uint4", 4},          {"int4", 4},       {"float4e2m1", 4},
    {"float8e8m0", 8},     {"uint2", 2},      {"int2", 2},
    {"float6e2m3", 6},     {"float6e3m2", 6}};

std::string name(DType t) {
  if (isKnown(t))
    return dtypes[int32_t(t)].name;
  return "element type " + std::to_string(int32_t(t));
}

unsigned bitWidth(DType t) { return isKnown(t) ? dtypes[int32_t(t)].bits : 0; }

bool isTrainableFloat(DType t) {
  return t == DType::Float16 || t == DType::BFloat16 || t == DType::Float32 ||
         t == DType::Float64;
}

uint64_t storageBytes(DType t, uint64_t elements) {
  return (elements * bitWidth(t) + 7) / 8;
}

std::string name(AttrType t) {
  static const char *const names[] = {
      "undefined",      "float",      "int",        "string",
      "tensor",         "graph",      "floats",     "ints",
      "strings",        "tensors",    "graphs",     "sparse_tensor",
      "sparse_tensors", "type_proto", "type_protos"};
  int32_t n = int32_t(t);
  return n >= 0 && n <= 14 ? names[n] : "type " + std::to_string(n);
}

const std::string *find(const Metadata &metadata, std::string_view key) {
  for (const auto &[k, value] : metadata)
    if (k == key)
      return &value;
  return nullptr;
}

int64_t Tensor::elements() const {
  int64_t n = 1;
  for (int64_t dim : dims)
    n *= dim;
  return n;
}

const Attribute *Node::find(std::string_view attribute) const {
  for (const Attribute &a : attributes)
    if (a.name == attribute)
      return &a;
  return nullptr;
}

int64_t Node::getInt(std::string_view attribute, int64_t otherwise) const {
  const Attribute *a = find(attribute);
  return a && a->type == AttrType::Int && !a->ints.empty() ? a->ints[0]
                                                           : otherwise;
}

float Node::getFloat(std::string_view attribute, float otherwise) const {
  const Attribute *a = find(attribute);
  return a && a->type == AttrType::Float && !a->floats.empty() ? a->floats[0]
                                                               : otherwise;
}

std::string Node::getString(std::string_view attribute,
                            std::string_view otherwise) const {
  const Attribute *a = find(attribute);
  return a && a->type == AttrType::String && !a->strings.empty()
             ? a->strings[0]
             : std::string(otherwise);
}

const std::vector<int64_t> *Node::getInts(std::string_view attribute) const {
  const Attribute *a = find(attribute);
  return a && a->type == AttrType::Ints ? &a->ints : nullptr;
}

int64_t Model::opset(std::string_view wanted) const {
  for (const OpsetImport &import : opsets)
    if (import.domain == wanted)
      return import.version;
  return 0;
}

const Function *Model::find(std::string_view inDomain, std::string_view op,
                            std::string_view overload) const {
  for (const Function &f : functions)
    if (f.domain == inDomain && f.name == op && f.overload == overload)
      return &f;
  return nullptr;
}

} // namespace mpt::onnx
