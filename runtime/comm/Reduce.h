// SPDX-License-Identifier: Apache-2.0
// Elementwise combination of host arrays, in the order in which they are given.
#ifndef MPTRT_COMM_REDUCE_H
#define MPTRT_COMM_REDUCE_H

#include "mptrt/Communicator.h"

namespace mptrt {

/// f32, f64, i64, i32.
bool canReduce(DType dtype);

/// to[i] = ((from[0][i] op from[1][i]) op from[2][i]) ...; `to` may be one of
/// the operands. Integers wrap; a NaN operand makes max and min NaN.
void reduceArrays(ReduceOp op, DType dtype, const char *const *from,
                  int operands, char *to, int64_t count);

} // namespace mptrt

#endif // MPTRT_COMM_REDUCE_H
