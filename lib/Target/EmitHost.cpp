// SPDX-License-Identifier: Apache-2.0
// The host program and the kernels of the CPU as LLVM IR and as an object file
// for the machine that compiles (config key `cpu`: another one). The usual O2
// pipeline; no contraction of products and sums, no reassociation, so that the
// bits depend on the program only. Equal modules give equal bytes.
#include "EmitHost.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mpt/IR/Config.h"
#include "mpt/Target/Emit.h"
#include "mpt/Target/Target.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
/// The module in LLVM IR, optimised for `machine`.
struct HostCode {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
  std::unique_ptr<llvm::TargetMachine> machine;
};
} // namespace

static std::unique_ptr<llvm::TargetMachine> makeMachine(ModuleOp module) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) {
    module.emitError() << "cannot generate code for this machine: " << error;
    return nullptr;
  }
  std::string cpu = Config(module).getString("cpu", "native").str();
  std::string features;
  if (cpu == "native") {
    cpu = llvm::sys::getHostCPUName().str();
    for (auto &[name, on] : llvm::sys::getHostCPUFeatures())
      features +=
          (features.empty() ? "" : ",") + ((on ? "+" : "-") + name).str();
  }
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, cpu, features, options, llvm::Reloc::PIC_, std::nullopt,
      llvm::CodeGenOptLevel::Default));
}

void mpt::optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2)
      .run(module, modules);
}

static LogicalResult translate(ModuleOp module, HostCode &code) {
  FailureOr<const Target *> target = getTarget(module);
  if (failed(target))
    return failure();
  if (!(*target)->getFacts().executable)
    return module.emitError()
           << "target '" << (*target)->getFacts().name
           << "' makes no executable yet; use --emit=ptx or --emit=cubin";
  code.machine = makeMachine(module);
  if (!code.machine)
    return failure();
  code.module = translateModuleToLLVMIR(module, code.context, "mpt");
  if (!code.module)
    return module.emitError() << "cannot be translated to LLVM IR";
  code.module->setTargetTriple(code.machine->getTargetTriple());
  code.module->setDataLayout(code.machine->createDataLayout());
  optimize(*code.module, *code.machine);
  return success();
}

std::unique_ptr<llvm::ToolOutputFile>
mpt::openOutput(ModuleOp module, StringRef path,
                llvm::sys::fs::OpenFlags flags) {
  std::error_code error;
  auto file = std::make_unique<llvm::ToolOutputFile>(path, error, flags);
  if (!error)
    return file;
  module.emitError() << "cannot write '" << path << "': " << error.message();
  return nullptr;
}

LogicalResult mpt::emitLLVM(ModuleOp module, StringRef path) {
  HostCode code;
  if (failed(translate(module, code)))
    return failure();
  auto file = openOutput(module, path, llvm::sys::fs::OF_Text);
  if (!file)
    return failure();
  code.module->print(file->os(), nullptr);
  file->keep();
  return success();
}

LogicalResult mpt::emitObject(ModuleOp module, StringRef path) {
  HostCode code;
  if (failed(translate(module, code)))
    return failure();
  auto file = openOutput(module, path, llvm::sys::fs::OF_None);
  if (!file)
    return failure();
  llvm::legacy::PassManager passes;
  if (code.machine->addPassesToEmitFile(passes, file->os(), nullptr,
                                        llvm::CodeGenFileType::ObjectFile))
    return module.emitError() << "cannot generate objects for "
                              << code.machine->getTargetTriple().str();
  passes.run(*code.module);
  file->keep();
  return success();
}
