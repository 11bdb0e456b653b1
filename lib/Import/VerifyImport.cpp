// SPDX-License-Identifier: Apache-2.0
//===- VerifyImport.cpp - the form of phase 1 -----------------------------===//
//
// Programs and states over the global batch:
//  - @predict has arguments with `mpt.input` and results with `mpt.output`, all
//    static tensors without shardings;
//  - its body is one block: reads of states, then core ops and composites;
//  - no constant lists more than 64 KiB of elements;
//  - every op but a read has an `id` of its own and none of the marks of later
//    phases, and names an ONNX node: by its location, or by its id in the table
//    `mpt.nodes` (text without locations keeps the table);
//  - a state is a parameter, buffer or cache and has a source; what is
//  trainable
//    is a floating point parameter.
// That a source lies inside its file is checked where the file is read.
//
//===----------------------------------------------------------------------===//
#include "HostTensor.h"
#include "mpt/IR/Config.h"
#include "mpt/IR/Mpt.h"
#include "mpt/Import/Passes.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYIMPORTPASS
#include "mpt/Import/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct VerifyImport : mpt::impl::VerifyImportPassBase<VerifyImport> {
  void runOnOperation() override;
};

class ImportVerifier {
public:
  explicit ImportVerifier(ModuleOp module)
      : module(module),
        nodes(module->getAttrOfType<DictionaryAttr>(kNodesAttr)) {}
  LogicalResult run();

private:
  void checkState(StateOp state);
  void checkProgram(func::FuncOp program);
  void checkBoundary(func::FuncOp program);
  void checkOp(Operation &op);
  void checkIdentity(Operation &op);
  void checkTypes(Operation *op, TypeRange types);
  InFlightDiagnostic error(Operation *op) {
    ok = false;
    return op->emitError();
  }

  ModuleOp module;
  DictionaryAttr nodes;
  llvm::DenseMap<int64_t, Operation *> byId;
  bool ok = true;
};
} // namespace

//===- states -------------------------------------------------------------===//

void ImportVerifier::checkState(StateOp state) {
  std::string name = ("state '" + state.getSymName() + "'").str();
  RankedTensorType type = state.getTensorType();
  checkTypes(state, TypeRange(type));
  if (!llvm::is_contained({"parameter", "buffer", "cache"}, state.getRole()))
    error(state) << name << " has role '" << state.getRole()
                 << "'; expected parameter, buffer or cache";
  if (state.getTrainable() && (state.getRole() != "parameter" ||
                               !isa<FloatType>(type.getElementType())))
    error(state) << name << " is trainable, but is no parameter of a floating "
                 << "point type";
  if (state.getStorage() || state.getCompute() || state.getGrad() ||
      state.getState())
    error(state) << name << " has a storage form; these come in phase 3";
  auto source = dyn_cast_or_null<SliceAttr>(state.getSourceAttr());
  if (source ? source.getOffset() < 0
             : !isa_and_nonnull<ZeroAttr>(state.getSourceAttr()))
    error(state) << name << " has no source; expected #mpt.slice or #mpt.zero";
}

//===- programs -----------------------------------------------------------===//

void ImportVerifier::checkTypes(Operation *op, TypeRange types) {
  for (Type type : types) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape())
      error(op) << "found type " << type << "; expected a tensor of static "
                << "shape";
    else if (tensor.getEncoding())
      error(op) << "found type " << type << " with a sharding; these come in "
                << "phase 4";
  }
}

void ImportVerifier::checkBoundary(func::FuncOp program) {
  checkTypes(program, program.getArgumentTypes());
  checkTypes(program, program.getResultTypes());
  auto check = [&](StringRef what, unsigned i, StringAttr name,
                   llvm::StringSet<> &seen) {
    if (!name)
      error(program) << what << " " << i << " of '" << program.getName()
                     << "' has no name; expected mpt." << what;
    else if (!seen.insert(name.getValue()).second)
      error(program) << what << " '" << name.getValue() << "' is there twice";
  };
  llvm::StringSet<> inputs, outputs;
  for (unsigned i = 0; i < program.getNumArguments(); ++i)
    check("input", i, program.getArgAttrOfType<StringAttr>(i, "mpt.input"),
          inputs);
  for (unsigned i = 0; i < program.getNumResults(); ++i)
    check("output", i, program.getResultAttrOfType<StringAttr>(i, "mpt.output"),
          outputs);
}

