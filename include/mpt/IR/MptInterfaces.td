// SPDX-License-Identifier: Apache-2.0
// What an op states about itself. Phases choose; ops only state facts.
#ifndef MPT_IR_MPTINTERFACES_TD
#define MPT_IR_MPTINTERFACES_TD
include "mlir/IR/OpBase.td"

def Mpt_ComputeOpInterface : OpInterface<"ComputeOpInterface"> {
  let cppNamespace = "::mlir::mpt";
  let description = [{
    An op that computes tensors. From the iteration space come by default the
    sharding rule, the cost and the structured lowering.
  }];
  let methods = [
    InterfaceMethod<[{Iterators and one affine map per operand and result.}],
      "::mlir::mpt::IterationSpace", "getIterationSpace", (ins)>,
    InterfaceMethod<[{Factors of operands' and results' dims.}],
      "::mlir::mpt::ShardingRule", "getShardingRule", (ins), "", [{
        return ::mlir::mpt::deriveShardingRule($_op.getIterationSpace());
      }]>,
    InterfaceMethod<[{Groups of operands in which the op is jointly linear: a
      partial sum may enter through all operands of one group at once while no
      other operand is partial over that axis.}],
      "::llvm::SmallVector<::llvm::SmallVector<unsigned>>", "getLinearGroups",
      (ins), "", [{ return {}; }]>,
    InterfaceMethod<[{The value that the operand must hold at padded positions
      of the factor so that results do not see them (an attribute of the
      operand's element type), or null when any value does.}],
      "::mlir::TypedAttr", "getPadIdentity", (ins "unsigned":$operand, "unsigned":$factor),
      "", [{ return ::mlir::mpt::defaultPadIdentity($_op, operand, factor); }]>,
    InterfaceMethod<[{Floating point operations of one execution.}],
      "int64_t", "getFlops", (ins), "", [{
        return ::mlir::mpt::defaultFlops($_op.getIterationSpace());
      }]>,
    InterfaceMethod<[{Whether the op is cheaper to recompute than to send or
      keep: such ops have no stage and are cloned into each user.}],
      "bool", "isFreeToClone", (ins), "", [{ return false; }]>,
  ];
}

def Mpt_DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::mlir::mpt";
  let methods = [
    InterfaceMethod<[{Builds the vector-Jacobian product. `cotangents` has one
      value per result, null where the result has none (at least one has).
      `operands` has one null value per operand and gets the gradients of those
      that the builder wants; null stays where the gradient is zero everywhere
      or the operand has none (integers). New ops are built with the builder
      only, which carries `adjoint_of`. Failure is reported.}],
      "::llvm::LogicalResult", "buildGradient",
      (ins "::mlir::mpt::GradientBuilder &":$builder, "::mlir::ValueRange":$cotangents,
           "::mlir::mpt::Gradients &":$operands)>,
  ];
}
#endif
