// SPDX-License-Identifier: Apache-2.0
// Composites: whole as long as sharding, differentiation and code generation
// know more about them whole.
#ifndef MPT_IR_NEURALOPS_TD
#define MPT_IR_NEURALOPS_TD
include "mpt/IR/MptBase.td"

class Mpt_ElementwiseComposite<string mnemonic, dag args, list<Trait> traits = []>
    : Mpt_InferredOp<mnemonic, args, (outs Mpt_Tensor:$result), !listconcat([Elementwise, SameOperandsAndResultShape], traits)> {
  code inferAndSpace = [{
    ::mlir::mpt::IterationSpace $cppClass::getIterationSpace() { return ::mlir::mpt::elementwiseSpace(*this); }
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *ctx,
        std::optional<::mlir::Location> loc, ::mlir::ValueRange operands, ::mlir::DictionaryAttr,
        ::mlir::OpaqueProperties, ::mlir::RegionRange, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      return ::mlir::mpt::inferSameType(ctx, loc, operands, types);
    }
  }];
  let extraClassDefinition = parsePrint # compatible # inferAndSpace;
}

def Mpt_GeluOp : Mpt_ElementwiseComposite<"gelu", (ins Mpt_Tensor:$input, StrAttr:$approx)> {
  let description = "approx: none (erf) or tanh";
}
def Mpt_GeluGradOp : Mpt_ElementwiseComposite<"gelu_grad", (ins Mpt_Tensor:$input, Mpt_Tensor:$dy, StrAttr:$approx), [Mpt_NotDifferentiable]> {
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{1}}; }
  }];
}
def Mpt_SoftmaxOp : Mpt_InferredOp<"softmax", (ins Mpt_Tensor:$input, I64Attr:$axis), (outs Mpt_Tensor:$result)>;
def Mpt_LogSoftmaxOp : Mpt_InferredOp<"log_softmax", (ins Mpt_Tensor:$input, I64Attr:$axis), (outs Mpt_Tensor:$result)>;

def Mpt_LayerNormOp : Mpt_InferredOp<"layer_norm",
    (ins Mpt_Tensor:$input, Mpt_Tensor:$scale, Mpt_Tensor:$bias, I64Attr:$axis, F64Attr:$eps),
    (outs Mpt_Tensor:$result, Mpt_Tensor:$mean, Mpt_Tensor:$rstd)> {
  let description = "normalises dims axis.. ; scale and bias have those dims, mean and rstd the dims before";
}
def Mpt_LayerNormGradOp : Mpt_InferredOp<"layer_norm_grad",
    (ins Mpt_Tensor:$input, Mpt_Tensor:$mean, Mpt_Tensor:$rstd, Mpt_Tensor:$scale, Mpt_Tensor:$dy, I64Attr:$axis),
    (outs Mpt_Tensor:$dx, Mpt_Tensor:$dscale, Mpt_Tensor:$dbias), [Mpt_NotDifferentiable]> {
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{4}}; }
  }];
}
def Mpt_RmsNormOp : Mpt_InferredOp<"rms_norm",
    (ins Mpt_Tensor:$input, Mpt_Tensor:$scale, I64Attr:$axis, F64Attr:$eps),
    (outs Mpt_Tensor:$result, Mpt_Tensor:$rstd)>;
def Mpt_RmsNormGradOp : Mpt_InferredOp<"rms_norm_grad",
    (ins Mpt_Tensor:$input, Mpt_Tensor:$rstd, Mpt_Tensor:$scale, Mpt_Tensor:$dy, I64Attr:$axis),
    (outs Mpt_Tensor:$dx, Mpt_Tensor:$dscale), [Mpt_NotDifferentiable]> {
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{3}}; }
  }];
}

