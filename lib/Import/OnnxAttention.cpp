// SPDX-License-Identifier: Apache-2.0
//===- OnnxAttention.cpp - the operator Attention (opset 23 on) -----------===//
//
// Inputs of three dims, [B, S, H D], are seen as [B, H, S, D]. Past keys and
// values are put before the new ones, and queries are as many positions on.
// Refused: the output of the products, keys of which a part is padding,
// windows.
//
//===----------------------------------------------------------------------===//
#include "NodeBuilder.h"
#include <cmath>

using namespace mlir;
using namespace mlir::mpt::import;

/// [B, S, H D] as [B, H, S, D].
static Val splitHeads(NodeBuilder &b, const Val &x, StringRef what) {
  if (!x || x.rank() == 4)
    return x;
  std::string name = (what + "_num_heads").str();
  int64_t heads = b.getInt(name, 0);
  if (x.rank() != 3 || heads <= 0 || x.shape()[2] % heads != 0)
    return b.fail("an input has shape " + b.text(x.shape()) + " and '" + name +
                      "' is " + Twine(heads),
                  "expected four dims, or three of which the last is a "
                  "multiple of that number");
  Val split =
      b.reshape(x, {x.shape()[0], x.shape()[1], heads, x.shape()[2] / heads});
  return b.transpose(split, {0, 2, 1, 3});
}

static Val mergeHeads(NodeBuilder &b, const Val &x) {
  if (!x)
    return x;
  Val rows = b.transpose(x, {0, 2, 1, 3});
  return b.reshape(rows,
                   {x.shape()[0], x.shape()[2], x.shape()[1] * x.shape()[3]});
}

/// The mask with four dims. From opset 24 on the keys that it lacks are hidden.
static Val fitMask(NodeBuilder &b, Val mask, const Val &q, const Val &k) {
  if (!mask || mask.rank() > 4)
    return mask ? b.fail("'attn_mask' has shape " + b.text(mask.shape()),
                         "expected at most four dims")
                : mask;
  if (!mask.element().isInteger(1) && mask.element() != q.element())
    return b.fail("'attn_mask' has type " + b.text(mask.type),
                  "expected booleans or the type of the query");
  int64_t last = mask.rank() - 1, keys = k.shape()[2];
  if (b.opset >= 24 && last >= 0 && mask.shape()[last] < keys) {
    SmallVector<int64_t> lo(mask.rank(), 0), hi(lo);
    hi[last] = keys - mask.shape()[last];
    Scalar hidden = mask.isFloat() ? real(-INFINITY) : whole(0);
    mask = b.pad(mask, hidden, lo, hi);
  }
  SmallVector<int64_t> shape(4 - mask.rank(), 1);
  llvm::append_range(shape, mask.shape());
  int64_t whole[] = {q.shape()[0], q.shape()[1], q.shape()[2], keys};
  for (auto [size, full] : llvm::zip(shape, whole))
    if (size != 1 && size != full)
      return b.fail("'attn_mask' has shape " + b.text(b.input(3).shape()) +
                        ", the scores have " + b.text(whole),
                    "expected a mask that broadcasts to them");
  return b.reshape(mask, shape);
}

/// Reports what is not supported.
static bool refuses(NodeBuilder &b) {
  if (b.node.hasOutput(3)) {
    b.fail(
        "the output 'qk_matmul_output' is not supported",
        "leave it out; attention is computed without the scores as a tensor");
  } else if (b.has(6)) {
    b.fail("the input 'nonpad_kv_seqlen' is not supported",
           "mask padded keys by 'attn_mask'");
  } else if (b.getInt("left_window_size", -1) >= 0 ||
             b.getInt("right_window_size", -1) >= 0) {
    b.fail("attention within a window is not supported",
           "mask what is outside by 'attn_mask'");
  } else if (b.has(4) != b.has(5)) {
    b.fail("only one of 'past_key' and 'past_value' is given");
  }
  return b.hasFailed();
}

/// Whether the heads of query, key and value fit; reported if not.
static bool fits(NodeBuilder &b, const Val &q, const Val &k, const Val &v) {
  if (!q || !k || !v)
    return false;
  ArrayRef<int64_t> qs = q.shape(), ks = k.shape(), vs = v.shape();
  bool fit = qs.size() == 4 && ks.size() == 4 && vs.size() == 4 &&
             ks.drop_back() == vs.drop_back() && qs[0] == ks[0] &&
             qs[3] == ks[3] && ks[1] > 0 && qs[1] % ks[1] == 0 &&
             q.element() == k.element() && q.element() == v.element();
  if (!fit)
    b.fail("query, key and value are " + b.text(q.type) + ", " +
               b.text(k.type) + " and " + b.text(v.type),
           "expected one type, equal heads of query and key, and a number of "
           "query heads that is a multiple of that of key heads");
  return fit;
}

static Vals importAttention(NodeBuilder &b) {
  Vals none(3);
  if (refuses(b))
    return none;
  Val q = splitHeads(b, b.input(0), "q");
  Val k = splitHeads(b, b.input(1), "kv");
  Val v = splitHeads(b, b.input(2), "kv");
  int64_t past = 0;
  if (b.has(4) && k && v) {
    past = b.input(4).rank() == 4 ? b.input(4).shape()[2] : 0;
    k = b.concat({b.input(4), k}, 2);
    v = b.concat({b.input(5), v}, 2);
  }
  if (!fits(b, q, k, v))
    return none;
  SmallVector<Val> operands = {q, k, v};
  if (b.has(3)) {
    operands.push_back(fitMask(b, b.input(3), q, k));
    if (!operands.back())
      return none;
  }
  double scale = b.getFloat("scale", 1 / std::sqrt(double(q.shape()[3])));
  SmallVector<NamedAttribute> attributes = {b.attr("scale", scale)};
  Builder builder(b.program.context);
  // Rows that see no key are zero (errata of the operator).
  attributes.push_back(
      builder.getNamedAttr("zero_rows", builder.getUnitAttr()));
  if (b.getInt("is_causal", 0))
    attributes.push_back(b.attr("causal", past));
  if (double softcap = b.getFloat("softcap", 0))
    attributes.push_back(b.attr("softcap", softcap));
  auto result = b.typeOf(
      {q.shape()[0], q.shape()[1], q.shape()[2], v.shape()[3]}, q.element());
  auto rows = b.typeOf(result.getShape().drop_back(), q.element());
  Val y = b.build("attention", operands, {result, rows}, attributes)[0];
  return {b.input(0).rank() == 3 ? mergeHeads(b, y) : y, k, v};
}

ArrayRef<OpRow> mlir::mpt::import::getAttentionRows() {
  static const OpRow rows[] = {{"Attention", importAttention}};
  return rows;
}
