// SPDX-License-Identifier: Apache-2.0
// From a list of loop nests to a range of rows.
//
//   1. An access is *aligned* with a loop if one index of it, always the same
//      for a buffer, is the loop's variable. A loop is parallel if all that is
//      written under it is aligned (what is only read may be read anyhow).
//   2. Neighbouring nests over the same range, parallel in their outer loop,
//   are
//      fused if a buffer that one of them writes is aligned in the same way in
//      both: row i of the second needs row i of the first only.
//   3. A buffer of the kernel used in one nest only, aligned there, keeps one
//      row; it is then private to whoever computes the row.
//   4. If every nest has a parallel loop over the same number of rows, outer or
//      inner (a sum over the rows of a matrix is parallel in its columns), and
//      buffers are aligned in the same way in all, the ranges of these loops
//      become [begin, end). What stands beside the nests writes private buffers
//      only and is done by each worker again.
//
// Distinct buffers are taken as disjoint; an argument that is input and
// destination at once must be aligned in both (phase 9 only plans that for
// operands of the same element).
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/LoopUtils.h"
#include "mpt/Target/Passes.h"
#include "mpt/Target/Target.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_KERNELROWSPASS
#include "mpt/Target/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::affine;

namespace {
struct KernelRows : mpt::impl::KernelRowsPassBase<KernelRows> {
  using KernelRowsPassBase::KernelRowsPassBase;
  void runOnOperation() override;
};

/// How one nest uses one buffer.
struct Use {
  bool read = false, written = false;
  /// The index that is the row in all accesses; none: -1.
  int64_t rowDim = -1;
  bool aligned = true;
  void addAccess(int64_t dim, bool writes) {
    bool first = !read && !written;
    aligned &= dim >= 0 && (first || dim == rowDim);
    rowDim = dim;
    (writes ? written : read) = true;
  }
};
using Uses = llvm::MapVector<Value, Use>;
} // namespace

