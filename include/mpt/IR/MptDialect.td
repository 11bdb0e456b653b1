// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_IR_MPTDIALECT_TD
#define MPT_IR_MPTDIALECT_TD
include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"

def Mpt_Dialect : Dialect {
  let name = "mpt";
  let cppNamespace = "::mlir::mpt";
  let summary = "programs over global tensors, cut step by step over a mesh";
  let description = [{
    One dialect for all ten phases: up to `plan` a program is the single-device
    program over the global batch; `shard` puts shardings into tensor types;
    `split` and `localize` make it one function per task over local tensors;
    `fuse` and `allocate` make kernels and buffers of it.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 0;
  let dependentDialects = ["::mlir::func::FuncDialect"];
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerOps();
  }];
}
#endif
