// SPDX-License-Identifier: Apache-2.0
// The part of a global array that a rank holds, and copies between the two on
// the host. A dim is cut over its axes level by level, major to minor, in
// blocks of ceil(n / k): 10 classes over tp=4 are blocks of 3, the last of
// which has 1 valid row. Local arrays have the bounds of a full block; what is
// not valid is zero.
#ifndef MPTRT_LAYOUT_BOX_H
#define MPTRT_LAYOUT_BOX_H

#include "mptrt/Device.h"
#include "mptrt/Manifest.h"

#include <functional>
#include <string>
#include <vector>

namespace mptrt {

struct AxisIndex {
  int64_t index = 0;
  int64_t size = 1;
};
/// One rank's place on the axis of a name.
using AxisLookup = std::function<AxisIndex(const std::string &axis)>;

using Shape = std::vector<int64_t>;

struct Box {
  Shape start;  // in the global array
  Shape extent; // valid, may be 0
  Shape bound;  // of the local array

  bool empty() const;
};

/// `cuts` has one entry per dim, or none at all for an array that is not cut.
Box boxOf(const Shape &shape, const std::vector<abi::Cut> &cuts,
          const AxisLookup &lookup);

int64_t elementCount(const Shape &shape);
/// "[64, 32]"
std::string shapeText(const Shape &shape);
/// In bytes.
std::vector<int64_t> rowMajorStrides(const Shape &shape, int64_t elementBytes);
/// Strides of the tensor that is transpose(file, perm): dim i of it is dim
/// perm[i] of the file. Empty: as the file.
std::vector<int64_t> transposedStrides(const Shape &fileShape,
                                       const std::vector<int64_t> &perm,
                                       int64_t elementBytes);

/// Copies `extent` elements between two strided arrays.
void copyStrided(const Shape &extent, int64_t elementBytes, const char *from,
                 const std::vector<int64_t> &fromStrides, char *to,
                 const std::vector<int64_t> &toStrides);
/// Fills a rank's local array; zeros outside the valid part.
void takeBox(const Box &box, int64_t elementBytes, const char *global,
             const std::vector<int64_t> &globalStrides, char *local);
/// Writes the valid part of a local array into the global one.
void putBox(const Box &box, int64_t elementBytes, const char *local,
            char *global, const std::vector<int64_t> &globalStrides);

/// The number in the valid part of a local array, zeros in the rest. Not for
/// the 16-bit floats.
void fillBox(double number, DType dtype, const Box &box, char *local);

/// True if values of `from` may be stored as `to`: equal, or f32 as f64.
bool convertible(DType from, DType to);
/// Of host arrays; `convertible` must hold.
void convertElements(DType from, const char *source, DType to, char *target,
                     int64_t count);

} // namespace mptrt

#endif // MPTRT_LAYOUT_BOX_H
