// SPDX-License-Identifier: Apache-2.0
// Elementwise ops: all operands have the shape of the result.
#ifndef MPT_IR_ELEMENTWISEOPS_TD
#define MPT_IR_ELEMENTWISEOPS_TD
include "mpt/IR/MptBase.td"

class Mpt_Elementwise<string mnemonic, dag args, string infer, list<Trait> traits = []>
    : Mpt_InferredOp<mnemonic, args, (outs Mpt_Tensor:$result),
                     !listconcat([Elementwise, SameOperandsAndResultShape], traits)> {
  code inferAndSpace = [{
    ::mlir::mpt::IterationSpace $cppClass::getIterationSpace() {
      return ::mlir::mpt::elementwiseSpace(*this);
    }
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *ctx,
        std::optional<::mlir::Location> loc, ::mlir::ValueRange operands,
        ::mlir::DictionaryAttr attrs, ::mlir::OpaqueProperties, ::mlir::RegionRange,
        ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      return ::mlir::mpt::}] # infer # [{(ctx, loc, operands, types);
    }
  }];
  let extraClassDefinition = parsePrint # compatible # inferAndSpace;
}
class Mpt_Unary<string mnemonic, list<Trait> traits = []>
    : Mpt_Elementwise<mnemonic, (ins Mpt_Tensor:$input), "inferSameType", traits>;
class Mpt_Binary<string mnemonic, list<Trait> traits = []>
    : Mpt_Elementwise<mnemonic, (ins Mpt_Tensor:$lhs, Mpt_Tensor:$rhs), "inferSameType", traits>;

def Mpt_NegOp : Mpt_Unary<"neg", []> {
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{0}}; }
  }];
}
def Mpt_AbsOp : Mpt_Unary<"abs">;
def Mpt_SignOp : Mpt_Unary<"sign">;
def Mpt_FloorOp : Mpt_Unary<"floor">;
def Mpt_CeilOp : Mpt_Unary<"ceil">;
def Mpt_RoundEvenOp : Mpt_Unary<"round_even">;
def Mpt_ExpOp : Mpt_Unary<"exp">;
def Mpt_Expm1Op : Mpt_Unary<"expm1">;
def Mpt_LogOp : Mpt_Unary<"log">;
def Mpt_Log1pOp : Mpt_Unary<"log1p">;
def Mpt_SqrtOp : Mpt_Unary<"sqrt">;
def Mpt_RsqrtOp : Mpt_Unary<"rsqrt">;
def Mpt_SinOp : Mpt_Unary<"sin">;
def Mpt_CosOp : Mpt_Unary<"cos">;
def Mpt_TanOp : Mpt_Unary<"tan">;
def Mpt_AsinOp : Mpt_Unary<"asin">;
def Mpt_AcosOp : Mpt_Unary<"acos">;
def Mpt_AtanOp : Mpt_Unary<"atan">;
def Mpt_SinhOp : Mpt_Unary<"sinh">;
def Mpt_CoshOp : Mpt_Unary<"cosh">;
def Mpt_AsinhOp : Mpt_Unary<"asinh">;
def Mpt_AcoshOp : Mpt_Unary<"acosh">;
def Mpt_AtanhOp : Mpt_Unary<"atanh">;
def Mpt_TanhOp : Mpt_Unary<"tanh">;
def Mpt_LogisticOp : Mpt_Unary<"logistic">;
def Mpt_ErfOp : Mpt_Unary<"erf">;
def Mpt_NotOp : Mpt_Unary<"not", [Mpt_NotDifferentiable]>;
def Mpt_IsFiniteOp : Mpt_Elementwise<"is_finite", (ins Mpt_Tensor:$input), "inferBoolType", [Mpt_NotDifferentiable]>;
def Mpt_IsNanOp : Mpt_Elementwise<"is_nan", (ins Mpt_Tensor:$input), "inferBoolType", [Mpt_NotDifferentiable]>;

class Mpt_JointlyLinear<string mnemonic> : Mpt_Binary<mnemonic> {
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{0, 1}}; }
  }];
}
def Mpt_AddOp : Mpt_JointlyLinear<"add">;
def Mpt_SubOp : Mpt_JointlyLinear<"sub">;
def Mpt_MulOp : Mpt_Binary<"mul"> {
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{0}, {1}}; }
  }];
}
def Mpt_DivOp : Mpt_Binary<"div"> {
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{0}}; }
  }];
}
def Mpt_RemOp : Mpt_Binary<"rem"> { let description = "remainder with the sign of the dividend"; }
def Mpt_PowOp : Mpt_Binary<"pow">;
def Mpt_MaxOp : Mpt_Binary<"max"> {
  let description = [{
    NaN if either operand is NaN. The gradient goes to lhs where lhs is greater,
    else to rhs: `max x, 0` has gradient 0 at 0, as PyTorch's relu.
  }];
}
def Mpt_MinOp : Mpt_Binary<"min"> {
  let description = [{
    NaN if either operand is NaN. The gradient goes to lhs where lhs is less,
    else to rhs.
  }];
}
def Mpt_AndOp : Mpt_Binary<"and", [Mpt_NotDifferentiable]>;
def Mpt_OrOp : Mpt_Binary<"or", [Mpt_NotDifferentiable]>;
def Mpt_XorOp : Mpt_Binary<"xor", [Mpt_NotDifferentiable]>;

def Mpt_CompareOp : Mpt_Elementwise<"compare",
    (ins Mpt_Tensor:$lhs, Mpt_Tensor:$rhs, StrAttr:$kind), "inferBoolType", [Mpt_NotDifferentiable]> {
  let description = "kind: eq, ne, lt, le, gt, ge; ordered comparisons, but ne is true for NaN";
  let hasVerifier = 1;
  let extraClassDeclaration = declared # "bool isFreeToClone() { return true; }";
}
def Mpt_SelectOp : Mpt_Elementwise<"select",
    (ins Mpt_Tensor:$pred, Mpt_Tensor:$on_true, Mpt_Tensor:$on_false), "inferSelectType"> {
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{1, 2}}; }
  }];
  let hasVerifier = 1;
}
def Mpt_ConvertOp : Mpt_ComputeOp<"convert", (ins Mpt_Tensor:$input), (outs Mpt_Tensor:$result),
                                  [Elementwise, SameOperandsAndResultShape]> {
  let summary = "element type conversion (float to integer truncates; to i1 is 'not zero')";
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups();
  }];
}
def Mpt_SumOp : Mpt_Elementwise<"sum", (ins Variadic<Mpt_Tensor>:$inputs), "inferSameType"> {
  let summary = "sum of cotangents, added left to right; split by stage in phase 5";
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() {
      ::llvm::SmallVector<unsigned> all;
      for (unsigned i = 0; i < getNumOperands(); ++i) all.push_back(i);
      return {all};
    }
  }];
}
def Mpt_AccumulateOp : Mpt_Elementwise<"accumulate", (ins Mpt_Tensor:$acc, Mpt_Tensor:$value), "inferSameType", [Mpt_NotDifferentiable]> {
  let summary = "an accumulator of a task plus a value";
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{0, 1}}; }
  }];
}
def Mpt_ConstrainOp : Mpt_Elementwise<"constrain", (ins Mpt_Tensor:$input, Mpt_ShardingAttr:$to), "inferSameType"> {
  let summary = "the value has this sharding (a seed of phase 4)";
  let extraClassDeclaration = declared # [{
    ::llvm::SmallVector<::llvm::SmallVector<unsigned>> getLinearGroups() { return {{0}}; }
  }];
}
#endif
