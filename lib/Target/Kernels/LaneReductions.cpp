// SPDX-License-Identifier: Apache-2.0
// Sums along a contiguous row, in lanes. A chain of additions cannot be
// vectorised without reordering it, so the order is chosen here, once, as a
// function of the loop alone:
//   lane l adds the elements l, l + 32, l + 64, ... of the longest multiple of
//   32; lanes are joined as l and l + 16, then l and l + 8, ...; the sum joins
//   what the accumulator held, and the elements that are left follow one by
//   one.
// The same for products, maxima and minima, and for several of them in a loop.
// Left alone: loops of less than 64 iterations, those that read along another
// dim than the last, integers, and whatever is not elementwise.
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mpt/Target/Passes.h"
#include "mpt/Target/Target.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_LANEREDUCTIONSPASS
#include "mpt/Target/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::affine;

namespace {
constexpr int64_t kLanes = 32;

struct LaneReductions : mpt::impl::LaneReductionsPassBase<LaneReductions> {
  void runOnOperation() override;
};

/// `store(combine(load, x))` at one place in all iterations.
struct Chain {
  AffineLoadOp load;
  Operation *combine;
  AffineStoreOp store;
};

class LaneLoop {
public:
  explicit LaneLoop(AffineForOp loop)
      : loop(loop), iv(loop.getInductionVar()) {}
  /// Whether the loop has the form; finds its chains.
  bool match();
  void rewrite();

private:
  bool matchChain(AffineStoreOp store);
  bool isInvariant(AffineReadOpInterface load) const;
  bool isContiguous(AffineReadOpInterface load) const;
  void cloneBody(OpBuilder &b, Value at, ValueRange lanes,
                 SmallVectorImpl<Value> &next);

  AffineForOp loop;
  Value iv;
  SmallVector<Chain> chains;
  DenseMap<Value, Value> vectors; ///< per iteration value: its lanes
};
} // namespace

static TypedAttr getIdentity(Operation *combine) {
  Builder b(combine->getContext());
  auto type = dyn_cast<FloatType>(combine->getResult(0).getType());
  if (!type)
    return {};
  auto infinity = [&](bool negative) {
    return b.getFloatAttr(type,
                          APFloat::getInf(type.getFloatSemantics(), negative));
  };
  if (isa<arith::AddFOp>(combine))
    return b.getFloatAttr(type, 0);
  if (isa<arith::MulFOp>(combine))
    return b.getFloatAttr(type, 1);
  if (isa<arith::MaximumFOp>(combine))
    return infinity(/*negative=*/true);
  if (isa<arith::MinimumFOp>(combine))
    return infinity(/*negative=*/false);
  return {};
}

static bool dependsOn(AffineMap map, ValueRange operands, unsigned result,
                      Value iv) {
  bool depends = false;
  map.getResult(result).walk([&](AffineExpr expr) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      depends |= operands[dim.getPosition()] == iv;
    if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
      depends |= operands[map.getNumDims() + symbol.getPosition()] == iv;
  });
  return depends;
}

bool LaneLoop::isInvariant(AffineReadOpInterface load) const {
  AffineMap map = load.getAffineMap();
  for (unsigned i = 0; i < map.getNumResults(); ++i)
    if (dependsOn(map, load.getMapOperands(), i, iv))
      return false;
  return true;
}

/// The last index is the loop's variable, no other depends on it.
bool LaneLoop::isContiguous(AffineReadOpInterface load) const {
  AffineMap map = load.getAffineMap();
  unsigned last = map.getNumResults() - 1;
  if (map.getNumResults() == 0 || load.getMemRefType().getNumElements() == 0)
    return false;
  for (unsigned i = 0; i < last; ++i)
    if (dependsOn(map, load.getMapOperands(), i, iv))
      return false;
  auto dim = dyn_cast<AffineDimExpr>(map.getResult(last));
  return dim && load.getMapOperands()[dim.getPosition()] == iv &&
         load.getMemRefType().getLayout().isIdentity() &&
         load.getMemRefType().getElementType().isIntOrFloat() &&
         load.getMemRefType().getElementTypeBitWidth() >= 8;
}

bool LaneLoop::matchChain(AffineStoreOp store) {
  Operation *combine = store.getValueToStore().getDefiningOp();
  if (!combine || combine->getBlock() != loop.getBody() ||
      !combine->hasOneUse() || !getIdentity(combine))
    return false;
  auto load = combine->getOperand(0).getDefiningOp<AffineLoadOp>();
  if (!load || load->getBlock() != loop.getBody() || !load->hasOneUse() ||
      load.getMemRef() != store.getMemRef() ||
      load.getAffineMap() != store.getAffineMap() ||
      load.getMapOperands() != store.getMapOperands() || !isInvariant(load) ||
      combine->getOperand(1) == combine->getOperand(0))
    return false;
  chains.push_back({load, combine, store});
  return true;
}

bool LaneLoop::match() {
  if (!loop.hasConstantBounds() || loop.getConstantLowerBound() != 0 ||
      loop.getStepAsInt() != 1 || loop.getNumResults() != 0 ||
      loop.getConstantUpperBound() < 2 * kLanes)
    return false;
  for (auto store : loop.getBody()->getOps<AffineStoreOp>())
    if (!matchChain(store))
      return false;
  if (chains.empty())
    return false;
  for (Operation &op : loop.getBody()->without_terminator()) {
    if (auto load = dyn_cast<AffineLoadOp>(op)) {
      bool isChain = llvm::any_of(
          chains, [&](Chain chain) { return chain.load == load; });
      bool isWritten = llvm::any_of(chains, [&](Chain chain) {
        return chain.store.getMemRef() == load.getMemRef();
      });
      if (!isChain && (isWritten || !(isInvariant(load) || isContiguous(load))))
        return false;
    } else if (!isa<AffineStoreOp, arith::ConstantOp>(op) &&
               !OpTrait::hasElementwiseMappableTraits(&op)) {
      return false;
    }
  }
  return true;
}

