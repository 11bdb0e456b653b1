// SPDX-License-Identifier: Apache-2.0
//
// A reshard becomes collectives, from any sharding to any other:
//  1. partial axes that end: a reduce-scatter where the result is evenly cut by
//     the axis, one all-reduce per kind over the rest;
//  2. the cheapest sequence (PlanReshard.h) of slices of axes that nothing uses
//     (free), moves of a minor axis to another dim (all-to-all, even cuts) and
//     gathers of minor axes, until the dims' axes are those of the result;
//  3. partial axes that begin: index 0 keeps the value, the others hold zeros
//     (for max and min every index keeps it). A dim that the axis cut before
//     is embedded instead, ahead of step 2: each rank's block among zeros.
// Each step takes one axis, so buffers stay in block order whatever the order
// of ranks in the group. A gather of an uneven dim gives blocks of the bound of
// which only the last are short: the real elements are the first ones, the rest
// is cut.
//
// Worked example, 7 elements over tp=2 to replicated: two blocks of 4 gathered
// are 8 elements, a slice keeps the first 7.
//
#include "Localize.h"
#include "mpt/Analysis/Sharding/Factors.h"
#include "mpt/Analysis/Sharding/PlanReshard.h"

using namespace mlir;
using namespace mlir::mpt;
using namespace ::mpt::sharding;

using Axes = SmallVector<AxisRefAttr>;

LogicalResult mlir::mpt::checkReshard(ReshardOp op, MeshOp mesh) {
  ShardingAttr from = getSharding(op.getInput().getType());
  ShardingAttr to = getSharding(op.getResult().getType());
  if (!from || !to)
    return op.emitOpError() << "needs a sharding on both sides";
  for (auto [d, pair] :
       llvm::enumerate(llvm::zip(from.getDims(), to.getDims()))) {
    auto [a, b] = pair;
    if (a.getAxes() == b.getAxes())
      continue;
    for (ArrayRef<AxisRefAttr> axes : {a.getAxes(), b.getAxes()})
      for (AxisRefAttr axis : axes)
        if (mesh.isTime(axis.getName()))
          return op.emitOpError()
                 << "reshards dim " << d << ", which is also cut over '"
                 << axis.getName()
                 << "'; choose a dp that divides the samples of a micro-batch";
  }
  for (ShardingAttr sharding : {from, to}) {
    Axes all;
    for (DimShardingAttr dim : sharding.getDims())
      llvm::append_range(all, dim.getAxes());
    for (PartialAttr partial : sharding.getPartials())
      llvm::append_range(all, partial.getAxes());
    for (AxisRefAttr axis : all)
      if (!axis.isWhole())
        return op.emitOpError()
               << "reshards over a part of axis '" << axis.getName()
               << "'; only whole axes are supported";
  }
  return success();
}

namespace {
class ReshardLowering {
public:
  ReshardLowering(LocalTask &task, ReshardOp op);
  Value run();

private:
  void endPartials();
  bool scatterOne(StringRef kind, Axes &ending);
  void slice(unsigned dim, AxisRefAttr axis);
  void move(unsigned source, unsigned dim);
  void gather(unsigned dim);
  void movePlaces();
  void embed(unsigned dim);
  void embedBlocks();
  void beginPartials();

  /// The axis that the result's sharding appends next to what dim is cut by
  /// now, null if dim is done or must lose axes first.
  AxisRefAttr nextOf(unsigned dim);
  bool staysEven(unsigned dim, AxisRefAttr next);
  RankedTensorType type() { return cast<RankedTensorType>(value.getType()); }
  RankedTensorType withDim(unsigned dim, int64_t size);
  void setLocal(Operation *op) { value = op->getResult(0); }

  LocalTask &task;
  ReshardOp op;
  ShardingAttr from, to;
  ArrayRef<int64_t> shape; ///< global
  Value value;
  SmallVector<Axes> now, goal; ///< device axes per dim
  Axes begin;                  ///< sum axes that begin
};
} // namespace

static Axes withoutTime(ArrayRef<AxisRefAttr> axes, MeshOp mesh) {
  Axes kept;
  for (AxisRefAttr axis : axes)
    if (!mesh.isTime(axis.getName()))
      kept.push_back(axis);
  return kept;
}

/// Axes of `partials` of the kind that `others` lacks.
static Axes getDifference(ShardingAttr partials, ShardingAttr others,
                          StringRef kind, MeshOp mesh) {
  Axes kept;
  for (AxisRefAttr axis : withoutTime(partials.getPartialAxes(kind), mesh))
    if (!llvm::is_contained(others.getPartialAxes(kind), axis))
      kept.push_back(axis);
  return kept;
}

