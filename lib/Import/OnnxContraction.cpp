// SPDX-License-Identifier: Apache-2.0
//===- OnnxContraction.cpp - MatMul, Gemm, Einsum -------------------------===//
//
// Everything becomes mpt.dot_general. An Einsum is contracted from left to
// right; a letter twice in one operand (a diagonal) is refused. A transposed
// operand is a choice of dims, not a copy; weights stay in the layout of the
// file.
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

/// "...ij,jk" with dims of an ellipsis as the digits of their place from the
/// right; empty and a report when a term does not fit its operand.
static std::string spellOut(NodeBuilder &b, StringRef term, int64_t rank) {
  constexpr int64_t most = 10;
  auto [before, after] = term.split("...");
  bool hasEllipsis = term.contains("...");
  std::string letters = (before + after).str();
  int64_t hidden = rank - int64_t(letters.size());
  bool isPlain = llvm::all_of(letters, llvm::isAlpha);
  if (!isPlain || hidden < 0 || (hidden > 0 && !hasEllipsis) || hidden > most) {
    b.fail("term '" + onnx::escaped(term.str()) +
           "' does not fit an operand "
           "of rank " +
           Twine(rank));
    return "";
  }
  std::string digits;
  for (int64_t d = hidden; d-- > 0;)
    digits += char('0' + d);
  return before.str() + digits + after.str();
}

/// The terms, a letter for each dim, and then the result's letters; nullopt and
/// a report when there is no handler for it.
static std::optional<SmallVector<std::string>> parseEquation(NodeBuilder &b) {
  std::string equation = b.node.getString("equation", "");
  llvm::erase(equation, ' ');
  auto [left, right] = StringRef(equation).split("->");
  SmallVector<StringRef> parts;
  left.split(parts, ',');
  if (parts.size() != b.numInputs()) {
    b.fail("equation '" + onnx::escaped(equation) + "' has " +
           Twine(parts.size()) + " terms for " + Twine(b.numInputs()) +
           " inputs");
    return std::nullopt;
  }
  SmallVector<std::string> terms;
  std::string hidden, once;
  for (auto [i, part] : llvm::enumerate(parts)) {
    terms.push_back(spellOut(b, part, b.input(i).rank()));
    if (b.hasFailed())
      return std::nullopt;
    for (char c : terms.back())
      if (llvm::isDigit(c) && !StringRef(hidden).contains(c))
        hidden += c;
  }
  llvm::sort(hidden, std::greater<char>());
  for (char c : left)
    if (llvm::isAlpha(c) && left.count(c) == 1)
      once += c;
  llvm::sort(once);
  bool isExplicit = StringRef(equation).contains("->");
  int64_t rank = hidden.size() + right.size() - 3;
  terms.push_back(!isExplicit             ? hidden + once
                  : right.contains("...") ? spellOut(b, right, rank)
                                          : right.str());
  for (const std::string &term : terms)
    for (char c : term)
      if (StringRef(term).count(c) > 1) {
        b.fail("equation '" + onnx::escaped(equation) +
                   "' has a letter twice in one term (a diagonal)",
               "write it with letters that differ");
        return std::nullopt;
      }
  if (b.hasFailed())
    return std::nullopt;
  return terms;
}

/// Removes dims of size 1 whose letter has a larger size elsewhere.
static void dropBroadcast(NodeBuilder &b, MutableArrayRef<Lettered> operands) {
  llvm::SmallDenseMap<char, int64_t> sizes;
  for (const Lettered &x : operands)
    for (auto [c, size] : llvm::zip(x.letters, x.value.shape()))
      sizes[c] = std::max(sizes.lookup(c), size);
  for (Lettered &x : operands) {
    std::string kept;
    SmallVector<int64_t> shape;
    for (auto [c, size] : llvm::zip(x.letters, x.value.shape()))
      if (size != 1 || sizes[c] <= 1) {
        kept += c;
        shape.push_back(size);
      }
    x = {b.reshape(x.value, shape), kept};
  }
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
  for (size_t i = 0; i < b.numInputs(); ++i)
    operands.push_back({b.input(i), (*terms)[i]});
  dropBroadcast(b, operands);
  const std::string &kept = terms->back();
  Lettered result = operands[0];
  for (size_t i = 0; i < operands.size() && result.value; ++i) {
    // What is still to come, and the result, decide what is kept.
    std::string later = kept;
    for (const Lettered &next : ArrayRef(operands).drop_front(i + 1))
      later += next.letters;
    if (i == 0) {
      result = reduced(b, result, later);
      continue;
    }
    Lettered other = reduced(b, operands[i], later + result.letters);
    result =
        contracted(b, reduced(b, result, later + other.letters), other, later);
  }
  if (!result.value)
    return {Val()};
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
