// SPDX-License-Identifier: Apache-2.0
// What the runtime asks of a device, in the terms of a GPU. Device memory is
// not host memory: only copies and kernels touch it. Work is enqueued on
// streams and runs later, in order within a stream; events order streams; the
// host waits in synchronize() only. A device may execute at once (the CPU
// device does) or late (the dummy device of the tests does): callers must be
// right for both. So host memory given to an asynchronous call must stay
// valid, and unchanged, until the stream has been synchronized.
//
// A failure of enqueued work is returned by the call that enqueued it or by
// the next synchronize() of that stream, whichever comes first; after a failure
// further work on that stream is skipped.
//
// A Device serves one rank and is used by one host thread at a time.
#ifndef MPTRT_DEVICE_H
#define MPTRT_DEVICE_H

#include "mptrt/Status.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace mptrt {

/// Element types; the values are part of the manifest's format.
enum class DType : int32_t {
  F32 = 0,
  F64 = 1,
  I64 = 2,
  I32 = 3,
  I8 = 4,
  U8 = 5,
  I1 = 6, // one byte, 0 or 1
  BF16 = 7,
  F16 = 8,
};

/// Bytes of one element; 0 for a value that is no DType.
size_t dtypeSize(DType dtype);
/// "f32", "i64", ...; "?" for a value that is no DType.
const char *dtypeName(DType dtype);

/// An address in device memory: arithmetic in bytes, never dereferenced.
struct DevicePtr {
  uint64_t address = 0;

  static DevicePtr of(const void *pointer) {
    return {reinterpret_cast<uint64_t>(pointer)};
  }
  /// The address as the word that kernels and the C ABI pass around.
  void *word() const { return reinterpret_cast<void *>(address); }
  explicit operator bool() const { return address != 0; }
  DevicePtr operator+(int64_t bytes) const {
    return {address + static_cast<uint64_t>(bytes)};
  }
  bool operator==(DevicePtr other) const { return address == other.address; }
  bool operator!=(DevicePtr other) const { return address != other.address; }
};

/// The queues of a device; the values are part of the C ABI.
enum class Stream : int32_t { Compute = 0, Comm = 1, Copy = 2 };
inline constexpr int streamCount = 3;
const char *streamName(Stream stream);

/// A small static number per rank: 0 <= event < the count given to
/// Device::reserveEvents.
using Event = int32_t;

/// What a target's code generator hands over for one kernel.
/// CPU: `code` is the address of `void kernel(void **args, int64_t begin,
/// int64_t end)`, which computes rows [begin, end) of its parallel space, and
/// `codeBytes` is 0. CUDA: `code` is a cubin that holds an entry `name`.
struct KernelImage {
  const char *name = nullptr; // must outlive the device
  const void *code = nullptr;
  size_t codeBytes = 0;
};

/// A kernel known to a device (index in order of loading).
struct Kernel {
  int32_t index = -1;
};

/// The parallel space of a launch: `rows` independent rows; at most `grain`
/// rows are worth no second worker (1 <= grain).
struct LaunchRange {
  int64_t rows = 1;
  int64_t grain = 1;
};

/// C[b] = op(A[b]) op(B[b]) + (accumulate ? C[b] : 0), row major, for b in
/// [0, batch). op(A) is m x k, op(B) k x n, C m x n; `ld*` are elements between
/// rows as stored, `stride*` elements between batches (0: one matrix for all;
/// not for C unless batch is 1).
struct Gemm {
  DType dtype = DType::F32; // f32 or f64
  bool transposeA = false;
  bool transposeB = false;
  bool accumulate = false;
  int64_t batch = 1;
  int64_t m = 0, n = 0, k = 0;
  int64_t lda = 0, ldb = 0, ldc = 0;
  int64_t strideA = 0, strideB = 0, strideC = 0;
};

/// softmax(scores) V per head, or its adjoint. scores = scale * Q K^T, then
/// softcap * tanh(scores / softcap) unless softcap is 0, then masked: a float
/// mask is added, where a mask of bytes is 0 they become `fill`, and with
/// `causal` query i has only keys j <= i + offset. Rows without a key give 0
/// (lse +inf) with `zeroRows`, else NaN. Query head h uses key head
/// h / (heads / groups).
struct Attention {
  /// Elements between batches, heads and rows; elements of a row are adjacent.
  struct Strides {
    int64_t batch = 0, head = 0, row = 0;
  };
  DType dtype = DType::F32; // f32 or f64
  bool gradient = false;
  bool causal = false;
  bool zeroRows = false;
  bool boolMask = false;
  int64_t offset = 0;
  int64_t batch = 0, heads = 0, groups = 0; // groups: key heads
  int64_t rows = 0, keys = 0;               // queries, keys of a head
  int64_t size = 0, valueSize = 0;          // elements of a query, of a value
  double scale = 1, softcap = 0, fill = 0;
  int64_t maskStrides[4] = {0, 0, 0, 0}; // batch, head, row, key (0 or 1)
  Strides queryStrides, keyStrides, valueStrides, outputStrides;
  Strides dOutputStrides, dQueryStrides, dKeyStrides, dValueStrides;
};

