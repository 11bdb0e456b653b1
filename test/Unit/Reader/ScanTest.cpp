// SPDX-License-Identifier: Apache-2.0
//===- ScanTest.cpp - the wire scan and whole files -----------------------===//
#include "Wire.h"
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace wire;
using namespace mpt::onnx;

/// x -> Gemm(w, b) -> Relu -> y, 2 initializers, one subgraph-free attribute.
static Bytes mlp() {
  wire::Graph g;
  g.nodes = {node("fc", "Gemm", {"x", "w", "b"}, {"h"}, intAttr("transB", 1)),
             node("act", "Relu", {"h"}, {"y"})};
  g.tensors = {tensor("w", {2, 2}, raw({1, 2, 3, 4})),
               tensor("b", {2}, sub(4, array({5.0f, 6.0f})))};
  return wire::model(g);
}

TEST(Scan, cutsPayloadsAndKeepsTheRest) {
  Bytes bytes = mlp();
  Scan scan;
  Problems found("m");
  ASSERT_TRUE(scanModel(MemoryBytes(bytes), Budget(), scan, found));
  ASSERT_EQ(scan.payloads.size(), 2u);
  EXPECT_EQ(bytes.substr(scan.payloads[0].offset, scan.payloads[0].length),
            array({1.0f, 2.0f, 3.0f, 4.0f}));
  EXPECT_EQ(scan.payloads[0].field, Payload::RawData);
  EXPECT_EQ(bytes.substr(scan.payloads[1].offset, scan.payloads[1].length),
            array({5.0f, 6.0f}));
  EXPECT_EQ(scan.payloads[1].field, Payload::FloatData);
  EXPECT_EQ(scan.nodes, 2u);
  // In the structure stand-ins of 3 bytes take the place of the two payloads,
  // and the lengths around them shrink: written out by hand.
  wire::Graph g;
  g.nodes = {node("fc", "Gemm", {"x", "w", "b"}, {"h"}, intAttr("transB", 1)),
             node("act", "Relu", {"h"}, {"y"})};
  g.tensors = {tensor("w", {2, 2}, num(1000, 0)),
               tensor("b", {2}, num(1000, 1))};
  EXPECT_EQ(scan.structure, wire::model(g));
}

/// Lengths of two bytes become lengths of one when a payload goes.
TEST(Scan, shrinksLengthVarints) {
  wire::Graph g;
  g.nodes = {node("n", "Add", {"x", "w"}, {"y"})};
  g.tensors = {tensor("w", {100}, sub(9, Bytes(400, '\0')))};
  Bytes bytes = wire::model(g);
  g.tensors = {tensor("w", {100}, num(1000, 0))};
  Scan scan;
  Problems found("m");
  ASSERT_TRUE(scanModel(MemoryBytes(bytes), Budget(), scan, found));
  EXPECT_EQ(scan.structure, wire::model(g));
}

TEST(Scan, readsTheWholeModel) {
  Bytes bytes = mlp();
  LoadResult result = loadModelBytes(bytes, "m");
  ASSERT_TRUE(result.model) << result.problems.str();
  const mpt::onnx::Graph &g = result.model->graph;
  ASSERT_EQ(g.nodes.size(), 2u);
  EXPECT_EQ(g.nodes[0].op, "Gemm");
  EXPECT_EQ(g.nodes[0].getInt("transB", 0), 1);
  EXPECT_EQ(g.nodes[0].getFloat("alpha", 1), 1);
  ASSERT_EQ(g.initializers.size(), 2u);
  EXPECT_EQ(g.initializers[1].name, "b");
  EXPECT_TRUE(g.initializers[1].inFile);
  EXPECT_EQ(bytes.substr(g.initializers[1].offset, 8), array({5.0f, 6.0f}));
  EXPECT_EQ(result.model->opset(""), 18);
}

