// SPDX-License-Identifier: Apache-2.0
// dot_general of floats is a library call; an operand that is no stack of
// matrices as it lies in memory is transposed first. A product that is added to
// an accumulator is added by the call. Integers are contracted by a kernel.
// Refuses other float types than f32 and f64.
#include "Lowerings.h"
#include "mpt/Analysis/Contraction/Gemm.h"

using namespace mlir;
using namespace mlir::mpt;

static std::vector<int64_t> toVector(ArrayRef<int64_t> values) {
  return {values.begin(), values.end()};
}

ContractionShape mpt::getContractionShape(DotGeneralOp op) {
  return {toVector(cast<RankedTensorType>(op.getLhs().getType()).getShape()),
          toVector(cast<RankedTensorType>(op.getRhs().getType()).getShape()),
          toVector(op.getLhsBatchDims()),
          toVector(op.getRhsBatchDims()),
          toVector(op.getLhsContract()),
          toVector(op.getRhsContract())};
}

/// The operand with its dims in the order batch, then `first`, then `second`.
static Value transposed(DotGeneralOp op, Value operand,
                        std::vector<int64_t> &batch,
                        std::vector<int64_t> &contract) {
  auto type = cast<RankedTensorType>(operand.getType());
  std::vector<int64_t> perm = batch;
  llvm::append_range(perm,
                     freeDims(toVector(type.getShape()), batch, contract));
  llvm::append_range(perm, contract);
  SmallVector<int64_t> shape;
  for (int64_t d : perm)
    shape.push_back(type.getDimSize(d));
  OpBuilder b(op);
  NamedAttribute attr = b.getNamedAttr("perm", b.getDenseI64ArrayAttr(perm));
  auto moved = TransposeOp::create(
      b, op.getLoc(),
      TypeRange(RankedTensorType::get(shape, type.getElementType())),
      ValueRange(operand), attr);
  for (size_t i = 0; i < batch.size(); ++i)
    batch[i] = i;
  for (size_t i = 0; i < contract.size(); ++i)
    contract[i] = perm.size() - contract.size() + i;
  return moved.getResult();
}

void mpt::fitContraction(DotGeneralOp op) {
  if (!isa<FloatType>(elementOf(op.getResult())))
    return;
  ContractionShape shape = getContractionShape(op);
  OpBuilder b(op);
  if (!fitLhs(shape))
    op.getLhsMutable().assign(
        transposed(op, op.getLhs(), shape.lhsBatch, shape.lhsContract));
  if (!fitRhs(shape))
    op.getRhsMutable().assign(
        transposed(op, op.getRhs(), shape.rhsBatch, shape.rhsContract));
  op.setLhsBatchAttr(b.getDenseI64ArrayAttr(shape.lhsBatch));
  op.setRhsBatchAttr(b.getDenseI64ArrayAttr(shape.rhsBatch));
  op.setLhsContractAttr(b.getDenseI64ArrayAttr(shape.lhsContract));
  op.setRhsContractAttr(b.getDenseI64ArrayAttr(shape.rhsContract));
  assert(asGemm(getContractionShape(op)) && "batch, free, contracted fits");
}

void mpt::joinAccumulate(DotGeneralOp op) {
  if (!op.getResult().hasOneUse() || !isa<FloatType>(elementOf(op.getResult())))
    return;
  auto add = dyn_cast<AccumulateOp>(*op.getResult().getUsers().begin());
  if (!add || add.getValue() != op.getResult() || !add.getAcc().hasOneUse() ||
      !isLastUse(add.getAcc(), add))
    return;
  Operation *acc = add.getAcc().getDefiningOp();
  if (!acc || acc->isBeforeInBlock(op))
    add->moveAfter(op);
}

/// The accumulator that the product is added to, if it may be the destination.
static AccumulateOp getAccumulate(DotGeneralOp op) {
  if (!op.getResult().hasOneUse())
    return {};
  auto add = dyn_cast<AccumulateOp>(*op.getResult().getUsers().begin());
  if (!add || add != op->getNextNode() || add.getValue() != op.getResult() ||
      add.getAcc().getType() != add.getResult().getType() ||
      !isLastUse(add.getAcc(), add))
    return {};
  return add;
}

static LogicalResult lowerToLibrary(DotGeneralOp op) {
  OpBuilder b(op);
  AccumulateOp add = getAccumulate(op);
  Value into = add ? add.getAcc()
                   : tensor::EmptyOp::create(
                         b, op.getLoc(), op.getResult().getType(), ValueRange())
                         .getResult();
  auto unlessEmpty = [&](ArrayRef<int64_t> dims) {
    return dims.empty() ? DenseI64ArrayAttr() : b.getDenseI64ArrayAttr(dims);
  };
  auto gemm = LibraryOp::create(
      b, op.getLoc(), TypeRange(into.getType()), b.getStringAttr("gemm"),
      unlessEmpty(op.getLhsBatchDims()), unlessEmpty(op.getRhsBatchDims()),
      op.getLhsContractAttr(), op.getRhsContractAttr(),
      add ? b.getUnitAttr() : UnitAttr(), DictionaryAttr(),
      ValueRange{op.getLhs(), op.getRhs()},
      ValueRange(into), getNodes(op), StringAttr());
  if (!add) {
    op.getResult().replaceAllUsesWith(gemm.getResult(0));
    return success();
  }
  add.getResult().replaceAllUsesWith(gemm.getResult(0));
  return success();
}

/// From the iteration space: the result's iterators, then the contracted ones.
static LogicalResult lowerToKernel(DotGeneralOp op, KernelTable &table) {
  IterationSpace space = op.getIterationSpace();
  Kernel k(table, op, "contract");
  auto shapeOf = [](Value v) {
    return cast<RankedTensorType>(v.getType()).getShape();
  };
  Value a = k.input(op.getLhs(), shapeOf(op.getLhs()));
  Value b = k.input(op.getRhs(), shapeOf(op.getRhs()));
  Value c = k.output(op.getResult(), shapeOf(op.getResult()));
  k.fill(c, "sum");
  k.compute({k.map(a, space.operands[0].getResults()),
             k.map(b, space.operands[1].getResults())},
            {k.map(c, space.results[0].getResults())},
            [](Scalars &s, ValueRange in, ValueRange out) {
              return SmallVector<Value>{s.add(out[0], s.mul(in[0], in[1]))};
            });
  k.launch();
  return success();
}

static LogicalResult lowerDotGeneral(DotGeneralOp op, KernelTable &table) {
  Type element = elementOf(op.getResult());
  if (element.isF32() || element.isF64())
    return lowerToLibrary(op);
  if (isa<IntegerType>(element))
    return lowerToKernel(op, table);
  return op.emitOpError() << "has no library call for elements of type "
                          << element << "; expected f32 or f64";
}

void mpt::addContractionLowerings(LoweringMap &map) {
  map.add<DotGeneralOp>(lowerDotGeneral);
}
