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
    One step of PyTorch's optimizers. g = clip * grad, t = count + 1 (`count` is
    the number of updates made before). Where `ok` is false everything keeps its
    old value.

    - sgd (no state): g += decay * p; p -= lr * g
    - momentum (momentum_buffer b): g += decay * p; b = momentum * b + g;
      p -= lr * b, with `nesterov` p -= lr * (g + momentum * b)
    - adam (exp_avg m, exp_avg_sq v): g += decay * p; m += (1 - beta1) * (g - m);
      v = beta2 * v + (1 - beta2) * g * g;
      p -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
    - adamw: p -= lr * decay * p first, nothing added to g; then as adam
  }];
  let hasVerifier = 1;
}
#endif
