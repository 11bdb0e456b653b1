// SPDX-License-Identifier: Apache-2.0
// Resharding before phase 6, collectives and rank coordinates from then on.
// `over ["tp"]`: one call per set of ranks that differ only in these axes;
// `stages` picks some coordinates of pp. Operands are tensors up to phase 8 and
// memrefs (reduced in place, no results) from phase 9.
#ifndef MPT_IR_COLLECTIVEOPS_TD
#define MPT_IR_COLLECTIVEOPS_TD
include "mpt/IR/MptBase.td"

def Mpt_ReshardOp : Mpt_ProgramOp<"reshard", (ins Mpt_Tensor:$input), (outs Mpt_Tensor:$result), [Pure, Mpt_NotDifferentiable]> {
  let hasVerifier = 1;
}

class Mpt_Collective<string mnemonic, dag args, dag outs>
    : Mpt_ProgramOp<mnemonic, !con(args, (ins StrArrayAttr:$over, OptionalAttr<DenseI64ArrayAttr>:$stages,
        I64Attr:$bytes, OptionalAttr<StrAttr>:$stream, OptionalAttr<StrArrayAttr>:$nodes)), outs, [Mpt_NotDifferentiable]> {
  let hasVerifier = 1;
}
def Mpt_AllReduceOp : Mpt_Collective<"all_reduce",
    (ins Variadic<AnyType>:$inputs, StrAttr:$kind, OptionalAttr<I64Attr>:$bucket), (outs Variadic<AnyType>:$outputs)> {
  let description = "kind: sum, max, min. Several operands are a bucket. bytes: payload of one rank";
}
def Mpt_AllGatherOp : Mpt_Collective<"all_gather", (ins AnyType:$input, Optional<AnyType>:$out, I64Attr:$dim), (outs Optional<AnyType>:$result)> {
  let description = "concatenates along dim in order of the index on `over`; bytes: its result";
}
def Mpt_ReduceScatterOp : Mpt_Collective<"reduce_scatter", (ins AnyType:$input, Optional<AnyType>:$out, StrAttr:$kind, I64Attr:$dim), (outs Optional<AnyType>:$result)>;
def Mpt_AllToAllOp : Mpt_Collective<"all_to_all", (ins AnyType:$input, Optional<AnyType>:$out, I64Attr:$split_dim, I64Attr:$concat_dim), (outs Optional<AnyType>:$result)>;

class Mpt_RankScalar<string mnemonic> : Mpt_ProgramOp<mnemonic,
    (ins StrArrayAttr:$axes, I64Attr:$size), (outs Mpt_Tensor:$result), [Pure, Mpt_NotDifferentiable]> {
  let hasVerifier = 1;
}
def Mpt_ShardOffsetOp : Mpt_RankScalar<"shard_offset"> {
  let summary = "first element of this rank's block of a dim of `size`, cut level by level over `axes` (i64 scalar)";
}
def Mpt_ShardExtentOp : Mpt_RankScalar<"shard_extent"> {
  let summary = "number of elements of this rank's block; 0 if empty (i64 scalar)";
}
def Mpt_ShardSliceOp : Mpt_ProgramOp<"shard_slice", (ins Mpt_Tensor:$input, StrArrayAttr:$axes, I64Attr:$dim, I64Attr:$size),
    (outs Mpt_Tensor:$result), [Pure, Mpt_NotDifferentiable]> {
  let summary = "this rank's block of dim, padded with zeros to the bound";
  let hasVerifier = 1;
}
def Mpt_MaskPadOp : Mpt_ProgramOp<"mask_pad", (ins Mpt_Tensor:$input, Mpt_Tensor:$extent, I64Attr:$dim, AnyAttr:$value),
    (outs Mpt_Tensor:$result), [Pure, Mpt_NotDifferentiable]> {
  let summary = "the operand with `value` at positions >= extent of dim";
  let hasVerifier = 1;
}
def Mpt_MaskReplicasOp : Mpt_ProgramOp<"mask_replicas", (ins Mpt_Tensor:$input, StrArrayAttr:$axes),
    (outs Mpt_Tensor:$result), [Pure, Mpt_NotDifferentiable]> {
  let summary = "the operand on index 0 of the axes, zeros elsewhere";
}
#endif
