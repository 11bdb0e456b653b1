// SPDX-License-Identifier: Apache-2.0
//===- DecodeTensor.cpp - where a tensor's elements are -------------------===//
//
// A tensor message may hold its data in one of eight fields. raw_data and the
// packed fixed-width fields were cut out by the scan and are byte ranges of the
// file; the varint fields are decoded and laid out as raw_data would be;
// external data becomes a range of the checked external file. Exactly one place
// may be used, and it must fit the element type.
//
//===----------------------------------------------------------------------===//
#include "Decode.h"
#include "onnx.pb.h"
#include <charconv>
#include <limits>

namespace mpt::onnx {
namespace {

namespace pb = mptc::onnxpb;

class TensorDecoder {
public:
  TensorDecoder(DecodeContext &context, const pb::Tensor &in,
                const std::string &site)
      : context(context), in(in), site(site) {}

  Tensor run() {
    out.name = in.name();
    out.dtype = DType(in.data_type());
    out.dims.assign(in.dims().begin(), in.dims().end());
    for (const pb::Pair &pair : in.metadata_props())
      out.metadata.emplace_back(pair.key(), pair.value());
    if (in.has_segment())
      report("is a segment of a larger tensor", "store it in one piece");
    if (in.data_location() == 1)
      external();
    else if (in.data_location() != 0)
      report("has unknown data location " + std::to_string(in.data_location()),
             "export the model again");
    else
      internal();
    return std::move(out);
  }

private:
  void report(const std::string &what, const std::string &remedy) {
    out.refused = true;
    context.problems.error(site + " " + what, remedy);
  }

  unsigned places() const {
    return in.has_mpt_range() + !in.float_data().empty() +
           !in.int32_data().empty() + !in.string_data().empty() +
           !in.int64_data().empty() + !in.double_data().empty() +
           !in.uint64_data().empty();
  }

  void internal() {
    if (places() > 1)
      return report("has data in several fields", "store it as raw_data only");
    if (in.has_mpt_range())
      return payload();
    if (!in.float_data().empty())
      typed("float_data", in.float_data(), floatTypes());
    else if (!in.double_data().empty())
      typed("double_data", in.double_data(), doubleTypes());
    else if (!in.int64_data().empty())
      typed("int64_data", in.int64_data(), bit(DType::Int64));
    else if (!in.uint64_data().empty())
      unsignedData();
    else if (!in.int32_data().empty())
      int32Data();
    else if (!in.string_data().empty())
      stringData();
  }

  static uint64_t bit(DType t) { return uint64_t(1) << int32_t(t); }
  static uint64_t floatTypes() {
    return bit(DType::Float32) | bit(DType::Complex64);
  }
  static uint64_t doubleTypes() {
    return bit(DType::Float64) | bit(DType::Complex128);
  }

  /// False, and says so, when the field cannot hold the element type.
  bool fits(const char *field, uint64_t types) {
    if (!isKnown(out.dtype) || (types & bit(out.dtype)))
      return true;
    report("of type " + name(out.dtype) + " has its data in " + field,
           "store it as raw_data");
    return false;
  }

  bool charge(uint64_t bytes) {
    context.inlineBytes += bytes;
    if (context.inlineBytes <= context.budget.inlineBytes)
      return true;
    report("brings the data stored element by element over " +
               std::to_string(context.budget.inlineBytes) + " bytes",
           "store it as raw_data or external data");
    return false;
  }

  template <typename T> void append(T value) {
    char bytes[sizeof(T)];
    memcpy(bytes, &value, sizeof(T));
    out.bytes.append(bytes, sizeof(T));
  }

  template <typename List>
  void typed(const char *field, const List &list, uint64_t types) {
    using Element = std::decay_t<decltype(list[0])>;
    if (!fits(field, types) || !charge(uint64_t(list.size()) * sizeof(Element)))
      return;
    for (Element value : list)
      append(value);
  }

  void unsignedData() {
    if (out.dtype != DType::UInt32)
      return typed("uint64_data", in.uint64_data(), bit(DType::UInt64));
    if (!charge(uint64_t(in.uint64_data_size()) * 4))
      return;
    for (uint64_t value : in.uint64_data()) {
      if (value > std::numeric_limits<uint32_t>::max())
        return outOfRange(std::to_string(value));
      append(uint32_t(value));
    }
  }

  void outOfRange(const std::string &value) {
    report("of type " + name(out.dtype) + " holds the value " + value,
           "export the model again");
  }

