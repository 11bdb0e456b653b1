// SPDX-License-Identifier: Apache-2.0
// The form of phase 9. Each coordinate's actions are walked with the numbers
// they give to tasks, so every buffer is a range of bytes of the arena:
//   it lies inside of the arena; what a task reads was last written through the
//   same range (working buffers in this task, saved sets, slots and values of a
//   step by an action before it): so lifetimes do not overlap in space;
//   accesses to common bytes from different queues with a write among them are
//   ordered by events, and a task leaves nothing unordered;
//   operands of a bucket are adjacent.
// An arena above the bound of phase 7 is a warning.
#include "Buffers.h"
#include "Places.h"
#include "mpt/Analysis/Memory/ByteOwners.h"
#include "mpt/Analysis/Memory/Packing.h"
#include "mpt/IR/Kernels.h"
#include "mpt/Lowering/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYALLOCATEPASS
#include "mpt/Lowering/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct VerifyAllocate : mpt::impl::VerifyAllocatePassBase<VerifyAllocate> {
  void runOnOperation() override;
};

/// What an operation has seen of each queue: the number of its operations.
using Clock = std::array<int64_t, 2>;

class CoordinateVerifier {
public:
  CoordinateVerifier(ModuleOp module, ArenaOp arena, ActionsOp actions)
      : module(module), arena(arena), actions(actions),
        owners(arena.getBytes()) {}
  bool run();

private:
  struct Access {
    Operation *op;
    ByteRange range;
    bool writes;
    unsigned queue;
    int64_t number; ///< in its queue
  };

  InFlightDiagnostic fail(Operation *op) {
    ok = false;
    return op->emitOpError();
  }
  void forgetRegions();
  void checkTask(func::FuncOp task);
  void walkTask(func::FuncOp task, RunOp run);
  void walkTransfer(Operation *action);
  std::optional<ByteRange> rangeOf(BufferOp buffer, func::FuncOp task,
                                   RunOp run);
  void checkBucket(AllReduceOp reduce, ArrayRef<ByteRange> ranges);
  void followData(ArrayRef<Access> accesses, ArrayRef<bool> reads);
  void checkOrder(Operation *op, ArrayRef<Access> now, const Clock &clock,
                  ArrayRef<Access> before);
  void orderOp(Operation &op, ArrayRef<Access> now);
  DictionaryAttr findPlace(StringRef kind, StringRef name);

  ModuleOp module;
  ArenaOp arena;
  ActionsOp actions;
  ByteOwners owners;
  ByteRange work{0, 0};
  llvm::SmallPtrSet<Operation *, 8> checked;
  bool ok = true;

  // Of the task that is walked.
  std::array<Clock, 2> clocks;
  std::array<int64_t, 2> counts;
  llvm::DenseMap<int64_t, Clock> events;
  SmallVector<Access> history;
};
} // namespace

static int64_t getInt(DictionaryAttr dict, StringRef key) {
  auto value = dict.getAs<IntegerAttr>(key);
  return value ? value.getInt() : 0;
}

static StringRef getString(Attribute attr) {
  auto text = dyn_cast_or_null<StringAttr>(attr);
  return text ? text.getValue() : "";
}

static unsigned queueOf(StringRef stream) {
  return stream == kCommStream ? 1 : 0;
}

DictionaryAttr CoordinateVerifier::findPlace(StringRef kind, StringRef name) {
  auto places = arena->getAttrOfType<ArrayAttr>("places");
  for (auto place : places.getAsRange<DictionaryAttr>())
    if (getString(place.get("kind")) == kind &&
        getString(place.get("name")) == name)
      return place;
  return {};
}

/// Values of a step, saved sets, slots and metrics have no value at first.
void CoordinateVerifier::forgetRegions() {
  auto regions = arena->getAttrOfType<ArrayAttr>("regions");
  for (auto region : regions.getAsRange<DictionaryAttr>()) {
    int64_t at = getInt(region, "at"), bytes = getInt(region, "bytes");
    StringRef kind = getString(region.get("kind"));
    if (kind == "save")
      bytes = getInt(region, "stride") * getInt(region, "count");
    if (kind == "work")
      work = {at, at + bytes};
    owners.forget({at, at + bytes});
  }
}

