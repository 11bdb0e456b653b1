// SPDX-License-Identifier: Apache-2.0
// The host program: each task function on buffers becomes
//   llvm.func @s0_F(context: ptr, arena: ptr, index: ptr to i64) -> i32
// a straight line of calls of abi.def, left at the first status that is not
// zero. A buffer is the arena's address plus `at + index * stride`; the index
// array holds the micro-batch, the saved set and one slot per transfer. Rank
// scalars are arithmetic on mptrt_coordinate: level by level, a dim of n over
// an axis of k is cut in blocks of ceil(n / k). Refuses ops that a task of
// phase 9 cannot hold, by name.
#include "AttentionCall.h"
#include "Gemm.h"
#include "ProgramTables.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mpt/Target/Target.h"

using namespace mlir;
using namespace mlir::mpt;
namespace abi = mptrt::abi;

namespace {

/// A call of abi.def: name and kinds of its arguments.
struct RuntimeCall {
  StringRef name;
  SmallVector<char> kinds;
};

class TaskLowering {
public:
  TaskLowering(ModuleOp module, ProgramTables &tables,
               ArrayRef<std::pair<int64_t, int64_t>> spaces)
      : module(module), tables(tables), spaces(spaces), b(module.getContext()),
        loc(module.getLoc()),
        ptr(LLVM::LLVMPointerType::get(module.getContext())),
        i32(b.getI32Type()), i64(b.getI64Type()) {}

  LogicalResult lower(func::FuncOp task);

private:
  LogicalResult bindArguments(func::FuncOp task);
  LogicalResult lowerOp(Operation *op);
  LogicalResult lowerBuffer(BufferOp op);
  LogicalResult lowerLaunch(LaunchOp op);
  LogicalResult lowerGemm(LibraryOp op);
  LogicalResult lowerAttention(LibraryOp op);
  LogicalResult lowerCopy(CopyOp op);
  LogicalResult lowerAllReduce(AllReduceOp op);
  LogicalResult lowerAllGather(AllGatherOp op);
  LogicalResult lowerReduceScatter(ReduceScatterOp op);
  LogicalResult lowerAllToAll(AllToAllOp op);
  LogicalResult lowerOffset(ShardOffsetOp op);
  LogicalResult lowerExtent(ShardExtentOp op);

  Value constant32(int64_t value) {
    return LLVM::ConstantOp::create(b, loc, i32, value);
  }
  Value constant64(int64_t value) {
    return LLVM::ConstantOp::create(b, loc, i64, value);
  }
  /// An array of words on the stack, made at the function's entry.
  Value makeArray(int64_t count);
  void storeAt(Value array, int64_t index, Value value);
  /// Calls a function of abi.def; continues in a new block if it returns zero.
  LogicalResult call(StringRef name, ArrayRef<Value> arguments);
  FailureOr<Value> getStream(Operation *op, std::optional<StringRef> name,
                             StringRef byDefault);
  FailureOr<Value> getGroup(Operation *op, ArrayAttr over,
                            std::optional<ArrayRef<int64_t>> stages);
  /// This rank's index on a device axis.
  FailureOr<Value> getCoordinate(Operation *op, StringRef axis);
  /// First element and number of elements of the rank's block of a dim.
  FailureOr<std::pair<Value, Value>> getBlock(Operation *op, ArrayAttr axes,
                                              int64_t size);
  LogicalResult checkOperands(Operation *op);

  ModuleOp module;
  ProgramTables &tables;
  ArrayRef<std::pair<int64_t, int64_t>> spaces;
  OpBuilder b;
  Location loc;
  Type ptr, i32, i64;

  // Of the function being lowered.
  LLVM::LLVMFuncOp function;
  Block *fail = nullptr;
  Value context, arena;
  DenseMap<Value, Value> values;
  llvm::StringMap<Value> coordinates;
};
} // namespace

#define PTR 'p'
#define I32 'i'
#define I64 'l'
#define MPT_KINDS(...)                                                         \
  { __VA_ARGS__ }
static ArrayRef<RuntimeCall> getRuntimeCalls() {
  static const RuntimeCall calls[] = {
#define MPTRT_CALL(NAME, KINDS) {#NAME, MPT_KINDS KINDS},
#include "mptrt/abi.def"
  };
  return calls;
}
#undef PTR
#undef I32
#undef I64

Value TaskLowering::makeArray(int64_t count) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&function.getBody().front());
  Value length = constant64(count);
  return LLVM::AllocaOp::create(b, loc, ptr, i64, length, /*alignment=*/8);
}

