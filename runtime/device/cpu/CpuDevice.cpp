// SPDX-License-Identifier: Apache-2.0
// The CPU as a device. Device memory is the heap; all streams are one: work is
// executed by the call that enqueues it, in the order of the calls, which
// respects every order that streams and events state. Kernels are functions
// over a range of rows; a team of OpenMP threads (GOMP_parallel) shares the
// rows of a launch and the tiles of a product. Not for several host threads at
// once; one device per rank.
#include "CpuAttention.h"
#include "CpuGemm.h"
#include "CpuLibraries.h"
#include "mptrt/Device.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <sys/mman.h>
#include <unordered_map>
#include <vector>

namespace mptrt {

namespace {

using CpuKernel = void (*)(void **args, int64_t begin, int64_t end);

class CpuDevice final : public Device {
public:
  explicit CpuDevice(int threads)
      : threads(threads), scratch(static_cast<size_t>(threads)) {}
  ~CpuDevice() override;
  Status load(const DeviceOptions &options);

  const char *name() const override { return "cpu"; }
  Status allocate(size_t bytes, size_t alignment, DevicePtr *out) override;
  Status free(DevicePtr memory) override;
  MemoryStatistics memory() const override { return statistics; }
  void *hostView(DevicePtr memory) override { return memory.word(); }

  Status copyToDevice(Stream stream, DevicePtr to, const void *from,
                      size_t bytes) override;
  Status copyToHost(Stream stream, void *to, DevicePtr from,
                    size_t bytes) override;
  Status copy(Stream stream, DevicePtr to, DevicePtr from,
              size_t bytes) override;
  Status memset(Stream stream, DevicePtr to, int value, size_t bytes) override;
  Status launchKernel(Stream stream, Kernel kernel, void *const *args,
                      int count, LaunchRange range) override;
  Status gemm(Stream stream, const Gemm &shape, DevicePtr a, DevicePtr b,
              DevicePtr c) override;
  Status attention(Stream stream, const Attention &shape,
                   const AttentionOperands &operands) override;
  Status enqueueHost(Stream stream, std::function<Status()> work) override;
  Status copyToDeviceNow(DevicePtr to, const void *from, size_t bytes) override;
  Status copyToHostNow(void *to, DevicePtr from, size_t bytes) override;

  Status reserveEvents(int count) override;
  Status record(Event event, Stream stream) override;
  Status wait(Event event, Stream stream) override;
  Status synchronize(Stream stream) override { return failure(stream); }
  Status loadKernel(const KernelImage &image, Kernel *out) override;
  void *nativeStream(Stream) override { return nullptr; }

private:
  Status &failure(Stream stream) { return failures[static_cast<int>(stream)]; }
  Status checkEvent(Event event) const;
  template <typename Body> void runTeam(int64_t items, const Body &body);

