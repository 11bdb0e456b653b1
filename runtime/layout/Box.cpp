// SPDX-License-Identifier: Apache-2.0
// Boxes and strided copies: recursion over the dims, whole rows by memcpy where
// both sides are dense.
#include "layout/Box.h"

#include <algorithm>
#include <cstring>

namespace mptrt {

bool Box::empty() const {
  return std::any_of(extent.begin(), extent.end(),
                     [](int64_t size) { return size == 0; });
}

Box boxOf(const Shape &shape, const std::vector<abi::Cut> &cuts,
          const AxisLookup &lookup) {
  Box box{Shape(shape.size(), 0), shape, shape};
  for (size_t dim = 0; dim < std::min(shape.size(), cuts.size()); ++dim)
    for (const std::string &name : cuts[dim].axes) {
      AxisIndex axis = lookup(name);
      int64_t block = (box.bound[dim] + axis.size - 1) / axis.size;
      int64_t skipped = std::min(box.extent[dim], axis.index * block);
      box.start[dim] += skipped;
      box.extent[dim] = std::min(block, box.extent[dim] - skipped);
      box.bound[dim] = block;
    }
  return box;
}

int64_t elementCount(const Shape &shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

std::string shapeText(const Shape &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += formatText(i ? ", %lld" : "%lld", (long long)shape[i]);
  return text + "]";
}

std::vector<int64_t> rowMajorStrides(const Shape &shape, int64_t elementBytes) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = elementBytes;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

std::vector<int64_t> transposedStrides(const Shape &fileShape,
                                       const std::vector<int64_t> &perm,
                                       int64_t elementBytes) {
  std::vector<int64_t> strides = rowMajorStrides(fileShape, elementBytes);
  std::vector<int64_t> result = strides;
  for (size_t i = 0; i < perm.size(); ++i)
    result[i] = strides[static_cast<size_t>(perm[i])];
  return result;
}

static void copyDims(const Shape &extent, size_t dim, int64_t elementBytes,
                     const char *from, const std::vector<int64_t> &fromStrides,
                     char *to, const std::vector<int64_t> &toStrides) {
  if (dim == extent.size()) {
    std::memcpy(to, from, static_cast<size_t>(elementBytes));
    return;
  }
  bool isLast = dim + 1 == extent.size();
  if (isLast && fromStrides[dim] == elementBytes &&
      toStrides[dim] == elementBytes) {
    std::memcpy(to, from, static_cast<size_t>(extent[dim] * elementBytes));
    return;
  }
  for (int64_t i = 0; i < extent[dim]; ++i)
    copyDims(extent, dim + 1, elementBytes, from + i * fromStrides[dim],
             fromStrides, to + i * toStrides[dim], toStrides);
}

void copyStrided(const Shape &extent, int64_t elementBytes, const char *from,
                 const std::vector<int64_t> &fromStrides, char *to,
                 const std::vector<int64_t> &toStrides) {
  if (elementCount(extent) > 0)
    copyDims(extent, 0, elementBytes, from, fromStrides, to, toStrides);
}

static int64_t offsetOf(const Box &box, const std::vector<int64_t> &strides) {
  int64_t offset = 0;
  for (size_t i = 0; i < box.start.size(); ++i)
    offset += box.start[i] * strides[i];
  return offset;
}

void takeBox(const Box &box, int64_t elementBytes, const char *global,
             const std::vector<int64_t> &globalStrides, char *local) {
  if (box.extent != box.bound)
    std::memset(local, 0,
                static_cast<size_t>(elementCount(box.bound) * elementBytes));
  if (!box.empty())
    copyStrided(box.extent, elementBytes, global + offsetOf(box, globalStrides),
                globalStrides, local, rowMajorStrides(box.bound, elementBytes));
}

void putBox(const Box &box, int64_t elementBytes, const char *local,
            char *global, const std::vector<int64_t> &globalStrides) {
  if (!box.empty())
    copyStrided(box.extent, elementBytes, local,
                rowMajorStrides(box.bound, elementBytes),
                global + offsetOf(box, globalStrides), globalStrides);
}

void fillBox(double number, DType dtype, const Box &box, char *local) {
  size_t elementBytes = dtypeSize(dtype);
  char element[8] = {};
  if (dtype == DType::F32) {
    float value = static_cast<float>(number);
    std::memcpy(element, &value, 4);
  } else if (dtype == DType::F64) {
    std::memcpy(element, &number, 8);
  } else { // integers, little endian
    int64_t value = static_cast<int64_t>(number);
    std::memcpy(element, &value, elementBytes);
  }
  int64_t bytes = static_cast<int64_t>(elementBytes);
  std::memset(local, 0, static_cast<size_t>(elementCount(box.bound) * bytes));
  std::vector<int64_t> still(box.extent.size(), 0);
  copyStrided(box.extent, bytes, element, still, local,
              rowMajorStrides(box.bound, bytes));
}

bool convertible(DType from, DType to) {
  return from == to || (from == DType::F32 && to == DType::F64);
}

void convertElements(DType from, const char *source, DType to, char *target,
                     int64_t count) {
  if (from == to) {
    std::memcpy(target, source, static_cast<size_t>(count) * dtypeSize(from));
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    float narrow;
    std::memcpy(&narrow, source + i * 4, 4);
    double wide = narrow;
    std::memcpy(target + i * 8, &wide, 8);
  }
}

} // namespace mptrt