void TaskLowering::storeAt(Value array, int64_t index, Value value) {
  Value at = LLVM::GEPOp::create(b, loc, ptr, i64, array,
                                 ArrayRef<LLVM::GEPArg>{int32_t(index)});
  LLVM::StoreOp::create(b, loc, value, at);
}

LogicalResult TaskLowering::call(StringRef name, ArrayRef<Value> arguments) {
  const RuntimeCall *callee = llvm::find_if(
      getRuntimeCalls(), [&](const RuntimeCall &c) { return c.name == name; });
  assert(callee != getRuntimeCalls().end() && "a call of abi.def");
  assert(callee->kinds.size() == arguments.size() && "as abi.def declares it");
  auto declared = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
  if (!declared) {
    SmallVector<Type> types;
    for (char kind : callee->kinds)
      types.push_back(kind == 'p' ? ptr : kind == 'i' ? i32 : i64);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    declared = LLVM::LLVMFuncOp::create(
        b, module.getLoc(), name, LLVM::LLVMFunctionType::get(i32, types));
  }
  Value status = LLVM::CallOp::create(b, loc, declared, arguments).getResult();
  Value failed = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, status,
                                      constant32(0));
  auto *next = new Block;
  function.getBody().getBlocks().insert(fail->getIterator(), next);
  LLVM::CondBrOp::create(b, loc, failed, fail, ValueRange{status}, next,
                         ValueRange());
  b.setInsertionPointToStart(next);
  return success();
}

FailureOr<Value> TaskLowering::getStream(Operation *op,
                                         std::optional<StringRef> name,
                                         StringRef byDefault) {
  StringRef stream = name.value_or(byDefault);
  int64_t number = llvm::StringSwitch<int64_t>(stream)
                       .Case("compute", abi::StreamCompute)
                       .Case("comm", abi::StreamComm)
                       .Case("copy", abi::StreamCopy)
                       .Default(-1);
  if (number < 0)
    return op->emitOpError() << "unknown stream '" << stream
                             << "'; expected compute, comm or copy";
  return constant32(number);
}

FailureOr<Value>
TaskLowering::getGroup(Operation *op, ArrayAttr over,
                       std::optional<ArrayRef<int64_t>> stages) {
  int64_t group = tables.getGroup(over, stages.value_or(ArrayRef<int64_t>()));
  if (group < 0)
    return op->emitOpError() << "group over " << over << " has one rank";
  return constant32(group);
}

FailureOr<Value> TaskLowering::getCoordinate(Operation *op, StringRef axis) {
  int64_t index = tables.getAxisIndex(axis);
  if (index < 0)
    return op->emitOpError() << "the mesh has no axis '" << axis << "'";
  Value &known = coordinates[axis];
  if (!known) {
    Value out = makeArray(1);
    if (failed(call("mptrt_coordinate", {context, constant32(index), out})))
      return failure();
    known = LLVM::LoadOp::create(b, loc, i64, out);
  }
  return known;
}

FailureOr<std::pair<Value, Value>>
TaskLowering::getBlock(Operation *op, ArrayAttr axes, int64_t size) {
  Value offset = constant64(0), extent = constant64(size);
  int64_t block = size;
  for (auto axis : axes.getAsRange<StringAttr>()) {
    FailureOr<Value> index = getCoordinate(op, axis.getValue());
    if (failed(index))
      return failure();
    block = llvm::divideCeil(block, tables.mesh.getSize(axis.getValue()));
    Value skipped = LLVM::MulOp::create(b, loc, *index, constant64(block));
    offset = LLVM::AddOp::create(b, loc, offset, skipped);
    Value left = LLVM::SubOp::create(b, loc, extent, skipped);
    left = LLVM::SMaxOp::create(b, loc, left, constant64(0));
    extent = LLVM::SMinOp::create(b, loc, left, constant64(block));
  }
  // An empty block begins at the end.
  offset = LLVM::SMinOp::create(b, loc, offset, constant64(size));
  return std::make_pair(offset, extent);
}

LogicalResult TaskLowering::lowerOffset(ShardOffsetOp op) {
  auto block = getBlock(op, op.getAxes(), op.getSize());
  if (failed(block))
    return failure();
  values[op.getResult()] = block->first;
  return success();
}

LogicalResult TaskLowering::lowerExtent(ShardExtentOp op) {
  auto block = getBlock(op, op.getAxes(), op.getSize());
  if (failed(block))
    return failure();
  values[op.getResult()] = block->second;
  return success();
}

