// SPDX-License-Identifier: Apache-2.0
//===- SplitFusedDims.cpp - fused layers become whole factors -------------===//
//
// A layer that makes several things at once (q, k and v; gate and up) has one
// dim for all of them, [D, 3 E], and slices of its result. Cut over a mesh axis
// in blocks, such a dim would be cut across the things; so it is written as
// factors, [D, 3, E], of which the minor one can be cut:
//
//   1. a wish: equal slices along a dim, or slices of single elements along the
//      major part that a reshape split off a dim
//   2. may it be met: up through elementwise ops, transposes, reshapes that
//      keep the dim and contractions, to parameters
//   3. if so, the same ops again with the dim split; states get the split shape
//      and keep the file's as `file_shape` (elements keep their order)
//
// What else used the fused value gets it through a reshape. Unequal slices (the
// fused layers of grouped queries) stay as they are.
//
//===----------------------------------------------------------------------===//
#include "mpt/IR/Config.h"
#include "mpt/IR/Mpt.h"
#include "mpt/Import/Passes.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_SPLITFUSEDDIMSPASS
#include "mpt/Import/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

static RankedTensorType tensorOf(Value v) {
  return cast<RankedTensorType>(v.getType());
}

static int64_t productOf(ArrayRef<int64_t> sizes) {
  int64_t n = 1;
  for (int64_t size : sizes)
    n *= size;
  return n;
}

/// The operand's dim whose first element is that of dim `dim` of the result.
static std::optional<unsigned> alignedDim(ReshapeOp op, unsigned dim) {
  ArrayRef<int64_t> from = tensorOf(op.getInput()).getShape();
  int64_t before =
      productOf(tensorOf(op.getResult()).getShape().take_front(dim));
  for (unsigned d = 0; d < from.size(); ++d)
    if (from[d] != 1 && productOf(from.take_front(d)) == before)
      return d;
  return std::nullopt;
}

/// `shape` with dim `dim` as parts x rest.
static SmallVector<int64_t> splitShape(ArrayRef<int64_t> shape, unsigned dim,
                                       int64_t parts) {
  SmallVector<int64_t> split(shape);
  split[dim] = parts;
  split.insert(split.begin() + dim + 1, shape[dim] / parts);
  return split;
}

/// Dim numbers after dim `dim` became two; `dim` itself becomes both if `both`.
static SmallVector<int64_t> shiftDims(ArrayRef<int64_t> dims, unsigned dim,
                                      bool both) {
  SmallVector<int64_t> shifted;
  for (int64_t d : dims) {
    shifted.push_back(d > int64_t(dim) ? d + 1 : d);
    if (both && d == int64_t(dim))
      shifted.push_back(d + 1);
  }
  return shifted;
}

namespace {
/// What a dim of a value comes from.
enum class Origin { None, Constant, Parameter, Layer };

class FusedDims {
public:
  FusedDims(ModuleOp module, func::FuncOp program);
  void run();

private:
  Origin originOf(Value v, unsigned dim);
  Origin originOfDot(DotGeneralOp op, unsigned dim);
  void splitSlices(Value input, unsigned dim, ArrayRef<SliceOp> slices);
  void splitReshape(Value input, unsigned dim);
  Value split(Value v, unsigned dim, int64_t parts);
  Value splitRead(ReadOp op, unsigned dim, int64_t parts);
  Value splitDot(DotGeneralOp op, unsigned dim, int64_t parts);
  /// `op` with these operands and the dim split, before `op`.
  Operation *cloneSplit(Operation *op, ValueRange operands, unsigned dim,
                        int64_t parts);
  Value reshape(OpBuilder &b, Value v, ArrayRef<int64_t> shape, Location loc);
  void replaceFused();

  ModuleOp module;
  func::FuncOp program;
  int64_t nextId = 0;
  SmallVector<NamedAttribute> nodes;
  llvm::MapVector<std::pair<Value, unsigned>, Value> done;
};
} // namespace

