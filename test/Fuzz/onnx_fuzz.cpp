// SPDX-License-Identifier: Apache-2.0
//===- onnx_fuzz.cpp - hostile bytes through the ONNX reader --------------===//
//
// Scan, structure and verification of whatever libFuzzer makes of the corpus.
// Budgets are small, so that an input that finds a way around one shows as a
// time-out or as memory, and external data is refused: no file is touched. A
// model that is accepted must keep the promises import relies on.
//
//===----------------------------------------------------------------------===//
#include "mpt/Import/Reader/Facts.h"
#include "mpt/Import/Reader/Load.h"
#include <cstdlib>

using namespace mpt::onnx;

static void require(bool promise) {
  if (!promise)
    abort();
}

static void checkTensor(const Tensor &tensor, size_t fileBytes) {
  require(isKnown(tensor.dtype) && tensor.elements() >= 0);
  if (tensor.dtype == DType::String)
    return;
  uint64_t need = storageBytes(tensor.dtype, uint64_t(tensor.elements()));
  if (tensor.inFile)
    require(tensor.location.empty() && tensor.offset <= fileBytes &&
            tensor.length <= fileBytes - tensor.offset &&
            tensor.length == need);
  else
    require(tensor.bytes.size() == need);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  LoadOptions options;
  options.budget.nodes = 10000;
  options.budget.fields = 100000;
  options.budget.structureBytes = 1 << 20;
  options.budget.inlineBytes = 1 << 16;
  std::string_view bytes(reinterpret_cast<const char *>(data), size);
  LoadResult result = loadModelBytes(bytes, "fuzz.onnx", options);
  require(result.model || result.problems.hasErrors());
  require(result.problems.str().find('\0') == std::string::npos);
  if (!result.model)
    return 0;
  for (const Tensor &tensor : result.model->graph.initializers)
    checkTensor(tensor, size);
  for (const Node &node : result.model->graph.nodes) {
    require(result.model->find(node.domain, node.op, node.overload) ||
            lookup(node.domain, node.op, result.model->opset(node.domain)));
    for (const Attribute &attribute : node.attributes)
      for (const Tensor &tensor : attribute.tensors)
        checkTensor(tensor, size);
  }
  return 0;
}
