// SPDX-License-Identifier: Apache-2.0
//===- Localize.h - what the parts of phase 6 share -------------*- C++ -*-===//
//
// A task of phase 5 (global types with shardings) is rewritten op by op into a
// new body of local types. While that goes on the old ops keep their types, so
// `LocalTask` only has to map values: facts about shardings are read from the
// old ops, operands come from the map.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_SHARDING_LOCALIZE_H
#define MPT_LIB_SHARDING_LOCALIZE_H

#include "mlir/IR/IRMapping.h"
#include "mpt/Analysis/Sharding/Cuts.h"
#include "mpt/IR/Bindings.h"
#include <map>

namespace mlir::mpt {

SmallVector<int64_t> getSizes(ArrayRef<AxisRefAttr> axes);

/// One rank's part of the type, without encoding. `isTime` names axes that no
/// device belongs to: a dim cut over them holds all their blocks, one after the
/// other, each with the bound that the other axes leave.
RankedTensorType getLocalType(Type type,
                              function_ref<bool(StringRef)> isTime = nullptr);

/// The axes of a dim by role: time axes stand first (the micro-batch is major).
struct DimCut {
  SmallVector<AxisRefAttr> device;
  int64_t steps = 1; ///< product of the time axes
  int64_t size;      ///< of the dim within one step
  bool isCut() const { return !device.empty(); }
  bool isEven() const {
    return ::mpt::sharding::cutsEvenly(size, getSizes(device));
  }
};

/// Rewriting of one task: where to build, the mesh, local values by old ones.
class LocalTask {
public:
  LocalTask(MeshOp mesh, Block *body, bool hasPoints);

  MeshOp getMesh() { return mesh; }
  OpBuilder &getBuilder() { return builder; }
  Value lookup(Value old) const { return values.lookup(old); }
  SmallVector<Value> lookup(ValueRange old) const;
  void map(ValueRange old, ValueRange local) { values.map(old, local); }
  RankedTensorType localType(Type type);
  /// How dim `dim` of an old value is cut; whole without a sharding.
  DimCut cutOf(Type type, unsigned dim);

  /// Builds an op that stands for (part of) `origin` and carries its id,
  /// adjoint_of, stage and recompute mark.
  template <typename Op>
  Op build(Operation *origin, TypeRange results, ValueRange operands,
           ArrayRef<NamedAttribute> attributes = {}) {
    return Op::create(builder, origin->getLoc(), results, operands,
                      withMarks(origin, attributes));
  }
  /// Copies `origin` with other operands and local result types; maps results.
  Operation *copy(Operation *origin, ValueRange operands);

  /// This rank's offset or extent in a dim of `size`, built once per task.
  Value getOffset(Operation *origin, ArrayRef<AxisRefAttr> axes, int64_t size);
  Value getExtent(Operation *origin, ArrayRef<AxisRefAttr> axes, int64_t size);
  /// The communication point after a collective, if the task has points.
  void addPoint(Operation *origin);

  NamedAttribute attr(StringRef name, Attribute value) {
    return builder.getNamedAttr(name, value);
  }
  NamedAttribute attr(StringRef name, int64_t value) {
    return attr(name, builder.getI64IntegerAttr(value));
  }
  ArrayAttr namesOf(ArrayRef<AxisRefAttr> axes);

  /// Operands with pads masked, by (operand, dim, value).
  std::map<std::tuple<void *, int64_t, const void *>, Value> masked;

private:
  SmallVector<NamedAttribute> withMarks(Operation *origin,
                                        ArrayRef<NamedAttribute> attributes);
  template <typename Op>
  Value getScalar(Operation *origin, ArrayRef<AxisRefAttr> axes, int64_t size);

  MeshOp mesh;
  OpBuilder builder;
  IRMapping values;
  bool hasPoints;
  int64_t nextPoint = 0;
  /// Rank scalars by (op name, axes, size).
  std::map<std::tuple<std::string, const void *, int64_t>, Value> scalars;
};

/// Whether the op can be made local: what cannot is reported with its name.
LogicalResult checkLocalizable(Operation *op, MeshOp mesh);
/// Builds the local form of an op that passed the check.
void localizeOp(LocalTask &task, Operation *op);

LogicalResult checkReshard(ReshardOp op, MeshOp mesh);
/// The exchanges that take the operand's local value to the result's sharding.
Value lowerReshard(LocalTask &task, ReshardOp op);

/// The local operands of `op`; where a cut leaves pads that the op would see,
/// they hold the op's identity.
SmallVector<Value> maskOperands(LocalTask &task, ComputeOpInterface op);

/// Merges the all-reduces of a per-step gradient task into buckets.
void formBuckets(func::FuncOp task);

/// That no op is whole on a dim that the states' shardings cut.
LogicalResult verifyWhole(func::FuncOp task, SymbolTable &symbols);

} // namespace mlir::mpt
#endif
