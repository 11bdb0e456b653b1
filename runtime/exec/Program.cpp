// SPDX-License-Identifier: Apache-2.0
// Decoding of the manifest.
#include "exec/Program.h"

#include "mptrt/Bootstrap.h"

namespace mptrt {

bool Program::usesF32Gemm() const {
  if (manifest.precision == "f64")
    return false;
  for (const abi::Task &task : manifest.tasks)
    for (const abi::Launch &launch : task.launches)
      if (launch.what == "gemm")
        return true;
  return false;
}

Status Program::load(const void *data, int64_t size, const TaskFunction *tasks,
                     const KernelImage *kernels, Program *out) {
  Program program;
  if (!abi::decodeManifest(data, static_cast<size_t>(size), program.manifest))
    return makeStatus(Code::Internal,
                      "the manifest is not one of version %lld; link the "
                      "program with the runtime of the compiler that made it",
                      (long long)abi::version);
  program.fingerprint = mptrt::fingerprint(data, static_cast<size_t>(size));
  program.mesh = Mesh(program.manifest);
  program.tasks = tasks;
  program.kernels = kernels;
  MPTRT_TRY(checkProgram(program).withContext("manifest"));
  *out = std::move(program);
  return Status();
}

} // namespace mptrt
