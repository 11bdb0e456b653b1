// SPDX-License-Identifier: Apache-2.0
// Base classes of the ops. All ops of a program share one textual form:
// `mpt.name [kind] %operands [contract ..] [over ..] {attributes} : types`,
// where the types are one type if all operands and results have it.
#ifndef MPT_IR_MPTBASE_TD
#define MPT_IR_MPTBASE_TD
include "mpt/IR/MptAttrs.td"
include "mpt/IR/MptInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"

class Mpt_Op<string mnemonic, list<Trait> traits = []>
    : Op<Mpt_Dialect, mnemonic, traits>;

// An op whose text is printed and parsed by printProgramOp/parseProgramOp.
class Mpt_ProgramOp<string mnemonic, dag args, dag outs, list<Trait> traits = []>
    : Mpt_Op<mnemonic, traits> {
  // `id`: the op for machines, kept by clones. `adjoint_of`: id of the forward
  // op whose gradient this is part of. `stage`: pipeline stage. `recompute`:
  // not saved for the backward pass but computed again at its head.
  let arguments = !con(args, (ins OptionalAttr<I64Attr>:$id,
                                  OptionalAttr<I64Attr>:$adjoint_of,
                                  OptionalAttr<I64Attr>:$stage,
                                  OptionalAttr<UnitAttr>:$recompute));
  let results = outs;
  let hasCustomAssemblyFormat = 1;
  code parsePrint = [{
    ::mlir::ParseResult $cppClass::parse(::mlir::OpAsmParser &parser, ::mlir::OperationState &result) {
      return ::mlir::mpt::parseProgramOp(parser, result);
    }
    void $cppClass::print(::mlir::OpAsmPrinter &p) { ::mlir::mpt::printProgramOp(*this, p); }
  }];
  let extraClassDefinition = parsePrint;
  // What a family declares for all its ops: `declared # [{ more }]`.
  code declared = "";
}

def Mpt_Tensor : AnyTypeOf<[AnyRankedTensor]>;

def Mpt_Differentiable : DeclareOpInterfaceMethods<Mpt_DifferentiableOpInterface>;
def Mpt_NotDifferentiable : NativeOpTrait<"NotDifferentiable"> {
  let cppNamespace = "::mlir::mpt";
}
def Mpt_InferType : DeclareOpInterfaceMethods<InferTypeOpInterface>;

// A pure op of the core set or a composite. It has a gradient (a missing
// `buildGradient` fails the link by name) or says Mpt_NotDifferentiable.
class Mpt_ComputeOp<string mnemonic, dag args, dag outs, list<Trait> traits = []>
    : Mpt_ProgramOp<mnemonic, args, outs,
        !listconcat([Pure, DeclareOpInterfaceMethods<Mpt_ComputeOpInterface, ["getIterationSpace"]>],
                    !if(!empty(!filter(t, traits, !eq(t, Mpt_NotDifferentiable))), [Mpt_Differentiable], []<Trait>),
                    traits)>;

// The same with a result type that follows from operands and attributes.
// Encodings are left out of the inferred type and of the comparison: they
// follow from the sharding rule (see Facets.h) and are verified by phase.
class Mpt_InferredOp<string mnemonic, dag args, dag outs, list<Trait> traits = []>
    : Mpt_ComputeOp<mnemonic, args, outs, !listconcat([Mpt_InferType], traits)> {
  code compatible = [{
    bool $cppClass::isCompatibleReturnTypes(::mlir::TypeRange l, ::mlir::TypeRange r) {
      return ::mlir::mpt::sameShapesAndElements(l, r);
    }
  }];
  let extraClassDefinition = parsePrint # compatible;
  let declared = [{
    static bool isCompatibleReturnTypes(::mlir::TypeRange l, ::mlir::TypeRange r);
  }];
  let extraClassDeclaration = declared;
}
#endif
