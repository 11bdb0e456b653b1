// SPDX-License-Identifier: Apache-2.0
#include "MaskFacts.h"
#include "HeadView.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;
using llvm::BitVector;

static ArrayRef<int64_t> shapeOf(Value v) {
  return cast<RankedTensorType>(v.getType()).getShape();
}

/// Ops whose element i is computed from elements i of the operands.
static bool isElementwise(Operation *op) {
  return op->hasTrait<OpTrait::Elementwise>() && op->getNumResults() == 1;
}

static BitVector significantDims(Value v) {
  BitVector dims(shapeOf(v).size());
  for (auto [d, size] : llvm::enumerate(shapeOf(v)))
    dims[d] = size != 1;
  return dims;
}

/// Per dim of the operand the dim of the result that it is, -1 for dims of size
/// 1; nothing if the reshape does more than to add and remove dims of size 1.
static std::optional<SmallVector<int64_t>> getUnitReshape(ReshapeOp op) {
  ArrayRef<int64_t> from = shapeOf(op.getInput()), to = shapeOf(op.getResult());
  SmallVector<int64_t> dims;
  size_t j = 0;
  for (int64_t size : from) {
    if (size == 1) {
      dims.push_back(-1);
      continue;
    }
    while (j < to.size() && to[j] == 1)
      ++j;
    if (j == to.size() || to[j] != size)
      return std::nullopt;
    dims.push_back(j++);
  }
  return dims;
}

//===- along which dims ---------------------------------------------------===//

/// Chains longer than this are not looked through: recursion is bounded.
static constexpr unsigned kLongest = 256;

BitVector MaskFacts::getVaryingDims(Value value) {
  if (auto known = varying.find(value); known != varying.end())
    return known->second;
  if (depth == kLongest)
    return varying[value] = significantDims(value);
  ++depth;
  BitVector dims = findVaryingDims(value);
  --depth;
  return varying[value] = dims;
}

BitVector MaskFacts::findVaryingDims(Value value) {
  BitVector all = significantDims(value), dims(all.size());
  Operation *op = value.getDefiningOp();
  if (!op)
    return all;
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    return dense && !dense.isSplat() ? all : dims;
  }
  if (auto iota = dyn_cast<IotaOp>(op)) {
    dims.set(iota.getAxis());
    return dims &= all;
  }
  auto fromOperand = [&](Value operand, ArrayRef<int64_t> resultDims) {
    for (unsigned d : getVaryingDims(operand).set_bits())
      dims.set(resultDims[d]);
    return dims;
  };
  if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return fromOperand(broadcast.getInput(), broadcast.getDims());
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    if (auto to = getUnitReshape(reshape))
      return fromOperand(reshape.getInput(), *to);
    return getVaryingDims(reshape.getInput()).none() ? dims : all;
  }
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    SmallVector<int64_t> to(dims.size());
    for (auto [i, d] : llvm::enumerate(transpose.getPerm()))
      to[d] = i;
    return fromOperand(transpose.getInput(), to);
  }
  if (!isElementwise(op))
    return all;
  for (Value operand : op->getOperands())
    dims |= getVaryingDims(operand);
  return dims;
}

static RankedTensorType typeWith(Value value, const BitVector &kept) {
  SmallVector<int64_t> shape;
  for (unsigned d : kept.set_bits())
    shape.push_back(shapeOf(value)[d]);
  return RankedTensorType::get(
      shape, cast<RankedTensorType>(value.getType()).getElementType());
}

/// The operand's dims among `kept`, which names dims of the result;
/// `resultDims`: where each dim of the operand is in the result.
static BitVector keptOfOperand(Value operand, ArrayRef<int64_t> resultDims,
                               const BitVector &kept) {
  BitVector dims(shapeOf(operand).size());
  for (auto [i, d] : llvm::enumerate(resultDims))
    dims[i] = d >= 0 && kept.test(d) && shapeOf(operand)[i] != 1;
  return dims;
}

static Value restrictBroadcast(MaskFacts &facts, BroadcastOp op,
                               const BitVector &kept, ProgramBuilder &b) {
  BitVector ofInput = keptOfOperand(op.getInput(), op.getDims(), kept);
  Value input = facts.restrictTo(op.getInput(), ofInput, b);
  SmallVector<int64_t> dims;
  int64_t position = 0;
  for (unsigned d : kept.set_bits()) {
    const int64_t *at = llvm::find(op.getDims(), int64_t(d));
    if (at != op.getDims().end() && ofInput.test(at - op.getDims().begin()))
      dims.push_back(position);
    ++position;
  }
  RankedTensorType type = typeWith(op.getResult(), kept);
  if (type == input.getType())
    return input;
  return b.makeAs<BroadcastOp>(type, input, b.dims("dims", dims));
}

