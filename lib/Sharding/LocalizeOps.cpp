// SPDX-License-Identifier: Apache-2.0
//
// The local form of each op. An op whose cut dims are pass-through or reduced
// is the same op on local types (results of reductions are then partial, as
// their types of phase 5 said). What differs:
//  - ops that count positions get the rank's offset: take, scatter_rows,
//    cross_entropy_grad, iota;
//  - cross_entropy over cut classes falls into local part, max, rescale, sum
//  and
//    finish; lse counts once among the replicas, since the loss is a partial
//    sum;
//  - constants of several elements are sliced; sizes in attributes follow;
//  - totals learns on which axes an entry is equal and counts once.
//
#include "Localize.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::mpt;
using namespace ::mpt::sharding;

static RankedTensorType tensorOf(Value v) {
  return cast<RankedTensorType>(v.getType());
}

//===- Checks ------------------------------------------------------------===//

static ArrayRef<AxisRefAttr> axesOf(Type type, unsigned dim) {
  ShardingAttr sharding = getSharding(type);
  return sharding ? sharding.getDims()[dim].getAxes() : ArrayRef<AxisRefAttr>();
}

static std::string listAxes(ArrayRef<AxisRefAttr> axes) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(
      axes, os, [&](AxisRefAttr a) { os << "'" << a.getName() << "'"; });
  return text;
}

/// A dim of a value that lies on several devices must have a factor that does
/// not need to be whole. Constants, iotas and the classes of cross_entropy have
/// local forms of their own.
static LogicalResult checkDim(ComputeOpInterface op, const ShardingRule &rule,
                              Value value, unsigned dim,
                              const DimFactors &factors) {
  ArrayRef<AxisRefAttr> axes = axesOf(value.getType(), dim);
  if (axes.empty() || isa<ConstantOp, IotaOp>(op))
    return success();
  bool whole = factors.empty();
  for (unsigned factor : factors) {
    IterKind kind = rule.factors[factor].kind;
    whole |= kind == IterKind::Replicate;
    whole |= kind == IterKind::TwoPhase && !isa<CrossEntropyOp>(op);
  }
  if (!whole)
    return success();
  return op->emitOpError() << "needs dim " << dim << " of " << value.getType()
                           << " whole, but it is cut over " << listAxes(axes)
                           << "; reshard it before or choose another sharding";
}

static LogicalResult checkDims(ComputeOpInterface op) {
  ShardingRule rule = op.getShardingRule();
  LogicalResult result = success();
  auto check = [&](ValueRange values, ArrayRef<SmallVector<DimFactors>> dims) {
    for (auto [value, ofValue] : llvm::zip(values, dims))
      for (auto [dim, factors] : llvm::enumerate(ofValue))
        if (failed(checkDim(op, rule, value, dim, factors)))
          result = failure();
  };
  check(op->getOperands(), rule.operands);
  if (succeeded(result))
    check(op->getResults(), rule.results);
  return result;
}

/// The parts of a merged dim are contiguous in it only if they are cut evenly,
/// and only under parts that are cut to single elements.
static LogicalResult checkReshape(ReshapeOp op, MeshOp mesh) {
  auto isTime = [&](StringRef axis) { return mesh.isTime(axis); };
  RankedTensorType from = tensorOf(op.getInput()),
                   to = tensorOf(op.getResult());
  ShardingRule rule = op.getShardingRule();
  bool fits = getLocalType(from, isTime).getNumElements() ==
              getLocalType(to, isTime).getNumElements();
  auto check = [&](RankedTensorType parts, ArrayRef<DimFactors> ofMerged,
                   ArrayRef<DimFactors> ofParts) {
    for (const DimFactors &factors : ofMerged) {
      bool mustBeWhole = false;
      for (unsigned factor : factors) {
        auto part = llvm::find_if(ofParts, [&](const DimFactors &f) {
          return llvm::is_contained(f, factor);
        });
        unsigned dim = part - ofParts.begin();
        ArrayRef<AxisRefAttr> axes = axesOf(parts, dim);
        fits &= axes.empty() || !mustBeWhole;
        if (factors.size() > 1)
          fits &= cutsEvenly(parts.getDimSize(dim), getSizes(axes));
        mustBeWhole |= getLocalType(parts, isTime).getDimSize(dim) > 1;
      }
    }
  };
  check(to, rule.operands[0], rule.results[0]);
  check(from, rule.results[0], rule.operands[0]);
  if (fits)
    return success();
  return op.emitOpError() << "cannot keep the cuts from " << from << " to "
                          << to
                          << "; cut only its major part and into equal blocks, "
                             "or reshard before";
}

static LogicalResult checkConstant(ConstantOp op) {
  ShardingAttr sharding = getSharding(op.getType());
  if (!sharding || !sharding.isPartial())
    return success();
  Attribute value = op.getValue();
  if (auto dense = dyn_cast<DenseElementsAttr>(value); dense && dense.isSplat())
    value = dense.getSplatValue<Attribute>();
  auto f = dyn_cast<FloatAttr>(value);
  auto i = dyn_cast<IntegerAttr>(value);
  if ((f && f.getValue().isZero()) || (i && i.getValue().isZero()))
    return success();
  return op.emitOpError() << "a partial constant must be zero, found "
                          << op.getValue();
}

