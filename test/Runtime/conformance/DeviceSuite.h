// SPDX-License-Identifier: Apache-2.0
// What every Device must do. A device that executes late passes as one that
// executes at once does: results are looked at only after synchronize().
#ifndef MPTRT_TEST_CONFORMANCE_DEVICESUITE_H
#define MPTRT_TEST_CONFORMANCE_DEVICESUITE_H

#include "Suite.h"

#include <cmath>
#include <limits>

namespace mptrt::test {

class DeviceSuite : public ::testing::TestWithParam<std::string> {
protected:
  void SetUp() override { device = make(/*threads=*/2); }
  std::unique_ptr<Device> make(int threads) {
    std::unique_ptr<Device> result;
    DeviceOptions options;
    options.threads = threads;
    Status status = findDevice(GetParam())->create(options, &result);
    EXPECT_TRUE(status.ok()) << status.message();
    return result;
  }
  static void check(const Status &status) {
    EXPECT_TRUE(status.ok()) << status.message();
  }
  template <typename T> Array<T> array(const std::vector<T> &contents) {
    Array<T> result;
    check(Array<T>::make(*device, contents, &result));
    return result;
  }
  template <typename T> std::vector<T> read(const Array<T> &from) {
    std::vector<T> result;
    check(from.read(&result));
    return result;
  }
  template <typename T> void checkGemm(Gemm shape, double tolerance);