/// Core ops and composites; what is left of the dialect are adjoints, updates,
/// sums of cotangents and what later phases add.
static bool isProgramOp(Operation &op) {
  return isa<NegOp, AbsOp, SignOp, FloorOp, CeilOp, RoundEvenOp, ExpOp, Expm1Op,
             LogOp, Log1pOp, SqrtOp, RsqrtOp, SinOp, CosOp, TanOp, AsinOp,
             AcosOp, AtanOp, SinhOp, CoshOp, AsinhOp, AcoshOp, AtanhOp, TanhOp,
             LogisticOp, ErfOp, NotOp, IsFiniteOp, IsNanOp, AddOp, SubOp, MulOp,
             DivOp, RemOp, PowOp, MaxOp, MinOp, AndOp, OrOp, XorOp, CompareOp,
             SelectOp, ConvertOp>(op) ||
         isa<ConstantOp, IotaOp, BroadcastOp, ReshapeOp, TransposeOp, SliceOp,
             PadOp, ConcatOp, ReverseOp, TakeOp, ScatterRowsOp, ReduceOp,
             DotGeneralOp, GeluOp, SoftmaxOp, LogSoftmaxOp, LayerNormOp,
             RmsNormOp, CrossEntropyOp, LabelWeightOp, AttentionOp>(op);
}

/// The node's name, as the importer or a reader of the text gave it.
static bool hasName(Location loc) {
  if (isa<NameLoc>(loc))
    return true;
  auto fused = dyn_cast<FusedLoc>(loc);
  return fused && llvm::any_of(fused.getLocations(), hasName);
}

void ImportVerifier::checkIdentity(Operation &op) {
  for (StringRef mark : {"adjoint_of", "stage", "recompute"})
    if (op.hasAttr(mark))
      error(&op) << "'" << mark << "' is a mark of a later phase";
  auto id = op.getAttrOfType<IntegerAttr>("id");
  if (!id) {
    error(&op) << "'" << op.getName() << "' has no id";
    return;
  }
  auto [first, isNew] = byId.try_emplace(id.getInt(), &op);
  if (!isNew) {
    auto diagnostic = error(&op);
    diagnostic << "id " << id.getInt() << " is given twice";
    diagnostic.attachNote(first->second->getLoc()) << "first here";
  }
  bool inTable = nodes && nodes.get(std::to_string(id.getInt()));
  if (nodes ? !inTable : !hasName(op.getLoc()))
    error(&op) << "op " << id.getInt()
               << " names no node; expected an entry in " << kNodesAttr
               << " or a location with a name";
}

void ImportVerifier::checkOp(Operation &op) {
  checkTypes(&op, op.getResultTypes());
  if (isa<ReadOp>(op)) {
    Operation *before = op.getPrevNode();
    if (before && !isa<ReadOp>(before))
      error(&op) << "a state is read after the first op; expected all reads at "
                 << "the entry";
    return;
  }
  if (!isProgramOp(op)) {
    error(&op) << "'" << op.getName() << "' is neither core op nor composite";
    return;
  }
  if (auto constant = dyn_cast<ConstantOp>(op))
    if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue())) {
      auto type = cast<RankedTensorType>(dense.getType());
      if (!dense.isSplat() && !import::fitsConstant(type))
        error(&op) << "constant has " << import::byteSize(type)
                   << " bytes, at most " << import::kConstantLimit
                   << " are allowed; make it a state";
    }
  checkIdentity(op);
}

void ImportVerifier::checkProgram(func::FuncOp program) {
  checkBoundary(program);
  if (!llvm::hasSingleElement(program.getBody())) {
    error(program) << "'" << program.getName() << "' is not one block";
    return;
  }
  for (Operation &op : program.front().without_terminator())
    checkOp(op);
}

LogicalResult ImportVerifier::run() {
  for (Operation &op : *module.getBody()) {
    if (auto state = dyn_cast<StateOp>(op))
      checkState(state);
    else if (auto program = dyn_cast<func::FuncOp>(op))
      checkProgram(program);
    else
      error(&op) << "'" << op.getName()
                 << "' does not belong here; expected states and programs";
  }
  if (!module.lookupSymbol<func::FuncOp>("predict"))
    error(module) << "there is no program '@predict'";
  return success(ok);
}

void VerifyImport::runOnOperation() {
  if (failed(ImportVerifier(getOperation()).run()))
    signalPassFailure();
}