static Value restrictTranspose(MaskFacts &facts, TransposeOp op,
                               const BitVector &kept, ProgramBuilder &b) {
  SmallVector<int64_t> to(op.getPerm().size());
  for (auto [i, d] : llvm::enumerate(op.getPerm()))
    to[d] = i;
  BitVector ofInput = keptOfOperand(op.getInput(), to, kept);
  Value input = facts.restrictTo(op.getInput(), ofInput, b);
  SmallVector<int64_t> sources(ofInput.set_bits_begin(),
                               ofInput.set_bits_end());
  SmallVector<int64_t> perm;
  for (unsigned d : kept.set_bits())
    perm.push_back(llvm::find(sources, op.getPerm()[d]) - sources.begin());
  if (llvm::is_sorted(perm))
    return input;
  return b.make<TransposeOp>({input}, b.dims("perm", perm));
}

Value MaskFacts::restrictTo(Value value, const BitVector &kept,
                            ProgramBuilder &b) {
  if (kept.all())
    return value;
  uint64_t bits = 0;
  for (unsigned d : kept.set_bits())
    bits |= uint64_t(1) << d;
  Value &known = restricted[{value, bits}];
  if (known)
    return known;
  Value fresh = restrictAnew(value, kept, b);
  return restricted[{value, bits}] = fresh;
}

Value MaskFacts::restrictAnew(Value value, const BitVector &kept,
                              ProgramBuilder &b) {
  RankedTensorType type = typeWith(value, kept);
  Operation *op = value.getDefiningOp();
  if (kept == significantDims(value))
    return b.makeAs<ReshapeOp>(type, value);
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    Attribute element = constant.getValue();
    if (auto dense = dyn_cast<DenseElementsAttr>(element))
      element = dense.getSplatValue<Attribute>();
    return b.makeAs<ConstantOp>(type, {}, b.getNamedAttr("value", element));
  }
  if (auto iota = dyn_cast<IotaOp>(op)) {
    int64_t axis = 0;
    for (unsigned d : kept.set_bits())
      axis += int64_t(d) < int64_t(iota.getAxis());
    return b.makeAs<IotaOp>(type, {},
                            b.getNamedAttr("axis", b.getI64IntegerAttr(axis)));
  }
  if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return restrictBroadcast(*this, broadcast, kept, b);
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return restrictTranspose(*this, transpose, kept, b);
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    if (auto to = getUnitReshape(reshape)) {
      BitVector ofInput = keptOfOperand(reshape.getInput(), *to, kept);
      return restrictTo(reshape.getInput(), ofInput, b);
    }
    BitVector none(shapeOf(reshape.getInput()).size());
    Value scalar = restrictTo(reshape.getInput(), none, b);
    return b.makeAs<BroadcastOp>(type, scalar, b.dims("dims", {}));
  }
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(restrictTo(operand, kept, b));
  OperationState state(b.getLoc(), op->getName(), operands, type,
                       op->getAttrs());
  state.attributes.erase("id");
  return b.create(state)->getResult(0);
}

//===- at a point ---------------------------------------------------------===//

static double elementAt(DenseElementsAttr dense, ArrayRef<int64_t> index) {
  int64_t at = 0;
  if (!dense.isSplat())
    for (auto [i, size] : llvm::zip(index, dense.getType().getShape()))
      at = at * size + i;
  if (isa<FloatType>(dense.getElementType()))
    return (*(dense.value_begin<APFloat>() + at)).convertToDouble();
  APInt value = *(dense.value_begin<APInt>() + at);
  return value.getBitWidth() == 1 ? double(!value.isZero())
                                  : double(value.getSExtValue());
}

static std::optional<double> compute(Operation *op, ArrayRef<double> x) {
  using Result = std::optional<double>;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](AddOp) { return x[0] + x[1]; })
      .Case([&](SubOp) { return x[0] - x[1]; })
      .Case([&](MulOp) { return x[0] * x[1]; })
      .Case([&](MaxOp) { return std::max(x[0], x[1]); })
      .Case([&](MinOp) { return std::min(x[0], x[1]); })
      .Case([&](NegOp) { return -x[0]; })
      .Case([&](NotOp) { return double(x[0] == 0); })
      .Case([&](AndOp) { return double(x[0] != 0 && x[1] != 0); })
      .Case([&](OrOp) { return double(x[0] != 0 || x[1] != 0); })
      .Case([&](XorOp) { return double((x[0] != 0) != (x[1] != 0)); })
      .Case([&](SelectOp) { return x[0] != 0 ? x[1] : x[2]; })
      .Case([&](DivOp div) -> Result {
        if (!isa<FloatType>(getElementTypeOrSelf(div.getType())))
          return std::nullopt;
        return x[0] / x[1];
      })
      .Case([&](ConvertOp convert) -> Result {
        Type to = getElementTypeOrSelf(convert.getType());
        if (to.isInteger(1))
          return double(x[0] != 0);
        return isa<FloatType>(to) ? x[0] : std::trunc(x[0]);
      })
      .Case([&](CompareOp compare) -> Result {
        return llvm::StringSwitch<Result>(compare.getKind())
            .Case("eq", double(x[0] == x[1]))
            .Case("ne", double(x[0] != x[1]))
            .Case("lt", double(x[0] < x[1]))
            .Case("le", double(x[0] <= x[1]))
            .Case("gt", double(x[0] > x[1]))
            .Case("ge", double(x[0] >= x[1]))
            .Default(std::nullopt);
      })
      .Default([](Operation *) { return std::nullopt; });
}

