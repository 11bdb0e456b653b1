// SPDX-License-Identifier: Apache-2.0
// Attention of every Device against its definition in f64, and its numbers
// against those of teams of other sizes.
#ifndef MPTRT_TEST_CONFORMANCE_ATTENTIONSUITE_H
#define MPTRT_TEST_CONFORMANCE_ATTENTIONSUITE_H

#include "DeviceSuite.h"
#include "dummy/PlainAttention.h"

namespace mptrt::test {

/// Tensors of one call on the host, in the order of AttentionOperands.
template <typename T> struct AttentionData {
  std::vector<T> tensors[10];
  std::vector<char> boolMask;
};

class AttentionSuite : public DeviceSuite {
protected:
  /// B = 2; with `swapped` tensors lie as [B, S, H, D].
  static Attention makeShape(int64_t heads, int64_t groups, int64_t rows,
                             int64_t keys, int64_t size, int64_t valueSize,
                             bool swapped) {
    Attention n;
    n.batch = 2, n.heads = heads, n.groups = groups, n.rows = rows;
    n.keys = keys, n.size = size, n.valueSize = valueSize;
    n.scale = 0.7;
    auto strides = [&](int64_t h, int64_t s, int64_t d) {
      return swapped ? Attention::Strides{h * s * d, d, h * d}
                     : Attention::Strides{h * s * d, s * d, d};
    };
    n.queryStrides = n.dQueryStrides = strides(heads, rows, size);
    n.keyStrides = n.dKeyStrides = strides(groups, keys, size);
    n.valueStrides = n.dValueStrides = strides(groups, keys, valueSize);
    n.outputStrides = n.dOutputStrides = strides(heads, rows, valueSize);
    return n;
  }
  /// Between -1 and 1; the mask hides a third, and all keys of query 1.
  template <typename T> static AttentionData<T> makeData(const Attention &n) {
    AttentionData<T> data;
    int64_t q = n.batch * n.heads * n.rows, k = n.batch * n.groups * n.keys;
    int64_t counts[] = {q * n.size,      k * n.size,      k * n.valueSize,
                        n.rows * n.keys, q * n.valueSize, q,
                        q * n.valueSize, q * n.size,      k * n.size,
                        k * n.valueSize};
    for (size_t i = 0; i < 10; ++i)
      for (int64_t j = 0; j < counts[i]; ++j)
        data.tensors[i].push_back(
            T(double(hash(i, uint64_t(j)) >> 40) / double(1 << 23) - 1));
    for (int64_t j = 0; j < counts[3]; ++j)
      data.boolMask.push_back(j / n.keys != 1 && hash(11, uint64_t(j)) % 3);
    return data;
  }

  enum class Mask { None, Bool, Float };
  /// Forward and backward on the device; what it wrote.
  template <typename T>
  AttentionData<T> run(Device &on, Attention n, Mask mask,
                       AttentionData<T> data) {
    std::vector<Array<T>> arrays(10);
    Array<char> bools;
    for (size_t i = 0; i < 10; ++i)
      check(Array<T>::make(on, data.tensors[i], &arrays[i]));
    check(Array<char>::make(on, data.boolMask, &bools));
    auto word = [&](size_t i) { return arrays[i].at().word(); };
    AttentionOperands o{word(0), word(1), word(2), nullptr, word(4),
                        word(5), word(6), word(7), word(8), word(9)};
    if (mask != Mask::None)
      o.mask = mask == Mask::Bool ? bools.at().word() : word(3);
    for (bool gradient : {false, true}) {
      n.gradient = gradient;
      check(on.attention(Stream::Compute, n, o));
    }
    check(on.synchronize(Stream::Compute));
    for (size_t i = 0; i < 10; ++i)
      data.tensors[i] = read(arrays[i]);
    return data;
  }

  template <typename T> void compare(Attention n, Mask mask, double tolerance) {
    n.dtype = TypeOf<T>::dtype;
    n.boolMask = mask == Mask::Bool;
    if (mask != Mask::None)
      n.maskStrides[2] = n.keys, n.maskStrides[3] = 1;
    AttentionData<T> data = makeData<T>(n);
    AttentionData<T> found = run(*device, n, mask, data);
    // The definition in f64, from the same numbers.
    Attention wide = n;
    wide.dtype = DType::F64;
    AttentionData<double> expected;
    void *words[10];
    for (size_t i = 0; i < 10; ++i) {
      expected.tensors[i].assign(data.tensors[i].begin(),
                                 data.tensors[i].end());
      words[i] = expected.tensors[i].data();
    }
    void *masks[] = {nullptr, data.boolMask.data(), words[3]};
    AttentionOperands o{words[0], words[1], words[2], masks[int(mask)],
                        words[4], words[5], words[6], words[7],
                        words[8], words[9]};
    for (bool gradient : {false, true}) {
      wide.gradient = gradient;
      computePlainAttention(wide, o);
    }
    for (size_t i : {4, 5, 7, 8, 9})
      expectNear(found.tensors[i], expected.tensors[i], tolerance, i);
    sameForOtherTeams(n, mask, data, found);
  }

