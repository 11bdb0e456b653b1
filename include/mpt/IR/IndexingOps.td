// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_IR_INDEXINGOPS_TD
#define MPT_IR_INDEXINGOPS_TD
include "mpt/IR/MptBase.td"

def Mpt_TakeOp : Mpt_InferredOp<"take",
    (ins Mpt_Tensor:$table, Mpt_Tensor:$indices, Optional<Mpt_Tensor>:$lo, I64Attr:$axis), (outs Mpt_Tensor:$result)> {
  let description = [{
    Rows of `table` along `axis`; the result's dims are table dims before axis,
    index dims, table dims after. With `lo` (i64 scalar) row i of the operand is
    row lo + i of the table; rows outside give zeros. Indices are not negative.
  }];
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{0}}; }
    int64_t getFlops();
  }];
}
def Mpt_ScatterRowsOp : Mpt_InferredOp<"scatter_rows",
    (ins Mpt_Tensor:$base, Mpt_Tensor:$indices, Mpt_Tensor:$updates, Optional<Mpt_Tensor>:$lo,
         StrAttr:$kind, I64Attr:$axis), (outs Mpt_Tensor:$result)> {
  let description = "the adjoint of take; kind: add. Updates of rows outside are dropped";
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{0, 2}}; }
    int64_t getFlops();
  }];
}
#endif
