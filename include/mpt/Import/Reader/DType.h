// SPDX-License-Identifier: Apache-2.0
//===- DType.h - ONNX tensor element types --------------------------------===//
#ifndef MPT_IMPORT_READER_DTYPE_H
#define MPT_IMPORT_READER_DTYPE_H

#include <cstdint>
#include <string>

namespace mpt::onnx {

/// Numbers are ONNX's (TensorProto.DataType).
enum class DType : int32_t {
  Undefined = 0,
  Float32,
  UInt8,
  Int8,
  UInt16,
  Int16,
  Int32,
  Int64,
  String,
  Bool,
  Float16,
  Float64,
  UInt32,
  UInt64,
  Complex64,
  Complex128,
  BFloat16,
  Float8E4M3FN,
  Float8E4M3FNUZ,
  Float8E5M2,
  Float8E5M2FNUZ,
  UInt4,
  Int4,
  Float4E2M1,
  Float8E8M0,
  UInt2,
  Int2,
  Float6E2M3,
  Float6E3M2
};
constexpr int32_t lastDType = 28;

inline bool isKnown(DType t) {
  return int32_t(t) >= 1 && int32_t(t) <= lastDType;
}
/// "float32"; "element type 99" when unknown.
std::string name(DType t);
/// Bits of one element in raw_data; 0 for strings and unknown types.
unsigned bitWidth(DType t);
/// f16, bf16, f32, f64: what can be trained.
bool isTrainableFloat(DType t);
/// Bytes that `elements` of the type take in raw_data (sub-byte types packed).
/// `elements` at most 2^56.
uint64_t storageBytes(DType t, uint64_t elements);

} // namespace mpt::onnx

#endif
