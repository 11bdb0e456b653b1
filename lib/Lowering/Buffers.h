// SPDX-License-Identifier: Apache-2.0
//===- Buffers.h - accesses to the arena ------------------------*- C++ -*-===//
#ifndef MPT_LOWERING_BUFFERS_H
#define MPT_LOWERING_BUFFERS_H

#include "mpt/IR/Mpt.h"

namespace mlir::mpt {

inline constexpr StringLiteral kComputeStream = "compute";
inline constexpr StringLiteral kCommStream = "comm";

/// One operand of an op of phase 9 in memory.
struct BufferAccess {
  BufferOp buffer;
  bool reads, writes;
};

/// What the op reads and writes; an accumulating or in-place destination both.
/// A kernel may read its destinations.
SmallVector<BufferAccess> getAccesses(Operation *op);

/// Whether both can touch a byte that one of them writes. Buffers with an index
/// lie below `workAt`, the working region.
bool conflict(ArrayRef<BufferAccess> a, ArrayRef<BufferAccess> b,
              int64_t workAt);

/// Inserts `mpt.record` and `mpt.wait`; the number of events.
int64_t orderStreams(func::FuncOp task, int64_t workAt);

} // namespace mlir::mpt
#endif
