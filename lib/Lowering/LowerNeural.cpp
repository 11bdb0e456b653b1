// SPDX-License-Identifier: Apache-2.0
// gelu, softmax and the norms. A norm is a sequence of row ops that keeps its
// statistics in its results or in scratch of one element per row; gradients of
// scale and bias are a second kernel, whose rows are the normalised dims.
#include "Lowerings.h"

using namespace mlir;
using namespace mlir::mpt;

using Values = SmallVector<Value>;

//===- gelu --------------------------------------------------------------===//

namespace {
/// The parts of gelu(x) = x * phi(x) and their derivative.
struct Gelu {
  Value phi, slope; ///< slope = d phi / dx, only where asked for
};
} // namespace

/// phi = (1 + erf(x / sqrt 2)) / 2.
static Gelu geluErf(Scalars &s, Value x, bool withSlope) {
  Type t = x.getType();
  Value half = s.number(t, 0.5), one = s.number(t, 1);
  Value erf = math::ErfOp::create(
      s.b, s.loc, s.mul(x, s.number(t, 0.70710678118654752440)));
  Gelu g{s.mul(half, s.add(one, erf)), {}};
  if (withSlope) {
    Value square = s.mul(s.mul(x, x), s.number(t, -0.5));
    g.slope = s.mul(s.exp(square), s.number(t, 0.39894228040143267794));
  }
  return g;
}

/// phi = (1 + tanh(c (x + a x^3))) / 2, c = sqrt(2 / pi), a = 0.044715.
static Gelu geluTanh(Scalars &s, Value x, bool withSlope) {
  Type t = x.getType();
  Value half = s.number(t, 0.5), one = s.number(t, 1);
  Value c = s.number(t, 0.79788456080286535588), a = s.number(t, 0.044715);
  Value square = s.mul(x, x);
  Value inner = s.mul(c, s.add(x, s.mul(a, s.mul(square, x))));
  Value tanh = math::TanhOp::create(s.b, s.loc, inner);
  Gelu g{s.mul(half, s.add(one, tanh)), {}};
  if (withSlope) {
    Value dInner =
        s.mul(c, s.add(one, s.mul(s.number(t, 3 * 0.044715), square)));
    Value dTanh = s.sub(one, s.mul(tanh, tanh));
    g.slope = s.mul(half, s.mul(dTanh, dInner));
  }
  return g;
}

template <typename Op> static ScalarFn makeGelu(Op op, bool isGrad) {
  bool isTanh = op.getApprox() == "tanh";
  return [=](Scalars &s, ValueRange in) {
    Value x = in[0];
    Gelu g = isTanh ? geluTanh(s, x, isGrad) : geluErf(s, x, isGrad);
    if (!isGrad)
      return s.mul(x, g.phi);
    return s.mul(in[1], s.add(g.phi, s.mul(x, g.slope)));
  };
}

template <typename Op> static void addGelu(LoweringMap &map, bool isGrad) {
  map.addScalar<Op>([isGrad](Op op) { return makeGelu(op, isGrad); });
  map.add<Op>([&map](Op op, KernelTable &table) -> LogicalResult {
    StringRef approx = op.getApprox();
    if (approx != "none" && approx != "tanh")
      return op.emitOpError() << "unknown approximation '" << approx
                              << "'; expected none or tanh";
    return lowerPointwise(op, table, map);
  });
}

//===- softmax -----------------------------------------------------------===//

/// [outer, n, inner]; max and sum of [outer, inner] are scratch.
template <typename Op>
static LogicalResult lowerSoftmax(Op op, KernelTable &table, bool isLog) {
  Kernel k(table, op, stemOf(op));
  Shape shape = aroundAxis(op.getInput().getType(), op.getAxis());
  Type element = elementOf(op.getInput());
  Value x = k.input(op.getInput(), shape);
  Value y = k.output(op.getResult(), shape);
  Value max = k.scratch(element, {shape[0], shape[2]});
  Value sum = k.scratch(element, {shape[0], shape[2]});
  auto whole = [&](Value v) { return k.at(v, {0u, 1u, 2u}); };
  auto row = [&](Value v) { return k.at(v, {0u, 2u}); };
  k.fill(max, "max");
  k.compute({whole(x)}, {row(max)},
            [](Scalars &s, ValueRange in, ValueRange out) {
              return Values{s.max(out[0], in[0])};
            });
  k.compute({whole(x), row(max)}, {whole(y)},
            [&](Scalars &s, ValueRange in, ValueRange) {
              Value shifted = s.sub(in[0], in[1]);
              return Values{isLog ? shifted : s.exp(shifted)};
            });
  k.fill(sum, "sum");
  k.compute({whole(y)}, {row(sum)},
            [&](Scalars &s, ValueRange in, ValueRange out) {
              return Values{s.add(out[0], isLog ? s.exp(in[0]) : in[0])};
            });
  k.compute({row(sum)}, {whole(y)},
            [&](Scalars &s, ValueRange in, ValueRange out) {
              return Values{isLog ? s.sub(out[0], s.log(in[0]))
                                  : s.div(out[0], in[0])};
            });
  k.launch();
  return success();
}

