// SPDX-License-Identifier: Apache-2.0
//===- Adjoints.cpp -------------------------------------------------------===//
//
// A value *varies* if it is a float computed from a trainable state. Ops are
// visited last to first; at an op with varying operands, the cotangents that
// its results got from their uses are added (mpt.sum, from the last use to the
// first) and its own buildGradient gives cotangents to the operands. An op
// whose results got none is skipped, so nothing dead is built. Reads come last:
// what they got is the gradient of the state.
//
//   %h = add %x, %y          %dh = sum %d.b, %d.a     (b uses %h after a)
//   %a = f(%h)
//   %b = g(%h)
//
//===----------------------------------------------------------------------===//
#include "Adjoints.h"
#include "mpt/IR/Mpt.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
class Adjoints {
public:
  Adjoints(Block &body, llvm::function_ref<bool(StringAttr)> isTrainable,
           int64_t &nextId)
      : body(body), isTrainable(isTrainable), nextId(nextId) {}
  LogicalResult run(Value root, Value seed);
  StateGradients takeGradients();

private:
  OpBuilder::InsertPoint getEnd() {
    return {&body, body.getTerminator()->getIterator()};
  }
  bool varies(Operation *op);
  LogicalResult visit(Operation *op);
  Value add(ArrayRef<Value> terms, Location loc);

  Block &body;
  llvm::function_ref<bool(StringAttr)> isTrainable;
  int64_t &nextId;
  llvm::DenseSet<Value> varying;
  llvm::DenseMap<Value, SmallVector<Value, 2>> cotangents;
  /// Of reads, in the order of the program.
  SmallVector<ReadOp> reads;
};
} // namespace

bool Adjoints::varies(Operation *op) {
  if (auto read = dyn_cast<ReadOp>(op))
    return isTrainable(read.getSourceAttr().getAttr());
  return llvm::any_of(op->getOperands(),
                      [&](Value v) { return varying.contains(v); });
}

LogicalResult Adjoints::run(Value root, Value seed) {
  SmallVector<Operation *> forward;
  for (Operation &op : body.without_terminator()) {
    forward.push_back(&op);
    if (!varies(&op))
      continue;
    if (auto read = dyn_cast<ReadOp>(op))
      reads.push_back(read);
    for (Value result : op.getResults())
      if (isa<FloatType>(getElementTypeOrSelf(result.getType())))
        varying.insert(result);
  }
  cotangents[root].push_back(seed);
  bool ok = true;
  for (Operation *op : llvm::reverse(forward))
    ok &= succeeded(visit(op));
  return success(ok);
}

/// The sum of the terms, or null if there are none.
Value Adjoints::add(ArrayRef<Value> terms, Location loc) {
  if (terms.size() <= 1)
    return terms.empty() ? Value() : terms.front();
  return ProgramBuilder(loc, getEnd(), &nextId).make<SumOp>(terms);
}

LogicalResult Adjoints::visit(Operation *op) {
  llvm::BitVector wanted(op->getNumOperands());
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    wanted[i] = varying.contains(operand);
  bool reached = llvm::any_of(op->getResults(), [&](Value result) {
    return cotangents.contains(result);
  });
  if (!reached || wanted.none())
    return success();
  auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
  if (!differentiable)
    return op->emitOpError()
           << "has no gradient, but trainable parameters reach the loss "
              "through it; freeze them with --freeze";
  assert(op->hasAttr("id") && "phase 1 gives every op an id");
  SmallVector<Value> results, operands(op->getNumOperands());
  for (Value result : op->getResults())
    results.push_back(add(cotangents.lookup(result), op->getLoc()));
  GradientBuilder builder(op, getEnd(), wanted, nextId);
  if (failed(differentiable.buildGradient(builder, results, operands)))
    return failure();
  for (auto [i, cotangent] : llvm::enumerate(operands)) {
    if (!cotangent || !wanted[i])
      continue;
    assert(withoutEncoding(cotangent.getType()) ==
               withoutEncoding(op->getOperand(i).getType()) &&
           "a cotangent has its value's type");
    cotangents[op->getOperand(i)].push_back(cotangent);
  }
  return success();
}

StateGradients Adjoints::takeGradients() {
  // One state may be read several times.
  llvm::MapVector<StringAttr, std::pair<SmallVector<Value>, Location>> terms;
  for (ReadOp read : llvm::reverse(reads)) {
    auto &entry = terms
                      .try_emplace(read.getSourceAttr().getAttr(),
                                   SmallVector<Value>(), read.getLoc())
                      .first->second;
    llvm::append_range(entry.first, cotangents.lookup(read.getResult()));
  }
  StateGradients gradients;
  for (auto &[name, entry] : terms)
    if (Value gradient = add(entry.first, entry.second))
      gradients[name] = gradient;
  return gradients;
}

FailureOr<StateGradients>
mpt::appendAdjoints(func::FuncOp program, Value root, Value seed,
                    llvm::function_ref<bool(StringAttr)> isTrainable,
                    int64_t &nextId) {
  Adjoints adjoints(program.front(), isTrainable, nextId);
  if (failed(adjoints.run(root, seed)))
    return failure();
  return adjoints.takeGradients();
}
