// SPDX-License-Identifier: Apache-2.0
// States in the IR what the signature of a kernel means: inputs are read only,
// result i is written into destination i. One-Shot Bufferize then computes in
// place where it can and copies where it must. Refuses kernels whose last
// arguments do not match their results.
#include "mpt/Target/Passes.h"
#include "mpt/Target/Target.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_KERNELDESTINATIONSPASS
#include "mpt/Target/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct KernelDestinations
    : mpt::impl::KernelDestinationsPassBase<KernelDestinations> {
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

/// What the value is an update of, all the way back: the destinations of
/// structured ops, the initial values of loops.
static Value rootOf(Value value) {
  while (auto result = dyn_cast<OpResult>(value)) {
    if (auto loop = dyn_cast<scf::ForOp>(result.getOwner()))
      value = loop.getInitArgs()[result.getResultNumber()];
    else if (auto op = dyn_cast<DestinationStyleOpInterface>(result.getOwner()))
      value = op.getTiedOpOperand(result)->get();
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
    if (rootOf(operand.get()) == to)
      continue; // computed in place already
    auto write = bufferization::MaterializeInDestinationOp::create(
        builder, terminator->getLoc(), to.getType(), operand.get(), to);
    operand.set(write.getResult());
  }
}