/// Device addresses; mask may be null, and the last four if not `gradient`.
/// Written are output and lse ([batch, heads, rows]), or the last three.
struct AttentionOperands {
  void *query = nullptr, *key = nullptr, *value = nullptr, *mask = nullptr;
  void *output = nullptr, *lse = nullptr;
  void *dOutput = nullptr, *dQuery = nullptr, *dKey = nullptr,
       *dValue = nullptr;
};

struct MemoryStatistics {
  size_t bytesInUse = 0;
  size_t peakBytes = 0;
  int64_t allocations = 0; // so far
};

class Device {
public:
  virtual ~Device();
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  virtual const char *name() const = 0;

  // Memory. Contents of new memory are undefined. `alignment` is a power of
  // two up to 4096; every device gives at least 64.
  virtual Status allocate(size_t bytes, size_t alignment, DevicePtr *out) = 0;
  virtual Status free(DevicePtr memory) = 0;
  virtual MemoryStatistics memory() const = 0;
  /// The host's view of device memory if there is one, else null. An
  /// optimisation for transports only; nothing may depend on it. Valid for
  /// work that runs on a stream of this device.
  virtual void *hostView(DevicePtr memory) = 0;

  // Work on a stream.
  virtual Status copyToDevice(Stream stream, DevicePtr to, const void *from,
                              size_t bytes) = 0;
  virtual Status copyToHost(Stream stream, void *to, DevicePtr from,
                            size_t bytes) = 0;
  virtual Status copy(Stream stream, DevicePtr to, DevicePtr from,
                      size_t bytes) = 0;
  virtual Status memset(Stream stream, DevicePtr to, int value,
                        size_t bytes) = 0;
  /// `args` are `count` words: device addresses, or scalars of at most 8 bytes
  /// in the low bytes. They are copied before the call returns.
  virtual Status launchKernel(Stream stream, Kernel kernel, void *const *args,
                              int count, LaunchRange range) = 0;
  virtual Status gemm(Stream stream, const Gemm &shape, DevicePtr a,
                      DevicePtr b, DevicePtr c) = 0;
  virtual Status attention(Stream stream, const Attention &shape,
                           const AttentionOperands &operands) = 0;
  /// Runs `work` on the host when the stream gets there; the stream waits for
  /// it. It may use copyNow/hostView but enqueue nothing.
  virtual Status enqueueHost(Stream stream, std::function<Status()> work) = 0;

  /// Immediate copies for use inside enqueueHost, where the stream has
  /// reached that work: `work` sees what the stream wrote before it.
  virtual Status copyToDeviceNow(DevicePtr to, const void *from,
                                 size_t bytes) = 0;
  virtual Status copyToHostNow(void *to, DevicePtr from, size_t bytes) = 0;

  // Order. wait() holds back later work of `stream` until the work before the
  // latest record() of the event is done; an event never recorded is no wait.
  virtual Status reserveEvents(int count) = 0;
  virtual Status record(Event event, Stream stream) = 0;
  virtual Status wait(Event event, Stream stream) = 0;
  virtual Status synchronize(Stream stream) = 0;
  /// All streams; the first failure in order of streams.
  Status synchronize();

  virtual Status loadKernel(const KernelImage &image, Kernel *out) = 0;

  /// The stream as the device's own library knows it (a CUstream for NCCL);
  /// null where there is no such thing.
  virtual void *nativeStream(Stream stream) = 0;

protected:
  Device() = default;
};

/// Owns a piece of device memory; must not outlive its device.
class DeviceMemory {
public:
  DeviceMemory() = default;
  DeviceMemory(DeviceMemory &&other) noexcept { *this = std::move(other); }
  DeviceMemory &operator=(DeviceMemory &&other) noexcept;
  ~DeviceMemory() { release(); }

  static Status allocate(Device &device, size_t bytes, size_t alignment,
                         DeviceMemory *out);
  DevicePtr get() const { return memory; }
  size_t size() const { return bytes; }
  void release();

private:
  Device *device = nullptr;
  DevicePtr memory;
  size_t bytes = 0;
};

struct DeviceOptions {
  int ordinal = 0;    // which GPU
  int threads = 1;    // CPU: size of the team, the calling thread included
  bool gemm32 = true; // the program needs f32 GEMM: load its library now
};

/// Cores that this process may use.
int usableCores();

/// Sets how OpenMP teams of this process wait, unless the environment says:
/// passively if ranks x threads exceed the cores (spinning teams then cost a
/// factor of four). libgomp reads it when it is loaded, so call this before the
/// first device is made and while the process has one thread.
void chooseWaitPolicy(int ranks, int threadsPerRank);

/// One row of backends.def.
struct DeviceBackend {
  const char *name;
  Status (*create)(const DeviceOptions &options, std::unique_ptr<Device> *out);
};

/// Null if there is no such device in this build.
const DeviceBackend *findDevice(const std::string &name);
/// Names of the devices of this build, for messages.
std::string deviceNames();

} // namespace mptrt

#endif // MPTRT_DEVICE_H
