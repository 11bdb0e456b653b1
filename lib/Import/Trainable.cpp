// SPDX-License-Identifier: Apache-2.0
//===- Trainable.cpp - which initializers are trained ---------------------===//
//
// First match wins:
//   1. --freeze REGEX, then --train REGEX, found anywhere in the ONNX name
//   2. not a floating point type: a buffer
//   3. no gradient path from the loss: frozen
//   4. the exporter's metadata on the initializer's value_info:
//      InputSpec.kind PARAMETER is trained, other kinds are not; folded_from
//      that names one PARAMETER is trained, that names none is not
//   5. the use, seen through what moves elements: operand of a contraction,
//      table of a take, scale or bias of a norm, rank 1 in arithmetic, a finite
//      table of rank 2 or more that is added: trained; tables that are
//      multiplied, also looked up (rotary caches), branches of a select, one
//      element that is spread over a dim of more, and frequencies (a row times
//      positions, of which sines and cosines are taken): not
//
//===----------------------------------------------------------------------===//
#include "GraphImport.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/Regex.h"
#include <cmath>

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;

static constexpr StringLiteral kindKey =
    "pkg.torch.export.graph_signature.InputSpec.kind";
static constexpr StringLiteral foldedKey =
    "pkg.onnxscript.optimizer.folded_from";
static constexpr StringLiteral signatureKey =
    "pkg.torch.export.ExportedProgram.graph_signature";

//===- flags, metadata ----------------------------------------------------===//

static bool matches(const Program &program, StringRef flag, StringRef name) {
  for (StringRef text : Config(program.module).getStrings(flag))
    if (llvm::Regex(text).match(name))
      return true;
  return false;
}

static void checkPatterns(Program &program, StringRef flag) {
  for (StringRef text : Config(program.module).getStrings(flag)) {
    std::string why;
    if (!llvm::Regex(text).isValid(why))
      program.problems.error("--" + flag.str() + " " + onnx::quote(text.str()) +
                             " is no regular expression: " + why);
    else if (llvm::none_of(program.stored, [&](const Stored &stored) {
               return llvm::Regex(text).match(stored.name);
             }))
      program.problems.warning("--" + flag.str() + " " +
                                   onnx::quote(text.str()) +
                                   " matches no state",
                               "--list-params prints the names");
  }
}

static const std::string *valueOf(const onnx::Metadata *metadata,
                                  StringRef key) {
  return metadata ? onnx::find(*metadata, {key.data(), key.size()}) : nullptr;
}

/// How many of the names in "['a', 'b']" the signature calls PARAMETER.
static unsigned countParameters(const Program &program, StringRef folded) {
  const std::string *signature =
      valueOf(&program.model.graph.metadata, signatureKey);
  unsigned count = 0;
  SmallVector<StringRef> names;
  folded.trim("[]").split(names, ", ");
  for (StringRef name : names) {
    name = name.trim("'\"");
    std::string line = ("PARAMETER target='" + name + "'").str();
    const std::string *kind = valueOf(program.metadata.lookup(name), kindKey);
    count += (kind && *kind == "PARAMETER") ||
             (signature && StringRef(*signature).contains(line));
  }
  return count;
}

/// What the exporter says; nullopt when it says nothing.
static std::optional<bool> fromMetadata(const Program &program,
                                        StringRef name) {
  const onnx::Metadata *metadata = program.metadata.lookup(name);
  if (const std::string *kind = valueOf(metadata, kindKey))
    return *kind == "PARAMETER";
  if (const std::string *folded = valueOf(metadata, foldedKey)) {
    unsigned count = countParameters(program, *folded);
    if (count <= 1)
      return count == 1;
  }
  return std::nullopt;
}