LogicalResult TaskLowering::lowerBuffer(BufferOp op) {
  Value at = constant64(op.getAt());
  if (op.getIndex()) {
    Value skipped = LLVM::MulOp::create(b, loc, values.lookup(op.getIndex()),
                                        constant64(*op.getStride()));
    at = LLVM::AddOp::create(b, loc, at, skipped);
  }
  values[op.getResult()] =
      LLVM::GEPOp::create(b, loc, ptr, b.getI8Type(), arena,
                          ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(at)});
  return success();
}

LogicalResult TaskLowering::lowerLaunch(LaunchOp op) {
  auto kernel = tables.kernelIndex.find(op.getKernel());
  if (kernel == tables.kernelIndex.end())
    return op.emitOpError() << "there is no kernel '" << op.getKernel() << "'";
  FailureOr<Value> stream = getStream(op, op.getStream(), "compute");
  if (failed(stream))
    return failure();
  unsigned count = op->getNumOperands();
  Value words = makeArray(std::max(1u, count));
  // The kernel of a sum takes its destination first.
  bool isSum = tables.kernels[kernel->second]->hasAttr(kSumAttr);
  for (OpOperand &operand : op->getOpOperands()) {
    unsigned number = operand.getOperandNumber();
    storeAt(words, isSum ? count - 1 - number : number,
            values.lookup(operand.get()));
  }
  auto [rows, grain] = spaces[kernel->second];
  return call("mptrt_launch",
              {context, *stream, constant32(kernel->second), words,
               constant32(count), constant64(rows), constant64(grain)});
}

LogicalResult TaskLowering::lowerCopy(CopyOp op) {
  FailureOr<Value> stream = getStream(op, op.getStream(), "compute");
  if (failed(stream))
    return failure();
  auto type = cast<MemRefType>(op.getTo().getType());
  int64_t bytes =
      type.getNumElements() * getElementBytes(type.getElementType());
  return call("mptrt_copy", {context, *stream, values.lookup(op.getTo()),
                             values.lookup(op.getFrom()), constant64(bytes)});
}

LogicalResult TaskLowering::lowerGemm(LibraryOp op) {
  FailureOr<Value> stream = getStream(op, op.getStream(), "compute");
  FailureOr<GemmShape> g = getGemmShape(op);
  if (failed(stream) || failed(g))
    return failure();
  auto type = cast<MemRefType>(op.getOuts()[0].getType()).getElementType();
  if (!type.isF32() && !type.isF64())
    return op.emitOpError() << "gemm of " << type << "; expected f32 or f64";
  int64_t flags = (g->transposeA ? abi::GemmTransposeA : 0) |
                  (g->transposeB ? abi::GemmTransposeB : 0) |
                  (op.getAccumulate() ? abi::GemmAccumulate : 0);
  return call(
      "mptrt_gemm",
      {context, *stream, constant32(getDTypeNumber(type)), constant32(flags),
       constant64(g->batch), constant64(g->m), constant64(g->n),
       constant64(g->k), constant64(g->lda), constant64(g->ldb),
       constant64(g->ldc), constant64(g->strideA), constant64(g->strideB),
       constant64(g->strideC), values.lookup(op.getInputs()[0]),
       values.lookup(op.getInputs()[1]), values.lookup(op.getOuts()[0])});
}

LogicalResult TaskLowering::lowerAttention(LibraryOp op) {
  FailureOr<Value> stream = getStream(op, op.getStream(), "compute");
  FailureOr<AttentionCall> a = getAttentionCall(op);
  if (failed(stream) || failed(a))
    return failure();
  Value numbers = makeArray(a->numbers.size());
  for (auto [i, number] : llvm::enumerate(a->numbers))
    storeAt(numbers, i, constant64(number));
  Value buffers = makeArray(a->buffers.size());
  for (auto [i, buffer] : llvm::enumerate(a->buffers))
    storeAt(buffers, i,
            buffer ? values.lookup(buffer)
                   : LLVM::ZeroOp::create(b, loc, ptr).getResult());
  return call("mptrt_attention",
              {context, *stream, constant32(getDTypeNumber(a->element)),
               numbers, buffers});
}

static int64_t getReduceNumber(StringRef kind) {
  return llvm::StringSwitch<int64_t>(kind)
      .Case("max", abi::ReduceMax)
      .Case("min", abi::ReduceMin)
      .Default(abi::ReduceSum);
}