//===- norms -------------------------------------------------------------===//

namespace {
/// A kernel over [rows, cols]: rows are the dims before the axis.
struct NormKernel : Kernel {
  NormKernel(KernelTable &table, Operation *op, StringRef stem, int64_t axis)
      : Kernel(table, op, stem) {
    auto type = cast<RankedTensorType>(op->getOperand(0).getType());
    rows = product(type.getShape().take_front(axis));
    cols = product(type.getShape().drop_front(axis));
  }
  Shape whole() const { return {rows, cols}; }
  Shape perRow() const { return {rows}; }
  Shape perCol() const { return {cols}; }
  Access cell(Value v) { return at(v, {0u, 1u}); }
  Access row(Value v) { return at(v, {0u}); }
  Access col(Value v) { return at(v, {1u}); }
  /// `to[row] = sum over cols of term(ins)`, then divided by cols.
  void mean(ArrayRef<Access> ins, Value to,
            llvm::function_ref<Value(Scalars &, ValueRange)> term) {
    fill(to, "sum");
    compute(ins, {row(to)}, [&](Scalars &s, ValueRange in, ValueRange out) {
      return Values{s.add(out[0], term(s, in))};
    });
    compute({}, {row(to)}, [&](Scalars &s, ValueRange, ValueRange out) {
      return Values{s.div(out[0], s.number(out[0].getType(), double(cols)))};
    });
  }
  /// `to[row] = 1 / sqrt(to[row] + eps)`.
  void inverseRoot(Value to, double eps) {
    compute({}, {row(to)}, [&](Scalars &s, ValueRange, ValueRange out) {
      Type t = out[0].getType();
      Value root = s.sqrt(s.add(out[0], s.number(t, eps)));
      return Values{s.div(s.number(t, 1), root)};
    });
  }
  int64_t rows, cols;
};
} // namespace

static LogicalResult lowerLayerNorm(LayerNormOp op, KernelTable &table) {
  NormKernel k(table, op, "layer_norm", op.getAxis());
  Value x = k.input(op.getInput(), k.whole());
  Value scale = k.operand(op.getScale(), k.perCol());
  Value bias = k.operand(op.getBias(), k.perCol());
  Value y = k.output(op.getResult(), k.whole());
  Value mean = k.output(op.getMean(), k.perRow());
  Value rstd = k.output(op.getRstd(), k.perRow());
  k.mean({k.cell(x)}, mean, [](Scalars &, ValueRange in) { return in[0]; });
  k.mean({k.cell(x), k.row(mean)}, rstd, [](Scalars &s, ValueRange in) {
    Value d = s.sub(in[0], in[1]);
    return s.mul(d, d);
  });
  k.inverseRoot(rstd, op.getEps().convertToDouble());
  k.compute({k.cell(x), k.row(mean), k.row(rstd), k.col(scale), k.col(bias)},
            {k.cell(y)}, [](Scalars &s, ValueRange in, ValueRange) {
              Value n = s.mul(s.sub(in[0], in[1]), in[2]);
              return Values{s.add(s.mul(n, in[3]), in[4])};
            });
  k.launch();
  return success();
}

static LogicalResult lowerRmsNorm(RmsNormOp op, KernelTable &table) {
  NormKernel k(table, op, "rms_norm", op.getAxis());
  Value x = k.input(op.getInput(), k.whole());
  Value scale = k.operand(op.getScale(), k.perCol());
  Value y = k.output(op.getResult(), k.whole());
  Value rstd = k.output(op.getRstd(), k.perRow());
  k.mean({k.cell(x)}, rstd,
         [](Scalars &s, ValueRange in) { return s.mul(in[0], in[0]); });
  k.inverseRoot(rstd, op.getEps().convertToDouble());
  k.compute({k.cell(x), k.row(rstd), k.col(scale)}, {k.cell(y)},
            [](Scalars &s, ValueRange in, ValueRange) {
              return Values{s.mul(s.mul(in[0], in[1]), in[2])};
            });
  k.launch();
  return success();
}

/// x normalised: (x - mean) * rstd, without a mean x * rstd.
static Value normalised(Scalars &s, Value x, Value rstd, Value mean) {
  return s.mul(mean ? s.sub(x, mean) : x, rstd);
}

