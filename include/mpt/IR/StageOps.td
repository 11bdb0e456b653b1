// SPDX-License-Identifier: Apache-2.0
// States, the mesh, tasks and their schedule.
#ifndef MPT_IR_STAGEOPS_TD
#define MPT_IR_STAGEOPS_TD
include "mpt/IR/MptBase.td"

def Mpt_StateOp : Mpt_Op<"state", [Symbol]> {
  let summary = "what outlives a program's run";
  let description = [{
    role: parameter, optimizer, buffer, cache, counter. `of`: the parameter an
    optimizer state belongs to. The type is the global one. `file_shape`: the
    shape under which the state is read, saved and shown, if the program splits
    dims of it (the order of the elements is the same).
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type, StrAttr:$role,
    OptionalAttr<UnitAttr>:$trainable, OptionalAttr<FlatSymbolRefAttr>:$of, OptionalAttr<AnyAttr>:$source,
    OptionalAttr<Mpt_StorageAttr>:$storage, OptionalAttr<Mpt_StorageAttr>:$compute,
    OptionalAttr<Mpt_StorageAttr>:$grad, OptionalAttr<Mpt_StorageAttr>:$state,
    OptionalAttr<UnitAttr>:$decay, OptionalAttr<DenseI64ArrayAttr>:$file_shape, OptionalAttr<StrAttr>:$sym_visibility);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getTensorType() { return ::llvm::cast<::mlir::RankedTensorType>(getType()); }
    /// The sharding in memory: `storage`; if absent, for an optimizer state the
    /// `state` or `storage` of its parameter, else replicated.
    ::mlir::mpt::ShardingAttr getStorageSharding();
    /// The shape outside of the program: `file_shape`, else the type's.
    ::llvm::ArrayRef<int64_t> getOuterShape() {
      return getFileShape() ? *getFileShape() : getTensorType().getShape();
    }
  }];
}
def Mpt_ReadOp : Mpt_ProgramOp<"read", (ins FlatSymbolRefAttr:$source), (outs Mpt_Tensor:$result), [DeclareOpInterfaceMethods<SymbolUserOpInterface>]>;
def Mpt_WriteOp : Mpt_ProgramOp<"write", (ins Mpt_Tensor:$value, FlatSymbolRefAttr:$source), (outs), [DeclareOpInterfaceMethods<SymbolUserOpInterface>]>;

def Mpt_MeshOp : Mpt_Op<"mesh", []> {
  let summary = "the mesh: device axes, outermost first, and time axes";
  let arguments = (ins ArrayAttr:$axes, ArrayAttr:$time);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Size of a device or time axis; 1 if there is none of that name.
    int64_t getSize(::llvm::StringRef axis);
    /// Product of the device axes.
    int64_t getNumRanks();
    bool isTime(::llvm::StringRef axis);
    ::mlir::mpt::AxisRefAttr getAxis(::llvm::StringRef axis);
  }];
}
def Mpt_ScheduleHeaderOp : Mpt_Op<"schedule_header", []> {
  let summary = "what phase 3 decided about the schedule";
  let arguments = (ins StrAttr:$name, StrAttr:$tasks, I64Attr:$stages, I64Attr:$micro,
                       DenseI64ArrayAttr:$place, OptionalAttr<StrAttr>:$text);
  let assemblyFormat = "$name attr-dict";
  let hasVerifier = 1;
}
def Mpt_ReplicasOp : Mpt_Op<"replicas", []> {
  let summary = "copies of one parameter on several stages, counted once in norms";
  let arguments = (ins FlatSymbolRefAttr:$parameter, DenseI64ArrayAttr:$among, I64Attr:$count);
  let assemblyFormat = "$parameter attr-dict";
}
def Mpt_TransferOp : Mpt_Op<"transfer", [Symbol]> {
  let summary = "an edge between stages";
  let description = [{
    `move`: the value sent by task (F or B) of stage `from` is received by stage
    `to`. `sum`: the operands of all stages in `among` are added and each gets the
    result; task `acc` (accumulators of parameter `of`) or NORM.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$input, TypeAttr:$output, StrAttr:$mode, StrAttr:$task,
    OptionalAttr<I64Attr>:$from, OptionalAttr<I64Attr>:$to, OptionalAttr<DenseI64ArrayAttr>:$among,
    OptionalAttr<FlatSymbolRefAttr>:$of, OptionalAttr<StrArrayAttr>:$over, OptionalAttr<I64Attr>:$bytes,
    OptionalAttr<StrAttr>:$sym_visibility);
  let assemblyFormat = "$sym_name `:` $input `->` $output attr-dict";
  let hasVerifier = 1;
}
def Mpt_PointOp : Mpt_Op<"point", []> {
  let summary = "an action may start or finish communication here";
  let arguments = (ins I64Attr:$index);
  let assemblyFormat = "$index attr-dict";
}
def Mpt_ScheduleOp : Mpt_Op<"schedule", [NoTerminator, SingleBlock]> {
  let arguments = (ins StrAttr:$name, I64Attr:$stages, I64Attr:$micro, DenseI64ArrayAttr:$place);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$name attr-dict-with-keyword $body";
}
def Mpt_ActionsOp : Mpt_Op<"actions", [NoTerminator, SingleBlock, HasParent<"ScheduleOp">]> {
  let summary = "the ordered actions of one pipeline coordinate; peak: bound of its arena in bytes";
  let arguments = (ins I64Attr:$pp, I64Attr:$peak);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "attr-dict-with-keyword $body";
}
class Mpt_Action<string mnemonic, dag args> : Mpt_Op<mnemonic, [HasParent<"ActionsOp">]> {
  let arguments = args;
}
def Mpt_RunOp : Mpt_Action<"run", (ins FlatSymbolRefAttr:$task, OptionalAttr<I64Attr>:$mb, OptionalAttr<I64Attr>:$save,
                                       OptionalAttr<DictionaryAttr>:$slots)> {
  let summary = "runs a task; slots: transfer name -> slot of its received or sent value";
  let assemblyFormat = "$task attr-dict";
}
def Mpt_SendOp : Mpt_Action<"send", (ins FlatSymbolRefAttr:$transfer, I64Attr:$mb, I64Attr:$slot)> { let assemblyFormat = "$transfer attr-dict"; }
def Mpt_RecvOp : Mpt_Action<"recv", (ins FlatSymbolRefAttr:$transfer, I64Attr:$mb, I64Attr:$slot)> { let assemblyFormat = "$transfer attr-dict"; }
def Mpt_HandOverOp : Mpt_Action<"hand_over", (ins FlatSymbolRefAttr:$transfer, I64Attr:$mb, I64Attr:$slot)> {
  let summary = "both stages are on this rank: the sent slot is the received one";
  let assemblyFormat = "$transfer attr-dict";
}
def Mpt_ExchangeOp : Mpt_Action<"exchange", (ins FlatSymbolRefAttr:$transfer)> { let assemblyFormat = "$transfer attr-dict"; }
#endif