LogicalResult TaskLowering::lowerAllReduce(AllReduceOp op) {
  FailureOr<Value> stream = getStream(op, op.getStream(), "comm");
  FailureOr<Value> group = getGroup(op, op.getOver(), op.getStages());
  if (failed(stream) || failed(group))
    return failure();
  unsigned count = op.getInputs().size();
  Value from = makeArray(count), counts = makeArray(count);
  Type element;
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    auto type = cast<MemRefType>(input.getType());
    if (element && element != type.getElementType())
      return op.emitOpError()
             << "bucket of " << element << " and " << type.getElementType()
             << "; expected one element type";
    element = type.getElementType();
    storeAt(from, i, values.lookup(input));
    storeAt(counts, i, constant64(type.getNumElements()));
  }
  return call("mptrt_all_reduce", {context, *stream, *group,
                                   constant32(getReduceNumber(op.getKind())),
                                   constant32(getDTypeNumber(element)),
                                   constant32(count), from, from, counts});
}

/// Product of the dims before `dim`.
static int64_t countOuter(MemRefType type, int64_t dim) {
  int64_t outer = 1;
  for (int64_t size : type.getShape().take_front(dim))
    outer *= size;
  return outer;
}

LogicalResult TaskLowering::lowerAllGather(AllGatherOp op) {
  FailureOr<Value> stream = getStream(op, op.getStream(), "comm");
  FailureOr<Value> group = getGroup(op, op.getOver(), std::nullopt);
  if (failed(stream) || failed(group))
    return failure();
  auto type = cast<MemRefType>(op.getInput().getType());
  return call("mptrt_all_gather",
              {context, *stream, *group,
               constant32(getDTypeNumber(type.getElementType())),
               values.lookup(op.getInput()), values.lookup(op.getOut()),
               constant64(type.getNumElements()),
               constant64(countOuter(type, op.getDim()))});
}

LogicalResult TaskLowering::lowerReduceScatter(ReduceScatterOp op) {
  FailureOr<Value> stream = getStream(op, op.getStream(), "comm");
  FailureOr<Value> group = getGroup(op, op.getOver(), std::nullopt);
  if (failed(stream) || failed(group))
    return failure();
  auto type = cast<MemRefType>(op.getOut().getType());
  return call("mptrt_reduce_scatter",
              {context, *stream, *group,
               constant32(getReduceNumber(op.getKind())),
               constant32(getDTypeNumber(type.getElementType())),
               values.lookup(op.getInput()), values.lookup(op.getOut()),
               constant64(type.getNumElements()),
               constant64(countOuter(type, op.getDim()))});
}

LogicalResult TaskLowering::lowerAllToAll(AllToAllOp op) {
  FailureOr<Value> stream = getStream(op, op.getStream(), "comm");
  FailureOr<Value> group = getGroup(op, op.getOver(), std::nullopt);
  if (failed(stream) || failed(group))
    return failure();
  auto type = cast<MemRefType>(op.getInput().getType());
  if (countOuter(type, op.getSplitDim()) != 1 ||
      countOuter(type, op.getConcatDim()) != 1)
    return op.emitOpError()
           << "splits dim " << op.getSplitDim() << " and joins dim "
           << op.getConcatDim() << "; expected the outermost dims";
  int64_t members = 1;
  for (auto axis : op.getOver().getAsRange<StringAttr>())
    members *= tables.mesh.getSize(axis.getValue());
  return call("mptrt_all_to_all",
              {context, *stream, *group,
               constant32(getDTypeNumber(type.getElementType())),
               values.lookup(op.getInput()), values.lookup(op.getOut()),
               constant64(type.getNumElements() / members)});
}

/// Everything but the arena, which only buffers take, has a value by now.
LogicalResult TaskLowering::checkOperands(Operation *op) {
  for (OpOperand &operand : op->getOpOperands())
    if (!values.contains(operand.get()) &&
        !(isa<BufferOp>(op) && operand.getOperandNumber() == 0))
      return op->emitOpError() << "operand " << operand.getOperandNumber()
                               << " is no buffer and no scalar of the task";
  return success();
}

