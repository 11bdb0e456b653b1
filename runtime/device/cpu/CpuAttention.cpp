// SPDX-License-Identifier: Apache-2.0
// Items of attention and the instructions they use. Forward an item is a tile
// of queries of one head. Backward it is a key head, with all its queries: the
// exponentials are computed once for all three gradients. Where there are fewer
// key heads than threads, tiles of keys and tiles of queries are items of their
// own, which costs the exponentials twice but adds the same numbers in the same
// order.
#include "CpuAttention.h"

#include "AttentionTiles.h"

namespace mptrt {

using namespace tiles;

Status checkAttention(const Attention &n) {
  if (n.dtype != DType::F32 && n.dtype != DType::F64)
    return makeStatus(Code::Internal, "attention of %s; expected f32 or f64",
                      dtypeName(n.dtype));
  if (n.batch >= 0 && n.groups > 0 && n.heads > 0 && n.heads % n.groups == 0 &&
      n.rows >= 0 && n.keys >= 0 && n.size > 0 && n.valueSize > 0)
    return Status();
  return makeStatus(Code::Internal,
                    "attention of impossible shape: batch %lld, %lld heads for "
                    "%lld key heads, %lld queries of %lld, %lld keys of %lld",
                    (long long)n.batch, (long long)n.heads, (long long)n.groups,
                    (long long)n.rows, (long long)n.size, (long long)n.keys,
                    (long long)n.valueSize);
}

static int64_t countTiles(int64_t n, int64_t size) {
  return (n + size - 1) / size;
}

static bool isSplit(const Attention &n, int threads) {
  return n.batch * n.groups < threads;
}

int64_t countAttentionItems(const Attention &n, int threads) {
  int64_t rowTiles = countTiles(n.rows, kRows);
  int64_t keyTiles = countTiles(n.keys, kKeys);
  if (!n.gradient)
    return n.batch * n.heads * rowTiles;
  if (!isSplit(n, threads))
    return n.batch * n.groups;
  return n.batch * (n.groups * keyTiles + n.heads * rowTiles);
}

static BackwardItem makeItem(const Attention &n, int threads, int64_t item) {
  int64_t group = n.heads / n.groups;
  if (!isSplit(n, threads)) {
    int64_t b = item / n.groups, g = item % n.groups;
    return {b, g, 0, n.keys, g * group, (g + 1) * group, 0, n.rows, true, true};
  }
  int64_t rowTiles = countTiles(n.rows, kRows);
  int64_t keyTiles = countTiles(n.keys, kKeys);
  int64_t ofKeys = n.batch * n.groups * keyTiles;
  if (item < ofKeys) {
    int64_t j0 = item % keyTiles * kKeys, g = item / keyTiles % n.groups;
    int64_t b = item / keyTiles / n.groups, end = std::min(j0 + kKeys, n.keys);
    return {b, g, j0, end, g * group, (g + 1) * group, 0, n.rows, true, false};
  }
  item -= ofKeys;
  int64_t i0 = item % rowTiles * kRows, h = item / rowTiles % n.heads;
  int64_t b = item / rowTiles / n.heads, end = std::min(i0 + kRows, n.rows);
  return {b, h / group, 0, n.keys, h, h + 1, i0, end, false, true};
}

template <typename T> static size_t scratchBytes(const Attention &n) {
  int64_t elements = n.gradient ? BackwardScratch<T>().place(n, nullptr)
                                : ForwardScratch<T>().place(n, nullptr);
  return static_cast<size_t>(elements) * sizeof(T);
}

size_t attentionScratchBytes(const Attention &n) {
  return n.dtype == DType::F32 ? scratchBytes<float>(n)
                               : scratchBytes<double>(n);
}

template <typename T, typename R>
static MPTRT_INLINE void compute(const Attention &n, const AttentionOperands &o,
                                 int threads, int64_t item, void *scratch) {
  T *memory = static_cast<T *>(scratch);
  if (n.gradient)
    return backwardItem<T, R>(n, o, memory, makeItem(n, threads, item));
  int64_t rowTiles = countTiles(n.rows, kRows);
  forwardTile<T, R>(n, o, memory, item / rowTiles / n.heads,
                    item / rowTiles % n.heads, item % rowTiles * kRows);
}

template <typename R>
static MPTRT_INLINE void computeAny(const Attention &n,
                                    const AttentionOperands &o, int threads,
                                    int64_t item, void *scratch) {
  if (n.dtype == DType::F32)
    return compute<float, R>(n, o, threads, item, scratch);
  compute<double, R>(n, o, threads, item, scratch);
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,fma"))) static void
computeAvx512(const Attention &n, const AttentionOperands &o, int threads,
              int64_t item, void *scratch) {
  computeAny<Registers<8, 2>>(n, o, threads, item, scratch);
}
__attribute__((target("avx2,fma"))) static void
computeAvx2(const Attention &n, const AttentionOperands &o, int threads,
            int64_t item, void *scratch) {
  computeAny<Registers<4, 1>>(n, o, threads, item, scratch);
}
#endif

void computeAttentionItem(const Attention &n, const AttentionOperands &o,
                          int threads, int64_t item, void *scratch) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
    return computeAvx512(n, o, threads, item, scratch);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return computeAvx2(n, o, threads, item, scratch);
#endif
  computeAny<Registers<2, 1>>(n, o, threads, item, scratch);
}

} // namespace mptrt
