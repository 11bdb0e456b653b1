// SPDX-License-Identifier: Apache-2.0
//===- OnnxContraction.cpp - MatMul, Gemm, Einsum -------------------------===//
//
// Everything becomes mpt.dot_general; an Einsum has one or two operands,
// letters only, and none twice in an operand. A transposed operand is a choice
// of dims, not a copy; weights stay in the layout of the file.
//
//===----------------------------------------------------------------------===//
#include "NodeBuilder.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::mpt::import;

static bool allOnes(ArrayRef<int64_t> shape) {
  return llvm::all_of(shape, [](int64_t size) { return size == 1; });
}

/// Batches of both sides: broadcast to the common shape, then pairwise.
static Val batchedMatMul(NodeBuilder &b, const Val &x, const Val &y) {
  auto batch = b.commonShape(x.shape().drop_back(2), y.shape().drop_back(2));
  if (!batch)
    return Val();
  auto expand = [&](const Val &v) {
    SmallVector<int64_t> shape(*batch);
    llvm::append_range(shape, v.shape().take_back(2));
    return b.broadcastTo(v, shape);
  };
  int64_t n = batch->size();
  SmallVector<int64_t> dims = llvm::to_vector(llvm::seq<int64_t>(0, n));
  return b.dot(expand(x), expand(y), {dims, dims, {n + 1}, {n}});
}

static Vals importMatMul(NodeBuilder &b) {
  Val x = b.input(0), y = b.input(1);
  if (x.rank() == 0 || y.rank() == 0)
    return {b.fail("operands have types " + b.text(x.type) + " and " +
                   b.text(y.type) + ", expected at least one dim each")};
  int64_t rows = std::max<int64_t>(y.rank() - 2, 0);
  if (x.rank() == 1 || y.rank() == 1)
    return {b.dot(x, y, {{}, {}, {x.rank() - 1}, {rows}})};
  if (y.rank() > 2 && allOnes(y.shape().drop_back(2)) && y.rank() <= x.rank())
    y = b.reshape(y, y.shape().take_back(2));
  if (y && y.rank() == 2)
    return {b.dot(x, y, {{}, {}, {x.rank() - 1}, {0}})};
  return {y ? batchedMatMul(b, x, y) : Val()};
}

static Vals importGemm(NodeBuilder &b) {
  Val x = b.input(0), y = b.input(1), c = b.input(2);
  if (x.rank() != 2 || y.rank() != 2)
    return {b.fail("operands have types " + b.text(x.type) + " and " +
                   b.text(y.type) + ", expected two matrices")};
  Val product = b.dot(x, y,
                      {{},
                       {},
                       {b.getInt("transA", 0) ? 0 : 1},
                       {b.getInt("transB", 0) ? 1 : 0}});
  auto scaled = [&](const Val &v, double factor) {
    return factor == 1 ? v : b.binary("mul", v, b.scalarLike(v, factor));
  };
  double beta = b.getFloat("beta", 1);
  product = scaled(product, b.getFloat("alpha", 1));
  if (!product || !c || beta == 0)
    return {product};
  return {b.binary("add", product,
                   b.broadcastTo(scaled(c, beta), product.shape()))};
}

//===- Einsum -------------------------------------------------------------===//

namespace {
/// An operand or the result, a letter for each dim.
struct Lettered {
  Val value;
  std::string letters;
  int64_t dimOf(char letter) const { return letters.find(letter); }
  bool has(char letter) const {
    return letters.find(letter) != std::string::npos;
  }
};
} // namespace

/// "ij,jk->ik" as terms and the result's letters; nullopt and a report when
/// there is no handler for it.
static std::optional<SmallVector<std::string>> parseEquation(NodeBuilder &b) {
  std::string equation = b.node.getString("equation", "");
  llvm::erase(equation, ' ');
  StringRef text = equation;
  bool isExplicit = text.contains("->");
  auto [left, right] = text.split("->");
  SmallVector<StringRef> parts;
  left.split(parts, ',');
  SmallVector<std::string> terms(parts.begin(), parts.end());
  std::string once;
  for (char c : left)
    if (llvm::isAlpha(c) && left.count(c) == 1)
      once += c;
  llvm::sort(once);
  terms.push_back(isExplicit ? right.str() : once);
  for (const std::string &term : terms)
    for (char c : term)
      if (!llvm::isAlpha(c) || StringRef(term).count(c) > 1) {
        b.fail("equation '" + equation +
                   "' has an ellipsis or a letter twice "
                   "in one term",
               "write it with letters that differ");
        return std::nullopt;
      }
  if (terms.size() - 1 != b.numInputs() || terms.size() > 3) {
    b.fail("equation '" + equation + "' has " + Twine(terms.size() - 1) +
           " terms for " + Twine(b.numInputs()) +
           " inputs; expected one or two for as many");
    return std::nullopt;
  }
  return terms;
}

/// Sums over the letters that only this operand has.
static Lettered reduced(NodeBuilder &b, const Lettered &x,
                        const std::string &others) {
  Lettered result;
  SmallVector<int64_t> axes;
  for (auto [d, c] : llvm::enumerate(x.letters))
    if (StringRef(others).contains(c))
      result.letters += c;
    else
      axes.push_back(d);
  result.value = b.reduce("sum", x.value, axes, /*keepDims=*/false);
  return result;
}

static Lettered contracted(NodeBuilder &b, const Lettered &x, const Lettered &y,
                           const std::string &kept) {
  DotDims dims;
  std::string batch, left, right;
  for (char c : x.letters) {
    bool isKept = StringRef(kept).contains(c);
    if (!y.has(c)) {
      left += c;
      continue;
    }
    (isKept ? dims.lhsBatch : dims.lhsContract).push_back(x.dimOf(c));
    (isKept ? dims.rhsBatch : dims.rhsContract).push_back(y.dimOf(c));
    if (isKept)
      batch += c;
  }
  for (char c : y.letters)
    if (!x.has(c))
      right += c;
  return {b.dot(x.value, y.value, dims), batch + left + right};
}

static Vals importEinsum(NodeBuilder &b) {
  auto terms = parseEquation(b);
  if (!terms)
    return {Val()};
  SmallVector<Lettered> operands;
  for (size_t i = 0; i < b.numInputs(); ++i) {
    operands.push_back({b.input(i), (*terms)[i]});
    if (b.input(i).rank() != int64_t((*terms)[i].size()))
      return {b.fail("term '" + (*terms)[i] + "' does not fit " +
                     b.text(b.input(i).type))};
  }
  const std::string &kept = terms->back();
  Lettered result = operands[0];
  if (operands.size() == 1) {
    result = reduced(b, result, kept);
  } else {
    result = reduced(b, operands[0], kept + operands[1].letters);
    Lettered other = reduced(b, operands[1], kept + operands[0].letters);
    result = contracted(b, result, other, kept);
  }
  SmallVector<int64_t> perm;
  for (char c : kept) {
    if (!result.has(c))
      return {b.fail("letter '" + Twine(c) + "' of the result is in no term")};
    perm.push_back(result.dimOf(c));
  }
  return {b.transpose(result.value, perm)};
}

ArrayRef<OpRow> mlir::mpt::import::getContractionRows() {
  static const OpRow rows[] = {
      {"Einsum", importEinsum},
      {"Gemm", importGemm},
      {"MatMul", importMatMul},
  };
  return rows;
}
