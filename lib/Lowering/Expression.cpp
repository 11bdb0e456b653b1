// SPDX-License-Identifier: Apache-2.0
#include "Expression.h"

using namespace mlir;
using namespace mlir::mpt;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

bool Expression::setRoot(Operation *op) {
  std::optional<unsigned> term = addOp(op, index);
  root = term.value_or(0);
  return term.has_value();
}

bool Expression::setRoot(Value value) {
  std::optional<unsigned> term = add(value, index);
  root = term.value_or(0);
  return term.has_value();
}

std::optional<unsigned> Expression::add(Value value, const Index &at) {
  for (auto [i, term] : llvm::enumerate(terms))
    if (term.value == value && space.flatten(term.index) == space.flatten(at))
      return i;
  Operation *op = value.getDefiningOp();
  if (op && fused(op))
    return addOp(op, at);
  terms.push_back({value, nullptr, {}, at});
  return terms.size() - 1;
}

std::optional<unsigned> Expression::addOp(Operation *op, const Index &at) {
  if (auto view = dyn_cast<ReshapeOp>(op)) {
    std::optional<Index> from = space.reshape(at, shapeOf(view.getInput()));
    if (!from) {
      barrier = op;
      return std::nullopt;
    }
    return add(view.getInput(), *from);
  }
  if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
    Index from;
    for (int64_t d : broadcast.getDims())
      from.push_back(at[d]);
    return add(broadcast.getInput(), from);
  }
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    Index from(at.size());
    for (auto [i, d] : llvm::enumerate(transpose.getPerm()))
      from[d] = at[i];
    return add(transpose.getInput(), from);
  }
  Term term{op->getResult(0), op, {}, at};
  for (Value operand : op->getOperands()) {
    std::optional<unsigned> number = add(operand, at);
    if (!number)
      return std::nullopt;
    term.operands.push_back(*number);
  }
  terms.push_back(term);
  return terms.size() - 1;
}

void Expression::finish(std::optional<ArrayRef<int64_t>> kept) {
  Index left;
  for (auto [d, dim] : llvm::enumerate(index))
    if (!kept || llvm::is_contained(*kept, int64_t(d)))
      left.push_back(dim);
  result = space.flatten(left);
  SmallVector<IndexSpace::Iterators> accesses = {result};
  for (const Term &term : terms)
    if (!term.op)
      accesses.push_back(space.flatten(term.index));
    else if (auto iota = dyn_cast<IotaOp>(term.op))
      accesses.push_back(space.flatten(term.index[iota.getAxis()]));
  IndexSpace::Iterators last;
  if (!kept && index.size() > 1)
    last = space.flatten(index.back());
  sizes = space.join(space.flatten(index), accesses, last);
}

Shape Expression::getShape() const {
  Shape shape;
  for (unsigned i : space.joined(result))
    shape.push_back(sizes[i]);
  return shape;
}

Access Expression::at(Kernel &k, Value tensor) const {
  return k.at(tensor, space.joined(result));
}

void Expression::addInputs(Kernel &k) {
  for (const Term &term : terms) {
    if (term.op)
      continue;
    IndexSpace::Iterators at = space.joined(space.flatten(term.index));
    Shape shape;
    for (unsigned i : at)
      shape.push_back(sizes[i]);
    inputs.push_back(k.at(k.operand(term.value, shape), at));
  }
}

/// The index along the axis: its iterators as one number.
Value Expression::evaluateIota(Scalars &s, const Term &term) const {
  auto iota = cast<IotaOp>(term.op);
  Type i64 = s.b.getI64Type();
  Value number = s.number(i64, 0);
  for (unsigned i : space.joined(space.flatten(term.index[iota.getAxis()]))) {
    number = s.mul(number, s.number(i64, sizes[i]));
    number = s.add(number, s.toI64(s.iterator(i)));
  }
  return s.convert(number, elementOf(term.value));
}

Value Expression::evaluate(Scalars &s, ValueRange sources) const {
  SmallVector<Value> values;
  for (const Term &term : terms) {
    if (!term.op) {
      values.push_back(sources.front());
      sources = sources.drop_front();
    } else if (isa<IotaOp>(term.op)) {
      values.push_back(evaluateIota(s, term));
    } else {
      SmallVector<Value> operands;
      for (unsigned i : term.operands)
        operands.push_back(values[i]);
      values.push_back(lowerings.getScalar(term.op)(s, operands));
    }
  }
  return values[root];
}

Location Expression::getLoc(Operation *op) const {
  SmallVector<Location> parts;
  for (const Term &term : terms)
    if (term.op && !isa<IotaOp>(term.op))
      parts.push_back(term.op->getLoc());
  if (parts.empty() || parts.back() != op->getLoc())
    parts.push_back(op->getLoc());
  return FusedLoc::get(op->getContext(), parts);
}

bool Expression::isCompound() const {
  return llvm::count_if(terms, [](const Term &term) {
           return term.op && !isa<IotaOp>(term.op);
         }) > 1;
}
