// SPDX-License-Identifier: Apache-2.0
// Events between the queues of a task. A collective waits for what was computed
// before it; what is computed after it waits for it only where both touch the
// same bytes and one writes them, so independent work overlaps. At its end a
// task has joined: later work on `compute` comes after its collectives. Events
// are numbered from 0 in each task.
#include "Buffers.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
class StreamOrder {
public:
  StreamOrder(func::FuncOp task, int64_t workAt)
      : task(task), workAt(workAt), b(task) {}
  int64_t run();

private:
  struct Pending {
    int64_t event;
    SmallVector<BufferAccess> accesses;
  };
  void record(int64_t event, StringRef stream) {
    RecordOp::create(b, loc(), b.getI64IntegerAttr(event),
                     b.getStringAttr(stream));
  }
  void wait(int64_t event, StringRef stream) {
    WaitOp::create(b, loc(), b.getI64IntegerAttr(event),
                   b.getStringAttr(stream));
  }
  Location loc() { return at->getLoc(); }
  void orderCollective(Operation *op);
  void orderCompute(Operation *op);

  func::FuncOp task;
  int64_t workAt;
  OpBuilder b;
  Operation *at = nullptr;
  int64_t events = 0;
  bool computed = true; ///< since comm last waited; earlier tasks did
  SmallVector<Pending> pending;
};
} // namespace

void StreamOrder::orderCollective(Operation *op) {
  if (computed) {
    b.setInsertionPoint(op);
    record(events, kComputeStream);
    wait(events++, kCommStream);
    computed = false;
  }
  b.setInsertionPointAfter(op);
  record(events, kCommStream);
  pending.push_back({events++, getAccesses(op)});
}

void StreamOrder::orderCompute(Operation *op) {
  computed = true;
  SmallVector<BufferAccess> accesses = getAccesses(op);
  for (size_t i = pending.size(); i-- > 0;) {
    if (!conflict(accesses, pending[i].accesses, workAt))
      continue;
    b.setInsertionPoint(op);
    wait(pending[i].event, kComputeStream);
    pending.erase(pending.begin(), pending.begin() + i + 1);
    return;
  }
}

int64_t StreamOrder::run() {
  Block &block = task.getBody().front();
  for (Operation &op : llvm::make_early_inc_range(block)) {
    at = &op;
    auto stream = op.getAttrOfType<StringAttr>("stream");
    if (!stream || isa<RecordOp, WaitOp>(op))
      continue;
    if (stream == kCommStream)
      orderCollective(&op);
    else
      orderCompute(&op);
  }
  if (!pending.empty()) {
    b.setInsertionPoint(block.getTerminator());
    wait(pending.back().event, kComputeStream);
  }
  return events;
}

int64_t mpt::orderStreams(func::FuncOp task, int64_t workAt) {
  return StreamOrder(task, workAt).run();
}