/// 32 iterations from `at` on; `next` gets the accumulators after them.
void LaneLoop::cloneBody(OpBuilder &b, Value at, ValueRange lanes,
                         SmallVectorImpl<Value> &next) {
  Location loc = loop.getLoc();
  Type index = b.getIndexType();
  auto indices = VectorType::get({kLanes}, index);
  vectors[iv] = arith::AddIOp::create(
      b, loc, vector::BroadcastOp::create(b, loc, indices, at),
      vector::StepOp::create(b, loc, indices));
  for (auto [chain, lane] : llvm::zip_equal(chains, lanes))
    vectors[chain.load.getResult()] = lane;
  IRMapping scalars;
  scalars.map(iv, at);
  for (Operation &op : loop.getBody()->without_terminator()) {
    if (isa<AffineStoreOp>(op) ||
        (isa<AffineLoadOp>(op) && vectors.contains(op.getResult(0))))
      continue;
    if (auto load = dyn_cast<AffineLoadOp>(op); load && !isInvariant(load)) {
      SmallVector<Value> operands =
          llvm::map_to_vector(load.getMapOperands(), [&](Value v) {
            return scalars.lookupOrDefault(v);
          });
      auto type = VectorType::get({kLanes}, load.getType());
      vectors[load.getResult()] =
          AffineVectorLoadOp::create(b, loc, type, load.getMemRef(),
                                     load.getAffineMap(), operands)
              .getResult();
      continue;
    }
    bool varies = llvm::any_of(op.getOperands(),
                               [&](Value v) { return vectors.contains(v); });
    if (!varies || isa<AffineLoadOp>(op)) {
      Operation *clone = b.clone(op, scalars);
      scalars.map(op.getResults(), clone->getResults());
      continue;
    }
    IRMapping map;
    for (Value operand : op.getOperands()) {
      auto known = vectors.find(operand);
      map.map(operand,
              known != vectors.end()
                  ? known->second
                  : vector::BroadcastOp::create(
                        b, loc, VectorType::get({kLanes}, operand.getType()),
                        scalars.lookupOrDefault(operand))
                        .getResult());
    }
    Operation *clone = b.clone(op, map);
    for (auto [from, to] :
         llvm::zip_equal(op.getResults(), clone->getResults())) {
      to.setType(VectorType::get({kLanes}, from.getType()));
      vectors[from] = to;
    }
  }
  for (const Chain &chain : chains)
    next.push_back(vectors.lookup(chain.combine->getResult(0)));
}

/// Lanes l and l + half joined, until one is left.
static Value joinLanes(OpBuilder &b, Operation *combine, Value lanes) {
  Location loc = combine->getLoc();
  auto apply = [&](Value x, Value y) {
    IRMapping map;
    map.map(combine->getOperand(0), x);
    map.map(combine->getOperand(1), y);
    Operation *clone = b.clone(*combine, map);
    clone->getResult(0).setType(x.getType());
    return clone->getResult(0);
  };
  for (int64_t half = kLanes / 2; half >= 1; half /= 2) {
    auto part = [&](int64_t from) -> Value {
      return vector::ExtractStridedSliceOp::create(
          b, loc, lanes, ArrayRef<int64_t>{from}, ArrayRef<int64_t>{half},
          ArrayRef<int64_t>{1});
    };
    lanes = apply(part(0), part(half));
  }
  return vector::ExtractOp::create(b, loc, lanes, ArrayRef<int64_t>{0});
}

void LaneLoop::rewrite() {
  OpBuilder b(loop);
  Location loc = loop.getLoc();
  int64_t end = loop.getConstantUpperBound() / kLanes * kLanes;
  SmallVector<Value> init;
  for (const Chain &chain : chains) {
    TypedAttr identity = getIdentity(chain.combine);
    auto type = VectorType::get({kLanes}, identity.getType());
    init.push_back(arith::ConstantOp::create(
        b, loc, type, DenseElementsAttr::get(type, Attribute(identity))));
  }
  auto lanes = AffineForOp::create(
      b, loc, 0, end, kLanes, init,
      [&](OpBuilder &b, Location loc, Value at, ValueRange accumulators) {
        SmallVector<Value> next;
        cloneBody(b, at, accumulators, next);
        AffineYieldOp::create(b, loc, next);
      });
  for (auto [chain, value] : llvm::zip_equal(chains, lanes.getResults())) {
    IRMapping map;
    Value held = b.clone(*chain.load)->getResult(0);
    map.map(chain.combine->getOperand(0), held);
    map.map(chain.combine->getOperand(1), joinLanes(b, chain.combine, value));
    map.map(chain.store.getValueToStore(),
            b.clone(*chain.combine, map)->getResult(0));
    b.clone(*chain.store, map);
  }
  if (end == loop.getConstantUpperBound())
    loop.erase();
  else
    loop.setConstantLowerBound(end);
}

void LaneReductions::runOnOperation() {
  SmallVector<AffineForOp> innermost;
  getOperation().walk([&](AffineForOp loop) {
    if (loop.getBody()->getOps<AffineForOp>().empty())
      innermost.push_back(loop);
  });
  for (AffineForOp loop : innermost) {
    LaneLoop lanes(loop);
    if (lanes.match())
      lanes.rewrite();
  }
}
