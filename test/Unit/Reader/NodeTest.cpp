// SPDX-License-Identifier: Apache-2.0
//===- NodeTest.cpp - nodes against the operator table --------------------===//
#include "Wire.h"
#include <gtest/gtest.h>

using namespace wire;
using namespace mpt::onnx;

static const char *const again = "; export the model again\n";

/// One node 'n' over x [2,2] f32, i [2,2] i64, b [2,2] bool; result y unknown.
static std::string of(const Bytes &op, const List &inputs,
                      const Bytes &rest = "", int64_t version = 18,
                      const List &outputs = {"y"}) {
  wire::Graph g;
  g.inputs = {info("x", {2, 2}), info("i", {2, 2}, 7), info("b", {2, 2}, 9)};
  g.outputs = {sub(1, "y")};
  g.nodes = {node("n", op, inputs, outputs, rest)};
  return problems(wire::model(g, opset(version)));
}

TEST(Nodes, unknownOperators) {
  EXPECT_EQ(of("Frobnicate", {"x"}),
            "m: node 'n' (Frobnicate): operator 'Frobnicate' does not exist in "
            "domain 'ai.onnx', and the model has no function of the name; "
            "replace it, or export the model with its functions\n");
  EXPECT_EQ(of("Gelu", {"x"}),
            "m: node 'n' (Gelu): operator 'Gelu' needs opset 20 or newer, the "
            "file imports 18; export for a newer opset\n");
  EXPECT_EQ(of("Gelu", {"x"}, "", 20), "");
  EXPECT_EQ(of("Upsample", {"x", "x"}, "", 10),
            "m: node 'n' (Upsample-10): operator 'Upsample' is deprecated "
            "since opset 10; convert the model with onnx.version_converter\n");
  EXPECT_EQ(of("Relu", {"x"}, sub(7, "com.example")),
            "m: node 'n' (com.example::Relu): domain 'com.example' is not "
            "imported; add it to opset_import\n");
  EXPECT_EQ(of("Relu", {"x"}, sub(7, "ai.onnx")), "");
}

TEST(Nodes, arity) {
  EXPECT_EQ(of("Add", {"x"}),
            "m: node 'n' (Add-14): has 1 input, expected 2" + Bytes(again));
  EXPECT_EQ(of("Gemm", {"x", "x", "x", "x"}),
            "m: node 'n' (Gemm-13): has 4 inputs, expected 2 to 3" +
                Bytes(again));
  EXPECT_EQ(of("Concat", {}, intAttr("axis", 0)),
            "m: node 'n' (Concat-13): has 0 inputs, expected at least 1" +
                Bytes(again));
  EXPECT_EQ(of("Gemm", {"x", ""}),
            "m: node 'n' (Gemm-13): required input 'B' is missing" +
                Bytes(again));
  EXPECT_EQ(of("Clip", {"x", "", "x"}), "");
  EXPECT_EQ(of("Neg", {"x"}, "", 18, {"y", "z"}),
            "m: node 'n' (Neg-13): has 2 outputs, expected 1" + Bytes(again));
}

TEST(Nodes, attributes) {
  EXPECT_EQ(of("Relu", {"x"}, intAttr("axis", 1)),
            "m: node 'n' (Relu-14): has no attribute 'axis' at this version; "
            "remove it, or export for the opset that has it\n");
  EXPECT_EQ(of("Gemm", {"x", "x"}, intAttr("alpha", 1)),
            "m: node 'n' (Gemm-13): attribute 'alpha' has type int, expected "
            "float" +
                Bytes(again));
  EXPECT_EQ(of("Concat", {"x"}),
            "m: node 'n' (Concat-13): attribute 'axis' is missing" +
                Bytes(again));
  EXPECT_EQ(of("Concat", {"x"}, intAttr("axis", 0) + intAttr("axis", 1)),
            "m: node 'n' (Concat-13): attribute 'axis' appears twice; keep one "
            "of them\n");
  EXPECT_EQ(of("Softmax", {"x"}, attr("axis", 77, "")),
            "m: node 'n' (Softmax-13): attribute 'axis' has type type 77, "
            "expected int" +
                Bytes(again));
  EXPECT_EQ(
      of("Softmax", {"x"}, sub(5, sub(1, "axis") + sub(21, "k") + num(20, 2))),
      "m: node 'n' (Softmax-13): attribute 'axis' refers to 'k', but is "
      "in no function" +
          Bytes(again));
  EXPECT_EQ(of("Constant", {}),
            "m: node 'n' (Constant-13): has 0 attributes, expected 1: its "
            "value" +
                Bytes(again));
  EXPECT_EQ(of("Constant", {}, attr("sparse_value", 11, sub(22, ""))),
            "m: node 'n' (Constant-13): attribute 'sparse_value' is sparse, "
            "which is not supported; store it dense\n");
  EXPECT_EQ(of("Constant", {},
               attr("value", 4, sub(5, tensor("", {3}, raw({1, 2}))))),
            "m: node 'n' (Constant-13): attribute 'value' has 8 bytes of data, "
            "its shape needs 12" +
                Bytes(again));
}

