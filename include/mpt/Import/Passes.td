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
def RepeatHeadsPass : Pass<"mpt-repeat-heads", "::mlir::ModuleOp"> {
  let summary = "key heads are repeated until tp of the mesh divides them";
}
def SplitFusedDimsPass : Pass<"mpt-split-fused-dims", "::mlir::ModuleOp"> {
  let summary = "fused layers (qkv, gate and up) get one dim per factor";
}
def FormCompositesPass : Pass<"mpt-form-composites", "::mlir::ModuleOp"> {
  let summary = "replace what exporters spell out by the composites it is";
  let description = [{
    ```
    %s = mpt.dot_general %q, %k batch [0, 1] x [0, 1] contract [3] x [3]
    %m = mpt.mul %s, %scale                    // a constant
    %w = mpt.softmax %m {axis = 3}
    %y = mpt.dot_general %w, %v batch [0, 1] x [0, 1] contract [3] x [2]
    ```
    becomes `%y, %lse = mpt.attention %q, %k, %v {scale = 0.25}`. Ops keep their
    ids; new ones are numbered on and stand for the node of the op that they
    replace.
  }];
}
def VerifyImportPass : Pass<"mpt-verify-import", "::mlir::ModuleOp"> {
  let summary = "the form of phase 1 holds";
}
#endif
