// SPDX-License-Identifier: Apache-2.0
//
// The form that phase 6 ends in:
//  - types are local: no encoding anywhere, no op of earlier forms, no regions
//    (nothing runs under control that depends on the rank);
//  - groups consist of axes of the mesh, collectives inside a task not of pp;
//    shapes and bytes fit the size of the group, offsets and extents fit the
//    dims they speak of (one axis list and size give the bound);
//  - ops are whole only where their dims are (see VerifyWhole.cpp);
//  - what tasks exchange agrees: a state has the local bound of its storage, a
//    saved value, accumulator or gradient one type in all tasks of its stage,
//    both ends of a transfer its type.
//
#include "Localize.h"
#include "mpt/Sharding/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYLOCALIZEPASS
#include "mpt/Sharding/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;
using namespace ::mpt::sharding;

namespace {
struct VerifyLocalize
    : mlir::mpt::impl::VerifyLocalizePassBase<VerifyLocalize> {
  void runOnOperation() override;
};

class FormVerifier {
public:
  FormVerifier(ModuleOp module, MeshOp mesh) : symbols(module), mesh(mesh) {}
  LogicalResult run(ModuleOp module);

private:
  InFlightDiagnostic fail(Operation *op) {
    ++failures;
    return op->emitOpError();
  }
  void checkTransfer(TransferOp transfer);
  void checkTask(func::FuncOp task);
  void checkType(Operation *op, Type type);
  void checkOp(Operation *op);
  void checkAxes(Operation *op, ArrayAttr axes, bool collective);
  void checkExchange(Operation *op);
  void checkSizes(Operation *op);
  /// A rank scalar (offset or extent) of the dim of `of`.
  void checkScalar(Operation *op, Value scalar, Value of, unsigned dim);
  void checkBinding(func::FuncOp task, Type type, NamedAttribute binding);
  void checkState(func::FuncOp task, Type type, FlatSymbolRefAttr name);
  SmallVector<int64_t> countsOf(ArrayAttr axes);
  int64_t groupOf(ArrayAttr axes);

  SymbolTable symbols;
  MeshOp mesh;
  int failures = 0;
  /// Type by (stage, kind of binding, name), with the task that had it first.
  std::map<std::tuple<std::string, std::string, std::string>,
           std::pair<Type, func::FuncOp>>
      bound;
};
} // namespace

SmallVector<int64_t> FormVerifier::countsOf(ArrayAttr axes) {
  return llvm::map_to_vector(axes.getAsValueRange<StringAttr>(),
                             [&](StringRef a) { return mesh.getSize(a); });
}
int64_t FormVerifier::groupOf(ArrayAttr axes) {
  int64_t size = 1;
  for (int64_t n : countsOf(axes))
    size *= n;
  return size;
}

void FormVerifier::checkType(Operation *op, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (tensor && tensor.getEncoding())
    fail(op) << "has type " << type << "; types of phase 6 are local and carry "
             << "no encoding";
}

void FormVerifier::checkAxes(Operation *op, ArrayAttr axes, bool collective) {
  if (axes.empty())
    fail(op) << "names no axis; drop the op instead";
  SmallVector<StringRef> seen;
  for (StringRef axis : axes.getAsValueRange<StringAttr>()) {
    if (!mesh.getAxis(axis) || mesh.isTime(axis))
      fail(op) << "axis '" << axis << "' is no device axis of the mesh";
    else if (collective && axis == "pp")
      fail(op) << "exchanges over 'pp' inside a task; stages exchange by "
                  "mpt.transfer";
    if (llvm::is_contained(seen, axis))
      fail(op) << "axis '" << axis << "' stands twice";
    seen.push_back(axis);
  }
}

/// The shape with dim times `factor`.
static SmallVector<int64_t> scaled(Value v, int64_t dim, int64_t factor) {
  SmallVector<int64_t> shape(cast<RankedTensorType>(v.getType()).getShape());
  if (dim < int64_t(shape.size()))
    shape[dim] *= factor;
  return shape;
}

