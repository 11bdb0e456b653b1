// SPDX-License-Identifier: Apache-2.0
// The state of rewriting one task (see Localize.h).
#include "Localize.h"

using namespace mlir;
using namespace mlir::mpt;
using namespace ::mpt::sharding;

LocalTask::LocalTask(MeshOp mesh, Block *body, bool hasPoints)
    : mesh(mesh), builder(OpBuilder::atBlockEnd(body)), hasPoints(hasPoints) {}

SmallVector<Value> LocalTask::lookup(ValueRange old) const {
  return llvm::map_to_vector(old, [&](Value v) { return values.lookup(v); });
}

RankedTensorType LocalTask::localType(Type type) {
  return getLocalType(type, [&](StringRef axis) { return mesh.isTime(axis); });
}

static DimCut getDimCut(Type type, unsigned dim, MeshOp mesh) {
  DimCut cut;
  cut.size = cast<RankedTensorType>(type).getDimSize(dim);
  if (ShardingAttr sharding = getSharding(type))
    for (AxisRefAttr axis : sharding.getDims()[dim].getAxes()) {
      if (!mesh.isTime(axis.getName())) {
        cut.device.push_back(axis);
        continue;
      }
      cut.steps *= axis.getSize();
      cut.size /= axis.getSize();
    }
  return cut;
}
DimCut LocalTask::cutOf(Type type, unsigned dim) {
  return getDimCut(type, dim, mesh);
}

SmallVector<NamedAttribute>
LocalTask::withMarks(Operation *origin, ArrayRef<NamedAttribute> attributes) {
  SmallVector<NamedAttribute> all(attributes);
  for (StringRef name : {"id", "adjoint_of", "stage", "recompute"})
    if (Attribute mark = origin->getAttr(name))
      all.push_back(builder.getNamedAttr(name, mark));
  return all;
}

Operation *LocalTask::copy(Operation *origin, ValueRange operands) {
  Operation *local = builder.clone(*origin);
  local->setOperands(operands);
  for (OpResult result : local->getResults())
    result.setType(localType(result.getType()));
  map(origin->getResults(), local->getResults());
  return local;
}

ArrayAttr LocalTask::namesOf(ArrayRef<AxisRefAttr> axes) {
  SmallVector<StringRef> names;
  for (AxisRefAttr axis : axes)
    names.push_back(axis.getName());
  return builder.getStrArrayAttr(names);
}

template <typename Op>
Value LocalTask::getScalar(Operation *origin, ArrayRef<AxisRefAttr> axes,
                           int64_t size) {
  ArrayAttr names = namesOf(axes);
  Value &scalar =
      scalars[{Op::getOperationName().str(), names.getAsOpaquePointer(), size}];
  if (!scalar)
    scalar = build<Op>(origin, RankedTensorType::get({}, builder.getI64Type()),
                       {}, {attr("axes", names), attr("size", size)});
  return scalar;
}
Value LocalTask::getOffset(Operation *origin, ArrayRef<AxisRefAttr> axes,
                           int64_t size) {
  return getScalar<ShardOffsetOp>(origin, axes, size);
}
Value LocalTask::getExtent(Operation *origin, ArrayRef<AxisRefAttr> axes,
                           int64_t size) {
  return getScalar<ShardExtentOp>(origin, axes, size);
}

void LocalTask::addPoint(Operation *origin) {
  if (hasPoints)
    PointOp::create(builder, origin->getLoc(), nextPoint++);
}

SmallVector<int64_t> mlir::mpt::getSizes(ArrayRef<AxisRefAttr> axes) {
  return llvm::map_to_vector(axes, [](AxisRefAttr a) { return a.getSize(); });
}

RankedTensorType mlir::mpt::getLocalType(Type type,
                                         function_ref<bool(StringRef)> isTime) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  if (ShardingAttr sharding = getSharding(type))
    for (auto [size, dim] : llvm::zip(shape, sharding.getDims())) {
      size = cutBound(size, getSizes(dim.getAxes()));
      for (AxisRefAttr axis : dim.getAxes())
        if (isTime && isTime(axis.getName()))
          size *= axis.getSize();
    }
  return RankedTensorType::get(shape, tensor.getElementType());
}