// Scores are s = scale * q.k, then softcap * tanh(s / softcap), then masked: a
// float mask is added; where an i1 mask is false they become `fill` (-inf if
// absent); with `causal = O` keys j > i + O of query i do not exist. Rows
// without any key give NaN, or 0 with `zero_rows`.
class Mpt_AttentionLike<string mnemonic, dag args, dag outs, list<Trait> traits = []>
    : Mpt_InferredOp<mnemonic, !con(args, (ins Optional<Mpt_Tensor>:$mask, F64Attr:$scale, OptionalAttr<I64Attr>:$causal,
          OptionalAttr<F64Attr>:$softcap, OptionalAttr<F64Attr>:$fill, OptionalAttr<UnitAttr>:$zero_rows)), outs, traits> {
  code shared = declared # [{
    ::mlir::mpt::ShardingRule getShardingRule();
    int64_t getFlops();
    /// The same in core ops: one value per result.
    ::llvm::SmallVector<::mlir::Value> expand(::mlir::mpt::ProgramBuilder &builder);
  }];
  let extraClassDeclaration = shared;
}
def Mpt_AttentionOp : Mpt_AttentionLike<"attention",
    (ins Mpt_Tensor:$query, Mpt_Tensor:$key, Mpt_Tensor:$value),
    (outs Mpt_Tensor:$result, Mpt_Tensor:$lse)> {
  let description = [{
    `softmax(scores) value` per head. query [B, Hq, S, D], key [B, Hk, T, D],
    value [B, Hk, T, E]: query head h uses key head h / (Hq / Hk). mask: any dim
    of [B, Hq, S, T] may be 1. result [B, Hq, S, E]; lse [B, Hq, S] is the
    logarithm of the row's sum of exponentials (+inf for a row of zeros).
  }];
}
def Mpt_AttentionGradOp : Mpt_AttentionLike<"attention_grad",
    (ins Mpt_Tensor:$query, Mpt_Tensor:$key, Mpt_Tensor:$value, Mpt_Tensor:$output, Mpt_Tensor:$lse, Mpt_Tensor:$dy),
    (outs Mpt_Tensor:$dquery, Mpt_Tensor:$dkey, Mpt_Tensor:$dvalue), [Mpt_NotDifferentiable]> {
  let extraClassDeclaration = shared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{5}}; }
  }];
}

def Mpt_CrossEntropyOp : Mpt_InferredOp<"cross_entropy",
    (ins Mpt_Tensor:$logits, Mpt_Tensor:$labels, I64Attr:$ignore_index),
    (outs Mpt_Tensor:$loss, Mpt_Tensor:$lse)> {
  let description = [{
    Classes on the last axis of logits; loss is the sum over labels that are not
    ignored of lse - logit[label], a scalar of the element type of logits.
  }];
  let extraClassDeclaration = declared # [{
    ::mlir::TypedAttr getPadIdentity(unsigned operand, unsigned factor);
  }];
}
def Mpt_CrossEntropyGradOp : Mpt_InferredOp<"cross_entropy_grad",
    (ins Mpt_Tensor:$logits, Mpt_Tensor:$labels, Mpt_Tensor:$lse, Mpt_Tensor:$seed, Optional<Mpt_Tensor>:$lo, I64Attr:$ignore_index),
    (outs Mpt_Tensor:$dlogits), [Mpt_NotDifferentiable]> {
  let description = "(exp(logits - lse) - onehot(labels)) * seed, 0 where ignored; seed and lo are scalars, class c of the operand is class lo + c";
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{3}}; }
  }];
}
def Mpt_LabelWeightOp : Mpt_ComputeOp<"label_weight", (ins Mpt_Tensor:$labels, I64Attr:$ignore_index), (outs Mpt_Tensor:$result), [Mpt_NotDifferentiable]> {
  let description = "the number of labels that are not ignored, as a scalar of the result's element type";
  let hasVerifier = 1;
  let extraClassDeclaration = declared # [{
    ::mlir::TypedAttr getPadIdentity(unsigned operand, unsigned factor);
  }];
}
def Mpt_CrossEntropyLocalOp : Mpt_InferredOp<"cross_entropy.local",
    (ins Mpt_Tensor:$logits, Mpt_Tensor:$labels, Mpt_Tensor:$lo), (outs Mpt_Tensor:$max, Mpt_Tensor:$sum, Mpt_Tensor:$target), [Mpt_NotDifferentiable]> {
  let description = "over this rank's classes: maximum, sum of exp(z - maximum) (0 where the maximum is -inf: a rank may hold pads only), the label's logit or 0";
}
def Mpt_CrossEntropyFinishOp : Mpt_InferredOp<"cross_entropy.finish",
    (ins Mpt_Tensor:$lse, Mpt_Tensor:$target, Mpt_Tensor:$labels, I64Attr:$ignore_index), (outs Mpt_Tensor:$loss), [Mpt_NotDifferentiable]> {
  let description = "sum over labels not ignored of lse - target";
  let extraClassDeclaration = declared # [{
    ::mlir::TypedAttr getPadIdentity(unsigned operand, unsigned factor);
  }];
}
#endif
