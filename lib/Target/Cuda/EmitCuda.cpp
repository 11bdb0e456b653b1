// SPDX-License-Identifier: Apache-2.0
// The kernels of target cuda as PTX, by LLVM's NVPTX back end, and as a cubin,
// by ptxas (PATH, then /usr/local/cuda). Config key `chip`, sm_80 by default,
// names the architecture. As on the CPU nothing is contracted or reassociated.
// Refuses code that would need libdevice.
#include "../EmitHost.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mpt/IR/Config.h"
#include "mpt/Target/Emit.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace mlir::mpt;

/// The oldest PTX that knows the chip.
static StringRef getPtxFeature(StringRef chip) {
  return llvm::StringSwitch<StringRef>(chip)
      .Case("sm_80", "+ptx70")
      .Case("sm_90", "+ptx78")
      .Case("sm_100", "+ptx86")
      .Default("");
}

static std::unique_ptr<llvm::TargetMachine> makeMachine(ModuleOp module,
                                                        StringRef chip) {
  StringRef feature = getPtxFeature(chip);
  if (feature.empty()) {
    module.emitError() << "unknown chip '" << chip
                       << "'; expected sm_80, sm_90 or sm_100";
    return nullptr;
  }
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) {
    module.emitError() << "cannot generate PTX: " << error;
    return nullptr;
  }
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, chip, feature, options, std::nullopt, std::nullopt,
      llvm::CodeGenOptLevel::Default));
}

static FailureOr<std::string> makePTX(ModuleOp module) {
  auto kernels = llvm::to_vector(module.getOps<gpu::GPUModuleOp>());
  if (kernels.size() != 1)
    return module.emitError() << "has " << kernels.size()
                              << " GPU modules; PTX is made of one, by target "
                                 "'cuda'";
  auto machine = makeMachine(module, Config(module).getString("chip", "sm_80"));
  if (!machine)
    return failure();
  llvm::LLVMContext context;
  auto code = translateModuleToLLVMIR(kernels[0], context, "mpt");
  if (!code)
    return module.emitError() << "kernels cannot be translated to LLVM IR";
  code->setTargetTriple(machine->getTargetTriple());
  code->setDataLayout(machine->createDataLayout());
  optimize(*code, *machine);
  for (llvm::Function &function : *code)
    if (function.isDeclaration() && !function.isIntrinsic())
      return module.emitError() << "kernels need '" << function.getName()
                                << "', which target 'cuda' does not have";
  SmallString<0> text;
  llvm::raw_svector_ostream os(text);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, os, nullptr,
                                   llvm::CodeGenFileType::AssemblyFile))
    return module.emitError() << "cannot generate PTX";
  passes.run(*code);
  return text.str().str();
}

static LogicalResult write(ModuleOp module, StringRef path, StringRef text) {
  auto file = openOutput(module, path, llvm::sys::fs::OF_Text);
  if (!file)
    return failure();
  file->os() << text;
  file->keep();
  return success();
}

LogicalResult mpt::emitPTX(ModuleOp module, StringRef path) {
  FailureOr<std::string> text = makePTX(module);
  if (failed(text))
    return failure();
  return write(module, path, *text);
}

LogicalResult mpt::emitCubin(ModuleOp module, StringRef path) {
  auto ptxas = llvm::sys::findProgramByName("ptxas");
  if (!ptxas)
    ptxas = llvm::sys::findProgramByName("ptxas", {"/usr/local/cuda/bin"});
  if (!ptxas)
    return module.emitError() << "ptxas not found on PATH or in "
                                 "/usr/local/cuda/bin; --emit=ptx needs none";
  FailureOr<std::string> text = makePTX(module);
  if (failed(text))
    return failure();
  SmallString<128> source;
  if (llvm::sys::fs::createTemporaryFile("mpt", "ptx", source))
    return module.emitError() << "cannot make a temporary file";
  llvm::FileRemover remover(source);
  if (failed(write(module, source, *text)))
    return failure();
  StringRef chip = Config(module).getString("chip", "sm_80");
  std::string arch = ("-arch=" + chip).str(), problem;
  int code = llvm::sys::ExecuteAndWait(
      *ptxas, {*ptxas, arch, "-O3", "-o", path, source}, std::nullopt, {}, 0, 0,
      &problem);
  if (code != 0)
    return module.emitError() << "'" << *ptxas << "' refuses the kernels"
                              << (problem.empty() ? "" : ": ") << problem;
  return success();
}