LogicalResult TaskLowering::lowerOp(Operation *op) {
  loc = op->getLoc();
  if (failed(checkOperands(op)))
    return failure();
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<BufferOp>([&](auto o) { return lowerBuffer(o); })
      .Case<LaunchOp>([&](auto o) { return lowerLaunch(o); })
      .Case<LibraryOp>([&](LibraryOp o) {
        return o.getName() == "gemm" ? lowerGemm(o) : lowerAttention(o);
      })
      .Case<AllReduceOp>([&](auto o) { return lowerAllReduce(o); })
      .Case<AllGatherOp>([&](auto o) { return lowerAllGather(o); })
      .Case<ReduceScatterOp>([&](auto o) { return lowerReduceScatter(o); })
      .Case<AllToAllOp>([&](auto o) { return lowerAllToAll(o); })
      .Case<ShardOffsetOp>([&](auto o) { return lowerOffset(o); })
      .Case<ShardExtentOp>([&](auto o) { return lowerExtent(o); })
      .Case<CopyOp>([&](auto o) { return lowerCopy(o); })
      .Case<PointOp>([&](PointOp o) {
        return call("mptrt_point", {context, constant32(o.getIndex())});
      })
      .Case<RecordOp>([&](RecordOp o) -> LogicalResult {
        FailureOr<Value> stream = getStream(o, o.getStream(), "compute");
        if (failed(stream))
          return failure();
        return call("mptrt_record",
                    {context, constant32(o.getEvent()), *stream});
      })
      .Case<WaitOp>([&](WaitOp o) -> LogicalResult {
        FailureOr<Value> stream = getStream(o, o.getStream(), "compute");
        if (failed(stream))
          return failure();
        return call("mptrt_wait", {context, constant32(o.getEvent()), *stream});
      })
      .Case<tensor::ExtractOp>([&](tensor::ExtractOp o) {
        values[o.getResult()] = values.lookup(o.getTensor());
        return success();
      })
      .Case<arith::ConstantOp>([&](arith::ConstantOp o) -> LogicalResult {
        auto value = dyn_cast<IntegerAttr>(o.getValue());
        if (!value)
          return o.emitOpError() << "of type " << o.getType()
                                 << "; expected an integer or an index";
        values[o.getResult()] = constant64(value.getInt());
        return success();
      })
      .Case<func::ReturnOp>([&](func::ReturnOp o) -> LogicalResult {
        if (o.getNumOperands())
          return o.emitOpError() << "task returns values; expected buffers "
                                    "(phase 9)";
        LLVM::ReturnOp::create(b, loc, constant32(0));
        return success();
      })
      .Default([&](Operation *o) {
        return o->emitOpError() << "cannot be in a task of phase 9";
      });
}

LogicalResult TaskLowering::bindArguments(func::FuncOp task) {
  Value index = function.getArgument(2);
  int64_t slots = 0;
  for (BlockArgument arg : task.getArguments()) {
    unsigned number = arg.getArgNumber();
    if (isa<MemRefType>(arg.getType())) {
      if (arena)
        return task.emitError()
               << "argument " << number << " is a second arena";
      arena = function.getArgument(1);
      continue;
    }
    int64_t position;
    if (auto kind = task.getArgAttrOfType<StringAttr>(number, "mpt.index"))
      position = kind.getValue() == "mb"     ? 0
                 : kind.getValue() == "save" ? 1
                                             : -1;
    else
      position = task.getArgAttr(number, "mpt.slot") ? 2 + slots++ : -1;
    if (position < 0)
      return task.emitError()
             << "argument " << number
             << " has no binding; expected mpt.index = \"mb\" or \"save\", or "
                "mpt.slot";
    Value at = LLVM::GEPOp::create(b, loc, ptr, i64, index,
                                   ArrayRef<LLVM::GEPArg>{int32_t(position)});
    values[arg] = LLVM::LoadOp::create(b, loc, i64, at);
  }
  return success();
}

LogicalResult TaskLowering::lower(func::FuncOp task) {
  if (!task.getBody().hasOneBlock())
    return task.emitError()
           << "task '" << task.getName() << "' is no straight line";
  values.clear();
  coordinates.clear();
  arena = Value();
  loc = task.getLoc();
  std::string name = task.getName().str();
  // The two share the name for a moment.
  task.setName(StringAttr::get(task.getContext(), name + ".mpt"));
  b.setInsertionPoint(task);
  function = LLVM::LLVMFuncOp::create(
      b, loc, name, LLVM::LLVMFunctionType::get(i32, {ptr, ptr, ptr}));
  Block *entry = function.addEntryBlock(b);
  fail = new Block;
  function.getBody().push_back(fail);
  Value status = fail->addArgument(i32, loc);
  b.setInsertionPointToStart(fail);
  LLVM::ReturnOp::create(b, loc, status);
  context = function.getArgument(0);
  b.setInsertionPointToStart(entry);
  if (failed(bindArguments(task)))
    return failure();
  for (Operation &op : task.getBody().front())
    if (failed(lowerOp(&op)))
      return failure();
  // A task without calls cannot fail.
  if (fail->hasNoPredecessors())
    fail->erase();
  return success();
}

LogicalResult mpt::lowerTasks(ModuleOp module, ProgramTables &tables,
                              ArrayRef<std::pair<int64_t, int64_t>> spaces) {
  TaskLowering lowering(module, tables, spaces);
  bool ok = true;
  for (func::FuncOp task : tables.tasks)
    ok &= succeeded(lowering.lower(task));
  return success(ok);
}