static LogicalResult checkCrossEntropy(CrossEntropyOp op, MeshOp mesh) {
  unsigned cls = tensorOf(op.getLogits()).getRank() - 1;
  ArrayRef<AxisRefAttr> axes = axesOf(op.getLogits().getType(), cls);
  int64_t classes = tensorOf(op.getLogits()).getDimSize(cls);
  for (AxisRefAttr axis : axes)
    if (mesh.isTime(axis.getName()))
      return op.emitOpError() << "classes are cut over '" << axis.getName()
                              << "', an axis of time";
  if (padsPastEnd(classes, getSizes(axes)))
    return success();
  return op.emitOpError() << "cannot cut " << classes << " classes over "
                          << listAxes(axes)
                          << ": a pad would stand for a class of another rank; "
                             "cut them over one axis";
}

/// Time axes stand before device axes in a dim, whole.
static LogicalResult checkTime(Operation *op, MeshOp mesh) {
  for (Type type : op->getResultTypes())
    if (ShardingAttr sharding = getSharding(type))
      for (DimShardingAttr dim : sharding.getDims()) {
        bool device = false;
        for (AxisRefAttr axis : dim.getAxes()) {
          bool time = mesh.isTime(axis.getName());
          if (time && device)
            return op->emitOpError()
                   << "axis '" << axis.getName()
                   << "' of time must be the major axis of its dim, found "
                   << sharding;
          device |= !time;
        }
      }
  return success();
}

LogicalResult mlir::mpt::checkLocalizable(Operation *op, MeshOp mesh) {
  if (failed(checkTime(op, mesh)))
    return failure();
  if (auto reshard = dyn_cast<ReshardOp>(op))
    return checkReshard(reshard, mesh);
  if (isa<PointOp, func::ReturnOp>(op))
    return success();
  auto compute = dyn_cast<ComputeOpInterface>(op);
  if (!compute || op->getNumRegions() != 0 || isa<ConstrainOp>(op))
    return op->emitOpError() << "has no place in a task before phase 6";
  if (failed(checkDims(compute)))
    return failure();
  if (auto reshape = dyn_cast<ReshapeOp>(op))
    return checkReshape(reshape, mesh);
  if (auto constant = dyn_cast<ConstantOp>(op))
    return checkConstant(constant);
  if (auto loss = dyn_cast<CrossEntropyOp>(op))
    return checkCrossEntropy(loss, mesh);
  return success();
}

//===- Constants ---------------------------------------------------------===//

/// A scalar fills the local shape; elements are cut dim by dim out of the
/// whole.
static void localizeConstant(LocalTask &task, ConstantOp op) {
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!dense) {
    task.copy(op, {});
    return;
  }
  if (dense.isSplat()) {
    Value filled = task.build<ConstantOp>(
        op, task.localType(op.getType()), {},
        {task.attr("value", dense.getSplatValue<Attribute>())});
    return task.map(op.getResult(), filled);
  }
  Value value = task.build<ConstantOp>(op, withoutEncoding(op.getType()), {},
                                       {task.attr("value", op.getValue())});
  RankedTensorType local = task.localType(op.getType());
  SmallVector<int64_t> shape(dense.getType().getShape());
  for (unsigned dim = 0; dim < shape.size(); ++dim) {
    DimCut cut = task.cutOf(op.getType(), dim);
    if (!cut.isCut())
      continue;
    int64_t size = std::exchange(shape[dim], local.getDimSize(dim));
    value = task.build<ShardSliceOp>(
        op, RankedTensorType::get(shape, local.getElementType()), value,
        {task.attr("axes", task.namesOf(cut.device)), task.attr("dim", dim),
         task.attr("size", size)});
  }
  task.map(op.getResult(), value);
}

/// The local count plus the rank's offset.
static void localizeIota(LocalTask &task, IotaOp op) {
  DimCut cut = task.cutOf(op.getType(), op.getAxis());
  Operation *local = task.copy(op, {});
  if (!cut.isCut())
    return;
  OpBuilder &b = task.getBuilder();
  Type type = local->getResult(0).getType();
  Value offset = task.getOffset(op, cut.device, cut.size);
  Type element = getElementTypeOrSelf(type);
  if (element != getElementTypeOrSelf(offset))
    offset =
        task.build<ConvertOp>(op, RankedTensorType::get({}, element), offset);
  Value all = task.build<BroadcastOp>(
      op, type, offset, {task.attr("dims", b.getDenseI64ArrayAttr({}))});
  Value sum = task.build<AddOp>(op, type, {local->getResult(0), all});
  task.map(op.getResult(), sum);
}

//===- Ops that know positions -------------------------------------------===//

/// The op with the offset in dim `dim` of operand `of` as its last operand.
static void addOffset(LocalTask &task, ComputeOpInterface op, unsigned of,
                      unsigned dim) {
  SmallVector<Value> operands = maskOperands(task, op);
  DimCut cut = task.cutOf(op->getOperand(of).getType(), dim);
  if (cut.isCut())
    operands.push_back(task.getOffset(op, cut.device, cut.size));
  task.copy(op, operands);
}

