// SPDX-License-Identifier: Apache-2.0
// Elementwise ops: one parallel linalg.generic over [leading dims, last dim],
// or over as many dims as what is fused into it tells apart (Expression.h).
// Transcendental functions stay ops of the math dialect; phase 10 chooses their
// approximation.
#include "Expression.h"

using namespace mlir;
using namespace mlir::mpt;

std::string mpt::stemOf(Operation *op) {
  std::string stem = op->getName().stripDialect().str();
  std::replace(stem.begin(), stem.end(), '.', '_');
  return stem;
}
SmallVector<unsigned> mpt::identityDims(size_t n) {
  return llvm::to_vector(llvm::seq<unsigned>(0, n));
}

LogicalResult mpt::lowerPointwise(Operation *op, KernelTable &table,
                                  const LoweringMap &lowerings) {
  Value result = op->getResult(0);
  Expression e(cast<RankedTensorType>(result.getType()).getShape(), lowerings,
               isFused);
  bool fits = e.setRoot(op);
  assert(fits && "fusePointwise tried it");
  (void)fits;
  e.finish();
  op->setLoc(e.getLoc(op));
  Kernel k(table, op, (e.isCompound() ? "fused_" : "") + stemOf(op));
  e.addInputs(k);
  Value out = k.output(result, e.getShape());
  k.compute(e.getInputs(), {e.at(k, out)},
            [&](Scalars &s, ValueRange in, ValueRange) {
              return SmallVector<Value>{e.evaluate(s, in)};
            });
  k.launch();
  return success();
}

/// An op whose scalar depends on its attributes or types.
template <typename Op>
static void addMade(LoweringMap &map, std::function<ScalarFn(Op)> make) {
  map.addScalar<Op>(make);
  map.add<Op>([&map](Op op, KernelTable &table) {
    return lowerPointwise(op, table, map);
  });
}

template <typename Op> static void add(LoweringMap &map, ScalarFn make) {
  addMade<Op>(map, [make](Op) { return make; });
}

/// A function of floats that the math dialect has.
template <typename Op, typename MathOp> static void addMath(LoweringMap &map) {
  map.addScalar<Op>([](Op) -> ScalarFn {
    return [](Scalars &s, ValueRange in) -> Value {
      return MathOp::create(s.b, s.loc, in[0]);
    };
  });
  map.add<Op>([&map](Op op, KernelTable &table) -> LogicalResult {
    if (!isa<FloatType>(elementOf(op.getResult())))
      return op.emitOpError() << "has no kernel for elements of type "
                              << elementOf(op.getResult())
                              << "; convert them to a float type first";
    return lowerPointwise(op, table, map);
  });
}

/// Rounding functions are the identity on integers.
template <typename Op, typename MathOp>
static void addRounding(LoweringMap &map) {
  add<Op>(map, [](Scalars &s, ValueRange in) -> Value {
    if (!isa<FloatType>(in[0].getType()))
      return in[0];
    return MathOp::create(s.b, s.loc, in[0]);
  });
}

static Value makeSign(Scalars &s, ValueRange in) {
  Value x = in[0], zero = s.number(x.getType(), 0);
  Value negative = s.select(s.compare("lt", x, zero), s.number(x.getType(), -1),
                            x); // keeps 0 and NaN
  return s.select(s.compare("gt", x, zero), s.number(x.getType(), 1), negative);
}

static Value makeAbs(Scalars &s, ValueRange in) {
  if (isa<FloatType>(in[0].getType()))
    return math::AbsFOp::create(s.b, s.loc, in[0]);
  return s.max(in[0], s.neg(in[0]));
}

static Value makePow(Scalars &s, ValueRange in) {
  if (isa<FloatType>(in[0].getType()))
    return math::PowFOp::create(s.b, s.loc, in[0], in[1]);
  return math::IPowIOp::create(s.b, s.loc, in[0], in[1]);
}

static void addMathLowerings(LoweringMap &map) {
  addMath<ExpOp, math::ExpOp>(map);
  addMath<Expm1Op, math::ExpM1Op>(map);
  addMath<LogOp, math::LogOp>(map);
  addMath<Log1pOp, math::Log1pOp>(map);
  addMath<SqrtOp, math::SqrtOp>(map);
  addMath<SinOp, math::SinOp>(map);
  addMath<CosOp, math::CosOp>(map);
  addMath<TanOp, math::TanOp>(map);
  addMath<AsinOp, math::AsinOp>(map);
  addMath<AcosOp, math::AcosOp>(map);
  addMath<AtanOp, math::AtanOp>(map);
  addMath<SinhOp, math::SinhOp>(map);
  addMath<CoshOp, math::CoshOp>(map);
  addMath<AsinhOp, math::AsinhOp>(map);
  addMath<AcoshOp, math::AcoshOp>(map);
  addMath<AtanhOp, math::AtanhOp>(map);
  addMath<TanhOp, math::TanhOp>(map);
  addMath<ErfOp, math::ErfOp>(map);
  addRounding<FloorOp, math::FloorOp>(map);
  addRounding<CeilOp, math::CeilOp>(map);
  addRounding<RoundEvenOp, math::RoundEvenOp>(map);
  add<RsqrtOp>(map, [](Scalars &s, ValueRange in) {
    return s.div(s.number(in[0].getType(), 1), s.sqrt(in[0]));
  });
  add<LogisticOp>(map, [](Scalars &s, ValueRange in) {
    Value one = s.number(in[0].getType(), 1);
    return s.div(one, s.add(one, s.exp(s.neg(in[0]))));
  });
}

