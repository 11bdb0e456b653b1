// SPDX-License-Identifier: Apache-2.0
// Phase 10 in order: numbers and manifest from the form of phase 9; kernels in
// a module of their own through the target's pipeline; host functions; the
// symbols of abi.def as globals; nothing of dialect `mpt` remains.
#include "ProgramTables.h"
#include "mpt/Target/Passes.h"
#include "mpt/Target/Target.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_LOWERTOLLVMPASS
#include "mpt/Target/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct LowerToLLVM : mpt::impl::LowerToLLVMPassBase<LowerToLLVM> {
  void runOnOperation() override;
  LogicalResult lower();
  LogicalResult lowerKernels(const Target &target, ProgramTables &tables);
  LogicalResult takeSpaces(ProgramTables &tables);

  /// Rows and grain of each kernel.
  SmallVector<std::pair<int64_t, int64_t>> spaces;
};
} // namespace

/// Bytes [first, second) of the arena that a buffer covers whatever its index.
static std::pair<int64_t, int64_t> getRange(BufferOp buffer) {
  auto type = cast<MemRefType>(buffer.getResult().getType());
  int64_t at = buffer.getAt();
  if (buffer.getIndex())
    return {at, std::numeric_limits<int64_t>::max()};
  return {at,
          at + type.getNumElements() * getElementBytes(type.getElementType())};
}

static bool mayOverlap(Value a, Value b) {
  auto first = a.getDefiningOp<BufferOp>(),
       second = b.getDefiningOp<BufferOp>();
  if (!first || !second)
    return false;
  if (a == b || first.getAt() == second.getAt())
    return true;
  // Entries of one table: the planner keeps different tables apart.
  if (first.getIndex() || second.getIndex())
    return false;
  auto [from, to] = getRange(first);
  auto [otherFrom, otherTo] = getRange(second);
  return from < otherTo && otherFrom < to;
}

/// Marks kernels that some launch gives a destination overlapping another
/// operand.
static void markOverlaps(ProgramTables &tables) {
  for (func::FuncOp task : tables.tasks)
    for (auto launch : task.getBody().getOps<LaunchOp>()) {
      auto kernel = tables.kernelIndex.find(launch.getKernel());
      if (kernel == tables.kernelIndex.end())
        continue;
      SmallVector<Value> operands(launch->getOperands());
      for (OpOperand &out : launch.getOutsMutable())
        for (auto [i, other] : llvm::enumerate(operands))
          if (i != out.getOperandNumber() && mayOverlap(out.get(), other))
            tables.kernels[kernel->second]->setAttr(
                kMayAliasAttr, UnitAttr::get(launch.getContext()));
    }
}

/// Marks the kernels that add up the operands of a sum transfer.
static LogicalResult markSums(ModuleOp module, ProgramTables &tables) {
  for (auto arena : module.getOps<ArenaOp>()) {
    auto places = arena->getAttrOfType<ArrayAttr>("places");
    if (!places)
      continue;
    for (auto place : places.getAsRange<DictionaryAttr>()) {
      auto add = place.getAs<FlatSymbolRefAttr>("add");
      auto index = add ? tables.kernelIndex.find(add.getValue())
                       : tables.kernelIndex.end();
      if (index == tables.kernelIndex.end())
        continue;
      func::FuncOp kernel = tables.kernels[index->second];
      if (kernel.getNumArguments() != 2 || kernel.getNumResults() != 1)
        return arena.emitOpError()
               << "kernel '" << add.getValue() << "' of a sum has type "
               << kernel.getFunctionType()
               << "; expected (operand, destination) -> destination";
      kernel->setAttr(kSumAttr, UnitAttr::get(module.getContext()));
    }
  }
  return success();
}

/// Reads `mpt.space` from the functions that the target left.
LogicalResult LowerToLLVM::takeSpaces(ProgramTables &tables) {
  spaces.assign(tables.kernels.size(), {0, 0});
  getOperation().walk([&](FunctionOpInterface function) {
    auto space = function->getAttrOfType<DenseI64ArrayAttr>(kSpaceAttr);
    auto index = tables.kernelIndex.find(function.getName());
    if (space && space.size() == 2 && index != tables.kernelIndex.end())
      spaces[index->second] = {space[0], space[1]};
  });
  for (auto [kernel, space] : llvm::zip(tables.kernels, spaces))
    if (space.first == 0)
      return getOperation().emitError()
             << "target made no code of kernel '" << kernel.getName() << "'";
  return success();
}

LogicalResult LowerToLLVM::lowerKernels(const Target &target,
                                        ProgramTables &tables) {
  ModuleOp module = getOperation();
  markOverlaps(tables);
  if (failed(markSums(module, tables)))
    return failure();
  OpBuilder builder(module.getBody(), module.getBody()->end());
  auto kernels = ModuleOp::create(builder, module.getLoc(), "kernels");
  for (func::FuncOp kernel : tables.kernels) {
    builder.setInsertionPointToEnd(kernels.getBody());
    builder.clone(*kernel);
  }
  OpPassManager pm(ModuleOp::getOperationName());
  target.buildKernelPipeline(pm, Config(module));
  if (failed(runPipeline(pm, kernels)))
    return failure();
  return success();
}

//===- Globals ------------------------------------------------------------===//

/// A constant of `type` whose initializer `build` gives.
static LLVM::GlobalOp addGlobal(OpBuilder &b, Location loc, StringRef name,
                                Type type,
                                llvm::function_ref<Value(OpBuilder &)> build) {
  auto global =
      LLVM::GlobalOp::create(b, loc, type, /*isConstant=*/true,
                             LLVM::Linkage::External, name, Attribute());
  OpBuilder::InsertionGuard guard(b);
  b.createBlock(&global.getInitializer());
  Value value = build(b);
  LLVM::ReturnOp::create(b, loc, value);
  return global;
}

