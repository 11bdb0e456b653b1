// SPDX-License-Identifier: Apache-2.0
// Cross entropy over [tokens, classes], whole or in the parts that phase 6
// makes where classes are cut over ranks. `lo` is the first class of this rank.
// A rank may hold only padding (-inf): its maximum is -inf and its sum 0.
#include "Lowerings.h"

using namespace mlir;
using namespace mlir::mpt;

using Values = SmallVector<Value>;

namespace {
struct LossKernel : Kernel {
  LossKernel(KernelTable &table, Operation *op, StringRef stem, Value logitsOf)
      : Kernel(table, op, stem), shape(rowsShape(logitsOf.getType())) {
    if (shape.size() == 1)
      shape.insert(shape.begin(), 1);
  }
  Shape perToken() const { return {shape[0]}; }
  Access cell(Value v) { return at(v, {0u, 1u}); }
  Access token(Value v) { return at(v, {0u}); }

  void maximum(Value logits, Value max) {
    fill(max, "max");
    compute({cell(logits)}, {token(max)},
            [](Scalars &s, ValueRange in, ValueRange out) {
              return Values{s.max(out[0], in[0])};
            });
  }
  /// sum = sum over classes of exp(logit - max), 0 for logits of -inf.
  void sumOfExp(Value logits, Value max, Value sum) {
    fill(sum, "sum");
    compute({cell(logits), token(max)}, {token(sum)},
            [](Scalars &s, ValueRange in, ValueRange out) {
              Type t = in[0].getType();
              Value none = s.limit(t, /*largest=*/false);
              Value e = s.select(s.compare("eq", in[0], none), s.number(t, 0),
                                 s.exp(s.sub(in[0], in[1])));
              return Values{s.add(out[0], e)};
            });
  }
  Shape shape;
};
} // namespace

/// Whether the enclosing op's class is the label's.
static Value isLabel(Scalars &s, Value label, Value lo) {
  Value cls = s.toI64(s.iterator(1));
  if (lo)
    cls = s.add(cls, lo);
  return s.compare("eq", cls, s.toI64(label));
}

static Value isIgnored(Scalars &s, Value label, int64_t ignore) {
  return s.compare("eq", s.toI64(label), s.number(s.b.getI64Type(), ignore));
}

/// loss = sum over tokens that are not ignored of term(ins after the label).
static void
sumOverTokens(Kernel &k, ArrayRef<Access> ins, Value loss, int64_t ignore,
              llvm::function_ref<Value(Scalars &, ValueRange)> term) {
  k.fill(loss, "sum");
  k.compute(ins, {k.at(loss, ArrayRef<unsigned>())},
            [&](Scalars &s, ValueRange in, ValueRange out) {
              Value zero = s.number(out[0].getType(), 0);
              Value value =
                  s.select(isIgnored(s, in[0], ignore), zero, term(s, in));
              return Values{s.add(out[0], value)};
            });
  k.launch();
}

static LogicalResult lowerCrossEntropy(CrossEntropyOp op, KernelTable &table) {
  LossKernel k(table, op, "cross_entropy_lse", op.getLogits());
  Value z = k.input(op.getLogits(), k.shape);
  Value lse = k.output(op.getLse(), k.perToken());
  Value max = k.scratch(elementOf(op.getLogits()), k.perToken());
  k.maximum(z, max);
  k.sumOfExp(z, max, lse);
  k.compute({k.token(max)}, {k.token(lse)},
            [](Scalars &s, ValueRange in, ValueRange out) {
              return Values{s.add(in[0], s.log(out[0]))};
            });
  k.launch();

  LossKernel sum(table, op, "cross_entropy_sum", op.getLogits());
  Value logits = sum.input(op.getLogits(), sum.shape);
  Value labels = sum.input(op.getLabels(), sum.perToken());
  Value lseIn = sum.input(k.getLaunched(lse), sum.perToken());
  Value loss = sum.output(op.getLoss(), {});
  int64_t classes = sum.shape[1];
  sumOverTokens(
      sum, {sum.token(labels), sum.token(lseIn)}, loss, op.getIgnoreIndex(),
      [&](Scalars &s, ValueRange in) {
        Type i64 = s.b.getI64Type();
        Value cls = s.max(s.number(i64, 0),
                          s.min(s.toI64(in[0]), s.number(i64, classes - 1)));
        return s.sub(in[1], s.extract(logits, {s.iterator(0), s.toIndex(cls)}));
      });
  return success();
}

