// SPDX-License-Identifier: Apache-2.0
//===- GraphTest.cpp - names, order, functions, versions ------------------===//
#include "Wire.h"
#include <gtest/gtest.h>

using namespace wire;
using namespace mpt::onnx;

static const char *const again = "; export the model again\n";

static std::string ofNodes(const List &nodes, const List &tensors = {}) {
  wire::Graph g;
  g.nodes = nodes;
  g.tensors = tensors;
  return problems(wire::model(g));
}

TEST(Graph, namesBothSitesOfADuplicate) {
  EXPECT_EQ(
      ofNodes({node("a", "Neg", {"x"}, {"y"}), node("b", "Abs", {"x"}, {"y"})}),
      "m: node 'b' (Abs-13): value 'y' is defined twice, by node 'a' and "
      "by node 'b'; rename one of them\n");
  EXPECT_EQ(
      ofNodes({node("a", "Neg", {"w"}, {"y"}), node("b", "Abs", {"x"}, {"x"})},
              {tensor("w", {1}, raw({1}))}),
      "m: node 'b' (Abs-13): value 'x' is defined twice, by an input of "
      "the graph and by node 'b'; rename one of them\n");
  EXPECT_EQ(ofNodes({node("a", "Neg", {"w"}, {"y"})},
                    {tensor("w", {1}, raw({1})), tensor("w", {1}, raw({1}))}),
            "m: value 'w' is defined twice, by an initializer and by an "
            "initializer; rename one of them\n");
}

/// IR 3 lists initializers among the inputs; that is no duplicate.
TEST(Graph, anInitializerMayBeADefault) {
  wire::Graph g;
  g.nodes = {node("a", "Add", {"x", "w"}, {"y"})};
  g.inputs = {info("x", {2, 2}), info("w", {1})};
  g.tensors = {tensor("w", {1}, raw({1}))};
  EXPECT_EQ(problems(wire::model(g)), "");
}

TEST(Graph, everyUseIsDefined) {
  EXPECT_EQ(ofNodes({node("a", "Add", {"x", "q"}, {"z"})}),
            "m: node 'a' (Add-14): input 1, 'q', is defined nowhere" +
                Bytes(again) + "m: output 'y' is never produced" + again);
  wire::Graph g;
  g.nodes = {node("a", "Neg", {"x"}, {"y"})};
  g.outputs = {};
  EXPECT_EQ(problems(wire::model(g)),
            "m: the graph has no output" + Bytes(again));
  g.outputs = {info("y", {2, 2}), info("y", {2, 2})};
  EXPECT_EQ(problems(wire::model(g)),
            "m: output 'y' is listed twice; list it once\n");
}

TEST(Graph, sortsWhatIsOutOfOrder) {
  wire::Graph g;
  g.nodes = {node("c", "Exp", {"b"}, {"y"}), node("b", "Abs", {"a"}, {"b"}),
             node("a", "Neg", {"x"}, {"a"})};
  LoadResult result = loadModelBytes(wire::model(g), "m");
  ASSERT_TRUE(result.model);
  EXPECT_EQ(result.problems.str(),
            "m: note: nodes are not in topological order, sorted them\n");
  const std::vector<Node> &nodes = result.model->graph.nodes;
  EXPECT_EQ(nodes[0].name + nodes[1].name + nodes[2].name, "abc");
  EXPECT_EQ(nodes[0].index, 2);
}

TEST(Graph, printsTheCycle) {
  Bytes tail = "; a graph must be acyclic; use Loop or Scan to iterate\n";
  EXPECT_EQ(
      ofNodes({node("in", "Neg", {"x"}, {"s"}),
               node("p", "Add", {"s", "c"}, {"a"}),
               node("q", "Neg", {"a"}, {"b"}), node("", "Abs", {"b"}, {"c"}),
               node("out", "Exp", {"c"}, {"y"})}),
      "m: the graph has a cycle of 3 nodes: 'p' -> 'q' -> #3 -> 'p'" + tail);
  EXPECT_EQ(ofNodes({node("p", "Add", {"x", "y"}, {"y"})}),
            "m: the graph has a cycle of 1 node: 'p' -> 'p'" + tail);
}