/// Whether all entries may be those of a parameter, none that of a mask.
static bool isFinite(const Program &program, const onnx::Tensor &tensor) {
  std::string bytes, why;
  constexpr uint64_t most = uint64_t(1) << 26;
  Type element = program.elementType(tensor.dtype);
  if (!element || !readTensor(program.model, tensor, most, bytes, why))
    return true;
  Host host = fromBytes(RankedTensorType::get(tensor.dims, element),
                        program.storedType(tensor.dtype), bytes);
  return llvm::all_of(
      host->data, [](Scalar s) { return std::isfinite(s.f) && s.f > -1e4; });
}

bool mlir::mpt::import::mayTrain(const Program &program,
                                 const onnx::Tensor &initializer) {
  if (!onnx::isTrainableFloat(initializer.dtype) || initializer.elements() == 0)
    return false;
  if (matches(program, "train", initializer.name))
    return true;
  std::optional<bool> said = fromMetadata(program, initializer.name);
  if (said == true || initializer.dims.size() <= 2)
    return said == true || !initializer.dims.empty();
  // Of a mask that the file repeats for every sample only one sample is read.
  return !said && isFinite(program, initializer);
}

//===- gradient paths -----------------------------------------------------===//

static bool isFloat(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  return type && isa<FloatType>(type.getElementType());
}

/// The output that --loss names; empty: all.
static StringRef lossOutput(const Program &program) {
  StringRef loss = Config(program.module).getString("loss");
  if (loss.consume_front("output:"))
    return loss;
  return loss.split('(').second.split(',').first.trim();
}

/// Values that a gradient of the loss flows to.
static llvm::DenseSet<Value> reachedByGradient(Program &program) {
  Operation *ret = program.function.front().getTerminator();
  StringRef wanted = lossOutput(program);
  SmallVector<Value> work;
  for (auto [i, v] : llvm::enumerate(ret->getOperands()))
    if (auto name =
            program.function.getResultAttrOfType<StringAttr>(i, "mpt.output"))
      if (name == wanted)
        work.push_back(v);
  if (work.empty())
    llvm::append_range(work, ret->getOperands());
  llvm::DenseSet<Value> reached;
  while (!work.empty()) {
    Value v = work.pop_back_val();
    if (!isFloat(v) || !reached.insert(v).second)
      continue;
    Operation *op = v.getDefiningOp();
    if (!op || op->hasTrait<NotDifferentiable>() ||
        isa<SignOp, FloorOp, CeilOp, RoundEvenOp>(op))
      continue;
    llvm::append_range(work, op->getOperands());
  }
  return reached;
}

//===- use ----------------------------------------------------------------===//

namespace {
enum class Use { None, Weight, Table, Frozen };
} // namespace

static bool isConstant(Value v) {
  while (auto broadcast = v.getDefiningOp<BroadcastOp>())
    v = broadcast.getInput();
  return v.getDefiningOp<ConstantOp>() != nullptr;
}

/// Whether looked-up rows only multiply what is computed, as those of rotary
/// caches do; a constant factor (of an embedding) does not count.
static bool onlyMultiplies(Value rows) {
  return llvm::all_of(rows.getUses(), [](OpOperand &use) {
    Operation *op = use.getOwner();
    if (isa<ReshapeOp, TransposeOp, ConvertOp, BroadcastOp>(op))
      return onlyMultiplies(op->getResult(0));
    if (!isa<MulOp>(op))
      return false;
    Value other = op->getOperand(1 - use.getOperandNumber());
    return !isConstant(other) || onlyMultiplies(op->getResult(0));
  });
}

/// Dims that are not 1, at least 1.
static unsigned thickRank(RankedTensorType type) {
  ArrayRef<int64_t> shape = type.getShape();
  return std::max<unsigned>(1, shape.size() - llvm::count(shape, 1));
}

/// Whether all values are computed from constants, integers and rows of
/// numbers in the file alone.
static bool arePositions(SmallVector<Value> work) {
  llvm::DenseSet<Value> seen;
  while (!work.empty()) {
    Value v = work.pop_back_val();
    if (!seen.insert(v).second || !isFloat(v))
      continue;
    Operation *op = v.getDefiningOp();
    if (!op ||
        (isa<ReadOp>(op) && thickRank(cast<RankedTensorType>(v.getType())) > 1))
      return false;
    llvm::append_range(work, op->getOperands());
  }
  return true;
}