/// What holds for the task whatever its numbers are.
void CoordinateVerifier::checkTask(func::FuncOp task) {
  if (!checked.insert(task).second)
    return;
  auto memory = task.getNumArguments()
                    ? dyn_cast<MemRefType>(task.getArgument(0).getType())
                    : MemRefType();
  if (!memory || memory.getNumElements() != int64_t(arena.getBytes()))
    fail(task) << "first argument must be the arena of " << arena.getBytes()
               << " bytes of '" << arena.getSymName() << "'";
  auto numEvents = arena->getAttrOfType<IntegerAttr>("events");
  task.walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (auto tensor = dyn_cast<RankedTensorType>(type))
        if (!isa<ShardOffsetOp, ShardExtentOp>(op))
          fail(op) << "has a tensor after phase 'allocate': " << tensor;
    if (auto event = op->getAttrOfType<IntegerAttr>("event"))
      if (event.getInt() < 0 || event.getInt() >= numEvents.getInt())
        fail(op) << "event " << event.getInt() << " is none of the "
                 << numEvents.getInt() << " of the arena";
    if (auto launch = dyn_cast<LaunchOp>(op)) {
      auto kernel = module.lookupSymbol<func::FuncOp>(launch.getKernel());
      if (!kernel || !kernel->hasAttr(kKernelAttr))
        fail(op) << "there is no kernel @" << launch.getKernel();
    }
  });
}

std::optional<ByteRange>
CoordinateVerifier::rangeOf(BufferOp buffer, func::FuncOp task, RunOp run) {
  int64_t index = 0;
  if (auto arg = dyn_cast_or_null<BlockArgument>(buffer.getIndex())) {
    unsigned number = arg.getArgNumber();
    StringRef kind = getString(task.getArgAttr(number, "mpt.index"));
    auto slot = task.getArgAttrOfType<FlatSymbolRefAttr>(number, "mpt.slot");
    if (kind == "mb")
      index = run.getMb().value_or(0);
    else if (kind == "save")
      index = run.getSave().value_or(0);
    else if (slot && run.getSlots())
      index = getInt(*run.getSlots(), slot.getValue());
  }
  int64_t begin = buffer.getAt() + index * buffer.getStride().value_or(0);
  ByteRange range{begin, begin + bytesOf(buffer.getResult().getType())};
  if (range.begin >= 0 && range.end <= int64_t(arena.getBytes()))
    return range;
  fail(buffer) << "bytes [" << range.begin << ", " << range.end
               << ") lie outside of the arena of " << arena.getBytes()
               << " bytes for index " << index;
  return std::nullopt;
}

void CoordinateVerifier::checkBucket(AllReduceOp reduce,
                                     ArrayRef<ByteRange> ranges) {
  for (size_t i = 1; i < ranges.size(); ++i) {
    int64_t expected = alignTo(ranges[i - 1].end, arena.getAlign());
    if (ranges[i].begin != expected)
      fail(reduce) << "operand " << i << " of the bucket lies at "
                   << ranges[i].begin << ", expected it at " << expected
                   << ", next to the operand before it";
  }
}

/// Reads first, then writes: an op sees what was there before it.
void CoordinateVerifier::followData(ArrayRef<Access> accesses,
                                    ArrayRef<bool> reads) {
  for (auto [access, isRead] : llvm::zip_equal(accesses, reads)) {
    ByteRange culprit{0, 0};
    if (!isRead)
      continue;
    switch (owners.read(access.range, &culprit)) {
    case ByteOwners::Read::Good:
      break;
    case ByteOwners::Read::Unwritten:
      fail(access.op) << "reads bytes [" << access.range.begin << ", "
                      << access.range.end << ") that nothing has written";
      break;
    case ByteOwners::Read::Overwritten:
      fail(access.op) << "reads bytes [" << access.range.begin << ", "
                      << access.range.end << ") after another buffer, ["
                      << culprit.begin << ", " << culprit.end
                      << "), was written over them";
    }
  }
  for (const Access &access : accesses)
    if (access.writes)
      owners.write(access.range);
}

/// Each earlier access of another queue to common bytes must be known.
void CoordinateVerifier::checkOrder(Operation *op, ArrayRef<Access> now,
                                    const Clock &clock,
                                    ArrayRef<Access> before) {
  for (const Access &a : now)
    for (const Access &b : llvm::reverse(before))
      if (a.queue != b.queue && (a.writes || b.writes) &&
          a.range.meets(b.range) && clock[b.queue] < b.number) {
        InFlightDiagnostic diag = fail(op);
        diag << "on '" << (a.queue ? kCommStream : kComputeStream)
             << "' is not ordered after an access to the same bytes on '"
             << (b.queue ? kCommStream : kComputeStream)
             << "'; no path of events leads here";
        diag.attachNote(b.op->getLoc()) << "the other access is here";
        return;
      }
}

void CoordinateVerifier::orderOp(Operation &op, ArrayRef<Access> now) {
  if (auto record = dyn_cast<RecordOp>(op)) {
    unsigned queue = queueOf(record.getStream());
    Clock seen = clocks[queue];
    seen[queue] = counts[queue];
    events[record.getEvent()] = seen;
  } else if (auto wait = dyn_cast<WaitOp>(op)) {
    auto seen = events.find(wait.getEvent());
    if (seen == events.end()) {
      fail(&op) << "event " << wait.getEvent() << " was not recorded before";
      return;
    }
    Clock &clock = clocks[queueOf(wait.getStream())];
    for (unsigned q = 0; q < 2; ++q)
      clock[q] = std::max(clock[q], seen->second[q]);
  } else if (!now.empty()) {
    checkOrder(&op, now, clocks[now.front().queue], history);
    history.append(now.begin(), now.end());
  }
}

