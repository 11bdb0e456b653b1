// SPDX-License-Identifier: Apache-2.0
// Language server for .mlir files that hold our dialect.
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "mpt/Driver/Register.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::mpt::registerDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
