// SPDX-License-Identifier: Apache-2.0
// A device that executes as late as it may: work waits on its stream until the
// host synchronizes, and then only what that stream depends on runs. Whoever
// forgets an event reads what is not there yet; new memory is full of NaN. It
// has no view of its memory for the host, and records every call.
#ifndef MPTRT_TEST_DUMMY_DUMMYDEVICE_H
#define MPTRT_TEST_DUMMY_DUMMYDEVICE_H

#include "mptrt/Device.h"

#include <deque>
#include <map>
#include <vector>

namespace mptrt::test {

class DummyDevice final : public Device {
public:
  ~DummyDevice() override;

  /// "launch scale on compute", in order of the calls.
  const std::vector<std::string> &calls() const { return log; }

  const char *name() const override { return "dummy"; }
  Status allocate(size_t bytes, size_t alignment, DevicePtr *out) override;
  Status free(DevicePtr memory) override;
  MemoryStatistics memory() const override { return statistics; }
  void *hostView(DevicePtr) override { return nullptr; }

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
  Status synchronize(Stream stream) override;
  Status loadKernel(const KernelImage &image, Kernel *out) override;
  void *nativeStream(Stream) override { return nullptr; }

private:
  /// A point of a stream: after its first `count` pieces of work.
  struct Point {
    int stream = -1;
    int64_t count = 0;
  };
  struct Work {
    std::function<Status()> run;
    Point after; // of another stream; stream -1: none
  };
  struct Queue {
    std::deque<Work> waiting;
    int64_t enqueued = 0, done = 0;
    Status failure;
  };
  Status enqueue(const char *what, Stream stream, std::function<Status()> run);
  void drain(Point until);
  Queue &queue(Stream stream) { return queues[static_cast<int>(stream)]; }
  Status checkEvent(Event event) const;

  Queue queues[streamCount];
  std::vector<Point> events; // where each was recorded last
  std::map<uint64_t, size_t> blocks;
  std::vector<KernelImage> kernels;
  MemoryStatistics statistics;
  std::vector<std::string> log;
};

} // namespace mptrt::test

#endif // MPTRT_TEST_DUMMY_DUMMYDEVICE_H