void CoordinateVerifier::walkTask(func::FuncOp task, RunOp run) {
  checkTask(task);
  owners.forget(work);
  clocks = {};
  // What earlier tasks did is operation 1 of `compute` and touches everything.
  counts = {1, 0};
  events.clear();
  history.clear();
  ByteRange everything{0, int64_t(arena.getBytes())};
  history.push_back({run, everything, /*writes=*/true, 0, 1});
  for (Operation &op : task.getBody().front()) {
    auto stream = op.getAttrOfType<StringAttr>("stream");
    SmallVector<Access> now;
    SmallVector<bool> reads;
    SmallVector<ByteRange> ranges;
    if (stream && !isa<RecordOp, WaitOp>(op)) {
      unsigned queue = queueOf(stream);
      ++counts[queue];
      for (const BufferAccess &access : getAccesses(&op)) {
        std::optional<ByteRange> range = rangeOf(access.buffer, task, run);
        if (!range)
          continue;
        ranges.push_back(*range);
        now.push_back({&op, *range, access.writes, queue, counts[queue]});
        reads.push_back(access.reads);
      }
    }
    orderOp(op, now);
    followData(now, reads);
    if (auto reduce = dyn_cast<AllReduceOp>(op); reduce && reduce.getBucket())
      checkBucket(reduce, ranges);
  }
  // What comes after the task is on `compute` and touches everything.
  Access after{task, everything, /*writes=*/true, 0, counts[0] + 1};
  checkOrder(task, after, clocks[0], history);
}

/// Transfers come after everything before and before everything after them.
void CoordinateVerifier::walkTransfer(Operation *action) {
  auto name = action->getAttrOfType<FlatSymbolRefAttr>("transfer");
  auto transfer = module.lookupSymbol<TransferOp>(name);
  if (!transfer) {
    fail(action) << "there is no transfer " << name;
    return;
  }
  int64_t bytes = bytesOf(transfer.getInput());
  auto access = [&](int64_t at, bool writes) {
    Access a{action, {at, at + bytes}, writes, 1, 0};
    followData(a, {!writes});
  };
  bool isSend = isa<SendOp>(action);
  if (isa<HandOverOp>(action))
    return;
  StringRef kind = isSend ? "send" : isa<RecvOp>(action) ? "recv" : "sum";
  DictionaryAttr place = findPlace(kind, name.getValue());
  if (!place) {
    fail(action) << "the arena has no place '" << kind << "' of " << name;
    return;
  }
  if (kind != "sum") {
    int64_t slot = action->getAttrOfType<IntegerAttr>("slot").getInt();
    return access(getInt(place, "at") + slot * getInt(place, "stride"),
                  !isSend);
  }
  for (auto at : place.getAs<ArrayAttr>("sources").getAsRange<IntegerAttr>())
    access(at.getInt(), /*writes=*/false);
  for (auto at : place.getAs<ArrayAttr>("targets").getAsRange<IntegerAttr>())
    access(at.getInt(), /*writes=*/true);
}

bool CoordinateVerifier::run() {
  if (!arena->hasAttrOfType<ArrayAttr>("places") ||
      !arena->hasAttrOfType<ArrayAttr>("regions") ||
      !arena->hasAttrOfType<IntegerAttr>("events")) {
    fail(arena) << "needs 'places', 'regions' and 'events'";
    return false;
  }
  if (arena.getBytes() > actions.getPeak())
    arena.emitWarning() << "arena of " << arena.getBytes()
                        << " bytes is above the bound of " << actions.getPeak()
                        << " bytes of phase 'schedule'";
  forgetRegions();
  for (Operation &action : actions.getBody().front()) {
    if (auto run = dyn_cast<RunOp>(action)) {
      auto task = module.lookupSymbol<func::FuncOp>(run.getTask());
      if (task)
        walkTask(task, run);
      else
        fail(run) << "there is no task @" << run.getTask();
    } else {
      walkTransfer(&action);
    }
    // One report is enough where every micro-batch repeats it.
    if (!ok)
      return false;
  }
  return ok;
}

void VerifyAllocate::runOnOperation() {
  ModuleOp module = getOperation();
  bool ok = true;
  for (auto schedule : module.getOps<ScheduleOp>())
    for (auto actions : schedule.getBody().getOps<ActionsOp>()) {
      auto arena =
          module.lookupSymbol<ArenaOp>(("pp" + Twine(actions.getPp())).str());
      if (!arena) {
        actions.emitOpError() << "there is no arena @pp" << actions.getPp();
        ok = false;
        continue;
      }
      ok &= CoordinateVerifier(module, arena, actions).run();
    }
  if (!ok)
    signalPassFailure();
}