/// With g = dy * scale and n normalised: dx = rstd * (g - mean(g) - n *
/// mean(g * n)); without a mean the first mean is absent.
template <typename Op>
static void lowerNormInput(Op op, KernelTable &table, Value meanOf) {
  NormKernel k(table, op, stemOf(op) + "_input", op.getAxis());
  Type element = elementOf(op.getInput());
  Value x = k.input(op.getInput(), k.whole());
  Value mean = meanOf ? k.input(meanOf, k.perRow()) : Value();
  Value rstd = k.input(op.getRstd(), k.perRow());
  Value scale = k.operand(op.getScale(), k.perCol());
  Value dy = k.input(op.getDy(), k.whole());
  Value dx = k.output(op.getDx(), k.whole());
  Value meanG = mean ? k.scratch(element, k.perRow()) : Value();
  Value meanGN = k.scratch(element, k.perRow());
  SmallVector<Access> ins = {k.cell(x), k.row(rstd), k.col(scale), k.cell(dy)};
  if (mean)
    ins.push_back(k.row(mean));
  auto norm = [&](Scalars &s, ValueRange in) {
    return normalised(s, in[0], in[1], mean ? in[4] : Value());
  };
  if (mean)
    k.mean({k.cell(dy), k.col(scale)}, meanG,
           [](Scalars &s, ValueRange in) { return s.mul(in[0], in[1]); });
  k.mean(ins, meanGN, [&](Scalars &s, ValueRange in) {
    return s.mul(s.mul(in[3], in[2]), norm(s, in));
  });
  ins.push_back(k.row(meanGN));
  if (mean)
    ins.push_back(k.row(meanG));
  k.compute(ins, {k.cell(dx)}, [&](Scalars &s, ValueRange in, ValueRange) {
    Value g = s.mul(in[3], in[2]);
    if (mean)
      g = s.sub(g, in[6]);
    Value along = s.mul(norm(s, in), mean ? in[5] : in[4]);
    return Values{s.mul(in[1], s.sub(g, along))};
  });
  k.launch();
}

/// dscale = sum over rows of dy * n, dbias = sum over rows of dy.
template <typename Op>
static void lowerNormScale(Op op, KernelTable &table, Value meanOf,
                           Value dbiasOf) {
  NormKernel k(table, op, stemOf(op) + "_scale", op.getAxis());
  Value x = k.input(op.getInput(), k.whole());
  Value mean = meanOf ? k.input(meanOf, k.perRow()) : Value();
  Value rstd = k.input(op.getRstd(), k.perRow());
  Value dy = k.input(op.getDy(), k.whole());
  Value dscale = k.output(op.getDscale(), k.perCol());
  Value dbias = dbiasOf ? k.output(dbiasOf, k.perCol()) : Value();
  SmallVector<Access> ins = {k.cell(x), k.row(rstd), k.cell(dy)};
  if (mean)
    ins.push_back(k.row(mean));
  SmallVector<Access> outs = {k.col(dscale)};
  k.fill(dscale, "sum");
  if (dbias) {
    outs.push_back(k.col(dbias));
    k.fill(dbias, "sum");
  }
  k.compute(ins, outs, [&](Scalars &s, ValueRange in, ValueRange out) {
    Value n = normalised(s, in[0], in[1], mean ? in[3] : Value());
    Values sums = {s.add(out[0], s.mul(in[2], n))};
    if (dbias)
      sums.push_back(s.add(out[1], in[2]));
    return sums;
  });
  k.launch();
}

void mpt::addNeuralLowerings(LoweringMap &map) {
  addGelu<GeluOp>(map, /*isGrad=*/false);
  addGelu<GeluGradOp>(map, /*isGrad=*/true);
  map.add<SoftmaxOp>([](SoftmaxOp op, KernelTable &table) {
    return lowerSoftmax(op, table, /*isLog=*/false);
  });
  map.add<LogSoftmaxOp>([](LogSoftmaxOp op, KernelTable &table) {
    return lowerSoftmax(op, table, /*isLog=*/true);
  });
  map.add<LayerNormOp>(lowerLayerNorm);
  map.add<RmsNormOp>(lowerRmsNorm);
  map.add<LayerNormGradOp>([](LayerNormGradOp op, KernelTable &table) {
    lowerNormInput(op, table, op.getMean());
    lowerNormScale(op, table, op.getMean(), op.getDbias());
    return success();
  });
  map.add<RmsNormGradOp>([](RmsNormGradOp op, KernelTable &table) {
    lowerNormInput(op, table, Value());
    lowerNormScale(op, table, Value(), Value());
    return success();
  });
}
