// SPDX-License-Identifier: Apache-2.0
// What the conformance suites share. Ranks may be processes, where gtest's
// assertions are lost, so what a rank finds it returns as a Status.
#ifndef MPTRT_TEST_CONFORMANCE_SUITE_H
#define MPTRT_TEST_CONFORMANCE_SUITE_H

#include "mptrt/Bootstrap.h"

#include <cstring>
#include <gtest/gtest.h>
#include <vector>

namespace mptrt::test {

#define MPTRT_REQUIRE(condition, ...)                                          \
  do {                                                                         \
    if (!(condition))                                                          \
      return makeStatus(Code::Internal, "%s:%d: '%s' is false: %s", __FILE__,  \
                        __LINE__, #condition,                                  \
                        formatText(__VA_ARGS__).c_str());                      \
  } while (false)

/// A number that depends on all bits of its arguments.
inline uint64_t hash(uint64_t a, uint64_t b) {
  uint64_t x = a * 0x9e3779b97f4a7c15u + b + 0x7f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// Values whose sums depend on the order of summation.
template <typename T> std::vector<T> values(uint64_t seed, int64_t count) {
  std::vector<T> result(static_cast<size_t>(count));
  for (size_t i = 0; i < result.size(); ++i) {
    uint64_t bits = hash(seed, i);
    double magnitude = bits % 7 == 0 ? 1e4 : 1.0;
    result[i] = static_cast<T>((static_cast<double>(bits >> 40) / 1e5 - 80.0) *
                               magnitude);
  }
  return result;
}

template <typename T> struct TypeOf;
template <> struct TypeOf<float> { static constexpr DType dtype = DType::F32; };
template <> struct TypeOf<double> {
  static constexpr DType dtype = DType::F64;
};
template <> struct TypeOf<int64_t> {
  static constexpr DType dtype = DType::I64;
};
template <> struct TypeOf<int32_t> {
  static constexpr DType dtype = DType::I32;
};

/// An array in device memory, filled from the host.
template <typename T> class Array {
public:
  static Status make(Device &device, const std::vector<T> &contents,
                     Array *out) {
    out->device = &device;
    out->count = contents.size();
    MPTRT_TRY(DeviceMemory::allocate(device, contents.size() * sizeof(T), 64,
                                     &out->memory));
    MPTRT_TRY(device.copyToDevice(Stream::Comm, out->memory.get(),
                                  contents.data(),
                                  contents.size() * sizeof(T)));
    return device.synchronize(Stream::Comm);
  }
  DevicePtr at(int64_t index = 0) const {
    return memory.get() + index * static_cast<int64_t>(sizeof(T));
  }
  Status read(std::vector<T> *out) const {
    out->assign(count, T());
    MPTRT_TRY(device->copyToHost(Stream::Comm, out->data(), memory.get(),
                                 count * sizeof(T)));
    return device->synchronize(Stream::Comm);
  }
  /// The contents, bit for bit.
  Status expect(const std::vector<T> &expected) const {
    std::vector<T> found;
    MPTRT_TRY(read(&found));
    MPTRT_REQUIRE(found.size() == expected.size(), "sizes");
    for (size_t i = 0; i < found.size(); ++i)
      MPTRT_REQUIRE(std::memcmp(&found[i], &expected[i], sizeof(T)) == 0,
                    "element %zu of %zu: found %.9g, expected %.9g", i,
                    found.size(), static_cast<double>(found[i]),
                    static_cast<double>(expected[i]));
    return Status();
  }

private:
  Device *device = nullptr;
  DeviceMemory memory;
  size_t count = 0;
};

/// The kernels of the suites, for one device; `code` differs by device.
/// "scale": args x, y, factor (f32): y[i] = factor * x[i], one row per element.
KernelImage suiteKernel(const std::string &device, const char *name);

/// Every device of backends.def.
std::vector<std::string> suiteDevices();
/// Runs a function on every rank of a communicator.
LaunchResult suiteLaunch(const std::string &communicator,
                         const LaunchOptions &options,
                         const RankFunction &function);
/// Every communicator of backends.def that starts ranks itself.
std::vector<std::string> suiteCommunicators();

} // namespace mptrt::test

#endif // MPTRT_TEST_CONFORMANCE_SUITE_H