void FormVerifier::checkExchange(Operation *op) {
  auto compare = [&](ArrayRef<int64_t> found, ArrayRef<int64_t> expected,
                     ArrayAttr over) {
    if (found != expected)
      fail(op) << "shapes do not fit a group of " << groupOf(over) << ": found "
               << op->getOperand(0).getType() << " to "
               << op->getResult(0).getType();
  };
  if (auto gather = dyn_cast<AllGatherOp>(op))
    compare(
        scaled(gather.getResult(), 0, 1),
        scaled(gather.getInput(), gather.getDim(), groupOf(gather.getOver())),
        gather.getOver());
  if (auto scatter = dyn_cast<ReduceScatterOp>(op))
    compare(scaled(scatter.getInput(), 0, 1),
            scaled(scatter.getResult(), scatter.getDim(),
                   groupOf(scatter.getOver())),
            scatter.getOver());
  if (auto move = dyn_cast<AllToAllOp>(op)) {
    int64_t group = groupOf(move.getOver());
    compare(scaled(move.getResult(), move.getSplitDim(), group),
            scaled(move.getInput(), move.getConcatDim(), group),
            move.getOver());
  }
}

void FormVerifier::checkScalar(Operation *op, Value scalar, Value of,
                               unsigned dim) {
  Operation *source = scalar.getDefiningOp();
  if (!isa_and_nonnull<ShardOffsetOp, ShardExtentOp>(source)) {
    fail(op) << "takes a rank coordinate that is no shard_offset or "
                "shard_extent";
    return;
  }
  auto size = source->getAttrOfType<IntegerAttr>("size").getInt();
  auto axes = source->getAttrOfType<ArrayAttr>("axes");
  int64_t expected = cutBound(size, countsOf(axes));
  auto type = cast<RankedTensorType>(of.getType());
  if (type.getDimSize(dim) != expected)
    fail(op) << "dim " << dim << " of " << type << " is no block of " << size
             << " elements over " << axes << ", whose bound is " << expected;
}

void FormVerifier::checkSizes(Operation *op) {
  if (auto slice = dyn_cast<ShardSliceOp>(op)) {
    auto type = cast<RankedTensorType>(slice.getResult().getType());
    int64_t bound = cutBound(slice.getSize(), countsOf(slice.getAxes()));
    if (type.getDimSize(slice.getDim()) != bound)
      fail(op) << "result has " << type.getDimSize(slice.getDim())
               << " elements in dim " << slice.getDim() << ", the bound is "
               << bound;
  }
  if (auto mask = dyn_cast<MaskPadOp>(op))
    checkScalar(op, mask.getExtent(), mask.getInput(), mask.getDim());
  if (auto take = dyn_cast<TakeOp>(op); take && take.getLo())
    checkScalar(op, take.getLo(), take.getTable(), take.getAxis());
  if (auto scatter = dyn_cast<ScatterRowsOp>(op); scatter && scatter.getLo())
    checkScalar(op, scatter.getLo(), scatter.getBase(), scatter.getAxis());
  auto lastDim = [](Value v) {
    return unsigned(cast<RankedTensorType>(v.getType()).getRank() - 1);
  };
  if (auto loss = dyn_cast<CrossEntropyLocalOp>(op))
    checkScalar(op, loss.getLo(), loss.getLogits(), lastDim(loss.getLogits()));
  if (auto grad = dyn_cast<CrossEntropyGradOp>(op); grad && grad.getLo())
    checkScalar(op, grad.getLo(), grad.getLogits(), lastDim(grad.getLogits()));
}

void FormVerifier::checkOp(Operation *op) {
  int before = failures;
  if (isa<ReshardOp, ConstrainOp, ReadOp, WriteOp>(op))
    fail(op) << "belongs to an earlier phase";
  if (op->getNumRegions() != 0)
    fail(op) << "has a region; a task of phase 6 is straight-line code";
  for (Type type : op->getResultTypes())
    checkType(op, type);
  auto over = op->getAttrOfType<ArrayAttr>("over");
  if (over)
    checkAxes(op, over, /*collective=*/true);
  if (auto axes = op->getAttrOfType<ArrayAttr>("axes"))
    checkAxes(op, axes, /*collective=*/false);
  // Sizes of groups mean something only if their axes exist.
  if (failures != before)
    return;
  if (over)
    checkExchange(op);
  checkSizes(op);
}

//===- Bindings ----------------------------------------------------------===//

