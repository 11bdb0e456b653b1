// SPDX-License-Identifier: Apache-2.0
//===- Wire.h - ONNX messages as plain bytes, for tests -------------------===//
//
// A second, independent writer of the wire format: the tests share no proto and
// no decoder with the reader. Field numbers are ONNX's.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_TEST_UNIT_READER_WIRE_H
#define MPT_TEST_UNIT_READER_WIRE_H

#include "mpt/Import/Reader/Load.h"
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

namespace wire {

using Bytes = std::string;
using List = std::vector<Bytes>;

inline Bytes varint(uint64_t value) {
  Bytes out;
  for (; value >= 0x80; value >>= 7)
    out += char(value | 0x80);
  return out + char(value);
}
inline Bytes num(int field, int64_t value) {
  return varint(uint64_t(field) << 3) + varint(uint64_t(value));
}
inline Bytes sub(int field, const Bytes &payload) {
  return varint(uint64_t(field) << 3 | 2) + varint(payload.size()) + payload;
}
inline Bytes f32(int field, float value) {
  Bytes out = varint(uint64_t(field) << 3 | 5);
  return out.append(reinterpret_cast<const char *>(&value), 4);
}
inline Bytes each(int field, const List &payloads) {
  Bytes out;
  for (const Bytes &payload : payloads)
    out += sub(field, payload);
  return out;
}
template <typename T> Bytes array(std::initializer_list<T> values) {
  return Bytes(reinterpret_cast<const char *>(values.begin()),
               values.size() * sizeof(T));
}

/// A dim is a number; negative ones are written as they are.
inline Bytes info(const Bytes &name, std::vector<int64_t> dims, int dtype = 1) {
  Bytes shape;
  for (int64_t dim : dims)
    shape += sub(1, num(1, dim));
  return sub(1, name) + sub(2, sub(1, num(1, dtype) + sub(2, shape)));
}
inline Bytes tensor(const Bytes &name, std::vector<int64_t> dims,
                    const Bytes &data, int dtype = 1) {
  Bytes out;
  for (int64_t dim : dims)
    out += num(1, dim);
  return out + num(2, dtype) + sub(8, name) + data;
}
inline Bytes raw(std::initializer_list<float> values) {
  return sub(9, array(values));
}
inline Bytes external(const Bytes &location, const Bytes &offset = "0",
                      const Bytes &length = "16") {
  Bytes out = num(14, 1);
  List pairs = {"location", location, "offset", offset, "length", length};
  for (size_t i = 0; i < pairs.size(); i += 2)
    out += sub(13, sub(1, pairs[i]) + sub(2, pairs[i + 1]));
  return out;
}
inline Bytes attr(const Bytes &name, int type, const Bytes &value) {
  return sub(5, sub(1, name) + value + num(20, type));
}
inline Bytes intAttr(const Bytes &name, int64_t value) {
  return attr(name, 2, num(3, value));
}
inline Bytes node(const Bytes &name, const Bytes &op, const List &inputs,
                  const List &outputs, const Bytes &rest = "") {
  return each(1, inputs) + each(2, outputs) + sub(3, name) + sub(4, op) + rest;
}
struct Graph {
  List nodes;
  List inputs = {info("x", {2, 2})};
  List outputs = {info("y", {2, 2})};
  List tensors = {};
  List infos = {};
  Bytes rest = "";
};
inline Bytes graph(const Graph &g) {
  return each(1, g.nodes) + sub(2, "g") + each(5, g.tensors) +
         each(11, g.inputs) + each(12, g.outputs) + each(13, g.infos) + g.rest;
}
inline Bytes opset(int64_t version, const Bytes &domain = "") {
  return sub(8, (domain.empty() ? "" : sub(1, domain)) + num(2, version));
}
inline Bytes model(const Bytes &graph, const Bytes &rest = opset(18),
                   int64_t ir = 10) {
  return num(1, ir) + sub(7, graph) + rest;
}
inline Bytes model(const Graph &g, const Bytes &rest = opset(18)) {
  return model(graph(g), rest);
}

/// Loads the bytes as file "m" and gives back all problems, one a line.
inline std::string problems(const Bytes &bytes,
                            const mpt::onnx::LoadOptions &options = {},
                            const std::string *directory = nullptr) {
  return mpt::onnx::loadModelBytes(bytes, "m", options, directory)
      .problems.str();
}

} // namespace wire

#endif
