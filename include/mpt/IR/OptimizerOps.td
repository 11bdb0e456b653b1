// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_IR_OPTIMIZEROPS_TD
#define MPT_IR_OPTIMIZEROPS_TD
include "mpt/IR/MptBase.td"

def Mpt_OptUpdateOp : Mpt_InferredOp<"opt_update",
    (ins Mpt_Tensor:$param, Mpt_Tensor:$grad, Variadic<Mpt_Tensor>:$states,
         Mpt_Tensor:$clip, Mpt_Tensor:$lr, Mpt_Tensor:$count, Mpt_Tensor:$ok,
         StrAttr:$kind, OptionalAttr<DenseF64ArrayAttr>:$betas, OptionalAttr<F64Attr>:$eps,
         OptionalAttr<F64Attr>:$decay, OptionalAttr<F64Attr>:$momentum, OptionalAttr<UnitAttr>:$nesterov),
    (outs Mpt_Tensor:$new_param, Variadic<Mpt_Tensor>:$new_states), [Mpt_NotDifferentiable]> {
  let description = [{
    kind: sgd (no state), momentum (velocity), adam (L2 decay in the gradient),
    adamw (decoupled; both: exp_avg, exp_avg_sq). The gradient is multiplied by
    `clip`; `count` (i64) is the number of updates made before; where `ok` is
    false everything keeps its old value.
  }];
  let hasVerifier = 1;
}
#endif
