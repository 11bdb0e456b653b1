// SPDX-License-Identifier: Apache-2.0
// A compiled program as the runtime sees it: its manifest, its task functions
// and its kernels.
#ifndef MPTRT_EXEC_PROGRAM_H
#define MPTRT_EXEC_PROGRAM_H

#include "layout/Mesh.h"

namespace mptrt {

/// `context` is a TaskContext, `arena` a device address; only enqueues.
using TaskFunction = int32_t (*)(void *context, void *arena,
                                 const int64_t *index);

struct Program {
  abi::Manifest manifest;
  Mesh mesh;
  const TaskFunction *tasks = nullptr;
  const KernelImage *kernels = nullptr;
  uint64_t fingerprint = 0; // of the manifest's bytes

  /// Training programs have totals; the others only outputs.
  bool trains() const { return !manifest.totals.empty(); }
  bool usesF32Gemm() const;

  /// Decodes and checks; the arrays are as abi.def says and outlive `out`.
  static Status load(const void *manifest, int64_t size,
                     const TaskFunction *tasks, const KernelImage *kernels,
                     Program *out);
};

/// The promises of abi.def: indices inside their lists, places inside their
/// arena. A broken one is the compiler's fault (internal).
Status checkProgram(const Program &program);

} // namespace mptrt

#endif // MPTRT_EXEC_PROGRAM_H