FusedDims::FusedDims(ModuleOp module, func::FuncOp program)
    : module(module), program(program) {
  for (Operation &op : program.getBody().front())
    if (auto id = op.getAttrOfType<IntegerAttr>("id"))
      nextId = std::max(nextId, id.getInt() + 1);
  if (auto dict = module->getAttrOfType<DictionaryAttr>(kNodesAttr))
    llvm::append_range(nodes, dict);
}

/// Which operand of a contraction holds dim `dim` of the result as a free dim,
/// and as which of its dims.
static std::optional<std::pair<unsigned, unsigned>> freeDimOf(DotGeneralOp op,
                                                              unsigned dim) {
  unsigned next = op.getLhsBatchDims().size();
  for (unsigned side : {0, 1}) {
    ArrayRef<int64_t> batch =
        side == 0 ? op.getLhsBatchDims() : op.getRhsBatchDims();
    ArrayRef<int64_t> contract =
        side == 0 ? op.getLhsContract() : op.getRhsContract();
    for (int64_t d = 0; d < tensorOf(op->getOperand(side)).getRank(); ++d)
      if (!llvm::is_contained(batch, d) && !llvm::is_contained(contract, d) &&
          next++ == dim)
        return std::pair(side, unsigned(d));
  }
  return std::nullopt;
}

Origin FusedDims::originOfDot(DotGeneralOp op, unsigned dim) {
  auto at = freeDimOf(op, dim);
  if (!at || originOf(op->getOperand(at->first), at->second) == Origin::None)
    return Origin::None;
  return Origin::Layer;
}

Origin FusedDims::originOf(Value v, unsigned dim) {
  Operation *op = v.getDefiningOp();
  if (auto read = dyn_cast_or_null<ReadOp>(op)) {
    auto state = SymbolTable::lookupNearestSymbolFrom<StateOp>(
        read, read.getSourceAttr());
    auto slice =
        dyn_cast_or_null<SliceAttr>(state.getSource().value_or(Attribute()));
    return slice && slice.getPerm().empty() ? Origin::Parameter : Origin::None;
  }
  if (auto constant = dyn_cast_or_null<ConstantOp>(op)) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    return !dense || dense.isSplat() ? Origin::Constant : Origin::None;
  }
  if (auto transpose = dyn_cast_or_null<TransposeOp>(op))
    return originOf(transpose.getInput(), transpose.getPerm()[dim]);
  if (auto dot = dyn_cast_or_null<DotGeneralOp>(op))
    return originOfDot(dot, dim);
  if (auto broadcast = dyn_cast_or_null<BroadcastOp>(op)) {
    auto at = llvm::find(broadcast.getDims(), int64_t(dim));
    return at == broadcast.getDims().end()
               ? Origin::Constant
               : originOf(broadcast.getInput(),
                          at - broadcast.getDims().begin());
  }
  if (auto reshaped = dyn_cast_or_null<ReshapeOp>(op)) {
    auto from = alignedDim(reshaped, dim);
    bool kept = from && tensorOf(reshaped.getInput()).getDimSize(*from) ==
                            tensorOf(v).getDimSize(dim);
    return kept ? originOf(reshaped.getInput(), *from) : Origin::None;
  }
  if (!op || !op->hasTrait<OpTrait::Elementwise>())
    return Origin::None;
  Origin most = Origin::Constant;
  for (Value operand : op->getOperands()) {
    Origin origin = originOf(operand, dim);
    if (origin == Origin::None)
      return origin;
    most = std::max(most, origin);
  }
  return most;
}

Value FusedDims::reshape(OpBuilder &b, Value v, ArrayRef<int64_t> shape,
                         Location loc) {
  auto type = RankedTensorType::get(shape, tensorOf(v).getElementType());
  auto op = ReshapeOp::create(b, loc, TypeRange(type), ValueRange(v));
  if (auto name = dyn_cast<NameLoc>(loc))
    nodes.push_back(b.getNamedAttr(std::to_string(nextId), name.getName()));
  op->setAttr("id", b.getI64IntegerAttr(nextId++));
  return op.getResult();
}

