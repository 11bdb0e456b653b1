// SPDX-License-Identifier: Apache-2.0
// The dialect's registration and the generated definitions of its ops.
#include "mpt/IR/Mpt.h"

using namespace mlir;
using namespace mlir::mpt;

#include "mpt/IR/MptDialect.cpp.inc"
#include "mpt/IR/MptInterfaces.cpp.inc"
#define GET_OP_CLASSES
#include "mpt/IR/MptOps.cpp.inc"

void MptDialect::initialize() {
  registerAttributes();
  registerOps();
}

void MptDialect::registerOps() {
  addOperations<
#define GET_OP_LIST
#include "mpt/IR/MptOps.cpp.inc"
      >();
}
