// SPDX-License-Identifier: Apache-2.0
//===- Bind.cpp - sizes for free dims -------------------------------------===//
#include "Bind.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir::mpt::import;
namespace onnx = ::mpt::onnx;

Binding::Binding(llvm::ArrayRef<llvm::StringRef> list, onnx::Problems &problems)
    : problems(problems) {
  for (llvm::StringRef text : list) {
    auto [name, value] = text.rsplit('=');
    int64_t size = 0;
    if (name.empty() || value.getAsInteger(10, size) || size < 1) {
      problems.error("--bind " + onnx::quote(text.str()) + " gives no size",
                     "write NAME=N or INPUT:DIM=N with N of at least 1");
      continue;
    }
    auto [entry, isNew] = entries.try_emplace(name.str(), Entry{size, false});
    if (!isNew && entry->second.size != size)
      problems.error("--bind gives " + onnx::quote(name.str()) + " the sizes " +
                     std::to_string(entry->second.size) + " and " +
                     std::to_string(size));
  }
}

std::optional<int64_t> Binding::sizeOf(const std::string &name) const {
  auto entry = entries.find(name);
  if (entry == entries.end())
    return std::nullopt;
  return entry->second.size;
}

std::optional<int64_t> Binding::size(const onnx::ValueInfo &input, size_t d) {
  const onnx::Dim &dim = input.dims[d];
  std::string where =
      "dim " + std::to_string(d) + " of input " + onnx::quote(input.name);
  std::string place = input.name + ":" + std::to_string(d);
  auto byPlace = entries.find(place);
  if (byPlace != entries.end()) {
    byPlace->second.used = true;
    if (dim.known && dim.value != byPlace->second.size)
      problems.error(where + " is " + std::to_string(dim.value) +
                     " in the file, --bind gives " +
                     std::to_string(byPlace->second.size));
    return byPlace->second.size;
  }
  if (dim.known)
    return dim.value;
  if (dim.param.empty()) {
    problems.error(where + " has no size",
                   "give it by --bind " + onnx::escaped(place) + "=N");
    return std::nullopt;
  }
  bool &reported = named[dim.param];
  auto byName = entries.find(dim.param);
  if (byName != entries.end()) {
    byName->second.used = true;
    return byName->second.size;
  }
  if (!reported)
    problems.error(where + ", " + onnx::quote(dim.param) + ", has no size",
                   "give it by --bind " + onnx::escaped(dim.param) + "=N");
  reported = true;
  return std::nullopt;
}

void Binding::finish() {
  std::string free;
  for (const auto &[name, reported] : named)
    free += (free.empty() ? "" : ", ") + onnx::quote(name);
  for (const auto &[name, entry] : entries)
    if (!entry.used)
      problems.error("--bind " + onnx::quote(name) +
                         " names no dim of an input",
                     free.empty() ? "all dims with names are bound in the file"
                                  : "free dims are " + free);
}