static void addManifest(OpBuilder &b, Location loc,
                        const mptrt::abi::Manifest &manifest) {
  std::string bytes = mptrt::abi::encodeManifest(manifest);
  auto type = LLVM::LLVMArrayType::get(b.getI8Type(), bytes.size());
  LLVM::GlobalOp::create(b, loc, type, /*isConstant=*/true,
                         LLVM::Linkage::External, "mptrt_program_manifest",
                         b.getStringAttr(bytes), /*alignment=*/8);
  LLVM::GlobalOp::create(b, loc, b.getI64Type(), /*isConstant=*/true,
                         LLVM::Linkage::External, "mptrt_program_manifest_size",
                         b.getI64IntegerAttr(bytes.size()));
}

static void addTasks(OpBuilder &b, Location loc, ArrayRef<std::string> names) {
  Type ptr = LLVM::LLVMPointerType::get(b.getContext());
  auto type = LLVM::LLVMArrayType::get(ptr, names.size());
  addGlobal(b, loc, "mptrt_program_tasks", type, [&](OpBuilder &b) {
    Value table = LLVM::UndefOp::create(b, loc, type);
    for (auto [i, name] : llvm::enumerate(names)) {
      Value task = LLVM::AddressOfOp::create(b, loc, ptr, name);
      table = LLVM::InsertValueOp::create(b, loc, table, task,
                                          ArrayRef<int64_t>{int64_t(i)});
    }
    return table;
  });
}

/// The table {name, code, bytes of code}; code of a target that embeds none is
/// null.
static void addKernels(OpBuilder &b, ModuleOp module,
                       ArrayRef<std::string> names) {
  Location loc = module.getLoc();
  MLIRContext *ctx = b.getContext();
  Type ptr = LLVM::LLVMPointerType::get(ctx), i64 = b.getI64Type();
  auto row = LLVM::LLVMStructType::getLiteral(ctx, {ptr, ptr, i64});
  auto type = LLVM::LLVMArrayType::get(row, names.size());
  std::string text;
  SmallVector<int64_t> at;
  for (const std::string &name : names) {
    at.push_back(text.size());
    text += name + '\0';
  }
  if (text.empty())
    text += '\0';
  LLVM::GlobalOp::create(b, loc,
                         LLVM::LLVMArrayType::get(b.getI8Type(), text.size()),
                         /*isConstant=*/true, LLVM::Linkage::Internal,
                         "mptrt_kernel_names", b.getStringAttr(text));
  addGlobal(b, loc, "mptrt_program_kernels", type, [&](OpBuilder &b) {
    Value table = LLVM::UndefOp::create(b, loc, type);
    Value zero = LLVM::ConstantOp::create(b, loc, i64, 0);
    Value all = LLVM::AddressOfOp::create(b, loc, ptr, "mptrt_kernel_names");
    for (auto [i, name] : llvm::enumerate(names)) {
      Value text = LLVM::GEPOp::create(b, loc, ptr, b.getI8Type(), all,
                                       ArrayRef<LLVM::GEPArg>{int32_t(at[i])});
      Value code;
      if (module.lookupSymbol<LLVM::LLVMFuncOp>(name))
        code = LLVM::AddressOfOp::create(b, loc, ptr, name);
      else
        code = LLVM::ZeroOp::create(b, loc, ptr);
      Value fields[] = {text, code, zero};
      for (auto [j, field] : llvm::enumerate(fields))
        table = LLVM::InsertValueOp::create(
            b, loc, table, field, ArrayRef<int64_t>{int64_t(i), int64_t(j)});
    }
    return table;
  });
}

//===- The pass -----------------------------------------------------------===//

static std::vector<std::string> getNames(ArrayRef<func::FuncOp> functions) {
  std::vector<std::string> names;
  for (func::FuncOp function : functions)
    names.push_back(const_cast<func::FuncOp &>(function).getName().str());
  return names;
}

LogicalResult LowerToLLVM::lower() {
  ModuleOp module = getOperation();
  FailureOr<const Target *> target = mpt::getTarget(module);
  if (failed(target))
    return failure();
  FailureOr<ProgramTables> tables = buildProgramTables(module);
  if (failed(tables))
    return failure();
  mptrt::abi::Manifest manifest;
  if (failed(buildManifest(module, *tables, manifest)) ||
      failed(lowerKernels(**target, *tables)) || failed(takeSpaces(*tables)) ||
      failed(lowerTasks(module, *tables, spaces)))
    return failure();
  // Lowering may not make groups that the manifest does not have.
  assert(manifest.groups.size() == tables->groups.size() && "all groups known");

  std::vector<std::string> taskNames;
  for (auto &task : manifest.tasks)
    taskNames.push_back(task.name);
  std::vector<std::string> kernelNames = getNames(tables->kernels);
  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (isa<func::FuncOp>(op) || isa_and_nonnull<MptDialect>(op.getDialect()))
      op.erase();
  for (auto kernels : llvm::make_early_inc_range(module.getOps<ModuleOp>())) {
    for (Operation &op : llvm::make_early_inc_range(*kernels.getBody()))
      op.moveBefore(module.getBody(), module.getBody()->end());
    kernels.erase();
  }
  OpBuilder b(module.getBody(), module.getBody()->end());
  addManifest(b, module.getLoc(), manifest);
  addTasks(b, module.getLoc(), taskNames);
  addKernels(b, module, kernelNames);
  for (StringRef attr : {"mpt.inputs", "mpt.outputs", "mpt.nodes"})
    module->removeAttr(attr);
  return success();
}

void LowerToLLVM::runOnOperation() {
  if (failed(lower()))
    signalPassFailure();
}