/// A subgraph's use of an outer value orders the outer nodes, too.
TEST(Graph, subgraphsCapture) {
  Bytes branch =
      graph({{node("t", "Neg", {"late"}, {"t"})}, {}, {info("t", {2, 2})}});
  Bytes other =
      graph({{node("e", "Neg", {"x"}, {"e"})}, {}, {info("e", {2, 2})}});
  wire::Graph g;
  g.inputs = {info("x", {2, 2}), info("c", {}, 9)};
  g.nodes = {node("if", "If", {"c"}, {"y"},
                  attr("then_branch", 5, sub(6, branch)) +
                      attr("else_branch", 5, sub(6, other))),
             node("l", "Abs", {"x"}, {"late"})};
  LoadResult result = loadModelBytes(wire::model(g), "m");
  ASSERT_TRUE(result.model) << result.problems.str();
  EXPECT_EQ(result.model->graph.nodes[0].name, "l");

  Bytes shadow =
      graph({{node("t", "Neg", {"x"}, {"late"})}, {}, {info("late", {2, 2})}});
  g.nodes = {node("l", "Abs", {"x"}, {"late"}),
             node("if", "If", {"c"}, {"y"},
                  attr("then_branch", 5, sub(6, shadow)) +
                      attr("else_branch", 5, sub(6, other)))};
  EXPECT_EQ(problems(wire::model(g)),
            "m: subgraph 'then_branch' of node 'if': node 't' (Neg-13): value "
            "'late' shadows the one that node 'l' defines around the "
            "subgraph; rename one of them\n");

  Bytes self =
      graph({{node("t", "Neg", {"y"}, {"t"})}, {}, {info("t", {2, 2})}});
  g.nodes = {node("if", "If", {"c"}, {"y"},
                  attr("then_branch", 5, sub(6, self)) +
                      attr("else_branch", 5, sub(6, other)))};
  EXPECT_EQ(problems(wire::model(g)),
            "m: the graph has a cycle of 1 node: 'if' -> 'if'; a graph must be "
            "acyclic; use Loop or Scan to iterate\n");
}

TEST(Graph, refusesSparseInitializers) {
  wire::Graph g;
  g.nodes = {node("a", "Neg", {"x"}, {"y"})};
  g.rest = sub(15, sub(1, tensor("w", {1}, raw({1}))) + num(3, 4));
  EXPECT_EQ(problems(wire::model(g)),
            "m: initializer 'w' is sparse, which is not supported; store it "
            "dense\n");
}

TEST(Graph, refusesImpossibleValueTypes) {
  wire::Graph g;
  g.nodes = {node("a", "Neg", {"x"}, {"y"})};
  g.inputs = {info("x", {2, -2})};
  g.outputs = {info("y", {int64_t(~0ull >> 1)})};
  g.infos = {info("v", {2}, 77)};
  EXPECT_EQ(problems(wire::model(g)),
            "m: input 'x' has dim 1 of size -2" + Bytes(again) +
                "m: output 'y' has dim 0 of size 9223372036854775807" + again +
                "m: value 'v' has unknown element type 77; the known ones are "
                "1 to 28\n");
}

TEST(Versions, areChecked) {
  wire::Graph g;
  g.nodes = {node("a", "Neg", {"x"}, {"y"})};
  EXPECT_EQ(problems(num(1, 10) + opset(18)),
            "m: the file holds no graph; pass an ONNX model\n"
            "m: the graph has no output" +
                Bytes(again));
  EXPECT_EQ(problems(wire::model(g, "")),
            "m: the file imports no opset" + Bytes(again));
  EXPECT_EQ(problems(wire::model(g, opset(18) + opset(17, "ai.onnx"))),
            "m: opset domain 'ai.onnx' is imported twice; import it once\n");
  EXPECT_EQ(problems(wire::model(g, opset(18) + opset(-1, "d"))),
            "m: opset -1 of domain 'd' is not positive" + Bytes(again));
  EXPECT_EQ(problems(wire::model(g, opset(9999))),
            "m: opset 9999 is newer than the newest known, 28; export for "
            "opset 28 or older\n");
  LoadOptions options;
  options.allowNewerOpset = true;
  EXPECT_EQ(problems(wire::model(g, opset(9999)), options), "");
  EXPECT_EQ(problems(wire::model(graph(g), opset(18), 99)),
            "m: warning: IR version 99 is newer than the newest known, 14\n");
  EXPECT_EQ(problems(wire::model(graph(g), opset(18), 2)),
            "m: IR version 2 is not supported, expected 3 to 14" +
                Bytes(again));
  EXPECT_EQ(problems(wire::model(g, opset(18) + sub(20, ""))),
            "m: warning: training_info is ignored; state loss and optimizer "
            "by flags\n");
}

