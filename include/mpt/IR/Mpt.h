// SPDX-License-Identifier: Apache-2.0
//===- Mpt.h - the dialect: attributes, interfaces, ops ---------*- C++ -*-===//
#ifndef MPT_IR_MPT_H
#define MPT_IR_MPT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mpt/IR/Facets.h"

#include "mpt/IR/MptDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "mpt/IR/MptAttrs.h.inc"
#include "mpt/IR/MptInterfaces.h.inc"
#define GET_OP_CLASSES
#include "mpt/IR/MptOps.h.inc"

namespace mlir::mpt {
/// The sharding in the type, or null.
inline ShardingAttr getSharding(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? dyn_cast_or_null<ShardingAttr>(tensor.getEncoding())
                : ShardingAttr();
}
/// The same tensor with this sharding (none if null).
inline RankedTensorType withSharding(Type type, ShardingAttr sharding) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), tensor.getElementType(),
                               sharding);
}
} // namespace mlir::mpt
#endif