  /// int32_data holds every type of at most 32 bits: numbers sign-extended,
  /// floats as their bit pattern, sub-byte types as packed bytes.
  void int32Data() {
    uint64_t types = bit(DType::Int32);
    for (int32_t t = 1; t <= lastDType; ++t)
      if (bitWidth(DType(t)) && bitWidth(DType(t)) <= 16)
        types |= bit(DType(t));
    if (!fits("int32_data", types))
      return;
    unsigned width = std::max(8u, bitWidth(out.dtype));
    if (!charge(uint64_t(in.int32_data_size()) * (width / 8)))
      return;
    bool isSigned = out.dtype == DType::Int8 || out.dtype == DType::Int16;
    for (int32_t value : in.int32_data()) {
      int64_t low = isSigned ? -(int64_t(1) << (width - 1)) : 0;
      int64_t high = low + (int64_t(1) << width) - 1;
      if (out.dtype == DType::Bool)
        high = 1;
      if (width < 32 && (value < low || value > high))
        return outOfRange(std::to_string(value));
      char bytes[4];
      memcpy(bytes, &value, 4);
      out.bytes.append(bytes, width / 8);
    }
  }

  void stringData() {
    if (!fits("string_data", bit(DType::String)))
      return;
    uint64_t total = 0;
    for (const std::string &text : in.string_data())
      total += text.size() + sizeof(std::string);
    if (charge(total))
      out.strings.assign(in.string_data().begin(), in.string_data().end());
  }

  void payload() {
    if (in.mpt_range() >= context.scan.payloads.size())
      return report("has no data", "export the model again");
    const Payload &range = context.scan.payloads[in.mpt_range()];
    if (range.field == Payload::FloatData && !fits("float_data", floatTypes()))
      return;
    if (range.field == Payload::DoubleData &&
        !fits("double_data", doubleTypes()))
      return;
    if (out.dtype == DType::String)
      return report("of type string has its data in raw_data",
                    "store it as string_data");
    out.inFile = true;
    out.offset = range.offset;
    out.length = range.length;
    if (range.length > context.budget.smallBytes)
      return;
    out.bytes.resize(range.length);
    if (!context.source.read(range.offset, out.bytes.data(), range.length))
      report("cannot be read", "do not change the file during the compilation");
  }

  /// A decimal number of an external_data entry.
  bool number(const pb::Pair &pair, uint64_t &value) {
    const std::string &text = pair.value();
    auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() &&
        !text.empty())
      return true;
    externalError(escaped(pair.key()) + " is " + quote(text) +
                  ", expected a number of bytes");
    return false;
  }

  void externalError(const std::string &why) {
    report("has external data that is refused: " + why,
           "keep it in a plain file beside the model");
  }

  void external() {
    std::string location;
    uint64_t offset = 0, length = 0;
    bool hasLocation = false, hasLength = false;
    for (const pb::Pair &pair : in.external_data()) {
      if (pair.key() == "location") {
        if (hasLocation)
          return externalError("it has two locations");
        location = pair.value();
        hasLocation = true;
      } else if (pair.key() == "offset") {
        if (!number(pair, offset))
          return;
      } else if (pair.key() == "length") {
        if (!number(pair, length))
          return;
        hasLength = true;
      } // checksum and basepath are nothing to rely on
    }
    if (places() != 0)
      return externalError("the model file holds data for it, too");
    if (out.dtype == DType::String)
      return externalError("strings cannot be external");
    if (!hasLocation)
      return externalError("it has no location");
    resolve(location, offset, length, hasLength);
  }

  void resolve(const std::string &location, uint64_t offset, uint64_t length,
               bool hasLength) {
    std::string why = "the model is not a file", at = quote(location) + ": ";
    uint64_t size = 0;
    if (location.size() > context.budget.stringBytes)
      return externalError("the location has " +
                           std::to_string(location.size()) + " bytes");
    if (!context.external || !context.external->size(location, size, why))
      return externalError(at + why);
    if (offset > size || (hasLength && length > size - offset))
      return externalError(at + "bytes " + std::to_string(offset) +
                           " and the next " + std::to_string(length) +
                           " are past the end, the file has " +
                           std::to_string(size));
    out.inFile = true;
    out.location = location;
    out.offset = offset;
    out.length = hasLength ? length : size - offset;
  }

  DecodeContext &context;
  const pb::Tensor &in;
  const std::string &site;
  Tensor out;
};

} // namespace

Tensor decodeTensor(DecodeContext &context, const pb::Tensor &in,
                    const std::string &site) {
  return TensorDecoder(context, in, site).run();
}

} // namespace mpt::onnx
