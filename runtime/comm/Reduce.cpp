// SPDX-License-Identifier: Apache-2.0
// Reductions in blocks of 512 elements: a block's operands are all read before
// its result is written, which is what allows `to` to be an operand.
#include "Reduce.h"

#include <algorithm>
#include <type_traits>

namespace mptrt {

const char *reduceName(ReduceOp op) {
  switch (op) {
  case ReduceOp::Sum:
    return "sum";
  case ReduceOp::Max:
    return "max";
  case ReduceOp::Min:
    return "min";
  }
  return "?";
}

bool canReduce(DType dtype) {
  return dtype == DType::F32 || dtype == DType::F64 || dtype == DType::I64 ||
         dtype == DType::I32;
}

namespace {

template <typename T> struct Sum {
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      using Unsigned = std::make_unsigned_t<T>;
      return static_cast<T>(static_cast<Unsigned>(a) +
                            static_cast<Unsigned>(b));
    } else {
      return a + b;
    }
  }
};
template <typename T> struct Max {
  T operator()(T a, T b) const { return a != a || a > b ? a : b; }
};
template <typename T> struct Min {
  T operator()(T a, T b) const { return a != a || a < b ? a : b; }
};

template <typename T, typename Op>
void reduceWith(Op op, const char *const *from, int operands, char *to,
                int64_t count) {
  constexpr int64_t block = 512;
  T result[block];
  for (int64_t start = 0; start < count; start += block) {
    int64_t length = std::min(block, count - start);
    const T *first = reinterpret_cast<const T *>(from[0]) + start;
    std::copy(first, first + length, result);
    for (int operand = 1; operand < operands; ++operand) {
      const T *next = reinterpret_cast<const T *>(from[operand]) + start;
      for (int64_t i = 0; i < length; ++i)
        result[i] = op(result[i], next[i]);
    }
    std::copy(result, result + length, reinterpret_cast<T *>(to) + start);
  }
}

template <typename T>
void reduceTyped(ReduceOp op, const char *const *from, int operands, char *to,
                 int64_t count) {
  switch (op) {
  case ReduceOp::Sum:
    return reduceWith<T>(Sum<T>(), from, operands, to, count);
  case ReduceOp::Max:
    return reduceWith<T>(Max<T>(), from, operands, to, count);
  case ReduceOp::Min:
    return reduceWith<T>(Min<T>(), from, operands, to, count);
  }
}

} // namespace

void reduceArrays(ReduceOp op, DType dtype, const char *const *from,
                  int operands, char *to, int64_t count) {
  switch (dtype) {
  case DType::F32:
    return reduceTyped<float>(op, from, operands, to, count);
  case DType::F64:
    return reduceTyped<double>(op, from, operands, to, count);
  case DType::I64:
    return reduceTyped<int64_t>(op, from, operands, to, count);
  case DType::I32:
    return reduceTyped<int32_t>(op, from, operands, to, count);
  default:
    return; // canReduce() refuses the rest
  }
}

} // namespace mptrt
