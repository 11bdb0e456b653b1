// SPDX-License-Identifier: Apache-2.0
//===- Load.h - read and check an ONNX file -------------------------------===//
//
//   loadModel: scan (WireScan) -> decode (protobuf) -> resolve external data
//   -> sort -> verify structure, operators, element types
//
// All problems of a file are reported at once, except that a file which cannot
// be decoded has one. `model` is null when there is an error.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_IMPORT_READER_LOAD_H
#define MPT_IMPORT_READER_LOAD_H

#include "mpt/Import/Reader/Model.h"
#include "mpt/Import/Reader/WireScan.h"

namespace mpt::onnx {

struct LoadOptions {
  Budget budget;
  bool allowNewerOpset = false;
};

struct LoadResult {
  std::unique_ptr<Model> model;
  Problems problems;
};

LoadResult loadModel(const std::string &path, const LoadOptions &options = {});

/// The same for bytes that stand for the file `name`; `directory` as in Model,
/// null: external data is refused.
LoadResult loadModelBytes(std::string_view bytes, const std::string &name,
                          const LoadOptions &options = {},
                          const std::string *directory = nullptr);

/// Where the elements of a tensor lie in raw_data's layout: a source and the
/// offset of the first. Null and `why` when they cannot be read.
std::unique_ptr<ByteSource> openTensor(const Model &model, const Tensor &tensor,
                                       uint64_t &offset, std::string &why);

/// The elements of a tensor in raw_data's layout. Reads the file again when
/// they are not in memory, through the same checks. False and `why` when it
/// cannot, or when there are more than `limit` bytes.
bool readTensor(const Model &model, const Tensor &tensor, uint64_t limit,
                std::string &out, std::string &why);

} // namespace mpt::onnx

#endif