/// Whether only sines and cosines of the row are taken, moved and times
/// positions, as of the frequencies of rotary embeddings.
static bool isFrequencies(Value row) {
  SmallVector<Value> work = {row}, factors;
  llvm::DenseSet<Value> seen;
  while (!work.empty()) {
    Value v = work.pop_back_val();
    if (v.use_empty())
      return false;
    for (OpOperand &use : v.getUses()) {
      Operation *op = use.getOwner();
      if (isa<SinOp, CosOp>(op))
        continue;
      if (isa<MulOp, DotGeneralOp>(op))
        factors.push_back(op->getOperand(1 - use.getOperandNumber()));
      else if (!isa<ReshapeOp, TransposeOp, ConvertOp, BroadcastOp, ConcatOp,
                    SliceOp>(op))
        return false;
      if (seen.insert(op->getResult(0)).second)
        work.push_back(op->getResult(0));
    }
  }
  return !factors.empty() && arePositions(std::move(factors));
}

/// `rank`: dims of the state that are not 1, at least 1.
static Use classify(OpOperand &use, unsigned rank) {
  Operation *op = use.getOwner();
  unsigned n = use.getOperandNumber();
  if (isa<DotGeneralOp>(op))
    return Use::Weight;
  if (isa<TakeOp>(op))
    return n != 0                             ? Use::None
           : onlyMultiplies(op->getResult(0)) ? Use::Frozen
                                              : Use::Weight;
  if (isa<LayerNormOp, RmsNormOp>(op))
    return n > 0 ? Use::Weight : Use::None;
  if (isa<AddOp, SubOp>(op))
    return rank == 1 ? Use::Weight : Use::Table;
  if (isa<MulOp, DivOp>(op))
    return rank == 1 ? Use::Weight : Use::Frozen;
  return isa<SelectOp>(op) ? Use::Frozen : Use::None;
}

static bool isTrainedByUse(const Program &program, const Stored &stored) {
  if (stored.type.getRank() == 0 || !stored.isInitializer)
    return false;
  unsigned rank = thickRank(stored.type);
  if (rank == 1 && isFrequencies(stored.read))
    return false;
  bool isOne = stored.type.getNumElements() == 1;
  bool isWeight = false, isTable = false;
  SmallVector<Value> work = {stored.read};
  while (!work.empty())
    for (OpOperand &use : work.pop_back_val().getUses()) {
      Operation *op = use.getOwner();
      auto broadcast = dyn_cast<BroadcastOp>(op);
      if (isOne && broadcast && broadcast.getDims().empty())
        return false;
      if (isa<ReshapeOp, TransposeOp, ConvertOp, BroadcastOp, ScatterRowsOp>(
              op)) {
        work.push_back(op->getResult(0));
        continue;
      }
      Use how = classify(use, rank);
      if (how == Use::Frozen)
        return false;
      isWeight |= how == Use::Weight;
      isTable |= how == Use::Table;
    }
  return isWeight || (isTable && isFinite(program, *stored.tensor));
}

SmallVector<Fate> mlir::mpt::import::decideTrainable(Program &program) {
  checkPatterns(program, "freeze");
  checkPatterns(program, "train");
  llvm::DenseSet<Value> reached = reachedByGradient(program);
  SmallVector<Fate> fates;
  for (const Stored &stored : program.stored) {
    Fate &fate = fates.emplace_back();
    if (!stored.read)
      continue;
    std::optional<bool> said = fromMetadata(program, stored.name);
    bool floating = isa<FloatType>(stored.type.getElementType());
    bool asked = floating && matches(program, "train", stored.name);
    bool byRule = floating && (said ? *said : isTrainedByUse(program, stored));
    bool frozen = matches(program, "freeze", stored.name);
    fate.isTrainable =
        !frozen && (asked || (byRule && reached.contains(stored.read)));
    fate.isParameter = asked || byRule;
  }
  return fates;
}
