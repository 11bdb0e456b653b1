// SPDX-License-Identifier: Apache-2.0
// A program written by hand in the form the compiler emits, to test the
// runtime without a compiler: y = (x W0) W1 on two stages, mean squared error,
// plain SGD, f64. The hidden dim (5) is cut over tp, unevenly; the batch over
// micro and dp; W1 lies transposed in its file. All ranks use one layout of the
// arena; a coordinate lists only what its stages use.
#ifndef MPTRT_TEST_HANDMADE_LAYOUT_H
#define MPTRT_TEST_HANDMADE_LAYOUT_H

#include <cstdint>

// The mesh, given by the build.
#ifndef HANDMADE_PP
#define HANDMADE_PP 1
#endif
#ifndef HANDMADE_DP
#define HANDMADE_DP 1
#endif
#ifndef HANDMADE_TP
#define HANDMADE_TP 1
#endif
#ifndef HANDMADE_MICRO
#define HANDMADE_MICRO 2
#endif

namespace handmade {

constexpr int64_t pp = HANDMADE_PP, dp = HANDMADE_DP, tp = HANDMADE_TP,
                  micro = HANDMADE_MICRO;
constexpr int64_t batch = 8, in = 4, hidden = 5, out = 3;

constexpr int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t rows = ceilDiv(ceilDiv(batch, micro), dp); // of a micro-batch
constexpr int64_t cols = ceilDiv(hidden, tp); // of the hidden dim

constexpr int64_t bytes(int64_t elements) { return (elements * 8 + 63) & ~63; }

// Offsets in the arena.
constexpr int64_t lr = 0, count = 64, stop = 128, norm = 192, loss = 256;
constexpr int64_t totals0 = 320, totals1 = 384; // of the stages
constexpr int64_t w0 = 448, g0 = w0 + bytes(in * cols),
                  w1 = g0 + bytes(in * cols), g1 = w1 + bytes(cols * out);
constexpr int64_t x = g1 + bytes(cols * out), t = x + micro * bytes(rows * in);
constexpr int64_t h = t + micro * bytes(rows * out); // a slot per micro-batch
constexpr int64_t dh = h + micro * bytes(rows * cols);
constexpr int64_t y = dh + micro * bytes(rows * cols);
constexpr int64_t dy = y + micro * bytes(rows * out);
constexpr int64_t arena = dy + micro * bytes(rows * out);

// Numbers of tasks, kernels and groups in the manifest.
enum TaskNumber {
  F0,
  F1,
  B1,
  B0,
  RS0,
  RS1,
  NORM0,
  NORM1,
  OPT0,
  OPT1,
  taskCount
};
enum KernelNumber { Add, Difference, Totals, Update, kernelCount };
enum GroupNumber { GroupTp, GroupDp, GroupPp, GroupAll };

} // namespace handmade

#endif // MPTRT_TEST_HANDMADE_LAYOUT_H