ReshardLowering::ReshardLowering(LocalTask &task, ReshardOp op)
    : task(task), op(op), from(getSharding(op.getInput().getType())),
      to(getSharding(op.getResult().getType())),
      shape(cast<RankedTensorType>(op.getInput().getType()).getShape()),
      value(task.lookup(op.getInput())) {
  for (DimShardingAttr dim : from.getDims())
    now.push_back(withoutTime(dim.getAxes(), task.getMesh()));
  for (DimShardingAttr dim : to.getDims())
    goal.push_back(withoutTime(dim.getAxes(), task.getMesh()));
  begin = getDifference(to, from, "sum", task.getMesh());
}

RankedTensorType ReshardLowering::withDim(unsigned dim, int64_t size) {
  SmallVector<int64_t> sizes(type().getShape());
  sizes[dim] = size;
  return RankedTensorType::get(sizes, type().getElementType());
}

AxisRefAttr ReshardLowering::nextOf(unsigned dim) {
  size_t have = now[dim].size();
  if (have >= goal[dim].size() ||
      ArrayRef(now[dim]) != ArrayRef(goal[dim]).take_front(have))
    return {};
  return goal[dim][have];
}

bool ReshardLowering::staysEven(unsigned dim, AxisRefAttr next) {
  Axes cut = now[dim];
  cut.push_back(next);
  return cutsEvenly(shape[dim], getSizes(cut));
}

bool ReshardLowering::scatterOne(StringRef kind, Axes &ending) {
  for (unsigned dim = 0; dim < now.size(); ++dim) {
    AxisRefAttr axis = nextOf(dim);
    if (!axis || !llvm::is_contained(ending, axis) || !staysEven(dim, axis))
      continue;
    int64_t size = type().getDimSize(dim) / axis.getSize();
    OpBuilder &b = task.getBuilder();
    setLocal(task.build<ReduceScatterOp>(
        op, withDim(dim, size), value,
        {task.attr("over", task.namesOf(axis)), task.attr("dim", dim),
         task.attr("kind", b.getStringAttr(kind)),
         task.attr("bytes", bytesOf(type()))}));
    now[dim].push_back(axis);
    llvm::erase(ending, axis);
    return true;
  }
  return false;
}

void ReshardLowering::endPartials() {
  for (StringRef kind : {"sum", "max", "min"}) {
    Axes ending = getDifference(from, to, kind, task.getMesh());
    while (scatterOne(kind, ending))
      ;
    if (ending.empty())
      continue;
    setLocal(task.build<AllReduceOp>(
        op, type(), value,
        {task.attr("kind", task.getBuilder().getStringAttr(kind)),
         task.attr("over", task.namesOf(ending)),
         task.attr("bytes", bytesOf(type()))}));
  }
}

void ReshardLowering::slice(unsigned dim, AxisRefAttr axis) {
  int64_t size = type().getDimSize(dim);
  setLocal(task.build<ShardSliceOp>(
      op, withDim(dim, ceilDiv(size, axis.getSize())), value,
      {task.attr("axes", task.namesOf(axis)), task.attr("dim", dim),
       task.attr("size", size)}));
  now[dim].push_back(axis);
}

void ReshardLowering::move(unsigned source, unsigned dim) {
  AxisRefAttr axis = now[source].pop_back_val();
  SmallVector<int64_t> sizes(type().getShape());
  sizes[dim] /= axis.getSize();
  sizes[source] *= axis.getSize();
  setLocal(task.build<AllToAllOp>(
      op, RankedTensorType::get(sizes, type().getElementType()), value,
      {task.attr("over", task.namesOf(axis)), task.attr("split_dim", dim),
       task.attr("concat_dim", source), task.attr("bytes", bytesOf(type()))}));
  now[dim].push_back(axis);
}

void ReshardLowering::gather(unsigned dim) {
  AxisRefAttr axis = now[dim].pop_back_val();
  RankedTensorType blocks =
      withDim(dim, type().getDimSize(dim) * axis.getSize());
  setLocal(task.build<AllGatherOp>(op, blocks, value,
                                   {task.attr("over", task.namesOf(axis)),
                                    task.attr("dim", dim),
                                    task.attr("bytes", bytesOf(blocks))}));
  int64_t bound = cutBound(shape[dim], getSizes(now[dim]));
  if (bound == blocks.getDimSize(dim))
    return;
  OpBuilder &b = task.getBuilder();
  SmallVector<int64_t> start(shape.size(), 0), limit(blocks.getShape());
  limit[dim] = bound;
  setLocal(
      task.build<SliceOp>(op, withDim(dim, bound), value,
                          {task.attr("start", b.getDenseI64ArrayAttr(start)),
                           task.attr("limit", b.getDenseI64ArrayAttr(limit))}));
}

