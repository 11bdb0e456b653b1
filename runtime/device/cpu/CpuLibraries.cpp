// SPDX-License-Identifier: Apache-2.0
// Loading of libgomp and oneDNN, and the wait policy of OpenMP teams.
#include "CpuLibraries.h"

#include "mptrt/Device.h"

#include <cstdlib>
#include <dlfcn.h>

namespace mptrt {

void chooseWaitPolicy(int ranks, int threadsPerRank) {
  if (static_cast<int64_t>(ranks) * threadsPerRank <= usableCores())
    return;
  setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
  setenv("GOMP_SPINCOUNT", "0", /*overwrite=*/0);
}

template <typename Function>
static Status lookUp(void *library, const char *file, const char *symbol,
                     Function *out) {
  void *address = dlsym(library, symbol);
  if (!address)
    return makeStatus(Code::Internal, "cpu device: '%s' has no symbol '%s'",
                      file, symbol);
  *out = reinterpret_cast<Function>(address);
  return Status();
}

Status CpuLibraries::loadOpenMP() {
  if (gomp)
    return Status();
  void *library = dlopen("libgomp.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return makeStatus(Code::Internal,
                      "cpu device: cannot load 'libgomp.so.1': %s; install "
                      "package libgomp1 or run with --threads=1",
                      dlerror());
  MPTRT_TRY(lookUp(library, "libgomp.so.1", "GOMP_parallel", &parallel));
  MPTRT_TRY(
      lookUp(library, "libgomp.so.1", "omp_get_thread_num", &threadNumber));
  MPTRT_TRY(
      lookUp(library, "libgomp.so.1", "omp_set_num_threads", &setThreads));
  gomp = library;
  return Status();
}

Status CpuLibraries::loadOneDnn(std::initializer_list<const char *> files) {
  if (dnnl)
    return Status();
  MPTRT_TRY(loadOpenMP());
  void *library = nullptr;
  for (const char *file : files)
    if (!library)
      library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return makeStatus(Code::Internal,
                      "cpu device: cannot load oneDNN ('libdnnl.so.2'), which "
                      "computes f32 matrix products: %s; install package "
                      "libdnnl2 (or libdnnl-dev)",
                      dlerror());
  MPTRT_TRY(lookUp(library, "libdnnl.so", "dnnl_sgemm", &sgemm));
  dnnl = library;
  return Status();
}

} // namespace mptrt
