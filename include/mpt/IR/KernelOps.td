// SPDX-License-Identifier: Apache-2.0
// Phases 8 and 9: kernels, library calls, buffers, streams.
#ifndef MPT_IR_KERNELOPS_TD
#define MPT_IR_KERNELOPS_TD
include "mpt/IR/MptBase.td"

class Mpt_DpsCall<string mnemonic, dag args> : Mpt_Op<mnemonic, [AttrSizedOperandSegments]> {
  let arguments = !con(args, (ins Variadic<AnyType>:$inputs, Variadic<AnyType>:$outs,
                                  OptionalAttr<StrArrayAttr>:$nodes, OptionalAttr<StrAttr>:$stream));
  let results = (outs Variadic<AnyType>:$results);
}
def Mpt_LaunchOp : Mpt_DpsCall<"launch", (ins FlatSymbolRefAttr:$kernel)> {
  let summary = "runs a kernel; with tensors one result per destination, with memrefs none";
  let assemblyFormat = "$kernel `(` $inputs `)` `into` `(` $outs `)` attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def Mpt_LibraryOp : Mpt_DpsCall<"library", (ins StrAttr:$name, OptionalAttr<DenseI64ArrayAttr>:$lhs_batch,
    OptionalAttr<DenseI64ArrayAttr>:$rhs_batch, OptionalAttr<DenseI64ArrayAttr>:$lhs_contract,
    OptionalAttr<DenseI64ArrayAttr>:$rhs_contract, OptionalAttr<UnitAttr>:$accumulate,
    OptionalAttr<DictionaryAttr>:$options)> {
  let summary = "a library call of the target";
  let description = [{
    gemm: dims as of dot_general; accumulate adds to the destination.
    attention, attention_grad: operands and results of the op of that name, its
    attributes in `options`; `swapped` there lists the operands (destinations
    counted on) that lie as [B, S, H, D].
  }];
  let assemblyFormat = "$name `(` $inputs `)` `into` `(` $outs `)` attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def Mpt_ArenaOp : Mpt_Op<"arena", [Symbol]> {
  let summary = "device memory of one rank of a pipeline coordinate, in bytes";
  let description = [{
    `places`: what the manifest says of it (abi.def, Coordinate): dictionaries
    {kind, name, at, ...}, kind: state, grad, acc (zero before the first step),
    input, output, send, recv, sum, metric. `regions`: what only tasks use: once
    (values of a step), save (count sets, stride bytes each), work (shared by all
    tasks). `events`: the most events that a task uses.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$bytes, I64Attr:$align, OptionalAttr<StrAttr>:$sym_visibility);
  let assemblyFormat = "$sym_name attr-dict";
}
def Mpt_BufferOp : Mpt_Op<"buffer", [Pure]> {
  let summary = "bytes at `at + index * stride` of the arena";
  let arguments = (ins AnyMemRef:$arena, Optional<Index>:$index, I64Attr:$at, OptionalAttr<I64Attr>:$stride);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$arena (`[` $index^ `]`)? attr-dict `:` type($arena) `->` type($result)";
  let hasVerifier = 1;
}
def Mpt_CopyOp : Mpt_Op<"copy", []> {
  let summary = "copies the bytes of one buffer to another";
  let arguments = (ins AnyMemRef:$from, AnyMemRef:$to, StrAttr:$stream);
  let assemblyFormat = "$from `to` $to `on` $stream attr-dict `:` type($from) `,` type($to)";
  let hasVerifier = 1;
}
def Mpt_RecordOp : Mpt_Op<"record"> {
  let arguments = (ins I64Attr:$event, StrAttr:$stream);
  let assemblyFormat = "$event `on` $stream attr-dict";
}
def Mpt_WaitOp : Mpt_Op<"wait"> {
  let arguments = (ins I64Attr:$event, StrAttr:$stream);
  let assemblyFormat = "$event `on` $stream attr-dict";
}
#endif
