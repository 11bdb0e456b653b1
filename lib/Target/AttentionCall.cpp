// SPDX-License-Identifier: Apache-2.0
#include "AttentionCall.h"
#include "mptrt/Manifest.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace mlir::mpt;
namespace abi = mptrt::abi;

namespace {
/// Dims of [B, H, S, D], or of [B, S, H, D] in the order B, H, S, D, and the
/// elements from one to the next.
struct HeadLayout {
  HeadLayout(Value buffer, bool swapped) {
    ArrayRef<int64_t> s = cast<MemRefType>(buffer.getType()).getShape();
    int64_t outer = s[2] * s[3], inner = s[3];
    batch = s[0], size = s[3];
    heads = s[swapped ? 2 : 1], rows = s[swapped ? 1 : 2];
    strides = {s[1] * outer, swapped ? inner : outer, swapped ? outer : inner};
  }
  int64_t batch, heads, rows, size;
  SmallVector<int64_t, 3> strides;
};
} // namespace

static double getNumber(DictionaryAttr options, StringRef name,
                        double otherwise) {
  auto value = options.getAs<FloatAttr>(name);
  return value ? value.getValueAsDouble() : otherwise;
}

/// Elements from one entry to the next along each dim, 0 along dims of size 1.
static SmallVector<int64_t> getMaskStrides(Value mask) {
  ArrayRef<int64_t> shape = cast<MemRefType>(mask.getType()).getShape();
  SmallVector<int64_t> strides(4, 0);
  int64_t stride = 1;
  for (int64_t d = 3; d >= 0; --d) {
    strides[d] = shape[d] == 1 ? 0 : stride;
    stride *= shape[d];
  }
  return strides;
}

static int64_t getFlags(DictionaryAttr options, bool isGrad, Value mask) {
  bool isBool =
      mask && cast<MemRefType>(mask.getType()).getElementType().isInteger(1);
  return (isGrad ? abi::AttentionGradient : 0) |
         (options.contains("causal") ? abi::AttentionCausal : 0) |
         (options.contains("zero_rows") ? abi::AttentionZeroRows : 0) |
         (isBool ? abi::AttentionBoolMask : 0);
}

FailureOr<AttentionCall> mpt::getAttentionCall(LibraryOp op) {
  bool isGrad = op.getName() == "attention_grad";
  DictionaryAttr options = op.getOptionsAttr();
  auto swapped = options.getAs<DenseI64ArrayAttr>("swapped");
  OperandRange in = op.getInputs(), out = op.getOuts();
  size_t fewest = isGrad ? 6 : 3;
  Value mask = in.size() > fewest ? in[fewest] : Value();
  AttentionCall call;
  call.element = cast<MemRefType>(in[0].getType()).getElementType();
  if (!call.element.isF32() && !call.element.isF64())
    return op.emitOpError()
           << op.getName() << " of " << call.element << "; expected f32 or f64";
  auto layout = [&](unsigned operand) {
    return HeadLayout(
        op->getOperand(operand),
        swapped && llvm::is_contained(swapped.asArrayRef(), int64_t(operand)));
  };
  unsigned firstOut = in.size();
  Value output = isGrad ? in[3] : out[0];
  HeadLayout q = layout(0), k = layout(1), v = layout(2),
             y = layout(isGrad ? 3 : firstOut);
  SmallVector<HeadLayout> gradients(4, y);
  if (isGrad)
    gradients = {layout(5), layout(firstOut), layout(firstOut + 1),
                 layout(firstOut + 2)};
  auto causal = options.getAs<IntegerAttr>("causal");
  auto bits = [](double x) { return llvm::bit_cast<int64_t>(x); };
  double infinity = std::numeric_limits<double>::infinity();
  call.numbers = {getFlags(options, isGrad, mask),
                  causal ? causal.getInt() : 0,
                  q.batch,
                  q.heads,
                  k.heads,
                  q.rows,
                  k.rows,
                  q.size,
                  v.size,
                  bits(getNumber(options, "scale", 1)),
                  bits(getNumber(options, "softcap", 0)),
                  bits(getNumber(options, "fill", -infinity))};
  call.numbers.append(mask ? getMaskStrides(mask) : SmallVector<int64_t>(4, 0));
  for (const HeadLayout *of : {&q, &k, &v, &y})
    call.numbers.append(of->strides);
  for (const HeadLayout &of : gradients)
    call.numbers.append(of.strides);
  call.buffers = {in[0], in[1], in[2], mask, output, isGrad ? in[4] : out[1]};
  if (isGrad)
    call.buffers.append({in[5], out[0], out[1], out[2]});
  else
    call.buffers.append(4, Value());
  return call;
}
