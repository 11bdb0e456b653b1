// SPDX-License-Identifier: Apache-2.0
// Queues of closures. Draining a stream to a point first drains the points that
// its work waits for; as waits look back only, that ends.
#include "DummyDevice.h"
#include "PlainAttention.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace mptrt {
namespace test {

DummyDevice::~DummyDevice() {
  for (const auto &block : blocks)
    std::free(reinterpret_cast<void *>(block.first));
}

Status DummyDevice::allocate(size_t bytes, size_t alignment, DevicePtr *out) {
  if (alignment > 4096 || (alignment & (alignment - 1)) != 0)
    return makeStatus(Code::Internal, "dummy device: alignment %zu", alignment);
  void *memory = nullptr;
  if (posix_memalign(&memory, std::max<size_t>(alignment, 64),
                     std::max<size_t>(bytes, 1)) != 0)
    return makeStatus(Code::Internal, "dummy device: cannot allocate %zu bytes",
                      bytes);
  std::memset(memory, 0xff, bytes);
  *out = DevicePtr::of(memory);
  blocks[out->address] = bytes;
  statistics.bytesInUse += bytes;
  statistics.peakBytes = std::max(statistics.peakBytes, statistics.bytesInUse);
  ++statistics.allocations;
  return Status();
}

Status DummyDevice::free(DevicePtr memory) {
  auto block = blocks.find(memory.address);
  if (block == blocks.end())
    return makeStatus(Code::Internal, "dummy device: free of unknown memory");
  statistics.bytesInUse -= block->second;
  blocks.erase(block);
  std::free(memory.word());
  return Status();
}

Status DummyDevice::enqueue(const char *what, Stream stream,
                            std::function<Status()> run) {
  log.push_back(std::string(what) + " on " + streamName(stream));
  queue(stream).waiting.push_back({std::move(run), Point()});
  ++queue(stream).enqueued;
  return Status();
}

void DummyDevice::drain(Point until) {
  Queue &queue = queues[until.stream];
  while (queue.done < until.count) {
    Work work = std::move(queue.waiting.front());
    queue.waiting.pop_front();
    if (work.after.stream >= 0)
      drain(work.after);
    if (queue.failure.ok() && work.run)
      queue.failure = work.run();
    ++queue.done;
  }
}

Status DummyDevice::synchronize(Stream stream) {
  log.push_back(std::string("synchronize ") + streamName(stream));
  drain({static_cast<int>(stream), queue(stream).enqueued});
  return queue(stream).failure;
}

Status DummyDevice::copyToDeviceNow(DevicePtr to, const void *from,
                                    size_t bytes) {
  if (bytes)
    std::memcpy(to.word(), from, bytes);
  return Status();
}

Status DummyDevice::copyToHostNow(void *to, DevicePtr from, size_t bytes) {
  if (bytes)
    std::memcpy(to, from.word(), bytes);
  return Status();
}

Status DummyDevice::copyToDevice(Stream stream, DevicePtr to, const void *from,
                                 size_t bytes) {
  return enqueue("copy to device", stream,
                 [=] { return copyToDeviceNow(to, from, bytes); });
}

Status DummyDevice::copyToHost(Stream stream, void *to, DevicePtr from,
                               size_t bytes) {
  return enqueue("copy to host", stream,
                 [=] { return copyToHostNow(to, from, bytes); });
}

Status DummyDevice::copy(Stream stream, DevicePtr to, DevicePtr from,
                         size_t bytes) {
  return enqueue("copy", stream, [=] {
    if (bytes)
      std::memmove(to.word(), from.word(), bytes);
    return Status();
  });
}

Status DummyDevice::memset(Stream stream, DevicePtr to, int value,
                           size_t bytes) {
  return enqueue("memset", stream, [=] {
    if (bytes)
      std::memset(to.word(), value, bytes);
    return Status();
  });
}

Status DummyDevice::launchKernel(Stream stream, Kernel kernel,
                                 void *const *args, int count,
                                 LaunchRange range) {
  if (kernel.index < 0 || static_cast<size_t>(kernel.index) >= kernels.size() ||
      range.rows < 0 || range.grain < 1 || count < 0)
    return makeStatus(Code::Internal, "dummy device: impossible launch");
  const KernelImage &image = kernels[static_cast<size_t>(kernel.index)];
  std::vector<void *> words(args, args + count);
  std::string what = std::string("launch ") + image.name;
  using Function = void (*)(void **, int64_t, int64_t);
  auto code = reinterpret_cast<Function>(const_cast<void *>(image.code));
  return enqueue(what.c_str(), stream, [=]() mutable {
    if (range.rows > 0)
      code(words.data(), 0, range.rows);
    return Status();
  });
}

template <typename T>
static void multiply(const Gemm &g, const T *a, const T *b, T *c) {
  for (int64_t batch = 0; batch < g.batch; ++batch)
    for (int64_t i = 0; i < g.m; ++i)
      for (int64_t j = 0; j < g.n; ++j) {
        T &result = c[batch * g.strideC + i * g.ldc + j];
        double sum = g.accumulate ? static_cast<double>(result) : 0;
        for (int64_t k = 0; k < g.k; ++k) {
          int64_t ia = g.transposeA ? k * g.lda + i : i * g.lda + k;
          int64_t ib = g.transposeB ? j * g.ldb + k : k * g.ldb + j;
          sum += static_cast<double>(a[batch * g.strideA + ia]) *
                 static_cast<double>(b[batch * g.strideB + ib]);
        }
        result = static_cast<T>(sum);
      }
}

Status DummyDevice::gemm(Stream stream, const Gemm &shape, DevicePtr a,
                         DevicePtr b, DevicePtr c) {
  int64_t aColumns = shape.transposeA ? shape.m : shape.k;
  int64_t bColumns = shape.transposeB ? shape.k : shape.n;
  bool isFloat = shape.dtype == DType::F32 || shape.dtype == DType::F64;
  if (!isFloat || shape.lda < aColumns || shape.ldb < bColumns ||
      shape.ldc < shape.n)
    return makeStatus(Code::Internal, "dummy device: impossible gemm");
  return enqueue("gemm", stream, [=] {
    if (shape.dtype == DType::F32)
      multiply(shape, static_cast<const float *>(a.word()),
               static_cast<const float *>(b.word()),
               static_cast<float *>(c.word()));
    else
      multiply(shape, static_cast<const double *>(a.word()),
               static_cast<const double *>(b.word()),
               static_cast<double *>(c.word()));
    return Status();
  });
}

Status DummyDevice::attention(Stream stream, const Attention &shape,
                              const AttentionOperands &operands) {
  bool isFloat = shape.dtype == DType::F32 || shape.dtype == DType::F64;
  if (!isFloat || shape.groups < 1 || shape.heads % shape.groups != 0)
    return makeStatus(Code::Internal, "dummy device: impossible attention");
  return enqueue("attention", stream, [=] {
    computePlainAttention(shape, operands);
    return Status();
  });
}

Status DummyDevice::enqueueHost(Stream stream, std::function<Status()> work) {
  return enqueue("host work", stream, std::move(work));
}

Status DummyDevice::reserveEvents(int count) {
  events.assign(static_cast<size_t>(count), Point());
  return Status();
}

Status DummyDevice::checkEvent(Event event) const {
  if (event >= 0 && static_cast<size_t>(event) < events.size())
    return Status();
  return makeStatus(Code::Internal, "dummy device: event %d; there are %zu",
                    event, events.size());
}

Status DummyDevice::record(Event event, Stream stream) {
  MPTRT_TRY(checkEvent(event));
  log.push_back(formatText("record %d on %s", event, streamName(stream)));
  events[static_cast<size_t>(event)] = {static_cast<int>(stream),
                                        queue(stream).enqueued};
  return Status();
}

Status DummyDevice::wait(Event event, Stream stream) {
  MPTRT_TRY(checkEvent(event));
  Point point = events[static_cast<size_t>(event)];
  std::string what = formatText("wait for %d", event);
  MPTRT_TRY(enqueue(what.c_str(), stream, nullptr));
  queue(stream).waiting.back().after = point;
  return Status();
}

Status DummyDevice::loadKernel(const KernelImage &image, Kernel *out) {
  if (!image.code || !image.name)
    return makeStatus(Code::Internal, "dummy device: no kernel");
  out->index = static_cast<int32_t>(kernels.size());
  kernels.push_back(image);
  return Status();
}

} // namespace test

Status createDummyDevice(const DeviceOptions &, std::unique_ptr<Device> *out) {
  *out = std::make_unique<test::DummyDevice>();
  return Status();
}

} // namespace mptrt
