// SPDX-License-Identifier: Apache-2.0
//===- TensorTest.cpp - tensor data in the model file ---------------------===//
#include "Wire.h"
#include <gtest/gtest.h>

using namespace wire;
using namespace mpt::onnx;

/// A model with one initializer and Identity on it.
static LoadResult load(const Bytes &tensorBytes, int dtype = 1,
                       LoadOptions options = {}) {
  wire::Graph g;
  g.nodes = {node("n", "Identity", {"w"}, {"y"})};
  g.outputs = {sub(1, "y") + sub(2, sub(1, num(1, dtype)))};
  g.tensors = {tensorBytes};
  return loadModelBytes(wire::model(g, opset(25)), "m", options);
}
static std::string bytesOf(const Bytes &data, int dtype, int64_t n) {
  LoadResult result = load(tensor("w", {n}, data, dtype), dtype);
  EXPECT_TRUE(result.model) << result.problems.str();
  return result.model ? result.model->graph.initializers[0].bytes : "";
}
static std::string refusal(const Bytes &data, int dtype, int64_t n) {
  return load(tensor("w", {n}, data, dtype), dtype).problems.str();
}

/// Every storage field gives the bytes that raw_data would hold.
TEST(Tensor, fieldsBecomeRawData) {
  EXPECT_EQ(bytesOf(sub(9, array({1.5f, 2.0f})), 1, 2), array({1.5f, 2.0f}));
  EXPECT_EQ(bytesOf(sub(4, array({1.5f, 2.0f})), 1, 2), array({1.5f, 2.0f}));
  EXPECT_EQ(bytesOf(f32(4, 1.5f) + f32(4, 2), 1, 2), array({1.5f, 2.0f}));
  EXPECT_EQ(bytesOf(sub(10, array({1.5})), 11, 1), array({1.5}));
  EXPECT_EQ(bytesOf(sub(7, varint(3) + varint(uint64_t(-4))), 7, 2),
            array<int64_t>({3, -4}));
  EXPECT_EQ(bytesOf(num(7, 3) + num(7, -4), 7, 2), array<int64_t>({3, -4}));
  EXPECT_EQ(bytesOf(sub(5, varint(uint64_t(-2))), 6, 1), array<int32_t>({-2}));
  EXPECT_EQ(bytesOf(sub(5, varint(uint64_t(-2))), 3, 1), array<int8_t>({-2}));
  EXPECT_EQ(bytesOf(sub(5, varint(0x3C00)), 10, 1), array<uint16_t>({0x3C00}));
  EXPECT_EQ(bytesOf(sub(5, varint(0x21) + varint(3)), 22, 3),
            array<uint8_t>({0x21, 3}));
  EXPECT_EQ(bytesOf(sub(5, varint(1) + varint(0)), 9, 2),
            array<uint8_t>({1, 0}));
  EXPECT_EQ(bytesOf(sub(11, varint(~0ull)), 13, 1), array<uint64_t>({~0ull}));
  EXPECT_EQ(bytesOf(sub(11, varint(7)), 12, 1), array<uint32_t>({7}));
  EXPECT_EQ(bytesOf(sub(4, array({1.0f, 2.0f})), 14, 1), array({1.0f, 2.0f}));
  EXPECT_EQ(bytesOf("", 1, 0), "");
  LoadResult text = load(tensor("w", {2}, sub(6, "a") + sub(6, "b"), 8), 8);
  ASSERT_TRUE(text.model) << text.problems.str();
  EXPECT_EQ(text.model->graph.initializers[0].strings[1], "b");
}

TEST(Tensor, refusesDataThatDoesNotFit) {
  EXPECT_EQ(refusal(sub(9, array({1.0f})), 1, 2),
            "m: initializer 'w' has 4 bytes of data, its shape needs 8; "
            "export the model again\n");
  EXPECT_EQ(refusal(sub(9, array({1.0f, 2.0f, 3.0f})), 1, 2),
            "m: initializer 'w' has 12 bytes of data, its shape needs 8; "
            "export the model again\n");
  EXPECT_EQ(refusal("", 1, 2),
            "m: initializer 'w' has 0 bytes of data, its shape needs 8; "
            "export the model again\n");
  EXPECT_EQ(refusal(sub(9, Bytes(1, '\1')), 22, 3),
            "m: initializer 'w' has 1 bytes of data, its shape needs 2; "
            "export the model again\n");
  EXPECT_EQ(refusal(sub(6, "a"), 8, 2),
            "m: initializer 'w' has 1 strings, its shape needs 2; export the "
            "model again\n");
  EXPECT_EQ(refusal(sub(4, array({1.0f})), 7, 1),
            "m: initializer 'w' of type int64 has its data in float_data; "
            "store it as raw_data\n");
  EXPECT_EQ(refusal(sub(7, varint(1)), 1, 1),
            "m: initializer 'w' of type float32 has its data in int64_data; "
            "store it as raw_data\n");
  EXPECT_EQ(refusal(sub(9, "abcd"), 8, 1),
            "m: initializer 'w' of type string has its data in raw_data; "
            "store it as string_data\n");
  EXPECT_EQ(refusal(sub(5, varint(300)), 2, 1),
            "m: initializer 'w' of type uint8 holds the value 300; export the "
            "model again\n");
  EXPECT_EQ(refusal(sub(5, varint(2)), 9, 1),
            "m: initializer 'w' of type bool holds the value 2; export the "
            "model again\n");
  EXPECT_EQ(refusal(sub(11, varint(1ull << 32)), 12, 1),
            "m: initializer 'w' of type uint32 holds the value 4294967296; "
            "export the model again\n");
  EXPECT_EQ(refusal(sub(9, array({1.0f})) + sub(7, varint(1)), 1, 1),
            "m: initializer 'w' has data in several fields; store it as "
            "raw_data only\n");
  EXPECT_EQ(refusal(sub(3, num(1, 0) + num(2, 1)) + raw({1}), 1, 1),
            "m: initializer 'w' is a segment of a larger tensor; store it in "
            "one piece\n");
  EXPECT_EQ(refusal(num(14, 5) + raw({1}), 1, 1),
            "m: initializer 'w' has unknown data location 5; export the model "
            "again\n");
}

TEST(Tensor, refusesImpossibleTypesAndShapes) {
  EXPECT_EQ(load(tensor("w", {1}, raw({1}), 99)).problems.str(),
            "m: initializer 'w' has unknown element type 99; the known ones "
            "are 1 to 28\n");
  EXPECT_EQ(load(tensor("w", {2, -3}, raw({1}))).problems.str(),
            "m: initializer 'w' has the negative dim -3; export the model "
            "again\n");
  EXPECT_EQ(load(tensor("w", {1ll << 62, 1ll << 62}, "")).problems.str(),
            "m: initializer 'w' has more than 1099511627776 elements; export "
            "the model again\n");
}

TEST(Tensor, limitsWhatIsKeptInMemory) {
  LoadOptions options;
  options.budget.inlineBytes = 8;
  Bytes data = sub(7, varint(1) + varint(2));
  EXPECT_EQ(load(tensor("w", {2}, data, 7), 7, options).problems.str(),
            "m: initializer 'w' brings the data stored element by element "
            "over 8 bytes; store it as raw_data or external data\n");
}