void ReshardLowering::movePlaces() {
  SmallVector<AxisRefAttr> axes;
  std::vector<int64_t> sizes;
  auto place = [&](ArrayRef<Axes> dims) {
    Placement placement;
    for (const Axes &list : dims) {
      std::vector<int> &indices = placement.emplace_back();
      for (AxisRefAttr axis : list) {
        auto at = llvm::find(axes, axis);
        indices.push_back(int(at - axes.begin()));
        if (at == axes.end()) {
          axes.push_back(axis);
          sizes.push_back(axis.getSize());
        }
      }
    }
    return placement;
  };
  Placement source = place(now), target = place(goal);
  std::vector<int64_t> dims(shape.begin(), shape.end());
  for (const ReshardStep &step :
       planReshard(dims, sizes, source, target).steps) {
    if (step.kind == ReshardStep::Slice)
      slice(step.dim, axes[step.axis]);
    else if (step.kind == ReshardStep::Move)
      move(step.from, step.dim);
    else
      gather(step.dim);
  }
}

/// Copies of the block along the dim, of which the one in the rank's place is
/// kept.
void ReshardLowering::embed(unsigned dim) {
  OpBuilder &b = task.getBuilder();
  Axes axes = std::exchange(now[dim], {});
  int64_t size = shape[dim], copies = numShards(axes);
  SmallVector<Value> blocks(copies, value);
  setLocal(task.build<ConcatOp>(op,
                                withDim(dim, type().getDimSize(dim) * copies),
                                blocks, {task.attr("axis", dim)}));
  if (type().getDimSize(dim) != size) {
    SmallVector<int64_t> start(shape.size(), 0), limit(type().getShape());
    limit[dim] = size;
    setLocal(task.build<SliceOp>(
        op, withDim(dim, size), value,
        {task.attr("start", b.getDenseI64ArrayAttr(start)),
         task.attr("limit", b.getDenseI64ArrayAttr(limit))}));
  }
  auto row = RankedTensorType::get(size, b.getI64Type());
  auto flags = RankedTensorType::get(size, b.getI1Type());
  auto spread = [&](RankedTensorType to, Value v, ArrayRef<int64_t> dims) {
    return task
        .build<BroadcastOp>(op, to, v,
                            {task.attr("dims", b.getDenseI64ArrayAttr(dims))})
        .getResult();
  };
  auto compare = [&](StringRef kind, Value l, Value r) {
    return task
        .build<CompareOp>(op, flags, {l, r},
                          {task.attr("kind", b.getStringAttr(kind))})
        .getResult();
  };
  Value lo = task.getOffset(op, axes, size);
  Value extent = task.getExtent(op, axes, size);
  Value end = task.build<AddOp>(op, lo.getType(), {lo, extent});
  Value at = task.build<IotaOp>(op, row, {}, {task.attr("axis", 0)});
  Value inside = task.build<AndOp>(op, flags,
                                   {compare("ge", at, spread(row, lo, {})),
                                    compare("lt", at, spread(row, end, {}))});
  Value kept = spread(type().clone(b.getI1Type()), inside, int64_t(dim));
  Value zero = task.build<ConstantOp>(
      op, type(), {},
      {task.attr("value", b.getZeroAttr(type().getElementType()))});
  setLocal(task.build<SelectOp>(op, type(), {kept, value, zero}));
}

void ReshardLowering::embedBlocks() {
  for (unsigned dim = 0; dim < now.size(); ++dim)
    if (now[dim].size() == 1 && goal[dim].empty() &&
        llvm::is_contained(begin, now[dim][0])) {
      llvm::erase(begin, now[dim][0]);
      embed(dim);
    }
}

void ReshardLowering::beginPartials() {
  if (!begin.empty())
    setLocal(task.build<MaskReplicasOp>(
        op, type(), value, {task.attr("axes", task.namesOf(begin))}));
}

Value ReshardLowering::run() {
  endPartials();
  embedBlocks();
  movePlaces();
  beginPartials();
  return value;
}

Value mlir::mpt::lowerReshard(LocalTask &task, ReshardOp op) {
  return ReshardLowering(task, op).run();
}
