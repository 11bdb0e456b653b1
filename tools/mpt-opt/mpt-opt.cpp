// SPDX-License-Identifier: Apache-2.0
// Runs passes and pipelines of the compiler on textual IR.
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mpt/Driver/Register.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::mpt::registerDialects(registry);
  mlir::mpt::registerPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "mpt optimizer driver\n", registry));
}
