// SPDX-License-Identifier: Apache-2.0
// Attention as its definition reads, in f64: the dummy device computes it so,
// and what other devices compute is compared with it.
#ifndef MPTRT_TEST_DUMMY_PLAINATTENTION_H
#define MPTRT_TEST_DUMMY_PLAINATTENTION_H

#include "mptrt/Device.h"

#include <cmath>
#include <limits>
#include <vector>

namespace mptrt::test {

template <typename T> class PlainAttention {
public:
  PlainAttention(const Attention &n, const AttentionOperands &o) : n(n), o(o) {}
  void run() {
    if (n.gradient)
      clearGradients();
    for (int64_t b = 0; b < n.batch; ++b)
      for (int64_t h = 0; h < n.heads; ++h)
        for (int64_t i = 0; i < n.rows; ++i)
          n.gradient ? backward(b, h, i) : forward(b, h, i);
  }

private:
  static T *at(void *base, const Attention::Strides &s, int64_t b, int64_t h,
               int64_t row) {
    return static_cast<T *>(base) + b * s.batch + h * s.head + row * s.row;
  }
  int64_t keyHead(int64_t h) const { return h / (n.heads / n.groups); }
  T &lse(int64_t b, int64_t h, int64_t i) {
    return static_cast<T *>(o.lse)[(b * n.heads + h) * n.rows + i];
  }
  static double dot(const T *a, const T *b, int64_t size) {
    double sum = 0;
    for (int64_t d = 0; d < size; ++d)
      sum += double(a[d]) * double(b[d]);
    return sum;
  }
  /// The masked score, -inf without a key, and its slope in q.k.
  double score(int64_t b, int64_t h, int64_t i, int64_t j, double *slope) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const T *q = at(o.query, n.queryStrides, b, h, i);
    const T *k = at(o.key, n.keyStrides, b, keyHead(h), j);
    double s = n.scale * dot(q, k, n.size);
    *slope = n.scale;
    if (n.softcap != 0) {
      double t = std::tanh(s / n.softcap);
      s = n.softcap * t;
      *slope *= 1 - t * t;
    }
    const int64_t *m = n.maskStrides;
    int64_t entry = b * m[0] + h * m[1] + i * m[2] + j * m[3];
    if (o.mask && !n.boolMask)
      s += double(static_cast<T *>(o.mask)[entry]);
    if (o.mask && n.boolMask && !static_cast<char *>(o.mask)[entry])
      s = n.fill, *slope = 0;
    return n.causal && j > i + n.offset ? -infinity : s;
  }

  void forward(int64_t b, int64_t h, int64_t i) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    double largest = -infinity, total = 0, slope;
    std::vector<double> sum(size_t(n.valueSize), 0.0);
    for (int64_t j = 0; j < n.keys; ++j)
      largest = std::max(largest, score(b, h, i, j, &slope));
    for (int64_t j = 0; j < n.keys && largest > -infinity; ++j) {
      double weight = std::exp(score(b, h, i, j, &slope) - largest);
      const T *v = at(o.value, n.valueStrides, b, keyHead(h), j);
      total += weight;
      for (int64_t e = 0; e < n.valueSize; ++e)
        sum[size_t(e)] += weight * double(v[e]);
    }
    T *y = at(o.output, n.outputStrides, b, h, i);
    double empty = n.zeroRows ? 0 : std::nan("");
    for (int64_t e = 0; e < n.valueSize; ++e)
      y[e] = T(total > 0 ? sum[size_t(e)] / total : empty);
    lse(b, h, i) = T(total > 0    ? largest + std::log(total)
                     : n.zeroRows ? infinity
                                  : std::nan(""));
  }

  void clearGradients() {
    for (int64_t b = 0; b < n.batch; ++b) {
      for (int64_t h = 0; h < n.heads; ++h)
        for (int64_t i = 0; i < n.rows; ++i)
          std::fill_n(at(o.dQuery, n.dQueryStrides, b, h, i), n.size, T(0));
      for (int64_t g = 0; g < n.groups; ++g)
        for (int64_t j = 0; j < n.keys; ++j) {
          std::fill_n(at(o.dKey, n.dKeyStrides, b, g, j), n.size, T(0));
          std::fill_n(at(o.dValue, n.dValueStrides, b, g, j), n.valueSize,
                      T(0));
        }
    }
  }

  void backward(int64_t b, int64_t h, int64_t i) {
    const T *q = at(o.query, n.queryStrides, b, h, i);
    const T *y = at(o.output, n.outputStrides, b, h, i);
    const T *dy = at(o.dOutput, n.dOutputStrides, b, h, i);
    T *dq = at(o.dQuery, n.dQueryStrides, b, h, i);
    double mean = dot(y, dy, n.valueSize);
    for (int64_t j = 0; j < n.keys; ++j) {
      int64_t g = keyHead(h);
      double slope, s = score(b, h, i, j, &slope);
      double weight = std::exp(s - double(lse(b, h, i)));
      const T *k = at(o.key, n.keyStrides, b, g, j);
      const T *v = at(o.value, n.valueStrides, b, g, j);
      T *dk = at(o.dKey, n.dKeyStrides, b, g, j);
      T *dv = at(o.dValue, n.dValueStrides, b, g, j);
      double d = weight * (dot(dy, v, n.valueSize) - mean) * slope;
      for (int64_t c = 0; c < n.size; ++c) {
        dq[c] += T(d * double(k[c]));
        dk[c] += T(d * double(q[c]));
      }
      for (int64_t e = 0; e < n.valueSize; ++e)
        dv[e] += T(weight * double(dy[e]));
    }
  }

  const Attention &n;
  const AttentionOperands &o;
};

inline void computePlainAttention(const Attention &n,
                                  const AttentionOperands &o) {
  if (n.dtype == DType::F32)
    PlainAttention<float>(n, o).run();
  else
    PlainAttention<double>(n, o).run();
}

} // namespace mptrt::test

#endif // MPTRT_TEST_DUMMY_PLAINATTENTION_H