/// No prefix of a model crashes the reader; every one shorter than the graph is
/// refused with a message.
TEST(Scan, truncatedAtEveryByte) {
  Bytes bytes = mlp();
  for (size_t n = 0; n < bytes.size(); ++n) {
    LoadResult result = loadModelBytes(bytes.substr(0, n), "m");
    EXPECT_FALSE(result.model) << n;
    EXPECT_TRUE(result.problems.hasErrors()) << n;
  }
}

/// No single flipped byte crashes it either.
TEST(Scan, everyByteReplaced) {
  Bytes bytes = mlp();
  for (size_t i = 0; i < bytes.size(); ++i)
    for (int value : {0x00, 0x7F, 0x80, 0xFF, bytes[i] ^ 1, bytes[i] ^ 8}) {
      Bytes bad = bytes;
      bad[i] = char(value);
      LoadResult result = loadModelBytes(bad, "m");
      EXPECT_TRUE(result.model || result.problems.hasErrors()) << i;
    }
}

TEST(Scan, saysWhereAFileIsCut) {
  Bytes bytes = mlp();
  // ir_version takes 2 bytes, the graph's tag and length 3.
  size_t graphBytes = bytes.size() - opset(18).size() - 5;
  EXPECT_EQ(problems(bytes.substr(0, 100)),
            "m: truncated at byte 100: field 'graph' of Model needs " +
                std::to_string(graphBytes) +
                " bytes, 95 remain; copy or export the model again\n");
  EXPECT_EQ(problems(""),
            "m: the file is empty; copy or export the model again\n");
  EXPECT_EQ(problems(Bytes("\x08\x80", 2)),
            "m: truncated at byte 2: a number in Model needs 1 bytes, 0 "
            "remain; copy or export the model again\n");
}

TEST(Scan, refusesBrokenWire) {
  const char *again = "; copy or export the model again\n";
  EXPECT_EQ(problems(Bytes(1, '\0')),
            "m: not a valid ONNX file at byte 1: field number 0 in Model" +
                Bytes(again));
  EXPECT_EQ(problems("\x0b"),
            "m: not a valid ONNX file at byte 1: wire type 3 in Model" +
                Bytes(again));
  EXPECT_EQ(problems("\x08" + Bytes(10, '\xff')),
            "m: not a valid ONNX file at byte 11: a number of more than 64 "
            "bits" +
                Bytes(again));
  // The node says 100 bytes, its graph has 3.
  EXPECT_EQ(
      problems(num(1, 10) + sub(7, "\x0a\x64" + Bytes(1, '\0')) + opset(18)),
      "m: not a valid ONNX file at byte 6: field 'node' of Graph "
      "'graph' needs 100 bytes, the message has 1 left" +
          Bytes(again));
  EXPECT_EQ(problems(mlp() + sub(7, "")),
            "m: not a valid ONNX file at byte " +
                std::to_string(mlp().size() + 2) +
                ": field 'graph' of Model appears twice" + again);
  wire::Graph g;
  g.tensors = {tensor("w", {1}, num(1000, 7))};
  EXPECT_NE(problems(wire::model(g)).find("field number 1000 in Tensor"),
            Bytes::npos);
  g.tensors = {tensor("w", {1}, raw({1}) + raw({2}))};
  EXPECT_NE(problems(wire::model(g))
                .find("is in several pieces; store it as "
                      "one raw_data field\n"),
            Bytes::npos);
}

TEST(Scan, keepsToItsBudget) {
  LoadOptions options;
  options.budget.nodes = 1;
  EXPECT_EQ(problems(mlp(), options),
            "m: more than 1 nodes; split the model\n");
  options = {};
  options.budget.fields = 10;
  EXPECT_EQ(problems(mlp(), options),
            "m: more than 10 fields; split the model\n");
  options = {};
  options.budget.structureBytes = 64;
  EXPECT_NE(problems(mlp(), options)
                .find(" bytes without its weights, the limit is 64; move "
                      "constants to external data\n"),
            Bytes::npos);
  options = {};
  options.budget.stringBytes = 3;
  EXPECT_NE(
      problems(mlp(), options).find("field 'op_type' of Node 'node' at byte "),
      Bytes::npos);
}