/// A dim that the slice keeps whole may be cut: its limit is the bound.
static void localizeSlice(LocalTask &task, SliceOp op) {
  auto local = cast<SliceOp>(task.copy(op, task.lookup(op->getOperands())));
  SmallVector<int64_t> limit(local.getLimit());
  for (auto [dim, bound] :
       llvm::enumerate(tensorOf(local.getInput()).getShape()))
    if (!axesOf(op.getInput().getType(), dim).empty())
      limit[dim] = bound;
  local.setLimit(limit);
}

/// once: the axes of devices on which all ranks of a stage hold the same value.
static void localizeTotals(LocalTask &task, TotalsOp op) {
  SmallVector<Attribute> once;
  for (Value operand : op.getInputs()) {
    ShardingAttr sharding = getSharding(operand.getType());
    SmallVector<AxisRefAttr> equal;
    for (auto axis : task.getMesh().getAxes().getAsRange<AxisRefAttr>())
      if (axis.getName() != "pp" &&
          (!sharding || !sharding.isPartialOver(axis.getName())))
        equal.push_back(axis);
    once.push_back(task.namesOf(equal));
  }
  auto local = cast<TotalsOp>(task.copy(op, task.lookup(op->getOperands())));
  local.setOnceAttr(task.getBuilder().getArrayAttr(once));
}

//===- cross_entropy -----------------------------------------------------===//

static Value reduceRows(LocalTask &task, Operation *op, StringRef kind,
                        Value rows, ArrayRef<AxisRefAttr> axes) {
  OpBuilder &b = task.getBuilder();
  Value all =
      task.build<AllReduceOp>(op, rows.getType(), rows,
                              {task.attr("kind", b.getStringAttr(kind)),
                               task.attr("over", task.namesOf(axes)),
                               task.attr("bytes", bytesOf(rows.getType()))})
          .getOutputs()[0];
  task.addPoint(op);
  return all;
}

static void localizeCrossEntropy(LocalTask &task, CrossEntropyOp op) {
  SmallVector<Value> operands = maskOperands(task, op);
  RankedTensorType logits = tensorOf(op.getLogits());
  DimCut cut = task.cutOf(logits, logits.getRank() - 1);
  if (!cut.isCut()) {
    task.copy(op, operands);
    return;
  }
  Value labels = operands[1], lo = task.getOffset(op, cut.device, cut.size);
  Type rows = task.localType(op.getLse().getType());
  auto part = task.build<CrossEntropyLocalOp>(op, {rows, rows, rows},
                                              {operands[0], labels, lo});
  Value max = reduceRows(task, op, "max", part.getMax(), cut.device);
  Value below = task.build<SubOp>(op, rows, {part.getMax(), max});
  Value scale = task.build<ExpOp>(op, rows, below);
  Value scaled = task.build<MulOp>(op, rows, {part.getSum(), scale});
  Value sum = reduceRows(task, op, "sum", scaled, cut.device);
  Value log = task.build<LogOp>(op, rows, sum);
  Value lse = task.build<AddOp>(op, rows, {max, log});
  Value once = task.build<MaskReplicasOp>(
      op, rows, lse, {task.attr("axes", task.namesOf(cut.device))});
  Value loss = task.build<CrossEntropyFinishOp>(
      op, task.localType(op.getLoss().getType()),
      {once, part.getTarget(), labels},
      {task.attr("ignore_index", op.getIgnoreIndexAttr())});
  task.map(op->getResults(), {loss, lse});
}

//===- Dispatch ----------------------------------------------------------===//

void mlir::mpt::localizeOp(LocalTask &task, Operation *op) {
  TypeSwitch<Operation *>(op)
      .Case([&](ReshardOp reshard) {
        task.map(reshard.getResult(), lowerReshard(task, reshard));
      })
      .Case([&](PointOp) { task.addPoint(op); })
      .Case([&](func::ReturnOp) {
        task.copy(op, task.lookup(op->getOperands()));
      })
      .Case([&](ConstantOp constant) { localizeConstant(task, constant); })
      .Case([&](IotaOp iota) { localizeIota(task, iota); })
      .Case([&](SliceOp slice) { localizeSlice(task, slice); })
      .Case([&](TakeOp take) { addOffset(task, take, 0, take.getAxis()); })
      .Case([&](ScatterRowsOp scatter) {
        addOffset(task, scatter, 0, scatter.getAxis());
      })
      .Case([&](CrossEntropyOp loss) { localizeCrossEntropy(task, loss); })
      .Case([&](CrossEntropyGradOp grad) {
        unsigned cls = tensorOf(grad.getLogits()).getRank() - 1;
        addOffset(task, grad, 0, cls);
      })
      .Case([&](TotalsOp totals) { localizeTotals(task, totals); })
      .Default([&](Operation *) {
        task.copy(op, maskOperands(task, cast<ComputeOpInterface>(op)));
      });
}
