// SPDX-License-Identifier: Apache-2.0
// The .npy format, versions 1 to 3: C order, little endian, the element types
// of Device.h. Anything else is refused by its description.
#ifndef MPTRT_DATA_NPY_H
#define MPTRT_DATA_NPY_H

#include "layout/Box.h"

namespace mptrt {

/// An array whose elements stay where they are.
struct NpyArray {
  DType dtype = DType::F32;
  Shape shape;
  const char *data = nullptr;

  int64_t bytes() const {
    return elementCount(shape) * static_cast<int64_t>(dtypeSize(dtype));
  }
};

Status parseNpy(const char *file, size_t size, NpyArray *out);
/// The bytes before the elements. Fails for types that numpy does not know.
Status npyHeader(DType dtype, const Shape &shape, std::string *out);

} // namespace mptrt

#endif // MPTRT_DATA_NPY_H
