// SPDX-License-Identifier: Apache-2.0
// Which values are never written: their readers compute them as they go.
//
// A reader is the kernel of an elementwise op, a movement of elements or a
// reduction. What it reads is fused into it if it is
//   a reshape, broadcast or iota        always: a map of what they read
//   a transpose                         unless something else needs it written
//   an elementwise op                   unless something else needs it written,
//                                       or a broadcast would repeat it; one of
//                                       several readers only if it follows from
//                                       one large tensor and is short
// Kernels stay of bounded size. Each reader gets its own clones, marked, right
// before it: uses in the task then say when a value was last read. A reshape
// that cuts elements where no iterator can end is not fused.
#include "Expression.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
class PointwiseFusion {
public:
  PointwiseFusion(func::FuncOp task, const LoweringMap &lowerings)
      : block(task.getBody().front()), lowerings(lowerings) {}
  void run();

private:
  /// What a fused op brings into a kernel.
  struct Cost {
    int64_t ops = 0;
    llvm::SmallPtrSet<Value, 8> sources;
  };
  bool isReader(Operation *op) const;
  bool mayFuse(Operation *op) const;
  bool isRepeated(Value value) const;
  Cost getCost(Operation *op) const;
  void decide();
  Operation *findBarrier(Operation *reader);
  void cloneInto(Operation *reader, OpOperand &operand,
                 DenseMap<Operation *, Operation *> &clones);

  Block &block;
  const LoweringMap &lowerings;
  DenseSet<Operation *> fused, barriers;
};
} // namespace

static bool isMovement(Operation *op) {
  return isa<ReshapeOp, BroadcastOp, TransposeOp, IotaOp>(op);
}

static int64_t countElements(Value value) {
  return cast<RankedTensorType>(value.getType()).getNumElements();
}

/// Operands that a reader reads element by element.
static MutableArrayRef<OpOperand> getReadElements(Operation *op) {
  if (isa<AccumulateOp>(op))
    return op->getOpOperands().take_back();
  return op->getOpOperands();
}

bool PointwiseFusion::isReader(Operation *op) const {
  return lowerings.isScalar(op) || isMovement(op) ||
         isa<ReduceOp, AccumulateOp>(op);
}

/// Whether a broadcast reads the value many times.
bool PointwiseFusion::isRepeated(Value value) const {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    if (isa<BroadcastOp>(user))
      return countElements(user->getResult(0)) > countElements(value);
    return isa<ReshapeOp, TransposeOp>(user) && isRepeated(user->getResult(0));
  });
}

bool PointwiseFusion::mayFuse(Operation *op) const {
  if (barriers.contains(op))
    return false;
  if (isa<ReshapeOp, BroadcastOp, IotaOp>(op))
    return true;
  if (!isa<TransposeOp>(op) && !lowerings.isScalar(op))
    return false;
  // A view is read element by element only if all that read it do so.
  auto onlyRead = [&](Value value, auto &&onlyRead) -> bool {
    return llvm::all_of(value.getUses(), [&](OpOperand &use) {
      Operation *user = use.getOwner();
      if (barriers.contains(user) || !isReader(user) ||
          (isa<AccumulateOp>(user) && use.getOperandNumber() == 0))
        return false;
      return !isa<ReshapeOp>(user) || onlyRead(user->getResult(0), onlyRead);
    });
  };
  if (!onlyRead(op->getResult(0), onlyRead))
    return false;
  return isa<TransposeOp>(op) || !isRepeated(op->getResult(0));
}

PointwiseFusion::Cost PointwiseFusion::getCost(Operation *op) const {
  Cost cost;
  SmallVector<Operation *> todo = {op};
  llvm::SmallPtrSet<Operation *, 16> seen = {op};
  while (!todo.empty()) {
    Operation *next = todo.pop_back_val();
    cost.ops += !isMovement(next);
    for (Value operand : next->getOperands()) {
      Operation *def = operand.getDefiningOp();
      if (!def || !fused.contains(def)) {
        if (!isa_and_nonnull<ConstantOp>(def))
          cost.sources.insert(operand);
      } else if (seen.insert(def).second) {
        todo.push_back(def);
      }
    }
  }
  return cost;
}

void PointwiseFusion::decide() {
  constexpr int64_t maxOps = 40, maxSources = 10, maxRepeatedOps = 16;
  fused.clear();
  for (Operation &op : block) {
    if (!mayFuse(&op))
      continue;
    Cost cost = getCost(&op);
    if (cost.ops > maxOps || cost.sources.size() > maxSources)
      continue;
    int64_t elements = countElements(op.getResult(0));
    int64_t large = llvm::count_if(cost.sources, [&](Value source) {
      return countElements(source) * 4 > elements;
    });
    bool isShort = cost.ops <= maxRepeatedOps && large <= 1;
    if (!isMovement(&op) && !op.getResult(0).hasOneUse() && !isShort) {
      // Several uses by one reader are one.
      Operation *user = *op.getResult(0).getUsers().begin();
      if (!llvm::all_of(op.getResult(0).getUsers(),
                        [&](Operation *other) { return other == user; }))
        continue;
    }
    fused.insert(&op);
  }
}

/// The reshape that cannot be fused into the reader, or null.
Operation *PointwiseFusion::findBarrier(Operation *reader) {
  auto test = [&](Operation *op) { return fused.contains(op); };
  Value whole = isa<ReduceOp, AccumulateOp>(reader)
                    ? getReadElements(reader).front().get()
                    : reader->getResult(0);
  Expression e(cast<RankedTensorType>(whole.getType()).getShape(), lowerings,
               test);
  bool fits = isa<ReduceOp, AccumulateOp>(reader) ? e.setRoot(whole)
                                                  : e.setRoot(reader);
  return fits ? nullptr : e.getBarrier();
}

void PointwiseFusion::cloneInto(Operation *reader, OpOperand &operand,
                                DenseMap<Operation *, Operation *> &clones) {
  Operation *def = operand.get().getDefiningOp();
  if (!def || !fused.contains(def))
    return;
  Operation *&clone = clones[def];
  if (!clone) {
    OpBuilder b(reader);
    Operation *made = b.clone(*def);
    made->setAttr(kFusedAttr, b.getUnitAttr());
    for (OpOperand &inner : made->getOpOperands())
      cloneInto(made, inner, clones);
    clones[def] = made;
    operand.set(made->getResult(0));
    return;
  }
  operand.set(clone->getResult(0));
}

void PointwiseFusion::run() {
  auto isRoot = [&](Operation *op) {
    // A reshape is no kernel but a view of what is written.
    return isReader(op) && !isa<ReshapeOp>(op) && !fused.contains(op);
  };
  for (bool changed = true; changed;) {
    changed = false;
    decide();
    for (Operation &op : block) {
      // Movements may be read as a whole, too.
      if (!isRoot(&op) && !isa<BroadcastOp, IotaOp>(op))
        continue;
      if (Operation *barrier = findBarrier(&op))
        changed |= barriers.insert(barrier).second;
    }
  }
  SmallVector<Operation *> readers;
  for (Operation &op : block)
    if (isRoot(&op) || isa<BroadcastOp, IotaOp>(op))
      readers.push_back(&op);
  for (Operation *reader : readers) {
    DenseMap<Operation *, Operation *> clones;
    for (OpOperand &operand : getReadElements(reader))
      cloneInto(reader, operand, clones);
  }
}

void mpt::fusePointwise(func::FuncOp task, const LoweringMap &lowerings) {
  PointwiseFusion(task, lowerings).run();
}