void FormVerifier::checkState(func::FuncOp task, Type type,
                              FlatSymbolRefAttr name) {
  auto state = symbols.lookup<StateOp>(name.getValue());
  if (!state) {
    fail(task) << "is bound to " << name << ", which is no state";
    return;
  }
  RankedTensorType expected =
      getLocalType(withSharding(state.getType(), state.getStorageSharding()));
  if (type != expected)
    fail(task) << "binds " << type << " to state " << name
               << ", whose local part is " << expected;
}

void FormVerifier::checkBinding(func::FuncOp task, Type type,
                                NamedAttribute binding) {
  StringRef kind = binding.getName().getValue();
  auto symbol = dyn_cast<FlatSymbolRefAttr>(binding.getValue());
  if (kind == "mpt.state" && symbol)
    return checkState(task, type, symbol);
  if ((kind == "mpt.send" || kind == "mpt.recv") && symbol) {
    auto transfer = symbols.lookup<TransferOp>(symbol.getValue());
    if (!transfer) {
      fail(task) << "is bound to " << symbol << ", which is no transfer";
      return;
    }
    Type expected =
        kind == "mpt.send" ? transfer.getInput() : transfer.getOutput();
    if (type != expected)
      fail(task) << "binds " << type << " to transfer " << symbol
                 << ", which moves " << expected;
    return;
  }
  if (!llvm::is_contained(
          {"mpt.save", "mpt.once", "mpt.acc", "mpt.grad", "mpt.input"}, kind))
    return;
  std::string stage = task.getSymName().split('_').first.str(), name;
  llvm::raw_string_ostream(name) << binding.getValue();
  auto [it, isNew] =
      bound.insert({{stage, kind.str(), name}, std::pair(type, task)});
  auto [first, where] = it->second;
  if (isNew || first == type)
    return;
  InFlightDiagnostic diagnostic = fail(task);
  diagnostic << "binds " << type << " to " << kind << " = " << name
             << ", elsewhere it is " << first;
  diagnostic.attachNote(where.getLoc()) << "bound here";
}

void FormVerifier::checkTask(func::FuncOp task) {
  int before = failures;
  if (!llvm::hasSingleElement(task.getBody())) {
    fail(task) << "is no straight-line task";
    return;
  }
  FunctionType type = task.getFunctionType();
  for (Type t : llvm::concat<const Type>(type.getInputs(), type.getResults()))
    checkType(task, t);
  for (Operation &op : task.front())
    checkOp(&op);
  if (failures != before)
    return;
  for (unsigned i = 0; i < type.getNumInputs(); ++i)
    for (NamedAttribute binding :
         mlir::function_interface_impl::getArgAttrs(task, i))
      checkBinding(task, type.getInput(i), binding);
  for (unsigned i = 0; i < type.getNumResults(); ++i)
    for (NamedAttribute binding :
         mlir::function_interface_impl::getResultAttrs(task, i))
      checkBinding(task, type.getResult(i), binding);
  failures += failed(verifyWhole(task, symbols));
}

void FormVerifier::checkTransfer(TransferOp transfer) {
  checkType(transfer, transfer.getInput());
  checkType(transfer, transfer.getOutput());
  if (!transfer.getOver() || !transfer.getBytes()) {
    fail(transfer) << "needs 'over' and 'bytes'";
    return;
  }
  if (!transfer.getOver()->empty())
    checkAxes(transfer, *transfer.getOver(), /*collective=*/false);
  if (transfer.getInput() != transfer.getOutput())
    fail(transfer) << "local types differ: " << transfer.getInput() << " and "
                   << transfer.getOutput();
  if (int64_t bytes = bytesOf(transfer.getOutput());
      int64_t(*transfer.getBytes()) != bytes)
    fail(transfer) << "'bytes' is " << *transfer.getBytes()
                   << ", its payload has " << bytes;
}

LogicalResult FormVerifier::run(ModuleOp module) {
  for (auto transfer : module.getOps<TransferOp>())
    checkTransfer(transfer);
  for (auto task : module.getOps<func::FuncOp>())
    checkTask(task);
  return success(failures == 0);
}

void VerifyLocalize::runOnOperation() {
  auto meshes = getOperation().getOps<MeshOp>();
  if (!llvm::hasSingleElement(meshes)) {
    getOperation().emitError() << "expected one mpt.mesh";
    return signalPassFailure();
  }
  FormVerifier verifier(getOperation(), *meshes.begin());
  if (failed(verifier.run(getOperation())))
    signalPassFailure();
}