/// The row-major position of `index` in `from` as an index in `to`.
static SmallVector<int64_t> moveIndex(ArrayRef<int64_t> index,
                                      ArrayRef<int64_t> from,
                                      ArrayRef<int64_t> to) {
  int64_t at = 0;
  for (auto [i, size] : llvm::zip(index, from))
    at = at * size + i;
  SmallVector<int64_t> moved(to.size());
  for (size_t d = to.size(); d-- > 0; at /= to[d])
    moved[d] = at % to[d];
  return moved;
}

/// The index in the operand of an op that only moves elements.
static std::optional<SmallVector<int64_t>> sourceIndex(Operation *op,
                                                       ArrayRef<int64_t> at) {
  SmallVector<int64_t> index;
  if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
    for (int64_t d : broadcast.getDims())
      index.push_back(at[d]);
  } else if (auto transpose = dyn_cast<TransposeOp>(op)) {
    index.resize(at.size());
    for (auto [i, d] : llvm::enumerate(transpose.getPerm()))
      index[d] = at[i];
  } else if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    index = moveIndex(at, shapeOf(reshape.getResult()),
                      shapeOf(reshape.getInput()));
  } else if (auto slice = dyn_cast<SliceOp>(op)) {
    for (auto [d, i] : llvm::enumerate(at))
      index.push_back(slice.getStart()[d] + i * slice.getStrideOf(d));
  } else {
    return std::nullopt;
  }
  return index;
}

static std::optional<double> evaluate(Value value, ArrayRef<int64_t> index,
                                      unsigned &left) {
  Operation *op = value.getDefiningOp();
  if (!op || left == 0)
    return std::nullopt;
  --left;
  if (std::optional<double> splat = getSplat(value))
    return splat;
  if (auto constant = dyn_cast<ConstantOp>(op))
    return elementAt(cast<DenseElementsAttr>(constant.getValue()), index);
  if (auto iota = dyn_cast<IotaOp>(op))
    return double(index[iota.getAxis()]);
  if (auto moved = sourceIndex(op, index))
    return evaluate(op->getOperand(0), *moved, left);
  if (!isElementwise(op))
    return std::nullopt;
  SmallVector<double> operands;
  for (Value operand : op->getOperands()) {
    std::optional<double> x = evaluate(operand, index, left);
    if (!x)
      return std::nullopt;
    operands.push_back(*x);
  }
  return compute(op, operands);
}

std::optional<double> mlir::mpt::import::evaluateAt(Value value,
                                                    ArrayRef<int64_t> index) {
  unsigned left = kLongest;
  return evaluate(value, index, left);
}

//===- visibility ---------------------------------------------------------===//

/// Compares every point with the triangle that row 0 begins.
static std::optional<Visibility>
findVisibility(ArrayRef<int64_t> shape,
               llvm::function_ref<std::optional<bool>(ArrayRef<int64_t>)> at) {
  SmallVector<int64_t> index(shape.size(), 0);
  int64_t &row = index[shape.size() - 2], &key = index.back();
  int64_t rows = shape[shape.size() - 2], keys = shape.back(), first = 0;
  for (key = 0; key < keys; ++key) {
    std::optional<bool> visible = at(index);
    if (!visible)
      return std::nullopt;
    if (!*visible)
      break;
    ++first;
  }
  if (first == 0)
    return std::nullopt;
  bool all = first == keys;
  for (row = 0; row < rows; ++row)
    for (key = 0; key < keys; ++key)
      if (at(index) != std::optional<bool>(all || key < first + row))
        return std::nullopt;
  return Visibility{all, first - 1};
}

std::optional<Visibility> MaskFacts::getVisibility(Value mask, bool inverted,
                                                   double hidden) {
  // Computing a point takes half a microsecond.
  constexpr int64_t mostPoints = int64_t(1) << 24;
  if (shapeOf(mask).back() * shapeOf(mask).drop_back().back() > mostPoints)
    return std::nullopt;
  bool isBool = getElementTypeOrSelf(mask.getType()).isInteger(1);
  // Layers spread one mask each for themselves.
  Value source = mask;
  while (Operation *op = source.getDefiningOp()) {
    auto reshape = dyn_cast<ReshapeOp>(op);
    if (!isa<BroadcastOp>(op) && !(reshape && getUnitReshape(reshape)))
      break;
    source = op->getOperand(0);
  }
  // In two dims it can be spread in one way only.
  bool isPlane = significantDims(source).count() == 2;
  if (auto known = seen[inverted].find(source);
      isPlane && known != seen[inverted].end())
    return known->second;
  auto at = [&](ArrayRef<int64_t> index) -> std::optional<bool> {
    std::optional<double> x = evaluateAt(mask, index);
    if (!x)
      return std::nullopt;
    if (isBool)
      return (*x != 0) != inverted;
    if (*x == 0)
      return true;
    return *x <= hidden ? std::optional<bool>(false) : std::nullopt;
  };
  std::optional<Visibility> visibility = findVisibility(shapeOf(mask), at);
  if (isPlane)
    seen[inverted][source] = visibility;
  return visibility;
}
