// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_IR_CONTRACTIONOPS_TD
#define MPT_IR_CONTRACTIONOPS_TD
include "mpt/IR/MptBase.td"

def Mpt_DotGeneralOp : Mpt_InferredOp<"dot_general",
    (ins Mpt_Tensor:$lhs, Mpt_Tensor:$rhs,
         OptionalAttr<DenseI64ArrayAttr>:$lhs_batch, OptionalAttr<DenseI64ArrayAttr>:$rhs_batch,
         DenseI64ArrayAttr:$lhs_contract, DenseI64ArrayAttr:$rhs_contract),
    (outs Mpt_Tensor:$result)> {
  let description = [{
    `mpt.dot_general %a, %b batch [0] x [0] contract [2] x [1]`. The result's
    dims are batch, free dims of lhs, free dims of rhs, each in order.
  }];
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{0}, {1}}; }
    int64_t getFlops();
    ::llvm::ArrayRef<int64_t> getLhsBatchDims();
    ::llvm::ArrayRef<int64_t> getRhsBatchDims();
  }];
}
#endif
