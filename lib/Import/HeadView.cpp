// SPDX-License-Identifier: Apache-2.0
#include "HeadView.h"

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;

static std::optional<double> toNumber(Attribute attr) {
  if (auto f = dyn_cast<FloatAttr>(attr))
    return f.getValueAsDouble();
  if (auto i = dyn_cast<IntegerAttr>(attr))
    return i.getType().isInteger(1) ? double(!i.getValue().isZero())
                                    : double(i.getInt());
  return std::nullopt;
}

std::optional<double> mlir::mpt::import::getSplat(Value value) {
  while (auto op = value.getDefiningOp()) {
    if (!isa<BroadcastOp, ReshapeOp>(op))
      break;
    value = op->getOperand(0);
  }
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant)
    return std::nullopt;
  Attribute attr = constant.getValue();
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    if (!dense.isSplat())
      return std::nullopt;
    attr = dense.getSplatValue<Attribute>();
  }
  return toNumber(attr);
}

namespace {
using Atoms = SmallVector<unsigned>;

class HeadWalk {
public:
  HeadWalk(Value operand, unsigned heads);
  SmallVector<HeadSource> run();

private:
  bool step();
  bool stepReshape(ReshapeOp op);
  void stepTranspose(TransposeOp op);
  void stepBroadcast(BroadcastOp op);
  std::optional<HeadSource> getSource() const;
  /// Cuts an atom after its first `major` parts.
  void split(unsigned atom, int64_t major);
  static ArrayRef<int64_t> shapeOf(Value v) {
    return cast<RankedTensorType>(v.getType()).getShape();
  }

  Value value;
  unsigned heads;
  double scale = 1;
  SmallVector<int64_t> sizes; ///< of the atoms
  SmallVector<Atoms> asked;   ///< of each dim asked for
  SmallVector<Atoms> current; ///< of each dim of `value`
  SmallVector<bool> repeated; ///< atoms along which `value` does not vary
};
} // namespace

HeadWalk::HeadWalk(Value operand, unsigned heads)
    : value(operand), heads(heads) {
  for (int64_t size : shapeOf(operand)) {
    asked.emplace_back();
    if (size == 1)
      continue;
    asked.back().push_back(sizes.size());
    sizes.push_back(size);
    repeated.push_back(false);
  }
  current = asked;
}

void HeadWalk::split(unsigned atom, int64_t major) {
  unsigned minor = sizes.size();
  sizes.push_back(sizes[atom] / major);
  repeated.push_back(repeated[atom]);
  sizes[atom] = major;
  for (SmallVector<Atoms> *dims : {&asked, &current})
    for (Atoms &dim : *dims)
      if (auto *at = llvm::find(dim, atom); at != dim.end())
        dim.insert(at + 1, minor);
}

/// Hands the atoms out again, in order.
bool HeadWalk::stepReshape(ReshapeOp op) {
  SmallVector<Atoms> dims;
  size_t next = 0;
  auto atoms = [&] {
    Atoms all;
    for (const Atoms &dim : current)
      llvm::append_range(all, dim);
    return all;
  };
  for (int64_t left : shapeOf(op.getInput())) {
    dims.emplace_back();
    while (left > 1) {
      unsigned atom = atoms()[next];
      if (sizes[atom] > left) {
        if (sizes[atom] % left != 0)
          return false;
        split(atom, left);
      }
      if (left % sizes[atom] != 0)
        return false;
      left /= sizes[atom];
      dims.back().push_back(atom);
      ++next;
    }
  }
  current = dims;
  return true;
}

void HeadWalk::stepTranspose(TransposeOp op) {
  SmallVector<Atoms> dims(current.size());
  for (auto [i, d] : llvm::enumerate(op.getPerm()))
    dims[d] = current[i];
  current = dims;
}

void HeadWalk::stepBroadcast(BroadcastOp op) {
  SmallVector<Atoms> dims;
  for (int64_t d : op.getDims())
    dims.push_back(std::exchange(current[d], {}));
  for (const Atoms &added : current)
    for (unsigned atom : added)
      repeated[atom] = true;
  current = dims;
}

/// One step up; false at the end.
bool HeadWalk::step() {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  Value next;
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    if (!stepReshape(reshape))
      return false;
    next = reshape.getInput();
  } else if (auto transpose = dyn_cast<TransposeOp>(op)) {
    stepTranspose(transpose);
    next = transpose.getInput();
  } else if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
    stepBroadcast(broadcast);
    next = broadcast.getInput();
  } else if (isa<MulOp, DivOp>(op)) {
    unsigned number = getSplat(op->getOperand(1)) ? 1 : 0;
    std::optional<double> factor = getSplat(op->getOperand(number));
    if (!factor || (number == 0 && isa<DivOp>(op)))
      return false;
    scale = isa<DivOp>(op) ? scale / *factor : scale * *factor;
    next = op->getOperand(1 - number);
  } else {
    return false;
  }
  value = next;
  return true;
}

/// Each dim of the value is one atom; each dim asked for is one, or is repeated
/// as a whole or, major to minor, one and then a repeated one, if it is heads.
std::optional<HeadSource> HeadWalk::getSource() const {
  HeadSource source{value, scale, 1, {}};
  for (auto [d, dim] : llvm::enumerate(asked)) {
    Atoms own = dim;
    while (!own.empty() && repeated[own.back()]) {
      if (d != heads)
        return std::nullopt;
      source.group *= sizes[own.pop_back_val()];
    }
    if (own.size() > 1 || (own.size() == 1 && repeated[own[0]]))
      return std::nullopt;
    source.dims.push_back(-1);
    for (auto [i, at] : llvm::enumerate(current)) {
      if (at.size() > 1)
        return std::nullopt;
      if (!own.empty() && at == own)
        source.dims.back() = i;
    }
  }
  return source;
}

SmallVector<HeadSource> HeadWalk::run() {
  SmallVector<HeadSource> sources;
  do {
    if (auto source = getSource())
      sources.push_back(*source);
  } while (step());
  return sources;
}

SmallVector<HeadSource> mlir::mpt::import::findHeadSources(Value operand,
                                                           unsigned heads) {
  return HeadWalk(operand, heads).run();
}
