// SPDX-License-Identifier: Apache-2.0
//===- Decode.h - from the wire to Model (private) ------------------------===//
#ifndef MPT_LIB_IMPORT_READER_DECODE_H
#define MPT_LIB_IMPORT_READER_DECODE_H

#include "mpt/Import/Reader/ExternalData.h"
#include "mpt/Import/Reader/Load.h"

namespace mptc::onnxpb {
class Tensor;
}

namespace mpt::onnx {

/// What decoding a tensor needs to know about its file.
struct DecodeContext {
  const ByteSource &source;
  const Scan &scan;
  const Budget &budget;
  ExternalFiles *external; ///< null: external data is refused
  Problems &problems;
  uint64_t inlineBytes = 0; ///< kept in memory so far
};

/// Decodes `scan.structure`; null when protobuf refuses it.
std::unique_ptr<Model> decodeModel(DecodeContext &context);

/// Decodes one tensor and finds its data; `site` names it in messages.
Tensor decodeTensor(DecodeContext &context, const mptc::onnxpb::Tensor &pb,
                    const std::string &site);

} // namespace mpt::onnx

#endif
