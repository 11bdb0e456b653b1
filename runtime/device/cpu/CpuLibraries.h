// SPDX-License-Identifier: Apache-2.0
// libgomp and oneDNN as the CPU device sees them: loaded by name when a device
// is made, so that the executable starts without them and the wait policy is
// in the environment before libgomp reads it.
#ifndef MPTRT_DEVICE_CPU_CPULIBRARIES_H
#define MPTRT_DEVICE_CPU_CPULIBRARIES_H

#include "mptrt/Status.h"

#include <cstdint>
#include <initializer_list>

namespace mptrt {

class CpuLibraries {
public:
  CpuLibraries() = default;
  CpuLibraries(const CpuLibraries &) = delete;
  CpuLibraries &operator=(const CpuLibraries &) = delete;

  // The libraries stay loaded to the end of the process: worker threads of
  // libgomp sleep in its code.
  Status loadOpenMP();
  /// And libgomp. The first of `files` that can be loaded.
  Status loadOneDnn(std::initializer_list<const char *> files = {
                        "libdnnl.so.2", "libdnnl.so.3", "libdnnl.so"});
  bool hasOneDnn() const { return sgemm != nullptr; }

  // int dnnl_sgemm(...), row major.
  using Sgemm = int (*)(char transA, char transB, int64_t m, int64_t n,
                        int64_t k, float alpha, const float *a, int64_t lda,
                        const float *b, int64_t ldb, float beta, float *c,
                        int64_t ldc);
  using Parallel = void (*)(void (*body)(void *), void *data, unsigned threads,
                            unsigned flags);

  Sgemm sgemm = nullptr;                   // dnnl_sgemm
  Parallel parallel = nullptr;             // GOMP_parallel
  int (*threadNumber)() = nullptr;         // omp_get_thread_num
  void (*setThreads)(int count) = nullptr; // omp_set_num_threads

private:
  void *gomp = nullptr;
  void *dnnl = nullptr;
};

} // namespace mptrt

#endif // MPTRT_DEVICE_CPU_CPULIBRARIES_H