  std::unique_ptr<Device> device;
};

TEST_P(DeviceSuite, MemoryIsAlignedAndCounted) {
  MemoryStatistics before = device->memory();
  DeviceMemory a, b;
  check(DeviceMemory::allocate(*device, 1000, 1, &a));
  check(DeviceMemory::allocate(*device, 5000, 4096, &b));
  EXPECT_EQ(a.get().address % 64, 0u);
  EXPECT_EQ(b.get().address % 4096, 0u);
  EXPECT_EQ(device->memory().bytesInUse, before.bytesInUse + 6000);
  b.release();
  EXPECT_EQ(device->memory().bytesInUse, before.bytesInUse + 1000);
  EXPECT_EQ(device->memory().peakBytes, before.bytesInUse + 6000);
  EXPECT_EQ(device->memory().allocations, before.allocations + 2);
  DeviceMemory moved = std::move(a);
  EXPECT_FALSE(a.get());
  moved.release();
  EXPECT_EQ(device->memory().bytesInUse, before.bytesInUse);
}

TEST_P(DeviceSuite, RefusesWrongFreeAndAlignment) {
  EXPECT_EQ(device->free(DevicePtr{64}).code(), Code::Internal);
  DevicePtr memory;
  EXPECT_EQ(device->allocate(8, 3, &memory).code(), Code::Internal);
}

TEST_P(DeviceSuite, CopiesAndMemset) {
  Array<int32_t> from = array<int32_t>({1, 2, 3, 4});
  Array<int32_t> to = array<int32_t>({9, 9, 9, 9});
  check(device->copy(Stream::Copy, to.at(1), from.at(0), 8));
  check(device->memset(Stream::Copy, to.at(3), 0, 4));
  check(device->synchronize(Stream::Copy));
  EXPECT_EQ(read(to), (std::vector<int32_t>{9, 1, 2, 0}));
  check(device->copyToDevice(Stream::Copy, DevicePtr(), nullptr, 0));
  check(device->synchronize());
}

TEST_P(DeviceSuite, KernelsCoverEveryRowOnce) {
  Kernel kernel;
  check(device->loadKernel(suiteKernel(GetParam(), "scale"), &kernel));
  for (int64_t rows : {0, 1, 5, 64, 1000}) {
    for (int64_t grain : {1, 7, 100000}) {
      std::vector<float> x = values<float>(1, rows + 1), expected = x;
      Array<float> data = array(x);
      float factor = 2;
      void *args[3] = {data.at().word(), data.at().word(), nullptr};
      std::memcpy(&args[2], &factor, sizeof(factor));
      check(device->launchKernel(Stream::Compute, kernel, args, 3,
                                 {rows, grain}));
      args[2] = nullptr; // the launch has its own copy
      check(device->synchronize(Stream::Compute));
      for (int64_t i = 0; i < rows; ++i)
        expected[static_cast<size_t>(i)] *= 2;
      EXPECT_EQ(read(data), expected) << rows << " rows, grain " << grain;
    }
  }
}

TEST_P(DeviceSuite, RefusesUnknownKernelEventAndRange) {
  void *args[1] = {nullptr};
  EXPECT_FALSE(
      device->launchKernel(Stream::Compute, Kernel{7}, args, 1, {1, 1}).ok());
  Kernel kernel;
  check(device->loadKernel(suiteKernel(GetParam(), "scale"), &kernel));
  EXPECT_FALSE(
      device->launchKernel(Stream::Compute, kernel, args, 1, {1, 0}).ok());
  EXPECT_FALSE(device->loadKernel(KernelImage(), &kernel).ok());
  check(device->reserveEvents(2));
  EXPECT_FALSE(device->record(2, Stream::Compute).ok());
  EXPECT_FALSE(device->wait(-1, Stream::Compute).ok());
}

TEST_P(DeviceSuite, EventsOrderStreams) {
  // Copy writes 1, Compute doubles it, Comm reads: ordered by events only, and
  // the host synchronizes the last stream alone.
  Kernel kernel;
  check(device->loadKernel(suiteKernel(GetParam(), "scale"), &kernel));
  check(device->reserveEvents(2));
  Array<float> data = array<float>({0});
  float one = 1, factor = 2, result = 0;
  void *args[3] = {data.at().word(), data.at().word(), nullptr};
  std::memcpy(&args[2], &factor, sizeof(factor));
  for (int repeat = 0; repeat < 3; ++repeat) {
    result = 0;
    check(device->copyToDevice(Stream::Copy, data.at(), &one, 4));
    check(device->record(0, Stream::Copy));
    check(device->wait(0, Stream::Compute));
    check(device->launchKernel(Stream::Compute, kernel, args, 3, {1, 1}));
    check(device->launchKernel(Stream::Compute, kernel, args, 3, {1, 1}));
    check(device->record(1, Stream::Compute));
    check(device->wait(1, Stream::Comm));
    check(device->copyToHost(Stream::Comm, &result, data.at(), 4));
    check(device->synchronize(Stream::Comm));
    EXPECT_EQ(result, 4.0f);
  }
}

TEST_P(DeviceSuite, WaitForAnEventNeverRecordedIsNone) {
  check(device->reserveEvents(1));
  check(device->wait(0, Stream::Compute));
  check(device->synchronize(Stream::Compute));
}

TEST_P(DeviceSuite, HostWorkRunsInItsPlace) {
  Array<int32_t> data = array<int32_t>({1});
  int32_t five = 5, seen = 0, seven = 7;
  check(device->copyToDevice(Stream::Comm, data.at(), &five, 4));
  check(device->enqueueHost(Stream::Comm, [&]() -> Status {
    MPTRT_TRY(device->copyToHostNow(&seen, data.at(), 4));
    return device->copyToDeviceNow(data.at(), &seven, 4);
  }));
  check(device->synchronize(Stream::Comm));
  EXPECT_EQ(seen, 5);
  EXPECT_EQ(read(data), std::vector<int32_t>{7});
}

TEST_P(DeviceSuite, FailureSticksToItsStream) {
  bool ranAfter = false;
  Status enqueued = device->enqueueHost(
      Stream::Comm, [] { return makeStatus(Code::NonFinite, "found a nan"); });
  Status later = device->enqueueHost(Stream::Comm, [&] {
    ranAfter = true;
    return Status();
  });
  Status synchronized = device->synchronize(Stream::Comm);
  EXPECT_EQ(synchronized.code(), Code::NonFinite);
  EXPECT_EQ(synchronized.message(), "found a nan");
  EXPECT_FALSE(ranAfter);
  EXPECT_EQ(device->synchronize().code(), Code::NonFinite);
  (void)enqueued;
  (void)later;
}

//===- Products -----------------------------------------------------------===//

template <typename T>
void DeviceSuite::checkGemm(Gemm shape, double tolerance) {
  shape.dtype = TypeOf<T>::dtype;
  int64_t aRows = shape.transposeA ? shape.k : shape.m;
  int64_t bRows = shape.transposeB ? shape.n : shape.k;
  int64_t last = shape.batch - 1;
  std::vector<T> a = values<T>(1, last * shape.strideA + aRows * shape.lda);
  std::vector<T> b = values<T>(2, last * shape.strideB + bRows * shape.ldb);
  // Without accumulation nothing of C may shine through.
  T before = shape.accumulate ? T(3) : std::numeric_limits<T>::quiet_NaN();
  std::vector<T> c(
      static_cast<size_t>(last * shape.strideC + shape.m * shape.ldc), before);
  Array<T> da = array(a), db = array(b), dc = array(c);
  check(device->gemm(Stream::Compute, shape, da.at(), db.at(), dc.at()));
  check(device->synchronize(Stream::Compute));
  std::vector<T> found = read(dc);
  double worst = 0;
  for (int64_t batch = 0; batch < shape.batch; ++batch)
    for (int64_t i = 0; i < shape.m; ++i)
      for (int64_t j = 0; j < shape.n; ++j) {
        double sum = shape.accumulate ? 3 : 0, scale = 1;
        for (int64_t p = 0; p < shape.k; ++p) {
          int64_t ia =
              batch * shape.strideA +
              (shape.transposeA ? p * shape.lda + i : i * shape.lda + p);
          int64_t ib =
              batch * shape.strideB +
              (shape.transposeB ? j * shape.ldb + p : p * shape.ldb + j);
          double term = double(a[size_t(ia)]) * double(b[size_t(ib)]);
          sum += term;
          scale += std::fabs(term);
        }
        int64_t ic = batch * shape.strideC + i * shape.ldc + j;
        double error = std::fabs(double(found[size_t(ic)]) - sum) / scale;
        if (!(error <= worst))
          worst = error; // a nan, too
      }
  EXPECT_LE(worst, tolerance);
}

/// All four transpositions, leading dimensions with a gap, with and without
/// accumulation. Relative to the sum of magnitudes an f32 product may be off
/// by some rounding units, 6e-8 each.
TEST_P(DeviceSuite, Gemm) {
  const int64_t sizes[][3] = {{1, 1, 1},    {5, 3, 7},  {17, 33, 9},
                              {64, 10, 64}, {40, 7, 0}, {0, 4, 4}};
  for (const auto &size : sizes)
    for (int variant = 0; variant < 8; ++variant) {
      Gemm shape;
      shape.m = size[0], shape.n = size[1], shape.k = size[2];
      shape.transposeA = variant & 1;
      shape.transposeB = variant & 2;
      shape.accumulate = variant & 4;
      shape.lda = (shape.transposeA ? shape.m : shape.k) + 2;
      shape.ldb = (shape.transposeB ? shape.k : shape.n) + 1;
      shape.ldc = shape.n + 3;
      SCOPED_TRACE(formatText("m %d n %d k %d variant %d", int(shape.m),
                              int(shape.n), int(shape.k), variant));
      checkGemm<float>(shape, 1e-6);
      checkGemm<double>(shape, 1e-14);
    }
}

TEST_P(DeviceSuite, BatchedGemm) {
  Gemm shape;
  shape.batch = 3;
  shape.m = 4, shape.n = 6, shape.k = 5;
  shape.lda = 5, shape.ldb = 6, shape.ldc = 6;
  shape.strideA = 20, shape.strideB = 0, shape.strideC = 30;
  checkGemm<float>(shape, 1e-6);
  checkGemm<double>(shape, 1e-14);
}

TEST_P(DeviceSuite, RefusesImpossibleGemm) {
  Gemm shape;
  shape.m = 4, shape.n = 4, shape.k = 4;
  shape.lda = 3, shape.ldb = 4, shape.ldc = 4;
  Array<float> data = array(std::vector<float>(16));
  EXPECT_EQ(
      device->gemm(Stream::Compute, shape, data.at(), data.at(), data.at())
          .code(),
      Code::Internal);
  shape.lda = 4;
  shape.dtype = DType::I32;
  EXPECT_EQ(
      device->gemm(Stream::Compute, shape, data.at(), data.at(), data.at())
          .code(),
      Code::Internal);
}

} // namespace mptrt::test

#endif // MPTRT_TEST_CONFORMANCE_DEVICESUITE_H
