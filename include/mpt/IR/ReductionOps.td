// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_IR_REDUCTIONOPS_TD
#define MPT_IR_REDUCTIONOPS_TD
include "mpt/IR/MptBase.td"

def Mpt_ReduceOp : Mpt_InferredOp<"reduce",
    (ins Mpt_Tensor:$input, StrAttr:$kind, DenseI64ArrayAttr:$axes), (outs Mpt_Tensor:$result)> {
  let description = [{
    `mpt.reduce sum %x {axes = [0, 1]}`; kind: sum, prod, max, min, and, or.
    Reduced dims disappear. Equal maxima or minima share the gradient evenly.
  }];
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups();
  }];
}
def Mpt_SumSquaresOp : Mpt_InferredOp<"sum_squares", (ins Mpt_Tensor:$input), (outs Mpt_Tensor:$result), [Mpt_NotDifferentiable]>;
def Mpt_TotalsOp : Mpt_InferredOp<"totals",
    (ins Variadic<Mpt_Tensor>:$inputs, OptionalAttr<StrArrayAttr>:$names,
         OptionalAttr<DenseI64ArrayAttr>:$at, OptionalAttr<ArrayAttr>:$once,
         OptionalAttr<I64Attr>:$width), (outs Mpt_Tensor:$result), [Mpt_NotDifferentiable]> {
  let description = [{
    Packs scalars into one vector: the one point of a step where everything is
    added over everything. Entry i of the result is operand i, or with `at` and
    `width` operand i goes to entry at[i] of a vector of `width` zeros. `once`
    (phase 6) lists per operand the axes on which only index 0 adds its value.
  }];
  let hasVerifier = 1;
}
#endif
