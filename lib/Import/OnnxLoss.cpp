// SPDX-License-Identifier: Apache-2.0
//===- OnnxLoss.cpp - losses in the graph ---------------------------------===//
//
// The mean divides by the number of labels that count, an op of its own that
// depends on labels only (phase 2 makes it the weight of the step). Class
// weights are refused.
//
//===----------------------------------------------------------------------===//
#include "NodeBuilder.h"

using namespace mlir;
using namespace mlir::mpt::import;

namespace {
struct Loss {
  Val scores, labels; ///< classes on the last axis of scores
  std::string reduction;
  int64_t ignored;
};
} // namespace

/// Scores [N, C, d..] and labels [N, d..] of either operator.
static std::optional<Loss> readLoss(NodeBuilder &b) {
  Val x = b.input(0), labels = b.input(1);
  if (b.has(2)) {
    b.fail("class weights (input 'weight') are not supported",
           "scale the scores, or leave the weights out");
    return std::nullopt;
  }
  SmallVector<int64_t> expected(x.shape()), perm;
  if (x.rank() >= 2)
    expected.erase(expected.begin() + 1);
  if (x.rank() < 2 || labels.shape() != ArrayRef(expected)) {
    b.fail("scores have type " + b.text(x.type) + ", labels " +
           b.text(labels.type) + ", expected [N, C, d..] and [N, d..]");
    return std::nullopt;
  }
  for (int64_t d = 0; d < x.rank(); ++d)
    if (d != 1)
      perm.push_back(d);
  perm.push_back(1);
  std::string reduction = b.node.getString("reduction", "mean");
  if (reduction != "mean" && reduction != "sum" && reduction != "none") {
    b.fail("reduction is '" + reduction + "', expected mean, sum or none");
    return std::nullopt;
  }
  // No label is negative unless it is the ignored one.
  return Loss{b.transpose(x, perm), labels, reduction,
              b.getInt("ignore_index", -100)};
}

/// -scores[label], 0 where the label is ignored.
static Val picked(NodeBuilder &b, const Loss &loss, const Val &scores) {
  SmallVector<int64_t> thin(loss.labels.shape());
  thin.push_back(1);
  Val labels = b.reshape(loss.labels, thin);
  Val classes =
      b.iota(scores.shape(), loss.labels.element(), scores.rank() - 1);
  Val counts = b.compare("ne", labels, b.scalarLike(labels, loss.ignored));
  Val hit = b.binary("and", b.compare("eq", labels, classes), counts);
  Val terms = b.select(hit, b.unary("neg", scores), b.scalarLike(scores, 0));
  return b.reduce("sum", terms, scores.rank() - 1, /*keepDims=*/false);
}

static Val sumOfAll(NodeBuilder &b, const Val &x) {
  if (!x)
    return x;
  return b.reduce("sum", x, llvm::to_vector(llvm::seq<int64_t>(0, x.rank())),
                  /*keepDims=*/false);
}

static Val meanOf(NodeBuilder &b, const Loss &loss, const Val &sum) {
  if (!sum || loss.reduction == "sum")
    return sum;
  Val weight = b.build("label_weight", loss.labels, sum.type,
                       b.attr("ignore_index", loss.ignored))[0];
  return b.binary("div", sum, weight);
}

static Vals importCrossEntropy(NodeBuilder &b) {
  auto loss = readLoss(b);
  if (!loss)
    return Vals(2);
  const Val &x = loss->scores;
  auto logProb = [&] {
    return b.build("log_softmax", x, x.type, b.attr("axis", x.rank() - 1))[0];
  };
  Vals out(2);
  if (loss->reduction == "none") {
    out[0] = picked(b, *loss, logProb());
  } else {
    Val sum = b.build("cross_entropy", {x, loss->labels},
                      {b.typeOf({}, x.element()),
                       b.typeOf(loss->labels.shape(), x.element())},
                      b.attr("ignore_index", loss->ignored))[0];
    out[0] = meanOf(b, *loss, sum);
  }
  if (b.node.hasOutput(1)) {
    SmallVector<int64_t> back = {0, x.rank() - 1};
    for (int64_t d = 1; d < x.rank() - 1; ++d)
      back.push_back(d);
    out[1] = b.transpose(logProb(), back);
  }
  return out;
}

static Vals importNegativeLogLikelihood(NodeBuilder &b) {
  auto loss = readLoss(b);
  if (!loss)
    return {Val()};
  Val terms = picked(b, *loss, loss->scores);
  return {loss->reduction == "none" ? terms
                                    : meanOf(b, *loss, sumOfAll(b, terms))};
}

ArrayRef<OpRow> mlir::mpt::import::getLossRows() {
  static const OpRow rows[] = {
      {"NegativeLogLikelihoodLoss", importNegativeLogLikelihood},
      {"SoftmaxCrossEntropyLoss", importCrossEntropy},
  };
  return rows;
}
