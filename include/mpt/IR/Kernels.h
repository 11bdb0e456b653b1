// SPDX-License-Identifier: Apache-2.0
//===- Kernels.h - what phases 8 to 10 agree on about kernels ---*- C++ -*-===//
//
// A kernel is a private function with the attribute `mpt.kernel`,
//   @k(ins..., destinations...) -> destinations'
// on static tensors and i64 scalars: a sequence of linalg ops (and scf loops
// with tensor.extract and insert) that update its destinations, the last
// parameters, one per result. It reads no globals and allocates nothing: what
// it needs beyond results are destinations too (scratch, whose results nobody
// uses), so bufferized it has neither allocations nor copies.
//
// A launch passes the operands in order. A tensor parameter is a row-major view
// of its operand: same elements, perhaps another shape. i64 operands are
// offsets and extents of this rank.
//
// `mpt.rows = N : i64`: rows are independent. Every destination has dim 0 of
// size N; in every linalg op the iterator that is dim 0 of its destinations
// (`outs` map result 0, a plain dim) is parallel, and destinations that the op
// reads are read in that row only. So rows [begin, end) of all results are
// computed by running the ops one after the other with that iterator bounded to
// [begin, end). The order of iterators is that of the operand in memory and is
// the order of the loops; it need not begin with the row. A kernel without the
// attribute runs whole, on one thread.
//
// Sums run in the element type in ascending order of the reduction iterators;
// a target may run those along a row in lanes, in an order that the kernel
// alone decides.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_IR_KERNELS_H
#define MPT_IR_KERNELS_H

#include "llvm/ADT/StringRef.h"

namespace mlir::mpt {

inline constexpr llvm::StringLiteral kKernelAttr = "mpt.kernel";
inline constexpr llvm::StringLiteral kRowsAttr = "mpt.rows";

} // namespace mlir::mpt
#endif
