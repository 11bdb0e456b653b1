// SPDX-License-Identifier: Apache-2.0
// Runs the table of phases over a module and writes the result. A failure of a
// phase is the user's (its exit code says whose part), a failure of a phase's
// verifier is ours.
#include "mpt/Driver/Compile.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mpt/Driver/Explain.h"
#include "mpt/Driver/Passes.h"
#include "mpt/Driver/Phases.h"
#include "mpt/Driver/Register.h"
#include "mpt/IR/Config.h"
#include "mpt/IR/Mpt.h"
#include "mpt/Target/Emit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <sys/resource.h>

using namespace mlir;
using namespace mlir::mpt;

//===- Diagnostics --------------------------------------------------------===//

/// The ONNX node or the place in a file, as a prefix.
static std::string describe(Location loc) {
  std::string out;
  llvm::raw_string_ostream os(out);
  loc->walk([&](Location part) {
    if (auto name = dyn_cast<NameLoc>(part)) {
      os << "node '" << name.getName().getValue() << "': ";
      return WalkResult::interrupt();
    }
    if (auto file = dyn_cast<FileLineColLoc>(part)) {
      os << file.getFilename().getValue() << ":" << file.getLine() << ":"
         << file.getColumn() << ": ";
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return out;
}

static void printDiagnostic(Diagnostic &diagnostic) {
  StringRef kind =
      diagnostic.getSeverity() == DiagnosticSeverity::Error     ? "error"
      : diagnostic.getSeverity() == DiagnosticSeverity::Warning ? "warning"
                                                                : "note";
  llvm::errs() << "mptc: " << kind << ": " << describe(diagnostic.getLocation())
               << diagnostic << "\n";
  for (Diagnostic &note : diagnostic.getNotes())
    llvm::errs() << "mptc: note: " << describe(note.getLocation()) << note
                 << "\n";
}

static ExitCode fail(ExitCode code, const Twine &message) {
  llvm::errs() << "mptc: error: " << message << "\n";
  return code;
}

//===- Files --------------------------------------------------------------===//

/// Writes through a temporary file, so that a failure leaves no half of it.
static ExitCode writeModule(ModuleOp module, StringRef path) {
  std::string text;
  llvm::raw_string_ostream os(text);
  // Locations are kept: they name the ONNX nodes that later phases report.
  module->print(os, OpPrintingFlags().enableDebugInfo());
  os << "\n";
  if (path == "-") {
    llvm::outs() << text;
    return ExitCode::Ok;
  }
  if (llvm::Error error =
          llvm::writeToOutput(path, [&](llvm::raw_ostream &out) {
            out << text;
            return llvm::Error::success();
          }))
    return fail(ExitCode::CannotWrite, "cannot write '" + path + "': " +
                                           llvm::toString(std::move(error)));
  return ExitCode::Ok;
}

static ExitCode dumpPhase(ModuleOp module, StringRef directory, int phase) {
  if (std::error_code error = llvm::sys::fs::create_directories(directory))
    return fail(ExitCode::CannotWrite,
                "cannot make '" + directory + "': " + error.message());
  SmallString<256> path(directory);
  StringRef name = getPhases()[phase].name;
  llvm::sys::path::append(
      path, llvm::formatv("{0,0+2}-{1}.mlir", phase + 1, name).str());
  return writeModule(module, path);
}

//===- Phases -------------------------------------------------------------===//

/// Whose fault it is when a phase fails.
static ExitCode codeOf(StringRef phase) {
  return llvm::StringSwitch<ExitCode>(phase)
      .Case("import", ExitCode::BadInput)
      .Case("differentiate", ExitCode::Usage)
      .Cases({"plan", "shard", "split", "localize", "schedule"},
             ExitCode::PlanRejected)
      .Default(ExitCode::Internal);
}

static void reportTime(StringRef phase, double seconds) {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  llvm::errs() << llvm::formatv("mptc: {0,-14} {1,8:F3} s  peak {2,6:F1} MiB\n",
                                phase, seconds, usage.ru_maxrss / 1024.0);
}

static LogicalResult verifyPhase(ModuleOp module, const PhaseInfo &phase) {
  PassManager verify(module->getName());
  verify.addPass(phase.createVerifier());
  return verify.run(module);
}

/// Counts the errors of a phase: one that fails must have said why.
static bool runBuild(ModuleOp module, PassManager &build, unsigned &errors) {
  ScopedDiagnosticHandler counter(
      module.getContext(), [&](Diagnostic &diagnostic) {
        errors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
        return failure(); // for the printer, too
      });
  return succeeded(build.run(module));
}

static ExitCode runPhase(ModuleOp module, const PhaseInfo &phase, bool time) {
  auto begin = std::chrono::steady_clock::now();
  PassManager build(module->getName());
  phase.build(build);
  build.addPass(createMarkPhasePass({phase.name.str()}));
  unsigned errors = 0;
  if (!runBuild(module, build, errors))
    return errors
               ? codeOf(phase.name)
               : fail(ExitCode::Internal,
                      "phase '" + phase.name + "' failed and did not say why");
  if (failed(verifyPhase(module, phase)))
    return fail(ExitCode::Internal,
                "the form of phase '" + phase.name +
                    "' does not hold; this is a defect of mptc");
  if (time)
    reportTime(phase.name, std::chrono::duration<double>(
                               std::chrono::steady_clock::now() - begin)
                               .count());
  return ExitCode::Ok;
}

/// Phases first..last (indices), with dumps.
static ExitCode runPhases(ModuleOp module, const Options &options, int first,
                          int last) {
  for (int i = first; i <= last; ++i) {
    const PhaseInfo &phase = getPhases()[i];
    ExitCode code = runPhase(module, phase, options.time);
    if (code == ExitCode::Ok && !options.dumpPhases.empty())
      code = dumpPhase(module, options.dumpPhases, i);
    if (code == ExitCode::Ok && options.explain && phase.name == "schedule")
      explainPlan(module, llvm::errs());
    if (code != ExitCode::Ok)
      return code;
  }
  return ExitCode::Ok;
}

//===- Input and output ---------------------------------------------------===//

/// A module that holds only `mpt.config`, or the file of --start-after.
static OwningOpRef<ModuleOp> openModule(const Options &options,
                                        MLIRContext &context) {
  if (options.startAfter.empty()) {
    auto module = ModuleOp::create(UnknownLoc::get(&context));
    module->setAttr(kConfigAttr, getConfig(options, &context));
    return module;
  }
  auto module = parseSourceFile<ModuleOp>(options.model, &context);
  if (!module)
    return module;
  auto phase = module->getOperation()->getAttrOfType<StringAttr>(kPhaseAttr);
  if (!phase || phase.getValue() != options.startAfter) {
    fail(ExitCode::BadInput,
         "'" + options.model + "' is not a module after phase '" +
             options.startAfter + "'" +
             (phase ? ", but after '" + phase.getValue() + "'" : ""));
    return {};
  }
  return module;
}

static ExitCode writeProgram(ModuleOp module, const Options &options,
                             StringRef program) {
  StringRef out = options.output;
  LogicalResult written = failure();
  if (options.emit == "llvm")
    written = emitLLVM(module, out);
  else if (options.emit == "obj")
    written = emitObject(module, out);
  else if (options.emit == "ptx")
    written = emitPTX(module, out);
  else if (options.emit == "cubin")
    written = emitCubin(module, out);
  else {
    SmallString<256> archive(llvm::sys::path::parent_path(program));
    llvm::sys::path::append(archive, "..", "lib", "libmptrt.a");
    std::string object = (out + ".o").str();
    written = emitObject(module, object);
    if (succeeded(written))
      written = linkExecutable(object, archive, out);
    llvm::sys::fs::remove(object);
  }
  return succeeded(written) ? ExitCode::Ok : ExitCode::CannotWrite;
}

ExitCode mpt::compile(const Options &options, StringRef program) {
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  context.loadDialect<MptDialect>();
  context.printOpOnDiagnostic(false);
  ScopedDiagnosticHandler handler(&context, [](Diagnostic &diagnostic) {
    printDiagnostic(diagnostic);
    return success();
  });
  OwningOpRef<ModuleOp> module = openModule(options, context);
  if (!module)
    return ExitCode::BadInput;
  if (options.explain)
    (*module)->setAttr(kExplainAttr, UnitAttr::get(&context));
  int first = findPhase(options.startAfter) + 1;
  if (first > 0 && failed(verifyPhase(*module, getPhases()[first - 1])))
    return fail(ExitCode::BadInput, "'" + options.model +
                                        "' does not have the form of phase '" +
                                        options.startAfter + "'");
  int last = options.check || options.listParams ? 0
             : options.stopAfter.empty()         ? int(getPhases().size()) - 1
                                                 : findPhase(options.stopAfter);
  if (last < first && !options.stopAfter.empty() && last != first - 1)
    return fail(ExitCode::Usage,
                "--stop-after=" + options.stopAfter +
                    " is before --start-after=" + options.startAfter);
  ExitCode code = runPhases(*module, options, first, last);
  if (code != ExitCode::Ok)
    return code;
  if (options.listParams)
    listParameters(*module, llvm::outs());
  if (options.check)
    llvm::outs() << options.model << ": no problems\n";
  if (options.check || options.listParams)
    return ExitCode::Ok;
  if (!options.stopAfter.empty())
    return writeModule(*module, options.output);
  return writeProgram(*module, options, program);
}
