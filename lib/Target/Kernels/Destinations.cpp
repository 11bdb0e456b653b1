// SPDX-License-Identifier: Apache-2.0
// What the signature of a kernel means: inputs are read only, result i is
// written into destination i. Said before One-Shot Bufferize, which then
// computes in place where it can, and enforced after it: what it left as a
// result is copied. Refuses kernels whose last arguments do not match their
// results.
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mpt/Target/Passes.h"
#include "mpt/Target/Target.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_KERNELDESTINATIONSPASS
#define GEN_PASS_DEF_KERNELRESULTSPASS
#include "mpt/Target/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct KernelDestinations
    : mpt::impl::KernelDestinationsPassBase<KernelDestinations> {
  void runOnOperation() override;
};
struct KernelResults : mpt::impl::KernelResultsPassBase<KernelResults> {
  void runOnOperation() override;
};
} // namespace

static LogicalResult checkSignature(func::FuncOp kernel) {
  unsigned results = kernel.getNumResults(), args = kernel.getNumArguments();
  if (results > args)
    return kernel.emitOpError() << "kernel has " << results << " results and "
                                << args << " arguments; expected a destination "
                                << "for each result at the end";
  for (unsigned i = 0; i < results; ++i) {
    Type to = kernel.getArgument(args - results + i).getType();
    if (to != kernel.getResultTypes()[i])
      return kernel.emitOpError()
             << "result " << i << " has type " << kernel.getResultTypes()[i]
             << ", its destination " << to;
  }
  for (Type type : kernel.getArgumentTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor ? !tensor.hasStaticShape() : !type.isIntOrIndexOrFloat())
      return kernel.emitOpError()
             << "argument of type " << type
             << "; expected tensors of static shape and scalars";
  }
  return success();
}

/// The tensor whose buffer an in-place computation of `value` uses.
static Value findDestination(Value value) {
  while (auto result = dyn_cast<OpResult>(value)) {
    Operation *op = result.getOwner();
    if (auto style = dyn_cast<DestinationStyleOpInterface>(op))
      value = style.getTiedOpOperand(result)->get();
    else if (auto loop = dyn_cast<LoopLikeOpInterface>(op);
             loop && loop.getTiedLoopInit(result))
      value = loop.getTiedLoopInit(result)->get();
    else
      break;
  }
  return value;
}

void KernelDestinations::runOnOperation() {
  func::FuncOp kernel = getOperation();
  if (!kernel->hasAttr(kKernelAttr) || kernel.isExternal())
    return;
  if (failed(checkSignature(kernel)))
    return signalPassFailure();
  unsigned results = kernel.getNumResults();
  unsigned inputs = kernel.getNumArguments() - results;
  OpBuilder builder(&getContext());
  for (unsigned i = 0; i < inputs; ++i)
    if (isa<TensorType>(kernel.getArgument(i).getType()))
      kernel.setArgAttr(i, "bufferization.writable",
                        builder.getBoolAttr(false));
  Operation *terminator = kernel.getBody().front().getTerminator();
  builder.setInsertionPoint(terminator);
  for (OpOperand &operand : terminator->getOpOperands()) {
    Value to = kernel.getArgument(inputs + operand.getOperandNumber());
    // Bufferization finds that by itself, and is confused by a copy where the
    // chain has loops.
    if (findDestination(operand.get()) == to)
      continue;
    auto write = bufferization::MaterializeInDestinationOp::create(
        builder, terminator->getLoc(), to.getType(), operand.get(), to);
    operand.set(write.getResult());
  }
}

void KernelResults::runOnOperation() {
  func::FuncOp kernel = getOperation();
  if (!kernel->hasAttr(kKernelAttr) || kernel.isExternal() ||
      kernel.getNumResults() == 0)
    return;
  Operation *terminator = kernel.getBody().front().getTerminator();
  OpBuilder builder(terminator);
  unsigned results = kernel.getNumResults();
  unsigned inputs = kernel.getNumArguments() - results;
  for (OpOperand &operand : terminator->getOpOperands()) {
    Value from = operand.get();
    BlockArgument to = kernel.getArgument(inputs + operand.getOperandNumber());
    auto arg = dyn_cast<BlockArgument>(from);
    if (arg && arg != to && arg.getArgNumber() >= inputs)
      return (void)(kernel.emitOpError()
                        << "result " << operand.getOperandNumber()
                        << " is the destination of another result",
                    signalPassFailure());
    if (from != to)
      memref::CopyOp::create(builder, terminator->getLoc(), from, to);
  }
  terminator->setOperands({});
  kernel.setType(
      builder.getFunctionType(kernel.getArgumentTypes(), TypeRange()));
  kernel.removeResAttrsAttr();
}
