// SPDX-License-Identifier: Apache-2.0
//===- Import.cpp - phase 1 -----------------------------------------------===//
//
// load and check the file (Reader) -> walk its graph (GraphImport) -> decide
// what is trained, number the ops (Finish). Problems of all three are one list.
//
//===----------------------------------------------------------------------===//
#include "mpt/Import/Import.h"
#include "GraphImport.h"
#include "mpt/Import/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_IMPORTPASS
#include "mpt/Import/Passes.h.inc"

::mpt::onnx::Problems importModel(ModuleOp module) {
  using namespace import;
  Config config(module);
  if (config.getModel().empty()) {
    onnx::Problems problems("mpt.config");
    problems.error("no model is named", "set model = \"FILE.onnx\"");
    return problems;
  }
  onnx::LoadResult loaded = onnx::loadModel(config.getModel().str());
  StringRef precision = config.getPrecision();
  if (precision != "f32" && precision != "f64")
    loaded.problems.error("precision '" + precision.str() +
                              "' is not supported",
                          "use f32 or f64");
  if (!loaded.model)
    return std::move(loaded.problems);
  Program program(module, *loaded.model, loaded.problems);
  importGraph(program);
  if (!loaded.problems.hasErrors())
    finish(program);
  if (loaded.problems.hasErrors() && program.function)
    program.function.erase();
  return std::move(loaded.problems);
}

LogicalResult emitProblems(const ::mpt::onnx::Problems &problems,
                           Location loc) {
  using ::mpt::onnx::Severity;
  for (::mpt::onnx::Problem problem : problems.list()) {
    // The diagnostic says how severe it is.
    Severity severity = std::exchange(problem.severity, Severity::Error);
    if (severity == Severity::Error)
      emitError(loc) << problem.str();
    else if (severity == Severity::Warning)
      emitWarning(loc) << problem.str();
    else
      emitRemark(loc) << problem.str();
  }
  return success(!problems.hasErrors());
}

namespace {
struct Import : impl::ImportPassBase<Import> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(emitProblems(importModel(module), module.getLoc())))
      signalPassFailure();
  }
};
} // namespace

} // namespace mlir::mpt