static LogicalResult lowerLocal(CrossEntropyLocalOp op, KernelTable &table) {
  LossKernel k(table, op, stemOf(op), op.getLogits());
  Value z = k.input(op.getLogits(), k.shape);
  Value labels = k.input(op.getLabels(), k.perToken());
  Value lo = k.rankScalar(op.getLo());
  Value max = k.output(op.getMax(), k.perToken());
  Value sum = k.output(op.getSum(), k.perToken());
  Value target = k.output(op.getTarget(), k.perToken());
  k.maximum(z, max);
  k.sumOfExp(z, max, sum);
  k.fill(target, "sum");
  k.compute({k.cell(z), k.token(labels)}, {k.token(target)},
            [&](Scalars &s, ValueRange in, ValueRange out) {
              // At most one class is the label.
              return Values{s.select(isLabel(s, in[1], lo), in[0], out[0])};
            });
  k.launch();
  return success();
}

static LogicalResult lowerFinish(CrossEntropyFinishOp op, KernelTable &table) {
  Kernel k(table, op, stemOf(op));
  int64_t tokens =
      cast<RankedTensorType>(op.getLabels().getType()).getNumElements();
  Value lse = k.input(op.getLse(), {tokens});
  Value target = k.input(op.getTarget(), {tokens});
  Value labels = k.input(op.getLabels(), {tokens});
  Value loss = k.output(op.getLoss(), {});
  sumOverTokens(k, {k.at(labels, {0u}), k.at(lse, {0u}), k.at(target, {0u})},
                loss, op.getIgnoreIndex(),
                [](Scalars &s, ValueRange in) { return s.sub(in[1], in[2]); });
  return success();
}

static LogicalResult lowerGrad(CrossEntropyGradOp op, KernelTable &table) {
  LossKernel k(table, op, stemOf(op), op.getLogits());
  Value z = k.input(op.getLogits(), k.shape);
  Value labels = k.input(op.getLabels(), k.perToken());
  Value lse = k.input(op.getLse(), k.perToken());
  Value seed = k.scalar(op.getSeed());
  Value lo = op.getLo() ? k.rankScalar(op.getLo()) : Value();
  Value dz = k.output(op.getDlogits(), k.shape);
  k.compute({k.cell(z), k.token(labels), k.token(lse)}, {k.cell(dz)},
            [&](Scalars &s, ValueRange in, ValueRange) {
              Type t = in[0].getType();
              Value zero = s.number(t, 0);
              Value hot = s.select(isLabel(s, in[1], lo), s.number(t, 1), zero);
              Value p = s.exp(s.sub(in[0], in[2]));
              Value d = s.mul(s.sub(p, hot), seed);
              Value ignored = isIgnored(s, in[1], op.getIgnoreIndex());
              return Values{s.select(ignored, zero, d)};
            });
  k.launch();
  return success();
}

static LogicalResult lowerLabelWeight(LabelWeightOp op, KernelTable &table) {
  Kernel k(table, op, stemOf(op));
  int64_t tokens =
      cast<RankedTensorType>(op.getLabels().getType()).getNumElements();
  Value labels = k.input(op.getLabels(), {tokens});
  Value weight = k.output(op.getResult(), {});
  sumOverTokens(k, {k.at(labels, {0u})}, weight, op.getIgnoreIndex(),
                [&](Scalars &s, ValueRange) {
                  return s.number(elementOf(op.getResult()), 1);
                });
  return success();
}

void mpt::addLossLowerings(LoweringMap &map) {
  map.add<CrossEntropyOp>(lowerCrossEntropy);
  map.add<CrossEntropyGradOp>(lowerGrad);
  map.add<CrossEntropyLocalOp>(lowerLocal);
  map.add<CrossEntropyFinishOp>(lowerFinish);
  map.add<LabelWeightOp>(lowerLabelWeight);
}
