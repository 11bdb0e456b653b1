// SPDX-License-Identifier: Apache-2.0
//===- WireScan.h - bounded walk over a protobuf file ---------------------===//
//
// Walks the messages that can be large, deep or many (graphs, nodes,
// attributes, tensors, types) without decoding them. It finds the payloads of
// tensors (raw_data, packed float_data and double_data: little-endian arrays in
// the file), and gives back the same message without them, small enough to be
// decoded whatever the weights weigh. In place of a payload stands field
// Tensor.mpt_range, its index in `payloads`.
//
// Worked example: Tensor{dims:[2] data_type:1 raw_data:<8 bytes at 40>} becomes
// Tensor{dims:[2] data_type:1 mpt_range:0}, payloads[0] = {40, 8, RawData}.
//
// Refuses: truncation, lengths past the enclosing message, group wire types, a
// payload field given twice, and what exceeds the budget. The walk keeps an
// explicit stack and reads the source through a window of 64 KiB.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_IMPORT_READER_WIRESCAN_H
#define MPT_IMPORT_READER_WIRESCAN_H

#include "mpt/Import/Reader/ByteSource.h"
#include "mpt/Import/Reader/Problem.h"

namespace mpt::onnx {

/// Limits on what a file may ask for. Counts are per file.
struct Budget {
  uint64_t nodes = 1000000;          ///< nodes, also after inlining functions
  uint64_t fields = 16000000;        ///< strings and messages
  uint64_t depth = 32;               ///< graphs within graphs
  uint64_t stringBytes = 4096;       ///< one name
  uint64_t structureBytes = 1 << 28; ///< the file without its payloads
  uint64_t inlineBytes = 1 << 26;    ///< typed tensor data kept in memory
  uint64_t smallBytes = 4096; ///< a payload up to this is also kept in memory
  uint64_t elements = uint64_t(1) << 40; ///< of one tensor
};

struct Payload {
  enum Field { RawData = 9, FloatData = 4, DoubleData = 10 };
  uint64_t offset = 0; ///< bytes from the start of the file
  uint64_t length = 0; ///< bytes
  Field field = RawData;
};

struct Scan {
  std::string structure; ///< the Model message without payloads
  std::vector<Payload> payloads;
  uint64_t nodes = 0;
};

/// False when the bytes cannot be a model; the reason is in `problems`.
bool scanModel(const ByteSource &source, const Budget &budget, Scan &scan,
               Problems &problems);

} // namespace mpt::onnx

#endif