/// The position at which the access is indexed by the loop's variable alone and
/// by nothing else of the loop's rows, or -1.
static int64_t findRowDim(AffineMap map, ValueRange operands, Value row) {
  int64_t found = -1;
  for (auto [position, expr] : llvm::enumerate(map.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (dim && operands[dim.getPosition()] == row)
      found = position;
  }
  return found;
}

/// The buffers used in `nest` and how they are aligned with `loop`, which is it
/// or lies in it, in order of first use; failure if the nest does something to
/// memory that is not understood.
static FailureOr<Uses> collectUses(AffineForOp nest, AffineForOp loop) {
  Uses uses;
  Value row = loop.getInductionVar();
  WalkResult result = nest.walk([&](Operation *op) {
    if (auto load = dyn_cast<AffineReadOpInterface>(op)) {
      uses[load.getMemRef()].addAccess(
          findRowDim(load.getAffineMap(), load.getMapOperands(), row), false);
    } else if (auto store = dyn_cast<AffineWriteOpInterface>(op)) {
      uses[store.getMemRef()].addAccess(
          findRowDim(store.getAffineMap(), store.getMapOperands(), row), true);
    } else if (auto load = dyn_cast<memref::LoadOp>(op)) {
      int64_t dim = -1;
      for (auto [i, index] : llvm::enumerate(load.getIndices()))
        dim = index == row ? i : dim;
      uses[load.getMemRef()].addAccess(dim, false);
    } else if (!isa<AffineForOp, AffineIfOp, AffineYieldOp>(op) &&
               !op->hasTrait<OpTrait::HasRecursiveMemoryEffects>() &&
               !isMemoryEffectFree(op)) {
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return uses;
}

static bool isParallel(const Uses &uses) {
  return llvm::all_of(uses, [](const auto &entry) {
    return !entry.second.written || entry.second.aligned;
  });
}

/// The constant number of rows of a nest from 0, or 0 if it is not of that
/// form.
static int64_t countRows(AffineForOp nest) {
  if (!nest.hasConstantBounds() || nest.getConstantLowerBound() != 0 ||
      nest.getStepAsInt() != 1 || nest.getNumResults() != 0)
    return 0;
  return nest.getConstantUpperBound();
}

static bool canFuse(AffineForOp first, AffineForOp second) {
  if (countRows(first) == 0 || countRows(first) != countRows(second))
    return false;
  FailureOr<Uses> a = collectUses(first, first),
                  b = collectUses(second, second);
  if (failed(a) || failed(b) || !isParallel(*a) || !isParallel(*b))
    return false;
  for (auto &[buffer, use] : *a) {
    auto other = b->find(buffer);
    if (other == b->end() || (!use.written && !other->second.written))
      continue;
    if (!use.aligned || !other->second.aligned ||
        use.rowDim != other->second.rowDim)
      return false;
  }
  return true;
}

/// Appends the body of `second` to that of `first`.
static void fuse(AffineForOp first, AffineForOp second) {
  second.getInductionVar().replaceAllUsesWith(first.getInductionVar());
  Block *from = second.getBody(), *to = first.getBody();
  from->getTerminator()->erase();
  to->getOperations().splice(to->getTerminator()->getIterator(),
                             from->getOperations());
  second.erase();
}

/// Fuses neighbouring nests of the block. What stands between two nests and
/// touches no memory (constants, allocations) moves before the first.
static void fuseNeighbours(Block &block) {
  AffineForOp last;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (auto nest = dyn_cast<AffineForOp>(op)) {
      if (last && canFuse(last, nest))
        fuse(last, nest);
      else
        last = nest;
    } else if (last && (isMemoryEffectFree(&op) || isa<memref::AllocOp>(op)) &&
               op.getNumRegions() == 0 &&
               llvm::all_of(op.getOperands(),
                            [&](Value operand) {
                              return !operand.getDefiningOp() ||
                                     operand.getDefiningOp()->isBeforeInBlock(
                                         last);
                            }) &&
               !op.hasTrait<OpTrait::IsTerminator>()) {
      op.moveBefore(last);
    } else if (!isa<memref::DeallocOp>(op)) {
      last = nullptr;
    }
  }
}

/// The map with constant 0 as result `dim`.
static AffineMap dropRow(AffineMap map, int64_t dim) {
  SmallVector<AffineExpr> exprs(map.getResults());
  exprs[dim] = getAffineConstantExpr(0, map.getContext());
  return AffineMap::get(map.getNumDims(), map.getNumSymbols(), exprs,
                        map.getContext());
}

/// Replaces a load or store by the same of `buffer`, which has one row.
static void dropRow(Operation *op, int64_t dim, Value buffer) {
  OpBuilder builder(op);
  if (auto load = dyn_cast<AffineLoadOp>(op)) {
    auto narrow = AffineLoadOp::create(builder, op->getLoc(), buffer,
                                       dropRow(load.getAffineMap(), dim),
                                       load.getMapOperands());
    load.getResult().replaceAllUsesWith(narrow.getResult());
  } else {
    auto store = cast<AffineStoreOp>(op);
    AffineStoreOp::create(builder, op->getLoc(), store.getValueToStore(),
                          buffer, dropRow(store.getAffineMap(), dim),
                          store.getMapOperands());
  }
  op->erase();
}

/// Step 3 for one allocation.
static void shrink(memref::AllocOp alloc) {
  AffineForOp nest;
  for (Operation *user : alloc->getUsers()) {
    if (isa<memref::DeallocOp>(user))
      continue;
    Operation *top = alloc->getBlock()->findAncestorOpInBlock(*user);
    auto loop = dyn_cast_or_null<AffineForOp>(top);
    if (!isa<AffineLoadOp, AffineStoreOp>(user) || !loop ||
        (nest && loop != nest))
      return;
    nest = loop;
  }
  if (!nest || countRows(nest) == 0)
    return;
  FailureOr<Uses> uses = collectUses(nest, nest);
  if (failed(uses) || !(*uses)[alloc].aligned)
    return;
  int64_t dim = (*uses)[alloc].rowDim;
  SmallVector<int64_t> shape(alloc.getType().getShape());
  shape[dim] = 1;
  OpBuilder builder(alloc);
  auto narrow = memref::AllocOp::create(
      builder, alloc.getLoc(),
      MemRefType::get(shape, alloc.getType().getElementType()),
      alloc.getAlignmentAttr());
  for (Operation *user : llvm::make_early_inc_range(alloc->getUsers())) {
    if (isa<memref::DeallocOp>(user))
      user->erase();
    else
      dropRow(user, dim, narrow);
  }
  alloc.erase();
}

/// Iterations of the innermost bodies under `op`, a measure of its work.
static int64_t countWork(Operation *op) {
  int64_t work = 0;
  for (Region &region : op->getRegions())
    for (Operation &child : region.getOps())
      work += countWork(&child);
  auto loop = dyn_cast<AffineForOp>(op);
  if (!loop)
    return work;
  int64_t trips = loop.hasConstantBounds() ? loop.getConstantUpperBound() -
                                                 loop.getConstantLowerBound()
                                           : 1;
  return std::max<int64_t>(work, 1) * trips;
}

/// Whether what stands beside the nests writes buffers of the block only.
static bool restIsPrivate(Block &block) {
  bool ok = true;
  for (Operation &top : block) {
    if (isa<AffineForOp>(top))
      continue;
    top.walk([&](Operation *op) {
      if (auto store = dyn_cast<AffineWriteOpInterface>(op))
        ok &= store.getMemRef().getDefiningOp<memref::AllocOp>() != nullptr;
      else
        ok &= isMemoryEffectFree(op) || op->getNumRegions() != 0 ||
              isa<AffineReadOpInterface, memref::LoadOp, memref::AllocOp,
                  memref::DeallocOp>(op);
    });
  }
  return ok;
}

/// Adds the uses of another nest; false if one of them writes a buffer that is
/// not aligned in the same way in both.
static bool merge(Uses &all, const Uses &uses) {
  for (auto &[buffer, use] : uses) {
    auto [known, isNew] = all.insert({buffer, use});
    if (isNew)
      continue;
    Use &old = known->second;
    old.aligned &= use.aligned && use.rowDim == old.rowDim;
    old.read |= use.read;
    old.written |= use.written;
  }
  return isParallel(all);
}

/// A parallel loop over `rows` rows for each nest of the block, consistent with
/// each other; empty if there are none.
static SmallVector<AffineForOp> findRows(Block &block, int64_t rows) {
  SmallVector<AffineForOp> found;
  Uses all;
  for (auto nest : block.getOps<AffineForOp>()) {
    bool isIn = false;
    nest.walk<WalkOrder::PreOrder>([&](AffineForOp loop) {
      if (countRows(loop) != rows)
        return WalkResult::advance();
      FailureOr<Uses> uses = collectUses(nest, loop);
      Uses merged = all;
      if (failed(uses) || !merge(merged, *uses))
        return WalkResult::advance();
      all = merged;
      found.push_back(loop);
      isIn = true;
      return WalkResult::interrupt();
    });
    if (!isIn)
      return {};
  }
  return found;
}

/// The loops over the rows of the kernel, one per nest; empty if it is no range
/// of rows. The loops of the last nest, which writes results, are tried.
static SmallVector<AffineForOp> findRows(Block &block) {
  auto nests = llvm::to_vector(block.getOps<AffineForOp>());
  SmallVector<AffineForOp> found;
  if (nests.empty() || !restIsPrivate(block))
    return found;
  nests.back().walk<WalkOrder::PreOrder>([&](AffineForOp loop) {
    if (countRows(loop) >= 2)
      found = findRows(block, countRows(loop));
    return found.empty() ? WalkResult::advance() : WalkResult::interrupt();
  });
  return found;
}

/// Makes one loop of a single nest of parallel loops, so that a row is an
/// element; returns that loop or `outer`.
static AffineForOp flattenNest(Block &block, AffineForOp outer) {
  SmallVector<AffineForOp> band, parallel;
  if (!llvm::hasSingleElement(block.getOps<AffineForOp>()) ||
      outer->getBlock() != &block)
    return outer;
  getPerfectlyNestedLoops(band, outer);
  for (AffineForOp loop : band) {
    FailureOr<Uses> uses = collectUses(outer, loop);
    if (countRows(loop) == 0 || failed(uses) || !isParallel(*uses))
      break;
    parallel.push_back(loop);
  }
  int64_t rows = 1;
  for (AffineForOp loop : parallel)
    rows *= countRows(loop);
  if (parallel.size() < 2 || failed(coalesceLoops(parallel)))
    return outer;
  outer.setConstantLowerBound(0);
  outer.setConstantUpperBound(rows);
  return outer;
}

/// Small buffers go on the stack; the others are freed at the end.
static void placeBuffers(Block &block) {
  constexpr int64_t stackBytes = 16384;
  for (auto alloc :
       llvm::make_early_inc_range(block.getOps<memref::AllocOp>())) {
    MemRefType type = alloc.getType();
    int64_t bytes =
        type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
    OpBuilder builder(alloc);
    if (bytes <= stackBytes) {
      for (Operation *user : llvm::make_early_inc_range(alloc->getUsers()))
        if (isa<memref::DeallocOp>(user))
          user->erase();
      auto alloca = memref::AllocaOp::create(builder, alloc.getLoc(), type,
                                             alloc.getAlignmentAttr());
      alloc.replaceAllUsesWith(alloca.getResult());
      alloc.erase();
    } else if (llvm::none_of(alloc->getUsers(), [](Operation *user) {
                 return isa<memref::DeallocOp>(user);
               })) {
      builder.setInsertionPoint(block.getTerminator());
      memref::DeallocOp::create(builder, alloc.getLoc(), alloc);
    }
  }
}

void KernelRows::runOnOperation() {
  func::FuncOp kernel = getOperation();
  if (!kernel->hasAttr(kKernelAttr) || kernel.isExternal())
    return;
  Block &block = kernel.getBody().front();
  fuseNeighbours(block);
  // The kernel of a sum is launched as one row.
  SmallVector<AffineForOp> loops;
  if (!kernel->hasAttr(kSumAttr))
    loops = findRows(block);
  if (flatten && loops.size() == 1)
    loops[0] = flattenNest(block, loops[0]);
  for (auto alloc : llvm::make_early_inc_range(block.getOps<memref::AllocOp>()))
    shrink(alloc);

  int64_t rows = 1, grain = 1;
  OpBuilder builder(&getContext());
  Type index = builder.getIndexType();
  unsigned args = kernel.getNumArguments();
  if (failed(kernel.insertArguments({args, args}, {index, index},
                                    {DictionaryAttr(), DictionaryAttr()},
                                    {kernel.getLoc(), kernel.getLoc()})))
    return signalPassFailure();
  if (!loops.empty()) {
    // About 16 K iterations are worth a worker.
    constexpr int64_t worthwhile = 16384;
    int64_t work = 0;
    for (auto nest : block.getOps<AffineForOp>())
      work += countWork(nest);
    rows = countRows(loops.front());
    grain =
        std::max<int64_t>(1, worthwhile / std::max<int64_t>(1, work / rows));
    AffineMap bound = builder.getSymbolIdentityMap();
    for (AffineForOp loop : loops) {
      loop.setLowerBound(kernel.getArgument(args), bound);
      loop.setUpperBound(kernel.getArgument(args + 1), bound);
    }
  }
  kernel->setAttr(kSpaceAttr, builder.getDenseI64ArrayAttr({rows, grain}));
  placeBuffers(block);
}