Operation *FusedDims::cloneSplit(Operation *op, ValueRange operands,
                                 unsigned dim, int64_t parts) {
  OpBuilder b(op);
  Operation *clone = b.clone(*op);
  clone->setOperands(operands);
  Value result = clone->getResult(0);
  result.setType(
      RankedTensorType::get(splitShape(tensorOf(result).getShape(), dim, parts),
                            tensorOf(result).getElementType()));
  return clone;
}

Value FusedDims::splitRead(ReadOp op, unsigned dim, int64_t parts) {
  auto state =
      SymbolTable::lookupNearestSymbolFrom<StateOp>(op, op.getSourceAttr());
  if (!state.getFileShape())
    state.setFileShape(state.getTensorType().getShape());
  Operation *clone = cloneSplit(op, {}, dim, parts);
  state.setTypeAttr(TypeAttr::get(clone->getResult(0).getType()));
  return clone->getResult(0);
}

Value FusedDims::splitDot(DotGeneralOp op, unsigned dim, int64_t parts) {
  auto [side, of] = *freeDimOf(op, dim);
  SmallVector<Value> operands(op->getOperands());
  operands[side] = split(operands[side], of, parts);
  auto clone = cast<DotGeneralOp>(cloneSplit(op, operands, dim, parts));
  if (side == 0) {
    clone.setLhsContract(shiftDims(op.getLhsContract(), of, false));
    if (op.getLhsBatch())
      clone.setLhsBatch(shiftDims(*op.getLhsBatch(), of, false));
  } else {
    clone.setRhsContract(shiftDims(op.getRhsContract(), of, false));
    if (op.getRhsBatch())
      clone.setRhsBatch(shiftDims(*op.getRhsBatch(), of, false));
  }
  return clone.getResult();
}

Value FusedDims::split(Value v, unsigned dim, int64_t parts) {
  if (Value known = done.lookup({v, dim}))
    return known;
  Operation *op = v.getDefiningOp();
  Value result;
  if (auto read = dyn_cast<ReadOp>(op)) {
    result = splitRead(read, dim, parts);
  } else if (auto dot = dyn_cast<DotGeneralOp>(op)) {
    result = splitDot(dot, dim, parts);
  } else if (auto transpose = dyn_cast<TransposeOp>(op)) {
    unsigned from = transpose.getPerm()[dim];
    Value input = split(transpose.getInput(), from, parts);
    auto clone = cast<TransposeOp>(cloneSplit(op, input, dim, parts));
    clone.setPerm(shiftDims(transpose.getPerm(), from, true));
    result = clone.getResult();
  } else if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
    Value input = broadcast.getInput();
    auto at = llvm::find(broadcast.getDims(), int64_t(dim));
    bool held = at != broadcast.getDims().end();
    if (held)
      input = split(input, at - broadcast.getDims().begin(), parts);
    auto clone = cast<BroadcastOp>(cloneSplit(op, input, dim, parts));
    clone.setDims(shiftDims(broadcast.getDims(), dim, held));
    result = clone.getResult();
  } else if (auto reshaped = dyn_cast<ReshapeOp>(op)) {
    Value input = split(reshaped.getInput(), *alignedDim(reshaped, dim), parts);
    result = cloneSplit(op, input, dim, parts)->getResult(0);
  } else {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(split(operand, dim, parts));
    result = cloneSplit(op, operands, dim, parts)->getResult(0);
  }
  if (auto constant = result.getDefiningOp<ConstantOp>())
    if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue()))
      constant.setValueAttr(dense.reshape(tensorOf(result)));
  done[{v, dim}] = result;
  return result;
}

