// SPDX-License-Identifier: Apache-2.0
// The calls of abi.def. Each turns its arguments into a call of Device or
// Communicator; a failure is kept in the context with the launch it belongs to,
// and its code is returned. Declarations come from abi.def, so a definition
// that differs from it does not compile.
#include "exec/TaskContext.h"

#include <cstring>

#define PTR void *
#define I32 int32_t
#define I64 int64_t
#define MPTRT_CALL(NAME, ARGS) extern "C" int32_t NAME ARGS;
#include "mptrt/abi.def"
#undef PTR
#undef I32
#undef I64

using namespace mptrt;

namespace {

TaskContext &contextOf(void *pointer) {
  return *static_cast<TaskContext *>(pointer);
}

DevicePtr device(void *address) { return DevicePtr::of(address); }

Stream stream(int32_t value) { return static_cast<Stream>(value); }

int32_t keep(TaskContext &context, const Status &status) {
  if (!status.ok() && context.failure.ok())
    context.failure = status;
  return status.exitCode();
}

/// One row of the task's launches: records its time, names it if it fails.
template <typename Work>
int32_t launch(void *pointer, int64_t bytes, const Work &work) {
  TaskContext &context = contextOf(pointer);
  EventRecord record;
  record.id = context.events.launch(context.task, context.row++);
  record.step = context.step;
  record.microbatch = static_cast<int32_t>(context.microbatch);
  record.bytes = bytes;
  int64_t before = context.communicator.counts().waitNanoseconds;
  record.begin = Ring::now();
  Status status = work(context);
  record.end = Ring::now();
  record.waited = context.communicator.counts().waitNanoseconds - before;
  context.ring.add(record);
  if (status.ok())
    return 0;
  const EventTable::Entry &entry = context.events[record.id];
  std::string where = "'" + entry.name + "'";
  if (!entry.nodes.empty())
    where += " of '" + entry.nodes + "'";
  return keep(context, status.withContext(where));
}

/// A collective: finds this rank's group.
template <typename Work>
int32_t collective(void *pointer, int32_t group, int32_t dtype, int64_t count,
                   const Work &work) {
  int64_t size = static_cast<int64_t>(dtypeSize(static_cast<DType>(dtype)));
  return launch(pointer, count * size, [&](TaskContext &context) {
    bool known =
        group >= 0 && static_cast<size_t>(group) < context.groups.size();
    Group own = known ? context.groups[static_cast<size_t>(group)] : -1;
    if (own < 0)
      return makeStatus(Code::Internal,
                        "this rank is in no instance of group %d", group);
    return work(context, own);
  });
}

} // namespace

int32_t mptrt_launch(void *context, int32_t on, int32_t kernel, void *words,
                     int32_t count, int64_t rows, int64_t grain) {
  return launch(context, 0, [&](TaskContext &at) {
    if (kernel < 0 || static_cast<size_t>(kernel) >= at.kernels.size())
      return makeStatus(Code::Internal, "there is no kernel %d", kernel);
    return at.device.launchKernel(
        stream(on), at.kernels[static_cast<size_t>(kernel)],
        static_cast<void *const *>(words), count, {rows, grain});
  });
}

int32_t mptrt_gemm(void *context, int32_t on, int32_t dtype, int32_t flags,
                   int64_t batch, int64_t m, int64_t n, int64_t k, int64_t lda,
                   int64_t ldb, int64_t ldc, int64_t strideA, int64_t strideB,
                   int64_t strideC, void *a, void *b, void *c) {
  Gemm shape;
  shape.dtype = static_cast<DType>(dtype);
  shape.transposeA = flags & abi::GemmTransposeA;
  shape.transposeB = flags & abi::GemmTransposeB;
  shape.accumulate = flags & abi::GemmAccumulate;
  shape.batch = batch;
  shape.m = m, shape.n = n, shape.k = k;
  shape.lda = lda, shape.ldb = ldb, shape.ldc = ldc;
  shape.strideA = strideA, shape.strideB = strideB, shape.strideC = strideC;
  return launch(context, 0, [&](TaskContext &at) {
    return at.device.gemm(stream(on), shape, device(a), device(b), device(c));
  });
}

