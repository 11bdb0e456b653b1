// SPDX-License-Identifier: Apache-2.0
//===- Bind.h - sizes for free dims -----------------------------*- C++ -*-===//
#ifndef MPT_LIB_IMPORT_BIND_H
#define MPT_LIB_IMPORT_BIND_H

#include "mpt/Import/Reader/Model.h"
#include "mpt/Import/Reader/Problem.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <map>
#include <optional>

namespace mlir::mpt::import {

/// The values of --bind: NAME=N for a named dim, INPUT:DIM=N for any dim of an
/// input. All free dims without a size are reported, each name once.
class Binding {
public:
  Binding(llvm::ArrayRef<llvm::StringRef> entries,
          ::mpt::onnx::Problems &problems);

  /// Size of one dim of an input; nullopt and a report if it has none.
  std::optional<int64_t> size(const ::mpt::onnx::ValueInfo &input, size_t dim);
  /// Size that a name was given, if it was.
  std::optional<int64_t> sizeOf(const std::string &name) const;
  /// Reports entries that name no dim.
  void finish();

private:
  struct Entry {
    int64_t size;
    bool used;
  };
  ::mpt::onnx::Problems &problems;
  std::map<std::string, Entry> entries;
  std::map<std::string, bool> named; ///< free names; true: reported
};

} // namespace mlir::mpt::import
#endif