/// Slices of equal size along a dim: each takes one part.
void FusedDims::splitSlices(Value input, unsigned dim,
                            ArrayRef<SliceOp> slices) {
  int64_t size = tensorOf(input).getDimSize(dim);
  SliceOp first = slices.front();
  int64_t part = tensorOf(first).getDimSize(dim);
  bool equal =
      part > 0 && size % part == 0 && llvm::all_of(slices, [&](SliceOp op) {
        return tensorOf(op).getDimSize(dim) == part &&
               op.getStart()[dim] % part == 0 && op.getStrideOf(dim) == 1;
      });
  if (!equal)
    return;
  if (part == 1)
    return splitReshape(input, dim);
  if (originOf(input, dim) != Origin::Layer)
    return;
  Value factored = split(input, dim, size / part);
  for (SliceOp op : slices) {
    OpBuilder b(op);
    SmallVector<int64_t> start(op.getStart()), limit(op.getLimit());
    start[dim] /= part, limit[dim] = start[dim] + 1;
    start.insert(start.begin() + dim + 1, 0);
    limit.insert(limit.begin() + dim + 1, part);
    NamedAttrList attrs(op->getAttrs());
    attrs.erase("stride");
    attrs.set("start", b.getDenseI64ArrayAttr(start));
    attrs.set("limit", b.getDenseI64ArrayAttr(limit));
    Value one =
        SliceOp::create(b, op.getLoc(), ValueRange(factored), attrs.getAttrs());
    op.replaceAllUsesWith(
        reshape(b, one, tensorOf(op).getShape(), op.getLoc()));
    op.erase();
  }
}

/// Slices of single elements along a dim that a reshape split off as the major
/// part: the reshape's operand is split, too.
void FusedDims::splitReshape(Value input, unsigned dim) {
  int64_t parts = tensorOf(input).getDimSize(dim);
  while (auto transpose = input.getDefiningOp<TransposeOp>()) {
    dim = transpose.getPerm()[dim];
    input = transpose.getInput();
  }
  auto op = input.getDefiningOp<ReshapeOp>();
  if (!op || parts == 1)
    return;
  auto from = alignedDim(op, dim);
  int64_t size = from ? tensorOf(op.getInput()).getDimSize(*from) : 0;
  if (!from || size == parts || size % parts != 0 ||
      originOf(op.getInput(), *from) != Origin::Layer)
    return;
  op->setOperand(0, split(op.getInput(), *from, parts));
}

/// Fused values that are still used come from the split ones.
void FusedDims::replaceFused() {
  for (auto &[key, value] : llvm::reverse(done)) {
    auto [fused, dim] = key;
    Operation *op = fused.getDefiningOp();
    if (!fused.use_empty()) {
      OpBuilder b(op->getContext());
      b.setInsertionPointAfterValue(value);
      // Reads stand together at the entry.
      if (isa<ReadOp>(op))
        for (Operation *next = value.getDefiningOp()->getNextNode();
             isa<ReadOp>(next); next = next->getNextNode())
          b.setInsertionPointAfter(next);
      fused.replaceAllUsesWith(
          reshape(b, value, tensorOf(fused).getShape(), op->getLoc()));
    }
    op->erase();
  }
}

void FusedDims::run() {
  llvm::MapVector<std::pair<Value, unsigned>, SmallVector<SliceOp>> wishes;
  DenseSet<Value> mixed; // sliced along several dims at once
  for (auto op : program.getOps<SliceOp>()) {
    SmallVector<unsigned> dims;
    for (unsigned d = 0; d < tensorOf(op).getRank(); ++d)
      if (tensorOf(op).getDimSize(d) != tensorOf(op.getInput()).getDimSize(d))
        dims.push_back(d);
    if (dims.size() == 1)
      wishes[{op.getInput(), dims[0]}].push_back(op);
    else
      mixed.insert(op.getInput());
  }
  for (auto &[key, slices] : wishes)
    if (!mixed.contains(key.first))
      splitSlices(key.first, key.second, slices);
  replaceFused();
  if (!nodes.empty())
    module->setAttr(kNodesAttr,
                    DictionaryAttr::get(module.getContext(), nodes));
}

namespace {
struct SplitFusedDims
    : mlir::mpt::impl::SplitFusedDimsPassBase<SplitFusedDims> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<func::FuncOp>())
      if (!program.isExternal())
        FusedDims(getOperation(), program).run();
  }
};
} // namespace