/// The arrays of mptrt_attention.
static Attention readAttention(int32_t dtype, const int64_t *numbers) {
  Attention n;
  auto next = [&] { return *numbers++; };
  auto real = [&] {
    double value;
    std::memcpy(&value, numbers++, sizeof(value));
    return value;
  };
  n.dtype = static_cast<DType>(dtype);
  int64_t flags = next();
  n.gradient = flags & abi::AttentionGradient;
  n.causal = flags & abi::AttentionCausal;
  n.zeroRows = flags & abi::AttentionZeroRows;
  n.boolMask = flags & abi::AttentionBoolMask;
  n.offset = next();
  n.batch = next(), n.heads = next(), n.groups = next();
  n.rows = next(), n.keys = next();
  n.size = next(), n.valueSize = next();
  n.scale = real(), n.softcap = real(), n.fill = real();
  for (int64_t &stride : n.maskStrides)
    stride = next();
  for (Attention::Strides *s :
       {&n.queryStrides, &n.keyStrides, &n.valueStrides, &n.outputStrides,
        &n.dOutputStrides, &n.dQueryStrides, &n.dKeyStrides, &n.dValueStrides})
    s->batch = next(), s->head = next(), s->row = next();
  return n;
}

int32_t mptrt_attention(void *context, int32_t on, int32_t dtype, void *numbers,
                        void *buffers) {
  Attention shape = readAttention(dtype, static_cast<int64_t *>(numbers));
  void **b = static_cast<void **>(buffers);
  AttentionOperands operands{b[0], b[1], b[2], b[3], b[4],
                             b[5], b[6], b[7], b[8], b[9]};
  return launch(context, 0, [&](TaskContext &at) {
    return at.device.attention(stream(on), shape, operands);
  });
}

int32_t mptrt_copy(void *context, int32_t on, void *to, void *from,
                   int64_t bytes) {
  TaskContext &at = contextOf(context);
  return keep(at, at.device.copy(stream(on), device(to), device(from),
                                 static_cast<size_t>(bytes)));
}

int32_t mptrt_memset(void *context, int32_t on, void *to, int32_t byte,
                     int64_t bytes) {
  TaskContext &at = contextOf(context);
  return keep(at, at.device.memset(stream(on), device(to), byte,
                                   static_cast<size_t>(bytes)));
}

int32_t mptrt_record(void *context, int32_t event, int32_t on) {
  TaskContext &at = contextOf(context);
  return keep(at, at.device.record(event, stream(on)));
}

int32_t mptrt_wait(void *context, int32_t event, int32_t on) {
  TaskContext &at = contextOf(context);
  return keep(at, at.device.wait(event, stream(on)));
}

// Action lists of today start nothing inside a task.
int32_t mptrt_point(void *context, int32_t) {
  return contextOf(context).failure.exitCode();
}

int32_t mptrt_all_reduce(void *context, int32_t on, int32_t group, int32_t op,
                         int32_t dtype, int32_t operands, void *from, void *to,
                         void *counts) {
  std::vector<ReduceOperand> list;
  int64_t total = 0;
  for (int32_t i = 0; i < operands; ++i) {
    list.push_back({device(static_cast<void **>(from)[i]),
                    device(static_cast<void **>(to)[i]),
                    static_cast<int64_t *>(counts)[i]});
    total += list.back().count;
  }
  return collective(context, group, dtype, total,
                    [&](TaskContext &at, Group own) {
                      return at.communicator.allReduce(
                          stream(on), own, static_cast<ReduceOp>(op),
                          static_cast<DType>(dtype), list.data(), operands);
                    });
}

int32_t mptrt_all_gather(void *context, int32_t on, int32_t group,
                         int32_t dtype, void *from, void *to, int64_t count,
                         int64_t outer) {
  return collective(context, group, dtype, count,
                    [&](TaskContext &at, Group own) {
                      return at.communicator.allGather(
                          stream(on), own, static_cast<DType>(dtype),
                          device(from), device(to), count, outer);
                    });
}

int32_t mptrt_reduce_scatter(void *context, int32_t on, int32_t group,
                             int32_t op, int32_t dtype, void *from, void *to,
                             int64_t count, int64_t outer) {
  return collective(
      context, group, dtype, count, [&](TaskContext &at, Group own) {
        return at.communicator.reduceScatter(
            stream(on), own, static_cast<ReduceOp>(op),
            static_cast<DType>(dtype), device(from), device(to), count, outer);
      });
}

int32_t mptrt_all_to_all(void *context, int32_t on, int32_t group,
                         int32_t dtype, void *from, void *to, int64_t count) {
  return collective(
      context, group, dtype, count, [&](TaskContext &at, Group own) {
        return at.communicator.allToAll(stream(on), own,
                                        static_cast<DType>(dtype), device(from),
                                        device(to), count);
      });
}

int32_t mptrt_coordinate(void *context, int32_t axis, void *out) {
  TaskContext &at = contextOf(context);
  const Mesh &mesh = at.program.mesh;
  if (axis < 0 || static_cast<size_t>(axis) >= mesh.axes().size())
    return keep(at, makeStatus(Code::Internal, "there is no axis %d", axis));
  *static_cast<int64_t *>(out) =
      mesh.indices(at.communicator.rank())[static_cast<size_t>(axis)];
  return 0;
}
