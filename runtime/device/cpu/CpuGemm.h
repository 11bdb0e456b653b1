// SPDX-License-Identifier: Apache-2.0
// Matrix products of the CPU device, as a list of independent tiles that
// depends on the shape only, so that results do not depend on the team's size.
#ifndef MPTRT_DEVICE_CPU_CPUGEMM_H
#define MPTRT_DEVICE_CPU_CPUGEMM_H

#include "CpuLibraries.h"
#include "mptrt/Device.h"

namespace mptrt {

/// Refuses shapes that no product can have, with the numbers.
Status checkGemm(const Gemm &shape);

/// How C is cut: tiles of `rows` x `columns`, batch after batch.
struct GemmTiling {
  int64_t rows = 0, columns = 0;
  int64_t rowTiles = 0, columnTiles = 0;
  int64_t count = 0; // of all batches
};
GemmTiling tileGemm(const Gemm &shape);

/// One tile, on the calling thread. a, b, c are of element type shape.dtype.
Status computeGemmTile(const CpuLibraries &libraries, const Gemm &shape,
                       const GemmTiling &tiling, int64_t tile, const void *a,
                       const void *b, void *c);

} // namespace mptrt

#endif // MPTRT_DEVICE_CPU_CPUGEMM_H