//===-- functions
//----------------------------------------------------------===//

static Bytes call(const Bytes &name, const Bytes &from, const Bytes &to) {
  return node("", name, {from}, {to}, sub(7, "f"));
}
static Bytes function(const Bytes &name, const List &nodes,
                      const Bytes &rest = "") {
  return sub(25, sub(1, name) + sub(4, "x") + sub(5, "y") + each(7, nodes) +
                     sub(9, num(2, 18)) + sub(9, sub(1, "f") + num(2, 1)) +
                     sub(10, "f") + rest);
}
static std::string ofFunctions(const Bytes &functions, const Bytes &op = "F") {
  wire::Graph g;
  g.nodes = {call(op, "x", "y")};
  return problems(wire::model(g, opset(18) + opset(1, "f") + functions));
}

TEST(Functions, areResolved) {
  EXPECT_EQ(ofFunctions(function("F", {node("", "Neg", {"x"}, {"y"})})), "");
  EXPECT_EQ(ofFunctions(function("F", {node("", "Neg", {"q"}, {"y"})})),
            "m: function 'F': node #0 (Neg-13): input 0, 'q', is defined "
            "nowhere" +
                Bytes(again));
  EXPECT_EQ(ofFunctions("", "G"),
            "m: node #0 (f::G): operator 'G' does not exist in domain 'f', and "
            "the model has no function of the name; replace it, or export the "
            "model with its functions\n");
  Bytes neg = function("F", {node("", "Neg", {"x"}, {"y"})});
  EXPECT_EQ(ofFunctions(neg + neg),
            "m: function 'f::F' is defined twice; keep one of them\n");
  wire::Graph g;
  g.nodes = {node("n", "F", {"x"}, {"y"}, sub(7, "f"))};
  EXPECT_EQ(problems(wire::model(g, opset(18) + neg)),
            "m: node 'n' (f::F): domain 'f' is not imported; add it to "
            "opset_import\n");
  g.nodes = {node("n", "F", {"x", "x"}, {"y"}, sub(7, "f") + intAttr("k", 1))};
  EXPECT_EQ(problems(wire::model(g, opset(18) + opset(1, "f") + neg)),
            "m: node 'n' (f::F): has 2 inputs, expected 0 to 1" + Bytes(again) +
                "m: node 'n' (f::F): function 'F' has no attribute 'k'; remove "
                "it\n");
  Bytes reference = sub(5, sub(1, "axis") + sub(21, "k") + num(20, 2));
  Bytes soft = function("F", {node("", "Softmax", {"x"}, {"y"}, reference)});
  EXPECT_EQ(ofFunctions(soft),
            "m: function 'F': node #0 (Softmax-13): attribute 'axis' refers to "
            "'k', which is no attribute of the function; declare it\n");
  soft = function("F", {node("", "Softmax", {"x"}, {"y"}, reference)},
                  sub(6, "k"));
  EXPECT_EQ(ofFunctions(soft),
            "m: node #0 (f::F): attribute 'k' is missing" + Bytes(again));
  Bytes shadowing = sub(25, sub(1, "Relu") + sub(9, num(2, 18)));
  g.nodes = {node("n", "Neg", {"x"}, {"y"})};
  EXPECT_EQ(problems(wire::model(g, opset(18) + shadowing)),
            "m: function 'Relu' has the name of an ONNX operator; rename "
            "it\n");
}

TEST(Functions, doNotRecurse) {
  EXPECT_EQ(ofFunctions(function("F", {call("G", "x", "y")}) +
                        function("G", {call("F", "x", "y")})),
            "m: functions call themselves: 'f::F' -> 'f::G' -> 'f::F'; "
            "recursion is not supported; use Loop\n");
}

/// 2 KB of file, 2^31 nodes when inlined: found without inlining.
TEST(Functions, areCountedInlined) {
  Bytes all = function("F0", {node("", "Neg", {"x"}, {"y"})});
  for (int i = 1; i <= 30; ++i) {
    Bytes before = "F" + std::to_string(i - 1);
    all += function("F" + std::to_string(i),
                    {call(before, "x", "t"), call(before, "t", "y")});
  }
  EXPECT_EQ(ofFunctions(all, "F30"),
            "m: with its functions inlined the model has more than 1000000 "
            "nodes; split the model\n");
}
