// SPDX-License-Identifier: Apache-2.0
//===- Program.cpp - the program under construction -----------------------===//
#include "Program.h"

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;

Program::Program(ModuleOp module, const onnx::Model &model,
                 onnx::Problems &problems)
    : module(module), model(model), problems(problems),
      context(module.getContext()), builder(context),
      widen(Config(module).getPrecision() == "f64") {
  for (const onnx::ValueInfo &info : model.graph.valueInfo)
    metadata[info.name] = &info.metadata;
}

Type Program::storedType(onnx::DType dtype) const {
  auto integer = [&](unsigned width, IntegerType::SignednessSemantics sign) {
    return IntegerType::get(context, width, sign);
  };
  switch (dtype) {
  case onnx::DType::Float32:
    return Float32Type::get(context);
  case onnx::DType::Float64:
    return Float64Type::get(context);
  case onnx::DType::Float16:
    return Float16Type::get(context);
  case onnx::DType::BFloat16:
    return BFloat16Type::get(context);
  case onnx::DType::Bool:
    return integer(1, IntegerType::Signless);
  case onnx::DType::Int8:
    return integer(8, IntegerType::Signless);
  case onnx::DType::Int16:
    return integer(16, IntegerType::Signless);
  case onnx::DType::Int32:
    return integer(32, IntegerType::Signless);
  case onnx::DType::Int64:
    return integer(64, IntegerType::Signless);
  case onnx::DType::UInt8:
    return integer(8, IntegerType::Unsigned);
  case onnx::DType::UInt16:
    return integer(16, IntegerType::Unsigned);
  case onnx::DType::UInt32:
    return integer(32, IntegerType::Unsigned);
  case onnx::DType::UInt64:
    return integer(64, IntegerType::Unsigned);
  default:
    return Type();
  }
}

Type Program::elementType(onnx::DType dtype) const {
  if (widen && dtype == onnx::DType::Float32)
    return Float64Type::get(context);
  return storedType(dtype);
}

Val Program::addTensor(const onnx::Tensor &tensor, StringRef name,
                       bool isInitializer, bool mayTrain, std::string &why) {
  Type element = elementType(tensor.dtype);
  if (!element) {
    why = "has elements of type " + onnx::name(tensor.dtype) +
          ", which programs do not have";
    return Val();
  }
  Type fileElement = storedType(tensor.dtype);
  auto type = RankedTensorType::get(tensor.dims, element);
  bool small = fitsConstant(type);
  Val v;
  v.type = type;
  if (small && !mayTrain) {
    std::string bytes;
    if (!readTensor(model, tensor, kConstantLimit, bytes, why))
      return Val();
    v.host = fromBytes(type, fileElement, bytes);
    return v;
  }
  // A large constant that repeats itself (a mask for every sample).
  constexpr int64_t worthReading = int64_t(16) << 20;
  if (!mayTrain && byteSize(type) <= worthReading) {
    std::string bytes;
    if (!readTensor(model, tensor, worthReading, bytes, why))
      return Val();
    v.narrow = dropEqualDims(fromBytes(type, fileElement, bytes), v.dims);
    if (fitsConstant(v.narrow->type))
      return v;
    v.narrow = nullptr;
    v.dims.clear();
  }
  if (!mayTrain)
    if (std::optional<Val> repeated =
            addRepeated(tensor, name, isInitializer, type))
      return *repeated;
  if (!tensor.inFile && type.getNumElements() != 0) {
    why = "keeps its elements in fields that are no array in the file, so it "
          "cannot be a state";
    return Val();
  }
  v.initializer = stored.size();
  stored.push_back(
      {name.str(), &tensor, type, fileElement, isInitializer, Value()});
  return v;
}

/// How many of the leading dims the bytes of a tensor do not depend on.
static size_t countEqualDims(StringRef bytes, ArrayRef<int64_t> shape) {
  size_t dim = 0;
  for (; dim < shape.size(); ++dim) {
    size_t block = bytes.size() / shape[dim];
    for (int64_t i = 1; i < shape[dim]; ++i)
      if (bytes.take_front(block) != bytes.substr(i * block, block))
        return dim;
    bytes = bytes.take_front(block);
  }
  return dim;
}

