// SPDX-License-Identifier: Apache-2.0
//===- FactsTest.cpp - the operator table ---------------------------------===//
#include "mpt/Import/Reader/Facts.h"
#include <gtest/gtest.h>
#include <set>

using namespace mpt::onnx;

TEST(Facts, picksTheVersionInForce) {
  EXPECT_EQ(lookup("", "Gemm", 18)->since, 13);
  EXPECT_EQ(lookup("", "Gemm", 12)->since, 11);
  EXPECT_EQ(lookup("", "Gemm", 7)->since, 7);
  EXPECT_EQ(lookup("", "Gelu", 19), nullptr);
  EXPECT_EQ(firstVersion("", "Gelu"), 20);
  EXPECT_EQ(lookup("", "Nothing", 18), nullptr);
  EXPECT_EQ(firstVersion("", "Nothing"), 0);
  EXPECT_EQ(lookup("com.example", "Gemm", 18), nullptr);
}

TEST(Facts, knowsArity) {
  const OpFacts *gemm = lookup("", "Gemm", 13);
  EXPECT_EQ(gemm->minInputs(), 2u);
  EXPECT_EQ(gemm->maxInputs(), 3u);
  const OpFacts *concat = lookup("", "Concat", 13);
  EXPECT_EQ(concat->minInputs(), 1u);
  EXPECT_EQ(concat->maxInputs(), ~0u);
  const OpFacts *loop = lookup("", "Loop", 13);
  EXPECT_EQ(loop->minInputs(), 0u);
  const OpFacts *norm = lookup("", "LayerNormalization", 17);
  EXPECT_EQ(norm->minOutputs(), 1u);
  EXPECT_EQ(norm->maxOutputs(), 3u);
}

TEST(Facts, knowsAttributes) {
  const AttributeFact *alpha = lookup("", "Gemm", 13)->attribute("alpha");
  ASSERT_TRUE(alpha);
  EXPECT_EQ(alpha->type, AttrType::Float);
  EXPECT_TRUE(alpha->hasDefault);
  EXPECT_EQ(alpha->text, "1.0");
  const AttributeFact *axis = lookup("", "Concat", 13)->attribute("axis");
  EXPECT_TRUE(axis->required);
  EXPECT_EQ(lookup("", "Relu", 14)->attribute("axis"), nullptr);
}

TEST(Facts, knowsTypes) {
  EXPECT_EQ(names(lookup("", "Relu", 13)->inputs[0].mask),
            "float32, float16, float64 or bfloat16");
  EXPECT_EQ(names(lookup("", "Shape", 19)->outputs[0].mask), "int64");
}

/// Each row is sound, and each operator we must know is there.
TEST(Facts, tableIsWhole) {
  std::set<std::string_view> ops;
  for (const OpFacts &op : allFacts()) {
    if (op.domain.empty())
      ops.insert(op.name);
    EXPECT_GT(op.since, 0) << op.name;
    EXPECT_LE(op.minInputs(), op.maxInputs()) << op.name;
    for (const AttributeFact &attribute : op.attributes)
      EXPECT_NE(attribute.type, AttrType::Undefined)
          << op.name << " " << attribute.name;
    for (const FormalFact &formal : op.inputs)
      EXPECT_FALSE(formal.name.empty()) << op.name;
    EXPECT_EQ(lookup(op.domain, op.name, op.since)->since, op.since);
  }
  EXPECT_EQ(ops.size(), 203u); // ai.onnx at opset 28
  for (const char *op :
       {"Add", "Where", "ReduceLogSumExp", "MatMul", "Gemm", "Einsum",
        "LogSoftmax", "LayerNormalization", "RMSNormalization", "Attention",
        "RotaryEmbedding", "SoftmaxCrossEntropyLoss", "Trilu", "CumSum",
        "GatherND", "ConstantOfShape", "SwiGLU"})
    EXPECT_TRUE(ops.count(op)) << op;
}
