// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_IMPORT_PASSES_TD
#define MPT_IMPORT_PASSES_TD
include "mlir/Pass/PassBase.td"

def ImportPass : Pass<"mpt-import-onnx", "::mlir::ModuleOp"> {
  let summary = "read the ONNX file named in mpt.config into programs and states";
}
def VerifyImportPass : Pass<"mpt-verify-import", "::mlir::ModuleOp"> {
  let summary = "the form of phase 1 holds";
}
#endif
