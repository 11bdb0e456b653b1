// SPDX-License-Identifier: Apache-2.0
// Attention in tiles of kRows queries and kKeys keys, for one element type and
// one set of vector instructions: everything here is inlined into a function
// that is compiled for them (CpuAttention.cpp).
//
// Forward, per tile of queries: scores with a tile of keys, their exponentials
// relative to the largest score so far, the result scaled down whenever that
// grows. Backward, per tile of keys and tile of queries: the exponentials again
// from the rows' lse, then the four products of the gradient. Operands are
// copied into tiles that are padded to whole vectors, so products have no
// edges.
//
// Sums run in an order that depends on the shape only: over keys and queries
// tile by tile, ascending; within a row over kLanes partial sums.
#ifndef MPTRT_DEVICE_CPU_ATTENTIONTILES_H
#define MPTRT_DEVICE_CPU_ATTENTIONTILES_H

#include "mptrt/Device.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#define MPTRT_INLINE inline __attribute__((always_inline))

namespace mptrt::tiles {

inline constexpr int64_t kRows = 64, kKeys = 64;

/// Vectors of 64 bytes; the compiler cuts them to what the machine has.
template <typename T> struct Vector;
template <> struct Vector<float> {
  typedef float Type __attribute__((vector_size(64)));
  typedef int32_t Bits __attribute__((vector_size(64)));
};
template <> struct Vector<double> {
  typedef double Type __attribute__((vector_size(64)));
  typedef int64_t Bits __attribute__((vector_size(64)));
};
template <typename T> using Vec = typename Vector<T>::Type;
template <typename T> inline constexpr int64_t kLanes = 64 / int64_t(sizeof(T));

inline int64_t padded(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

/// How the registers of the machine hold a piece of a product: `rows` by
/// `vectors`.
template <int rowCount, int vectorCount> struct Registers {
  static constexpr int rows = rowCount, vectors = vectorCount;
};

template <typename T> MPTRT_INLINE Vec<T> &at(T *p) {
  return *reinterpret_cast<Vec<T> *>(p);
}
template <typename T> MPTRT_INLINE const Vec<T> &at(const T *p) {
  return *reinterpret_cast<const Vec<T> *>(p);
}
template <typename T> MPTRT_INLINE Vec<T> splat(T x) { return x - Vec<T>{}; }

//===- products -----------------------------------------------------------===//

template <typename T, int rows, int vectors>
MPTRT_INLINE void multiplyPiece(int64_t depth, const T *a, int64_t aRow,
                                int64_t aColumn, const T *b, int64_t bRow, T *c,
                                int64_t cRow, bool accumulate) {
  constexpr int64_t lanes = kLanes<T>;
  Vec<T> sum[rows][vectors];
  for (int i = 0; i < rows; ++i)
    for (int v = 0; v < vectors; ++v)
      sum[i][v] = accumulate ? at(c + i * cRow + v * lanes) : Vec<T>{};
  for (int64_t p = 0; p < depth; ++p) {
    Vec<T> line[vectors];
    for (int v = 0; v < vectors; ++v)
      line[v] = at(b + p * bRow + v * lanes);
    for (int i = 0; i < rows; ++i) {
      T x = a[i * aRow + p * aColumn];
      for (int v = 0; v < vectors; ++v)
        sum[i][v] += x * line[v];
    }
  }
  for (int i = 0; i < rows; ++i)
    for (int v = 0; v < vectors; ++v)
      at(c + i * cRow + v * lanes) = sum[i][v];
}

/// c (+)= a b, [m, depth] by [depth, n]: m a multiple of R::rows, n of the
/// lanes; rows of b and c are aligned.
template <typename T, typename R>
MPTRT_INLINE void multiply(int64_t m, int64_t n, int64_t depth, const T *a,
                           int64_t aRow, int64_t aColumn, const T *b,
                           int64_t bRow, T *c, int64_t cRow, bool accumulate) {
  constexpr int64_t width = R::vectors * kLanes<T>;
  int64_t j = 0;
  for (; j + width <= n; j += width)
    for (int64_t i = 0; i < m; i += R::rows)
      multiplyPiece<T, R::rows, R::vectors>(depth, a + i * aRow, aRow, aColumn,
                                            b + j, bRow, c + i * cRow + j, cRow,
                                            accumulate);
  for (; j < n; j += kLanes<T>)
    for (int64_t i = 0; i < m; i += R::rows)
      multiplyPiece<T, R::rows, 1>(depth, a + i * aRow, aRow, aColumn, b + j,
                                   bRow, c + i * cRow + j, cRow, accumulate);
}

//===- exponentials -------------------------------------------------------===//

/// exp(x) to within two units in the last place; 0 where it would be subnormal.
MPTRT_INLINE Vec<float> exponential(Vec<float> x) {
  using V = Vec<float>;
  V low = splat(-87.33654f), high = splat(88.3f), shift = splat(12582912.0f);
  auto vanishes = x < low;
  x = x < low ? low : x;
  x = x > high ? high : x;
  V shifted = x * 1.44269504f + shift, n = shifted - shift;
  V r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  V p = splat(1.0f / 5040);
  for (float c :
       {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f})
    p = p * r + c;
  auto bits = (Vector<float>::Bits)p + ((Vector<float>::Bits)shifted << 23);
  return vanishes ? V{} : (V)bits;
}

MPTRT_INLINE Vec<double> exponential(Vec<double> x) {
  using V = Vec<double>;
  V low = splat(-708.39), high = splat(709.0),
    shift = splat(6755399441055744.0);
  auto vanishes = x < low;
  x = x < low ? low : x;
  x = x > high ? high : x;
  V shifted = x * 1.4426950408889634 + shift, n = shifted - shift;
  V r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  V p = splat(1.0 / 6227020800);
  for (double c : {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
                   1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24,
                   1.0 / 6, 0.5, 1.0, 1.0})
    p = p * r + c;
  auto bits = (Vector<double>::Bits)p + ((Vector<double>::Bits)shifted << 52);
  return vanishes ? V{} : (V)bits;
}

template <typename T> MPTRT_INLINE T sumOf(Vec<T> x) {
  T sum = 0;
  for (int64_t i = 0; i < kLanes<T>; ++i)
    sum += x[i];
  return sum;
}
template <typename T> MPTRT_INLINE T largestOf(Vec<T> x) {
  T largest = x[0];
  for (int64_t i = 1; i < kLanes<T>; ++i)
    largest = x[i] > largest ? x[i] : largest;
  return largest;
}

//===- tiles --------------------------------------------------------------===//

/// Rows of an operand, `stride` elements apart.
template <typename T> struct Rows {
  T *first;
  int64_t stride;
  T *operator[](int64_t i) const { return first + i * stride; }
};
template <typename T>
MPTRT_INLINE Rows<T> rowsOf(void *base, const Attention::Strides &s, int64_t b,
                            int64_t h) {
  return {static_cast<T *>(base) + b * s.batch + h * s.head, s.row};
}

/// to[height, width] = scale * from[rows, columns], zero elsewhere.
template <typename T>
MPTRT_INLINE void copyTile(Rows<T> from, int64_t rows, int64_t columns, T scale,
                           T *to, int64_t height, int64_t width) {
  for (int64_t i = 0; i < height; ++i, to += width) {
    int64_t filled = i < rows ? columns : 0;
    const T *line = filled ? from[i] : nullptr;
    for (int64_t j = 0; j < filled; ++j)
      to[j] = line[j] * scale;
    std::fill(to + filled, to + width, T(0));
  }
}

/// to[columns, width] = from[rows, columns] transposed, zero beyond `rows`.
template <typename T>
MPTRT_INLINE void turnTile(Rows<T> from, int64_t rows, int64_t columns, T *to,
                           int64_t width) {
  constexpr int64_t step = 8;
  for (int64_t i0 = 0; i0 < rows; i0 += step)
    for (int64_t j = 0; j < columns; ++j)
      for (int64_t i = i0; i < std::min(rows, i0 + step); ++i)
        to[j * width + i] = from[i][j];
  if (rows < width)
    for (int64_t j = 0; j < columns; ++j)
      std::fill(to + j * width + rows, to + (j + 1) * width, T(0));
}

/// The elements of the mask in one row of a tile.
struct MaskRow {
  const char *first = nullptr;
  int64_t step = 0; ///< 0 where all keys have one element
};
template <typename T>
MPTRT_INLINE MaskRow maskRow(const Attention &n, const void *mask, int64_t b,
                             int64_t h, int64_t i, int64_t j) {
  int64_t size = n.boolMask ? 1 : int64_t(sizeof(T));
  const int64_t *s = n.maskStrides;
  int64_t at = b * s[0] + h * s[1] + i * s[2] + j * s[3];
  return {static_cast<const char *>(mask) + at * size, s[3]};
}

/// Keys of the tile at `j0` that query i may see, of `columns`.
MPTRT_INLINE int64_t visibleKeys(const Attention &n, int64_t i, int64_t j0,
                                 int64_t columns) {
  if (!n.causal)
    return columns;
  return std::min(columns, std::max<int64_t>(0, i + n.offset + 1 - j0));
}

/// Caps and masks a row of scores; beyond `visible` it is -inf up to `width`.
/// `slope`, if not null, becomes what a change of the product changes.
template <typename T>
MPTRT_INLINE void maskScores(const Attention &n, T *s, T *slope, MaskRow mask,
                             int64_t visible, int64_t width) {
  if (slope)
    std::fill(slope, slope + width, T(1));
  if (n.softcap != 0) {
    T cap = T(n.softcap);
    for (int64_t j = 0; j < visible; ++j) {
      T t = std::tanh(s[j] / cap);
      s[j] = cap * t;
      if (slope)
        slope[j] = 1 - t * t;
    }
  }
  if (mask.first && n.boolMask) {
    T fill = T(n.fill);
    for (int64_t j = 0; j < visible; ++j) {
      bool keep = mask.first[j * mask.step];
      s[j] = keep ? s[j] : fill;
      if (slope)
        slope[j] = keep ? slope[j] : T(0);
    }
  } else if (mask.first) {
    const T *added = reinterpret_cast<const T *>(mask.first);
    for (int64_t j = 0; j < visible; ++j)
      s[j] += added[j * mask.step];
  }
  std::fill(s + visible, s + width, -std::numeric_limits<T>::infinity());
}

//===- forward ------------------------------------------------------------===//

template <typename T> struct ForwardScratch {
  T *query, *key, *value, *scores, *result, *largest, *total;
  /// Places the tiles in `memory`; returns the elements that they take.
  int64_t place(const Attention &n, T *memory) {
    int64_t e = padded(n.valueSize, kLanes<T>), used = 0;
    auto take = [&](T *&tile, int64_t count) {
      tile = memory + used;
      used += padded(count, kLanes<T>);
    };
    take(query, kRows * n.size);
    take(key, n.size * kKeys);
    take(value, kKeys * e);
    take(scores, kRows * kKeys);
    take(result, kRows * e);
    take(largest, kRows);
    take(total, kRows);
    return used;
  }
};

/// Scores to exponentials; scales down what the row has if its largest grew.
template <typename T>
MPTRT_INLINE void exponentials(T *s, int64_t width, T &largest, T &total,
                               T *result, int64_t e) {
  Vec<T> top = splat(-std::numeric_limits<T>::infinity());
  for (int64_t j = 0; j < width; j += kLanes<T>)
    top = at(s + j) > top ? at(s + j) : top;
  T next = std::max(largest, largestOf<T>(top));
  if (std::isinf(next) && next < 0) {
    std::fill(s, s + width, T(0));
    return;
  }
  if (next != largest) {
    T shrink = exponential(splat(largest - next))[0];
    total *= shrink;
    for (int64_t j = 0; j < e; j += kLanes<T>)
      at(result + j) *= shrink;
    largest = next;
  }
  Vec<T> sum = {};
  for (int64_t j = 0; j < width; j += kLanes<T>)
    sum += at(s + j) = exponential(at(s + j) - next);
  total += sumOf<T>(sum);
}

/// Writes the rows of the result and lse. A row without a key has no total.
template <typename T>
MPTRT_INLINE void finishRows(const Attention &n, const ForwardScratch<T> &x,
                             int64_t rows, Rows<T> output, T *lse) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  int64_t e = padded(n.valueSize, kLanes<T>);
  for (int64_t i = 0; i < rows; ++i) {
    bool isEmpty = !(x.total[i] > 0);
    T inverse = isEmpty ? nan : 1 / x.total[i];
    for (int64_t j = 0; j < n.valueSize; ++j)
      output[i][j] =
          isEmpty && n.zeroRows ? T(0) : x.result[i * e + j] * inverse;
    lse[i] = !isEmpty     ? x.largest[i] + std::log(x.total[i])
             : n.zeroRows ? infinity
                          : nan;
  }
}

/// Queries [i0, i0 + kRows) of head h of batch b.
template <typename T, typename R>
MPTRT_INLINE void forwardTile(const Attention &n, const AttentionOperands &o,
                              T *memory, int64_t b, int64_t h, int64_t i0) {
  ForwardScratch<T> x;
  x.place(n, memory);
  int64_t e = padded(n.valueSize, kLanes<T>), g = h / (n.heads / n.groups);
  int64_t rows = std::min(kRows, n.rows - i0);
  Rows<T> key = rowsOf<T>(o.key, n.keyStrides, b, g);
  Rows<T> value = rowsOf<T>(o.value, n.valueStrides, b, g);
  Rows<T> query = rowsOf<T>(o.query, n.queryStrides, b, h);
  copyTile<T>({query[i0], query.stride}, rows, n.size, T(n.scale), x.query,
              kRows, n.size);
  std::fill(x.result, x.result + kRows * e, T(0));
  std::fill(x.largest, x.largest + kRows, -std::numeric_limits<T>::infinity());
  std::fill(x.total, x.total + kRows, T(0));
  int64_t end = visibleKeys(n, i0 + rows - 1, 0, n.keys);
  for (int64_t j0 = 0; j0 < end; j0 += kKeys) {
    int64_t columns = std::min(kKeys, end - j0);
    int64_t width = padded(columns, kLanes<T>);
    turnTile<T>({key[j0], key.stride}, columns, n.size, x.key, kKeys);
    copyTile<T>({value[j0], value.stride}, columns, n.valueSize, T(1), x.value,
                columns, e);
    multiply<T, R>(kRows, width, n.size, x.query, n.size, 1, x.key, kKeys,
                   x.scores, kKeys, false);
    for (int64_t i = 0; i < rows; ++i) {
      T *s = x.scores + i * kKeys;
      MaskRow mask;
      if (o.mask)
        mask = maskRow<T>(n, o.mask, b, h, i0 + i, j0);
      maskScores<T>(n, s, nullptr, mask, visibleKeys(n, i0 + i, j0, columns),
                    width);
      exponentials<T>(s, width, x.largest[i], x.total[i], x.result + i * e, e);
    }
    multiply<T, R>(kRows, e, columns, x.scores, kKeys, 1, x.value, e, x.result,
                   e, true);
  }
  Rows<T> output = rowsOf<T>(o.output, n.outputStrides, b, h);
  finishRows<T>(n, x, rows, {output[i0], output.stride},
                static_cast<T *>(o.lse) + (b * n.heads + h) * n.rows + i0);
}

//===- backward -----------------------------------------------------------===//

template <typename T> struct BackwardScratch {
  T *query, *dy, *key, *keyTurned, *valueTurned, *scores, *dScores, *dKey,
      *dValue, *dQuery, *slope, *means;
  int64_t place(const Attention &n, T *memory) {
    int64_t d = padded(n.size, kLanes<T>), e = padded(n.valueSize, kLanes<T>);
    int64_t used = 0;
    auto take = [&](T *&tile, int64_t count) {
      tile = memory + used;
      used += padded(count, kLanes<T>);
    };
    take(query, kRows * d), take(dy, kRows * e);
    take(key, kKeys * d), take(keyTurned, n.size * kKeys);
    take(valueTurned, n.valueSize * kKeys);
    take(scores, kRows * kKeys), take(dScores, kRows * kKeys);
    take(dKey, kKeys * d), take(dValue, kKeys * e), take(dQuery, kRows * d);
    take(slope, kKeys), take(means, kRows);
    return used;
  }
};

/// What one item of the backward pass computes: gradients of keys and values of
/// some tiles of keys, of queries of some tiles of queries, of one key head.
struct BackwardItem {
  int64_t b, g;
  int64_t keysBegin, keysEnd;
  int64_t heads, headsEnd; ///< query heads
  int64_t rowsBegin, rowsEnd;
  bool ofKeys, ofQueries;
};

/// scores: weights; dScores: the cotangents of the products, over scale.
template <typename T>
MPTRT_INLINE void gradientRows(const Attention &n, const AttentionOperands &o,
                               const BackwardScratch<T> &x, int64_t b,
                               int64_t h, int64_t i0, int64_t rows, int64_t j0,
                               int64_t columns) {
  int64_t e = padded(n.valueSize, kLanes<T>);
  int64_t width = padded(columns, kLanes<T>);
  Rows<T> output = rowsOf<T>(o.output, n.outputStrides, b, h);
  const T *lse = static_cast<T *>(o.lse) + (b * n.heads + h) * n.rows + i0;
  T *slope = n.softcap != 0 || (o.mask && n.boolMask) ? x.slope : nullptr;
  for (int64_t i = 0; i < rows; ++i) {
    T *s = x.scores + i * kKeys, *d = x.dScores + i * kKeys;
    MaskRow mask;
    if (o.mask)
      mask = maskRow<T>(n, o.mask, b, h, i0 + i, j0);
    maskScores<T>(n, s, slope, mask, visibleKeys(n, i0 + i, j0, columns),
                  width);
    const T *y = output[i0 + i], *dy = x.dy + i * e;
    T mean = 0;
    for (int64_t j = 0; j < n.valueSize; ++j)
      mean += y[j] * dy[j];
    for (int64_t j = 0; j < width; j += kLanes<T>) {
      Vec<T> p = exponential(at(s + j) - lse[i]);
      at(s + j) = p;
      at(d + j) = p * (at(d + j) - mean);
      if (slope)
        at(d + j) *= at(slope + j);
    }
  }
}

template <typename T>
MPTRT_INLINE void writeTile(const T *from, int64_t width, Rows<T> to,
                            int64_t rows, int64_t columns) {
  for (int64_t i = 0; i < rows; ++i)
    std::copy(from + i * width, from + i * width + columns, to[i]);
}

/// One tile of queries against the tile of keys that is loaded.
template <typename T, typename R>
MPTRT_INLINE void backwardTile(const Attention &n, const AttentionOperands &o,
                               const BackwardScratch<T> &x,
                               const BackwardItem &item, int64_t h, int64_t i0,
                               int64_t j0, int64_t columns) {
  int64_t d = padded(n.size, kLanes<T>), e = padded(n.valueSize, kLanes<T>);
  int64_t rows = std::min(kRows, n.rows - i0), b = item.b;
  int64_t width = padded(columns, kLanes<T>);
  Rows<T> query = rowsOf<T>(o.query, n.queryStrides, b, h);
  Rows<T> dy = rowsOf<T>(o.dOutput, n.dOutputStrides, b, h);
  copyTile<T>({query[i0], query.stride}, rows, n.size, T(n.scale), x.query,
              kRows, d);
  copyTile<T>({dy[i0], dy.stride}, rows, n.valueSize, T(1), x.dy, kRows, e);
  multiply<T, R>(kRows, width, n.size, x.query, d, 1, x.keyTurned, kKeys,
                 x.scores, kKeys, false);
  multiply<T, R>(kRows, width, n.valueSize, x.dy, e, 1, x.valueTurned, kKeys,
                 x.dScores, kKeys, false);
  gradientRows<T>(n, o, x, b, h, i0, rows, j0, columns);
  if (item.ofKeys) {
    multiply<T, R>(width, e, rows, x.scores, 1, kKeys, x.dy, e, x.dValue, e,
                   true);
    multiply<T, R>(width, d, rows, x.dScores, 1, kKeys, x.query, d, x.dKey, d,
                   true);
  }
  if (!item.ofQueries)
    return;
  multiply<T, R>(kRows, d, columns, x.dScores, kKeys, 1, x.key, d, x.dQuery, d,
                 false);
  Rows<T> dQuery = rowsOf<T>(o.dQuery, n.dQueryStrides, b, h);
  T scale = T(n.scale);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < n.size; ++j)
      dQuery[i0 + i][j] += scale * x.dQuery[i * d + j];
}

