// SPDX-License-Identifier: Apache-2.0
//===- Program.h - the program under construction ---------------*- C++ -*-===//
//
// What all nodes of a model share while @predict is built: the function, the
// states behind initializers, constants, element types, problems.
//
// An initializer becomes a state only when an op reads it: those that are used
// for their contents (a Reshape's target, a Pad's value) leave no trace.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_IMPORT_PROGRAM_H
#define MPT_LIB_IMPORT_PROGRAM_H

#include "HostTensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mpt/IR/Config.h"
#include "mpt/IR/Mpt.h"
#include "mpt/Import/Reader/Load.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::mpt::import {

namespace onnx = ::mpt::onnx;

/// What a name of the graph stands for: an SSA value, contents known at import,
/// or an initializer, perhaps seen through a Transpose. A Val without type is
/// an omitted input, or the result of a failure that has been reported.
struct Val {
  RankedTensorType type;
  Value value;
  Host host;
  /// `host` is this along `dims`: materialized as constant and broadcast, since
  /// a constant that lists its elements cannot be sharded.
  Host narrow;
  SmallVector<int64_t> dims;
  int initializer = -1;      ///< index into Program's table
  SmallVector<int64_t> perm; ///< dim i is the initializer's dim perm[i]

  explicit operator bool() const { return bool(type); }
  ArrayRef<int64_t> shape() const { return type.getShape(); }
  int64_t rank() const { return type.getRank(); }
  Type element() const { return type.getElementType(); }
  bool isFloat() const { return isa<FloatType>(element()); }
};

/// A tensor of the file that may become a state.
struct Stored {
  std::string name;
  const onnx::Tensor *tensor;
  RankedTensorType type; ///< in the program
  Type fileElement;      ///< in the file
  bool isInitializer;    ///< not the value of a Constant node
  Value read;            ///< mpt.read, once used
  uint64_t length = 0;   ///< bytes from the tensor's offset; 0: all
};

class Program {
public:
  Program(ModuleOp module, const onnx::Model &model, onnx::Problems &problems);

  ModuleOp module;
  const onnx::Model &model;
  onnx::Problems &problems;
  MLIRContext *context;
  func::FuncOp function;
  OpBuilder builder;
  std::vector<Stored> stored;
  /// Metadata that the exporter left on values, by name.
  llvm::StringMap<const onnx::Metadata *> metadata;

  /// The element type in the program, which --precision may widen; null for
  /// types that programs do not have.
  Type elementType(onnx::DType dtype) const;
  /// The element type in the file.
  Type storedType(onnx::DType dtype) const;

  /// A tensor of the file as a Val; `isParameter`: float contents may be
  /// trained and are not folded. Null and `why` when it has no such form.
  Val addTensor(const onnx::Tensor &tensor, StringRef name, bool isInitializer,
                bool mayTrain, std::string &why);
  /// The contents, read from the file if need be; null when not known or when
  /// the file has more than `limit` bytes of them.
  Host contents(const Val &v, std::string &why,
                uint64_t limit = kConstantLimit);
  /// The SSA value; builds constants, reads and transposes of states.
  Value materialize(const Val &v, Location loc);

private:
  std::optional<Val> addRepeated(const onnx::Tensor &tensor, StringRef name,
                                 bool isInitializer, RankedTensorType type);
  Value readOf(Stored &from);
  Value broadcastTo(Value v, ArrayRef<int64_t> dims, RankedTensorType type,
                    Location loc);
  Value constantOf(const Host &host, Location loc);
  Value broadcastOf(const Host &host, ArrayRef<int64_t> dims,
                    RankedTensorType type, Location loc);

  bool widen;
  llvm::DenseMap<std::pair<Type, Attribute>, Value> constants;
};

} // namespace mlir::mpt::import
#endif