  template <typename T>
  static void expectNear(const std::vector<T> &found,
                         const std::vector<double> &expected, double tolerance,
                         size_t tensor) {
    double error = 0, norm = 0;
    for (size_t j = 0; j < found.size(); ++j) {
      if (double(found[j]) == expected[j])
        continue; // infinities
      error += std::pow(double(found[j]) - expected[j], 2);
      norm += std::pow(expected[j], 2);
    }
    EXPECT_LE(std::sqrt(error), tolerance * std::sqrt(norm))
        << "tensor " << tensor;
  }

  /// Bit for bit, with fewer threads than key heads and with more.
  template <typename T>
  void sameForOtherTeams(const Attention &n, Mask mask,
                         const AttentionData<T> &data,
                         const AttentionData<T> &found) {
    for (int threads : {1, 9}) {
      std::unique_ptr<Device> other = make(threads);
      AttentionData<T> again = run(*other, n, mask, data);
      for (size_t i : {4, 5, 7, 8, 9})
        EXPECT_EQ(std::memcmp(again.tensors[i].data(), found.tensors[i].data(),
                              found.tensors[i].size() * sizeof(T)),
                  0)
            << "tensor " << i << " with " << threads << " threads";
    }
  }

  void compareBoth(const Attention &n, Mask mask) {
    compare<float>(n, mask, 1e-6);
    compare<double>(n, mask, 1e-14);
  }
};

/// Sizes below, at and above those of tiles and vectors, one group and several.
TEST_P(AttentionSuite, Sizes) {
  const int64_t sizes[][6] = {{1, 1, 1, 1, 1, 1},
                              {2, 1, 5, 7, 3, 4},
                              {4, 2, 70, 131, 17, 33},
                              {2, 2, 64, 128, 64, 16}};
  for (const auto &s : sizes)
    for (bool swapped : {false, true})
      compareBoth(makeShape(s[0], s[1], s[2], s[3], s[4], s[5], swapped),
                  Mask::None);
}

/// Along the diagonal, above it, and with queries before the first key.
TEST_P(AttentionSuite, Causal) {
  for (int64_t offset : {0, 3, 64, -2}) {
    Attention n = makeShape(4, 2, 130, 130, 8, 8, true);
    n.causal = n.zeroRows = true;
    n.offset = offset;
    compareBoth(n, Mask::None);
  }
}

TEST_P(AttentionSuite, Masks) {
  Attention n = makeShape(2, 1, 70, 75, 8, 8, false);
  n.fill = -std::numeric_limits<double>::infinity();
  n.zeroRows = true;
  compareBoth(n, Mask::Bool);
  compareBoth(n, Mask::Float);
  n.fill = -1;
  n.softcap = 0.8;
  n.causal = true;
  compareBoth(n, Mask::Bool);
  compareBoth(n, Mask::Float);
}

/// A row without a key is NaN unless zeros are asked for.
TEST_P(AttentionSuite, RowsWithoutKeys) {
  Attention n = makeShape(1, 1, 3, 3, 2, 2, false);
  n.causal = true;
  n.offset = -1;
  AttentionData<float> found = run(*device, n, Mask::None, makeData<float>(n));
  EXPECT_TRUE(std::isnan(found.tensors[4][0]));
  EXPECT_TRUE(std::isnan(found.tensors[5][0]));
  EXPECT_FALSE(std::isnan(found.tensors[4][2]));
}

TEST_P(AttentionSuite, RefusesImpossibleShapes) {
  Attention n = makeShape(3, 2, 1, 1, 1, 1, false);
  EXPECT_EQ(device->attention(Stream::Compute, n, {}).code(), Code::Internal);
  n = makeShape(2, 2, 1, 1, 1, 1, false);
  n.dtype = DType::I32;
  EXPECT_EQ(device->attention(Stream::Compute, n, {}).code(), Code::Internal);
}

} // namespace mptrt::test

#endif // MPTRT_TEST_CONFORMANCE_ATTENTIONSUITE_H
