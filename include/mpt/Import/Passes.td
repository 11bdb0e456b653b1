// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_IMPORT_PASSES_TD
#define MPT_IMPORT_PASSES_TD
include "mlir/Pass/PassBase.td"

def ImportPass : Pass<"mpt-import-onnx", "::mlir::ModuleOp"> {
  let summary = "read the ONNX file named in mpt.config into programs and states";
}
def UnmergeDimsPass : Pass<"mpt-unmerge-dims", "::mlir::ModuleOp"> {
  let summary = "transposes between merge and split of dims on the dims themselves";
}
def SplitFusedDimsPass : Pass<"mpt-split-fused-dims", "::mlir::ModuleOp"> {
  let summary = "fused layers (qkv, gate and up) get one dim per factor";
}
def VerifyImportPass : Pass<"mpt-verify-import", "::mlir::ModuleOp"> {
  let summary = "the form of phase 1 holds";
}
#endif