static void addBinaryLowerings(LoweringMap &map) {
  add<AddOp>(map,
             [](Scalars &s, ValueRange in) { return s.add(in[0], in[1]); });
  add<SubOp>(map,
             [](Scalars &s, ValueRange in) { return s.sub(in[0], in[1]); });
  add<MulOp>(map,
             [](Scalars &s, ValueRange in) { return s.mul(in[0], in[1]); });
  add<DivOp>(map,
             [](Scalars &s, ValueRange in) { return s.div(in[0], in[1]); });
  add<RemOp>(map,
             [](Scalars &s, ValueRange in) { return s.rem(in[0], in[1]); });
  add<MaxOp>(map,
             [](Scalars &s, ValueRange in) { return s.max(in[0], in[1]); });
  add<MinOp>(map,
             [](Scalars &s, ValueRange in) { return s.min(in[0], in[1]); });
  add<PowOp>(map, makePow);
  add<AndOp>(map, [](Scalars &s, ValueRange in) {
    return s.combine("and", in[0], in[1]);
  });
  add<OrOp>(map, [](Scalars &s, ValueRange in) {
    return s.combine("or", in[0], in[1]);
  });
  add<XorOp>(map, [](Scalars &s, ValueRange in) -> Value {
    return arith::XOrIOp::create(s.b, s.loc, in[0], in[1]);
  });
  add<SumOp>(map, [](Scalars &s, ValueRange in) {
    Value sum = in[0];
    for (Value x : in.drop_front())
      sum = s.add(sum, x);
    return sum;
  });
  add<SelectOp>(map, [](Scalars &s, ValueRange in) {
    return s.select(in[0], in[1], in[2]);
  });
  addMade<CompareOp>(map, [](CompareOp op) -> ScalarFn {
    std::string kind = op.getKind().str();
    return [kind](Scalars &s, ValueRange in) {
      return s.compare(kind, in[0], in[1]);
    };
  });
}

static void addUnaryLowerings(LoweringMap &map) {
  add<NegOp>(map, [](Scalars &s, ValueRange in) { return s.neg(in[0]); });
  add<AbsOp>(map, makeAbs);
  add<SignOp>(map, makeSign);
  add<NotOp>(map, [](Scalars &s, ValueRange in) -> Value {
    return arith::XOrIOp::create(s.b, s.loc, in[0],
                                 s.identity("and", in[0].getType()));
  });
  add<IsFiniteOp>(map, [](Scalars &s, ValueRange in) -> Value {
    if (!isa<FloatType>(in[0].getType()))
      return s.number(s.b.getI1Type(), 1);
    Value size = math::AbsFOp::create(s.b, s.loc, in[0]);
    return s.compare("lt", size, s.limit(in[0].getType(), /*largest=*/true));
  });
  add<IsNanOp>(map, [](Scalars &s, ValueRange in) -> Value {
    if (!isa<FloatType>(in[0].getType()))
      return s.number(s.b.getI1Type(), 0);
    return s.compare("ne", in[0], in[0]);
  });
  addMade<ConvertOp>(map, [](ConvertOp op) -> ScalarFn {
    Type to = elementOf(op.getResult());
    return [to](Scalars &s, ValueRange in) { return s.convert(in[0], to); };
  });
}

/// The accumulator's buffer is the destination.
static LogicalResult lowerAccumulate(AccumulateOp op, KernelTable &table,
                                     const LoweringMap &lowerings) {
  Expression e(cast<RankedTensorType>(op.getResult().getType()).getShape(),
               lowerings, isFused);
  bool fits = e.setRoot(op.getValue());
  assert(fits && "fusePointwise tried it");
  (void)fits;
  e.finish();
  Kernel k(table, op, "accumulate");
  e.addInputs(k);
  Value acc = k.inPlace(op.getResult(), op.getAcc(), e.getShape());
  k.compute(e.getInputs(), {e.at(k, acc)},
            [&](Scalars &s, ValueRange in, ValueRange out) {
              return SmallVector<Value>{s.add(out[0], e.evaluate(s, in))};
            });
  k.launch();
  return success();
}

void mpt::addElementwiseLowerings(LoweringMap &map) {
  addUnaryLowerings(map);
  addMathLowerings(map);
  addBinaryLowerings(map);
  map.add<AccumulateOp>([&map](AccumulateOp op, KernelTable &table) {
    return lowerAccumulate(op, table, map);
  });
}
