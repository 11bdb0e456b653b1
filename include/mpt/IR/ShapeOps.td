// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_IR_SHAPEOPS_TD
#define MPT_IR_SHAPEOPS_TD
include "mpt/IR/MptBase.td"

def Mpt_ConstantOp : Mpt_ComputeOp<"constant", (ins AnyAttr:$value), (outs Mpt_Tensor:$result), [Mpt_NotDifferentiable]> {
  let description = [{
    `{value = 1.0 : f32}`: a scalar attribute of the element type fills the
    tensor; `{value = dense<[1, 2]> : tensor<2xi64>}` (at most 64 KiB) gives every
    element. Under a sharding the attribute stays global.
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = declared # "bool isFreeToClone() { return true; }";
}
def Mpt_IotaOp : Mpt_ComputeOp<"iota", (ins I64Attr:$axis), (outs Mpt_Tensor:$result), [Mpt_NotDifferentiable]> {
  let extraClassDeclaration = declared # "bool isFreeToClone() { return true; }";
  let hasVerifier = 1;
}
def Mpt_BroadcastOp : Mpt_ComputeOp<"broadcast", (ins Mpt_Tensor:$input, DenseI64ArrayAttr:$dims), (outs Mpt_Tensor:$result)> {
  let description = "dim i of the operand is dim dims[i] of the result (of the same size); the others are new";
  let hasVerifier = 1;
  let extraClassDeclaration = declared # [{
    bool isFreeToClone() { return true; }
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{0}}; }
  }];
}
def Mpt_ReshapeOp : Mpt_ComputeOp<"reshape", (ins Mpt_Tensor:$input), (outs Mpt_Tensor:$result)> {
  let hasVerifier = 1;
  let extraClassDeclaration = declared # [{
    ::mlir::mpt::ShardingRule getShardingRule();
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{0}}; }
  }];
}
def Mpt_TransposeOp : Mpt_InferredOp<"transpose", (ins Mpt_Tensor:$input, DenseI64ArrayAttr:$perm), (outs Mpt_Tensor:$result)> {
  let description = "dim i of the result is dim perm[i] of the operand";
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{0}}; }
  }];
}
def Mpt_SliceOp : Mpt_InferredOp<"slice",
    (ins Mpt_Tensor:$input, DenseI64ArrayAttr:$start, DenseI64ArrayAttr:$limit,
         OptionalAttr<DenseI64ArrayAttr>:$stride), (outs Mpt_Tensor:$result)> {
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{0}}; }
    int64_t getStrideOf(unsigned dim);
  }];
}
def Mpt_PadOp : Mpt_InferredOp<"pad",
    (ins Mpt_Tensor:$input, AnyAttr:$value, DenseI64ArrayAttr:$lo, DenseI64ArrayAttr:$hi,
         OptionalAttr<DenseI64ArrayAttr>:$interior), (outs Mpt_Tensor:$result)> {
  let description = "value: a scalar attribute; negative lo or hi remove elements";
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups();
    int64_t getInteriorOf(unsigned dim);
  }];
}
def Mpt_ConcatOp : Mpt_InferredOp<"concat", (ins Variadic<Mpt_Tensor>:$inputs, I64Attr:$axis), (outs Mpt_Tensor:$result)> {
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() {
      ::llvm::SmallVector<unsigned> all;
      for (unsigned i = 0; i < getNumOperands(); ++i) all.push_back(i);
      return {all};
    }
  }];
}
def Mpt_ReverseOp : Mpt_InferredOp<"reverse", (ins Mpt_Tensor:$input, DenseI64ArrayAttr:$axes), (outs Mpt_Tensor:$result)> {
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{0}}; }
  }];
}
#endif
