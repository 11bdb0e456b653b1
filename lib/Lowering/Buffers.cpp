// SPDX-License-Identifier: Apache-2.0
#include "Buffers.h"
#include "Places.h"

using namespace mlir;
using namespace mlir::mpt;

SmallVector<BufferAccess> mpt::getAccesses(Operation *op) {
  SmallVector<BufferAccess> accesses;
  auto add = [&](Value value, bool reads, bool writes) {
    if (auto buffer = value.getDefiningOp<BufferOp>())
      accesses.push_back({buffer, reads, writes});
  };
  if (auto launch = dyn_cast<LaunchOp>(op)) {
    for (Value in : launch.getInputs())
      add(in, true, false);
    for (Value out : launch.getOuts())
      add(out, false, true);
  } else if (auto library = dyn_cast<LibraryOp>(op)) {
    for (Value in : library.getInputs())
      add(in, true, false);
    for (Value out : library.getOuts())
      add(out, library.getAccumulate().has_value(), true);
  } else if (auto reduce = dyn_cast<AllReduceOp>(op)) {
    for (Value in : reduce.getInputs())
      add(in, true, true);
  } else if (auto copy = dyn_cast<CopyOp>(op)) {
    add(copy.getFrom(), true, false);
    add(copy.getTo(), false, true);
  } else if (isa<AllGatherOp, ReduceScatterOp, AllToAllOp>(op)) {
    add(op->getOperand(0), true, false);
    add(op->getOperand(1), false, true);
  }
  return accesses;
}

/// Buffers of one index and stride are compared for the same index; otherwise
/// an indexed one may reach any byte from its first to the working region.
static bool overlap(BufferOp a, BufferOp b, int64_t workAt) {
  bool same = a.getIndex() == b.getIndex() && a.getStride() == b.getStride();
  auto begin = [](BufferOp x) { return int64_t(x.getAt()); };
  auto end = [&](BufferOp x) {
    if (!same && x.getIndex())
      return workAt;
    return begin(x) + bytesOf(x.getResult().getType());
  };
  return begin(b) < end(a) && begin(a) < end(b);
}

bool mpt::conflict(ArrayRef<BufferAccess> a, ArrayRef<BufferAccess> b,
                   int64_t workAt) {
  for (const BufferAccess &x : a)
    for (const BufferAccess &y : b)
      if ((x.writes || y.writes) && overlap(x.buffer, y.buffer, workAt))
        return true;
  return false;
}