  int threads;
  CpuLibraries libraries;
  /// Of each thread of the team, kept from call to call.
  struct Scratch {
    std::unique_ptr<char[]> memory;
    size_t bytes = 0;
    /// At a multiple of 64.
    void *atLeast(size_t wanted);
  };
  std::vector<Scratch> scratch;
  MemoryStatistics statistics;
  std::unordered_map<uint64_t, size_t> blocks;
  std::vector<CpuKernel> kernels;
  std::vector<std::string> kernelNames;
  int events = 0;
  Status failures[streamCount]; // the first of each stream
};

} // namespace

CpuDevice::~CpuDevice() {
  for (const auto &block : blocks)
    std::free(reinterpret_cast<void *>(block.first));
}

Status CpuDevice::load(const DeviceOptions &options) {
  if (options.gemm32)
    MPTRT_TRY(libraries.loadOneDnn());
  if (options.threads > 1)
    MPTRT_TRY(libraries.loadOpenMP());
  return Status();
}

Status CpuDevice::allocate(size_t bytes, size_t alignment, DevicePtr *out) {
  if (alignment > 4096 || (alignment & (alignment - 1)) != 0)
    return makeStatus(Code::Internal,
                      "cpu device: alignment %zu; expected a power of two of "
                      "at most 4096",
                      alignment);
  // An arena in huge pages: a first touch costs a fault of 2 MiB, not of 4 KiB.
  constexpr size_t hugePage = size_t(2) << 20;
  bool isLarge = bytes >= 8 * hugePage;
  alignment = std::max<size_t>(alignment, isLarge ? hugePage : 64);
  void *memory = nullptr;
  if (posix_memalign(&memory, alignment, std::max<size_t>(bytes, 1)) != 0)
    return makeStatus(Code::Internal,
                      "cpu device: cannot allocate %zu bytes; %zu are in use",
                      bytes, statistics.bytesInUse);
  if (isLarge)
    madvise(memory, bytes / hugePage * hugePage, MADV_HUGEPAGE);
  *out = DevicePtr::of(memory);
  blocks[out->address] = bytes;
  statistics.bytesInUse += bytes;
  statistics.peakBytes = std::max(statistics.peakBytes, statistics.bytesInUse);
  ++statistics.allocations;
  return Status();
}

Status CpuDevice::free(DevicePtr memory) {
  auto block = blocks.find(memory.address);
  if (block == blocks.end())
    return makeStatus(Code::Internal,
                      "cpu device: free of an address that was not allocated");
  statistics.bytesInUse -= block->second;
  blocks.erase(block);
  std::free(memory.word());
  return Status();
}

Status CpuDevice::copyToDeviceNow(DevicePtr to, const void *from,
                                  size_t bytes) {
  if (bytes)
    std::memcpy(to.word(), from, bytes);
  return Status();
}

Status CpuDevice::copyToHostNow(void *to, DevicePtr from, size_t bytes) {
  if (bytes)
    std::memcpy(to, from.word(), bytes);
  return Status();
}

Status CpuDevice::copyToDevice(Stream stream, DevicePtr to, const void *from,
                               size_t bytes) {
  MPTRT_TRY(failure(stream));
  return copyToDeviceNow(to, from, bytes);
}

Status CpuDevice::copyToHost(Stream stream, void *to, DevicePtr from,
                             size_t bytes) {
  MPTRT_TRY(failure(stream));
  return copyToHostNow(to, from, bytes);
}

Status CpuDevice::copy(Stream stream, DevicePtr to, DevicePtr from,
                       size_t bytes) {
  MPTRT_TRY(failure(stream));
  if (bytes)
    std::memmove(to.word(), from.word(), bytes);
  return Status();
}

Status CpuDevice::memset(Stream stream, DevicePtr to, int value, size_t bytes) {
  MPTRT_TRY(failure(stream));
  if (bytes)
    std::memset(to.word(), value, bytes);
  return Status();
}

/// body(item) for item in [0, items), each once, on up to `threads` threads.
template <typename Body>
void CpuDevice::runTeam(int64_t items, const Body &body) {
  if (threads == 1 || items <= 1) {
    for (int64_t item = 0; item < items; ++item)
      body(item);
    return;
  }
  struct Shared {
    const Body &body;
    int64_t items;
    std::atomic<int64_t> next;
  } shared{body, items, {0}};
  auto work = [](void *data) {
    auto &shared = *static_cast<Shared *>(data);
    for (;;) {
      int64_t item = shared.next.fetch_add(1, std::memory_order_relaxed);
      if (item >= shared.items)
        return;
      shared.body(item);
    }
  };
  unsigned team = static_cast<unsigned>(std::min<int64_t>(threads, items));
  libraries.parallel(work, &shared, team, 0);
}

Status CpuDevice::launchKernel(Stream stream, Kernel kernel, void *const *args,
                               int count, LaunchRange range) {
  MPTRT_TRY(failure(stream));
  if (kernel.index < 0 || static_cast<size_t>(kernel.index) >= kernels.size())
    return makeStatus(Code::Internal,
                      "cpu device: launch of kernel %d; there are %zu",
                      kernel.index, kernels.size());
  if (range.rows < 0 || range.grain < 1 || count < 0)
    return makeStatus(
        Code::Internal,
        "cpu device: launch of '%s' over %lld rows, grain %lld, %d arguments",
        kernelNames[static_cast<size_t>(kernel.index)].c_str(),
        (long long)range.rows, (long long)range.grain, count);
  if (range.rows == 0)
    return Status();
  CpuKernel code = kernels[static_cast<size_t>(kernel.index)];
  // Kernels take a mutable array; none writes to it.
  void **words = const_cast<void **>(args);
  int64_t parts =
      std::min<int64_t>(threads, (range.rows + range.grain - 1) / range.grain);
  runTeam(parts, [&](int64_t part) {
    code(words, range.rows * part / parts, range.rows * (part + 1) / parts);
  });
  return Status();
}

Status CpuDevice::gemm(Stream stream, const Gemm &shape, DevicePtr a,
                       DevicePtr b, DevicePtr c) {
  MPTRT_TRY(failure(stream));
  MPTRT_TRY(checkGemm(shape));
  if (shape.dtype == DType::F32) {
    MPTRT_TRY(libraries.loadOneDnn());
    // Outside of a team oneDNN would make its own.
    libraries.setThreads(1);
  }
  GemmTiling tiling = tileGemm(shape);
  std::mutex mutex;
  Status first; // of any tile
  runTeam(tiling.count, [&](int64_t tile) {
    Status status = computeGemmTile(libraries, shape, tiling, tile, a.word(),
                                    b.word(), c.word());
    if (status.ok())
      return;
    std::lock_guard<std::mutex> lock(mutex);
    if (first.ok())
      first = status;
  });
  failure(stream) = first;
  return first;
}

void *CpuDevice::Scratch::atLeast(size_t wanted) {
  constexpr size_t alignment = 64;
  if (bytes < wanted) {
    memory.reset(new char[wanted + alignment]);
    bytes = wanted;
  }
  auto address = reinterpret_cast<uintptr_t>(memory.get());
  return reinterpret_cast<void *>((address + alignment - 1) / alignment *
                                  alignment);
}

Status CpuDevice::attention(Stream stream, const Attention &shape,
                            const AttentionOperands &operands) {
  MPTRT_TRY(failure(stream));
  MPTRT_TRY(checkAttention(shape));
  size_t bytes = attentionScratchBytes(shape);
  runTeam(countAttentionItems(shape, threads), [&](int64_t item) {
    int thread = threads > 1 ? libraries.threadNumber() : 0;
    void *memory = scratch[static_cast<size_t>(thread)].atLeast(bytes);
    computeAttentionItem(shape, operands, threads, item, memory);
  });
  return Status();
}

Status CpuDevice::enqueueHost(Stream stream, std::function<Status()> work) {
  MPTRT_TRY(failure(stream));
  return failure(stream) = work();
}

Status CpuDevice::reserveEvents(int count) {
  events = count;
  return Status();
}

Status CpuDevice::checkEvent(Event event) const {
  if (event >= 0 && event < events)
    return Status();
  return makeStatus(Code::Internal, "cpu device: event %d; there are %d", event,
                    events);
}

Status CpuDevice::record(Event event, Stream stream) {
  MPTRT_TRY(failure(stream));
  return checkEvent(event);
}

Status CpuDevice::wait(Event event, Stream stream) {
  MPTRT_TRY(failure(stream));
  return checkEvent(event);
}

Status CpuDevice::loadKernel(const KernelImage &image, Kernel *out) {
  if (!image.code || !image.name || image.codeBytes != 0)
    return makeStatus(Code::Internal,
                      "cpu device: kernel '%s' is no function of this process",
                      image.name ? image.name : "");
  out->index = static_cast<int32_t>(kernels.size());
  kernels.push_back(
      reinterpret_cast<CpuKernel>(const_cast<void *>(image.code)));
  kernelNames.push_back(image.name);
  return Status();
}

Status createCpuDevice(const DeviceOptions &options,
                       std::unique_ptr<Device> *out) {
  if (options.threads < 1)
    return makeStatus(Code::Usage, "%d threads; expected at least 1",
                      options.threads);
  auto device = std::make_unique<CpuDevice>(options.threads);
  MPTRT_TRY(device->load(options));
  *out = std::move(device);
  return Status();
}

} // namespace mptrt
