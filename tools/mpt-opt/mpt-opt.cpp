// SPDX-License-Identifier: Apache-2.0
// Runs passes and pipelines of the compiler on textual IR.
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mpt/IR/Mpt.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registry.insert<mlir::mpt::MptDialect>();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "mpt optimizer driver\n", registry));
}