/// If within If, 33 deep.
TEST(Scan, limitsDepth) {
  Bytes inner = graph({{node("n", "Neg", {"x"}, {"y"})}});
  for (int i = 0; i < 33; ++i) {
    wire::Graph g;
    g.nodes = {
        node("n", "If", {"c"}, {"y"}, attr("then_branch", 5, sub(6, inner)))};
    inner = graph(g);
  }
  EXPECT_EQ(problems(wire::model(inner)),
            "m: graphs nest more than 32 deep; flatten the model\n");
  Bytes type = sub(1, num(1, 1));
  for (int i = 0; i < 40; ++i)
    type = sub(4, sub(1, type));
  wire::Graph g;
  g.inputs = {sub(1, "x") + sub(2, type)};
  EXPECT_EQ(problems(wire::model(g)),
            "m: types nest more than 32 deep; flatten the type\n");
}

TEST(Load, refusesWhatIsNoFile) {
  EXPECT_EQ(loadModel("/nonexistent.onnx").problems.str(),
            "/nonexistent.onnx: cannot open the file: No such file or "
            "directory; pass an ONNX model\n");
  EXPECT_EQ(loadModel("/dev/null").problems.str(),
            "/dev/null: is a device, expected a regular file; pass an ONNX "
            "model\n");
  EXPECT_EQ(loadModel("/").problems.str(),
            "/: is a directory, expected a regular file; pass an ONNX "
            "model\n");
  std::string fifo = testing::TempDir() + "reader-fifo";
  unlink(fifo.c_str());
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(loadModel(fifo).problems.str(),
            fifo + ": is a fifo, expected a regular file; pass an ONNX "
                   "model\n");
  unlink(fifo.c_str());
}

TEST(Load, readsTensorsBack) {
  std::string path = testing::TempDir() + "reader-mlp.onnx";
  std::ofstream(path, std::ios::binary) << mlp();
  LoadOptions options;
  options.budget.smallBytes = 8; // w stays in the file, b is kept
  LoadResult result = loadModel(path, options);
  ASSERT_TRUE(result.model);
  const std::vector<mpt::onnx::Tensor> &tensors =
      result.model->graph.initializers;
  EXPECT_TRUE(tensors[0].bytes.empty());
  EXPECT_EQ(tensors[1].bytes.size(), 8u);
  std::string out, why;
  ASSERT_TRUE(readTensor(*result.model, tensors[0], 16, out, why)) << why;
  EXPECT_EQ(out, array({1.0f, 2.0f, 3.0f, 4.0f}));
  EXPECT_FALSE(readTensor(*result.model, tensors[0], 15, out, why));
  EXPECT_EQ(why, "has 16 bytes, the limit is 15");
  truncate(path.c_str(), 20);
  EXPECT_FALSE(readTensor(*result.model, tensors[0], 16, out, why));
  EXPECT_EQ(why, "cannot be read; did the file change?");
  unlink(path.c_str());
}

/// What a hostile name may not do to a terminal or a log.
TEST(Problem, escapesTextOfTheFile) {
  EXPECT_EQ(quote("a\nb\x1b[2J"), "'a\\x0ab\\x1b[2J'");
  EXPECT_EQ(quote(std::string("\0", 1)), "'\\x00'");
  EXPECT_EQ(quote("\xff\xc0\x80"), "'\\xff\\xc0\\x80'");
  EXPECT_EQ(quote("it's \xc3\xa9"), "'it\\'s \xc3\xa9'");
  EXPECT_EQ(quote("\xc2\x9b"), "'\\xc2\\x9b'");
  EXPECT_EQ(escaped(std::string(500, 'a')), std::string(120, 'a') + "...");
}

TEST(Problem, countsWhatItLeavesOut) {
  Problems found("f", /*limit=*/1);
  found.error("one", "fix it");
  found.error("two");
  EXPECT_EQ(found.str(), "f: one; fix it\nf: 1 more\n");
  EXPECT_EQ(found.errorCount(), 2u);
}
