// SPDX-License-Identifier: Apache-2.0
// Updates of parameters, as PyTorch computes them (single tensor, not fused).
// Factors that depend on the step only are computed once per kernel, in f64;
// beta^t by repeated squaring, so that no target needs a pow. Parameter and
// states are updated in place; where `ok` is false they keep their values.
#include "Lowerings.h"

using namespace mlir;
using namespace mlir::mpt;

using Values = SmallVector<Value>;

namespace {
/// Scalars of a step, of the element type.
struct StepFactors {
  Value clip, lr, ok;
  Value stepSize; ///< lr / (1 - beta1^t)
  Value root2;    ///< sqrt(1 - beta2^t)
};
} // namespace

/// base^n for n >= 0: the product of base^(2^i) over the set bits i of n.
static Value power(Scalars s, double base, Value n) {
  Type f64 = s.b.getF64Type(), i64 = s.b.getI64Type();
  auto index = [&](int64_t v) -> Value {
    return arith::ConstantIndexOp::create(s.b, s.loc, v);
  };
  Value one = s.number(i64, 1);
  auto loop = scf::ForOp::create(
      s.b, s.loc, index(0), index(63), index(1),
      ValueRange{s.number(f64, 1), s.number(f64, base)},
      [&](OpBuilder &b, Location loc, Value i, ValueRange args) {
        Value bits = arith::ShRSIOp::create(b, loc, n, s.toI64(i));
        Value isSet =
            s.compare("eq", arith::AndIOp::create(b, loc, bits, one), one);
        Value product = s.select(isSet, s.mul(args[0], args[1]), args[0]);
        scf::YieldOp::create(b, loc,
                             ValueRange{product, s.mul(args[1], args[1])});
      });
  return loop.getResult(0);
}

static void addAdamFactors(Kernel &k, OptUpdateOp op, StepFactors &f,
                           Value lrOf, Value countOf) {
  Scalars s = k.scalars();
  Type f64 = s.b.getF64Type(), element = elementOf(op.getParam());
  ArrayRef<double> betas = *op.getBetas();
  Value count = s.toI64(k.scalar(countOf));
  Value t = s.add(count, s.number(s.b.getI64Type(), 1));
  Value one = s.number(f64, 1);
  Value lr = s.convert(lrOf, f64);
  Value correction1 = s.sub(one, power(s, betas[0], t));
  Value correction2 = s.sub(one, power(s, betas[1], t));
  f.stepSize = s.convert(s.div(lr, correction1), element);
  f.root2 = s.convert(s.sqrt(correction2), element);
}

/// adam: the decay is part of the gradient; adamw: it shrinks the parameter.
static Values makeAdam(Scalars &s, OptUpdateOp op, const StepFactors &f,
                       Value g, ValueRange old) {
  Type type = g.getType();
  Value p = old[0], m = old[1], v = old[2];
  double decay = op.getDecay() ? op.getDecay()->convertToDouble() : 0;
  double beta1 = (*op.getBetas())[0], beta2 = (*op.getBetas())[1];
  if (decay != 0 && op.getKind() == "adam")
    g = s.add(g, s.mul(s.number(type, decay), p));
  if (decay != 0 && op.getKind() == "adamw")
    p = s.mul(p, s.sub(s.number(type, 1), s.mul(f.lr, s.number(type, decay))));
  m = s.add(m, s.mul(s.number(type, 1 - beta1), s.sub(g, m)));
  v = s.add(s.mul(v, s.number(type, beta2)),
            s.mul(s.number(type, 1 - beta2), s.mul(g, g)));
  Value eps = s.number(type, op.getEps()->convertToDouble());
  Value denominator = s.add(s.div(s.sqrt(v), f.root2), eps);
  return {s.sub(p, s.mul(f.stepSize, s.div(m, denominator))), m, v};
}

static Values makeSgd(Scalars &s, OptUpdateOp op, const StepFactors &f, Value g,
                      ValueRange old) {
  Type type = g.getType();
  Value p = old[0];
  double decay = op.getDecay() ? op.getDecay()->convertToDouble() : 0;
  if (decay != 0)
    g = s.add(g, s.mul(s.number(type, decay), p));
  if (op.getKind() == "sgd")
    return {s.sub(p, s.mul(f.lr, g))};
  double momentum = op.getMomentum() ? op.getMomentum()->convertToDouble() : 0;
  Value mu = s.number(type, momentum);
  Value velocity = s.add(s.mul(mu, old[1]), g);
  Value direction = op.getNesterov() ? s.add(g, s.mul(mu, velocity)) : velocity;
  return {s.sub(p, s.mul(f.lr, direction)), velocity};
}

static LogicalResult lowerOptUpdate(OptUpdateOp op, KernelTable &table) {
  bool isAdam = op.getKind().starts_with("adam");
  if (isAdam && (!op.getBetas() || op.getBetas()->size() != 2 || !op.getEps()))
    return op.emitOpError()
           << "'" << op.getKind() << "' needs two 'betas' and an 'eps'";
  Kernel k(table, op, ("opt_" + op.getKind()).str());
  Shape shape = rowsShape(op.getParam().getType());
  SmallVector<unsigned> dims = identityDims(shape.size());
  Value grad = k.operand(op.getGrad(), shape);
  StepFactors f;
  f.clip = k.scalar(op.getClip());
  f.lr = k.scalar(op.getLr());
  f.ok = k.scalar(op.getOk());
  if (isAdam)
    addAdamFactors(k, op, f, f.lr, op.getCount());
  SmallVector<Access> outs = {
      k.at(k.inPlace(op.getNewParam(), op.getParam(), shape), dims)};
  for (auto [now, old] : llvm::zip_equal(op.getNewStates(), op.getStates()))
    outs.push_back(k.at(k.inPlace(now, old, shape), dims));
  k.compute({k.at(grad, dims)}, outs,
            [&](Scalars &s, ValueRange in, ValueRange old) {
              Value g = s.mul(in[0], f.clip);
              Values now = isAdam ? makeAdam(s, op, f, g, old)
                                  : makeSgd(s, op, f, g, old);
              for (auto [value, before] : llvm::zip_equal(now, old))
                value = s.select(f.ok, value, before);
              return now;
            });
  k.launch();
  return success();
}

void mpt::addOptimizerLowerings(LoweringMap &map) {
  map.add<OptUpdateOp>(lowerOptUpdate);
}