/// ReduceMean's axes were an attribute until opset 18.
TEST(Nodes, versionsDiffer) {
  Bytes axes = attr("axes", 7, num(8, 1));
  EXPECT_EQ(of("ReduceMean", {"x"}, axes, 13), "");
  EXPECT_EQ(of("ReduceMean", {"x"}, axes, 18),
            "m: node 'n' (ReduceMean-18): has no attribute 'axes' at this "
            "version; remove it, or export for the opset that has it\n");
}

TEST(Nodes, elementTypes) {
  EXPECT_EQ(of("Add", {"x", "i"}),
            "m: node 'n' (Add-14): input 'A' ('x') is float32, but input 'B' "
            "('i') is int64; they must be equal; insert a Cast\n");
  EXPECT_EQ(of("Tanh", {"i"}),
            "m: node 'n' (Tanh-13): input 'input' ('i') is int64, expected "
            "float32, float16, float64 or bfloat16; insert a Cast\n");
  EXPECT_EQ(of("Concat", {"x", "b"}, intAttr("axis", 0)),
            "m: node 'n' (Concat-13): input 'inputs' ('x') is float32, but "
            "input 'inputs' ('b') is bool; they must be equal; insert a "
            "Cast\n");
  EXPECT_EQ(of("Gather", {"x", "x"}),
            "m: node 'n' (Gather-13): input 'indices' ('x') is float32, "
            "expected int32 or int64; insert a Cast\n");
  EXPECT_EQ(of("Cast", {"x"}, intAttr("to", 99)),
            "m: node 'n' (Cast-13): attribute 'to' names unknown element type "
            "99; the known ones are 1 to 28\n");
  EXPECT_EQ(of("Cast", {"x"}, intAttr("to", 17)),
            "m: node 'n' (Cast-13): output 'output' would be float8e4m3fn, "
            "expected float32, uint8, int8, uint16, int16, int32, int64, "
            "string, bool, float16, float64, uint32, uint64 or bfloat16" +
                Bytes(again));
}

/// Types flow: Equal gives bool, Cast gives `to`, Constant its tensor's.
TEST(Nodes, elementTypesFlow) {
  wire::Graph g;
  g.nodes = {node("e", "Equal", {"x", "x"}, {"e"}),
             node("c", "Cast", {"e"}, {"c"}, intAttr("to", 7)),
             node("k", "Constant", {}, {"k"},
                  attr("value", 4, sub(5, tensor("", {}, raw({1}))))),
             node("a", "Add", {"c", "k"}, {"y"})};
  EXPECT_EQ(problems(wire::model(g)),
            "m: node 'a' (Add-14): input 'A' ('c') is int64, but input 'B' "
            "('k') is float32; they must be equal; insert a Cast\n"
            "m: node 'a' (Add-14): output 'y' is int64, but the file declares "
            "it float32; export the model again\n");
}

/// Every problem of a file comes out in one run.
TEST(Nodes, reportsEverything) {
  wire::Graph g;
  g.nodes = {node("a", "Frobnicate", {"x"}, {"p"}),
             node("b", "Gelu", {"p"}, {"q"}),
             node("c", "Add", {"q", "nowhere"}, {"y"})};
  g.tensors = {tensor("w", {1}, raw({1}), 99)};
  LoadResult result = loadModelBytes(wire::model(g), "m");
  EXPECT_FALSE(result.model);
  EXPECT_EQ(result.problems.errorCount(), 4u) << result.problems.str();
}