/// A large tensor that the file repeats along its leading dims, such as a mask
/// per sample, is its first block (a state that can be met by any part of the
/// batch) and a broadcast. Nothing if it is no such tensor.
std::optional<Val> Program::addRepeated(const onnx::Tensor &tensor,
                                        StringRef name, bool isInitializer,
                                        RankedTensorType type) {
  constexpr uint64_t limit = 64 << 20;
  std::string bytes, why;
  if (!tensor.inFile || type.getNumElements() == 0 ||
      !readTensor(model, tensor, limit, bytes, why))
    return std::nullopt;
  size_t equal = countEqualDims(bytes, type.getShape());
  auto block = RankedTensorType::get(type.getShape().drop_front(equal),
                                     type.getElementType());
  if (block.getNumElements() == type.getNumElements())
    return std::nullopt;
  int64_t copies = type.getNumElements() / block.getNumElements();
  stored.push_back({name.str(), &tensor, block, storedType(tensor.dtype),
                    isInitializer, Value(), bytes.size() / copies});
  Val v;
  v.type = type;
  auto dims = llvm::to_vector(llvm::seq<int64_t>(equal, type.getRank()));
  Location loc = NameLoc::get(builder.getStringAttr(name));
  v.value = broadcastTo(readOf(stored.back()), dims, type, loc);
  return v;
}

Host Program::contents(const Val &v, std::string &why, uint64_t limit) {
  if (v.narrow && uint64_t(byteSize(v.type)) <= limit) {
    SmallVector<int64_t> strides = stridesOf(v.narrow->type.getShape());
    return foldMove(v.narrow, v.type, [&](ArrayRef<int64_t> at) {
      int64_t linear = 0;
      for (auto [i, d] : llvm::enumerate(v.dims))
        linear += at[d] * strides[i];
      return linear;
    });
  }
  if (v.host || v.initializer < 0 || !v.perm.empty()) {
    why = "is not known at compile time";
    return v.host;
  }
  const Stored &from = stored[v.initializer];
  std::string bytes;
  if (!readTensor(model, *from.tensor, limit, bytes, why))
    return nullptr;
  return fromBytes(from.type, from.fileElement, bytes);
}

Value Program::constantOf(const Host &host, Location loc) {
  Attribute attr = host->toAttribute();
  Value &known = constants[{host->type, attr}];
  if (!known)
    known = ConstantOp::create(
        builder, loc, TypeRange(host->type), ValueRange(),
        ArrayRef<NamedAttribute>(builder.getNamedAttr("value", attr)));
  return known;
}

/// `host` along `dims` of a tensor of the type. What is equal along the batch
/// (a mask repeated for every sample) can be cut there only as a broadcast.
Value Program::broadcastOf(const Host &host, ArrayRef<int64_t> dims,
                           RankedTensorType type, Location loc) {
  SmallVector<int64_t> kept;
  Host small = isa<DenseElementsAttr>(host->toAttribute())
                   ? dropEqualDims(host, kept)
                   : host;
  SmallVector<int64_t> at(dims);
  if (small != host)
    at = llvm::map_to_vector(kept, [&](int64_t d) { return dims[d]; });
  Value constant = constantOf(small, loc);
  if (small->type == type)
    return constant;
  return broadcastTo(constant, at, type, loc);
}

Value Program::broadcastTo(Value v, ArrayRef<int64_t> dims,
                           RankedTensorType type, Location loc) {
  return BroadcastOp::create(builder, loc, TypeRange(type), ValueRange(v),
                             ArrayRef<NamedAttribute>(builder.getNamedAttr(
                                 "dims", builder.getDenseI64ArrayAttr(dims))));
}

/// The state behind a tensor of the file, read at the entry.
Value Program::readOf(Stored &from) {
  if (from.read)
    return from.read;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.front());
  Location name = NameLoc::get(builder.getStringAttr(from.name));
  from.read = ReadOp::create(
      builder, name, TypeRange(from.type), ValueRange(),
      ArrayRef<NamedAttribute>(builder.getNamedAttr(
          "source", FlatSymbolRefAttr::get(context, from.name))));
  return from.read;
}

Value Program::materialize(const Val &v, Location loc) {
  if (v.value)
    return v.value;
  if (v.narrow)
    return broadcastOf(v.narrow, v.dims, v.type, loc);
  if (v.host)
    return broadcastOf(v.host, llvm::to_vector(llvm::seq(v.rank())), v.type,
                       loc);
  Value read = readOf(stored[v.initializer]);
  if (v.perm.empty())
    return read;
  return TransposeOp::create(
      builder, loc, TypeRange(v.type), ValueRange(read),
      ArrayRef<NamedAttribute>(
          builder.getNamedAttr("perm", builder.getDenseI64ArrayAttr(v.perm))));
}