template <typename T, typename R>
MPTRT_INLINE void backwardItem(const Attention &n, const AttentionOperands &o,
                               T *memory, const BackwardItem &item) {
  BackwardScratch<T> x;
  x.place(n, memory);
  int64_t d = padded(n.size, kLanes<T>), e = padded(n.valueSize, kLanes<T>);
  int64_t b = item.b, g = item.g;
  if (item.ofQueries)
    for (int64_t h = item.heads; h < item.headsEnd; ++h) {
      Rows<T> dQuery = rowsOf<T>(o.dQuery, n.dQueryStrides, b, h);
      for (int64_t i = item.rowsBegin; i < item.rowsEnd; ++i)
        std::fill(dQuery[i], dQuery[i] + n.size, T(0));
    }
  Rows<T> key = rowsOf<T>(o.key, n.keyStrides, b, g);
  Rows<T> value = rowsOf<T>(o.value, n.valueStrides, b, g);
  Rows<T> dKey = rowsOf<T>(o.dKey, n.dKeyStrides, b, g);
  Rows<T> dValue = rowsOf<T>(o.dValue, n.dValueStrides, b, g);
  for (int64_t j0 = item.keysBegin; j0 < item.keysEnd; j0 += kKeys) {
    int64_t columns = std::min(kKeys, n.keys - j0);
    copyTile<T>({key[j0], key.stride}, columns, n.size, T(1), x.key, columns,
                d);
    turnTile<T>({key[j0], key.stride}, columns, n.size, x.keyTurned, kKeys);
    turnTile<T>({value[j0], value.stride}, columns, n.valueSize, x.valueTurned,
                kKeys);
    std::fill(x.dKey, x.dKey + kKeys * d, T(0));
    std::fill(x.dValue, x.dValue + kKeys * e, T(0));
    for (int64_t h = item.heads; h < item.headsEnd; ++h)
      for (int64_t i0 = item.rowsBegin; i0 < item.rowsEnd; i0 += kRows) {
        int64_t last = std::min(i0 + kRows, n.rows) - 1;
        if (visibleKeys(n, last, j0, columns) > 0)
          backwardTile<T, R>(n, o, x, item, h, i0, j0, columns);
      }
    if (!item.ofKeys)
      continue;
    writeTile<T>(x.dKey, d, {dKey[j0], dKey.stride}, columns, n.size);
    writeTile<T>(x.dValue, e, {dValue[j0], dValue.stride}, columns,
                 n.valueSize);
  }
}

} // namespace mptrt::tiles

#endif // MPTRT_DEVICE_CPU_ATTENTIONTILES_H
