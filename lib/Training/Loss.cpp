// SPDX-License-Identifier: Apache-2.0
//===- Loss.cpp -----------------------------------------------------------===//
//
// cross_entropy: the sum over labels that are not ignored, divided by their
// number. mse: the sum of squared differences, divided by the number of
// elements. output: a scalar that the graph computes itself, with seed 1; it
// is up to phase 4 whether it is a sum along the batch.
//
//===----------------------------------------------------------------------===//
#include "Loss.h"
#include "mpt/IR/Mpt.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct LossBuilder {
  func::FuncOp program;
  const LossOptions &options;
  ProgramBuilder b;

  FailureOr<LossTerm> build();

private:
  Operation *getReturn() { return program.front().getTerminator(); }
  InFlightDiagnostic emitError() {
    return program.emitError() << "loss '" << options.text << "': ";
  }
  void listOutputs(InFlightDiagnostic &diagnostic);
  Value findOutput();
  Value addLabel(RankedTensorType type);
  LogicalResult checkLabel();

  FailureOr<LossTerm> crossEntropy(Value logits);
  FailureOr<LossTerm> meanSquaredError(Value prediction);
  FailureOr<LossTerm> fromOutput(Value output);
  LossTerm finish(Value sum, Value seed) {
    return {b.make<MulOp>({sum, seed}), sum, seed, b.getLoc()};
  }
};
} // namespace

void LossBuilder::listOutputs(InFlightDiagnostic &diagnostic) {
  SmallVector<std::string> outputs;
  for (auto [i, value] : llvm::enumerate(getReturn()->getOperands())) {
    auto name = program.getResultAttrOfType<StringAttr>(i, "mpt.output");
    std::string text;
    llvm::raw_string_ostream(text)
        << "'" << (name ? name.getValue() : "") << "' : " << value.getType();
    outputs.push_back(text);
  }
  diagnostic << "; the model's outputs are " << llvm::join(outputs, ", ");
}

/// The graph output that the loss names, or null.
Value LossBuilder::findOutput() {
  for (auto [i, value] : llvm::enumerate(getReturn()->getOperands())) {
    auto name = program.getResultAttrOfType<StringAttr>(i, "mpt.output");
    if (name && name.getValue() == options.output)
      return value;
  }
  auto diagnostic = emitError()
                    << "no output is named '" << options.output << "'";
  listOutputs(diagnostic);
  return {};
}

LogicalResult LossBuilder::checkLabel() {
  for (unsigned i = 0; i < program.getNumArguments(); ++i) {
    auto name = program.getArgAttrOfType<StringAttr>(i, "mpt.input");
    if (name && name.getValue() == options.label)
      return emitError() << "'" << options.label
                         << "' is an input of the model already; the label is "
                            "a new input, give it another name";
  }
  return success();
}

Value LossBuilder::addLabel(RankedTensorType type) {
  SmallVector<NamedAttribute> attributes = {
      b.text("mpt.input", options.label),
      b.getNamedAttr("mpt.label", b.getUnitAttr())};
  unsigned index = program.getNumArguments();
  LogicalResult added = program.insertArgument(
      index, type, b.getDictionaryAttr(attributes), b.getLoc());
  assert(succeeded(added) && "a function with a body takes arguments");
  (void)added;
  return program.getArgument(index);
}

FailureOr<LossTerm> LossBuilder::crossEntropy(Value logits) {
  auto type = cast<RankedTensorType>(logits.getType());
  if (type.getRank() == 0 || !isa<FloatType>(type.getElementType())) {
    auto diagnostic = emitError()
                      << "logits must be floats with the classes on the last "
                         "axis, found "
                      << type;
    listOutputs(diagnostic);
    return failure();
  }
  Value labels = addLabel(
      RankedTensorType::get(type.getShape().drop_back(), b.getI64Type()));
  NamedAttribute ignore =
      b.getNamedAttr("ignore_index", b.getI64IntegerAttr(options.ignoreIndex));
  Value sum = b.make<CrossEntropyOp>({logits, labels}, ignore).getLoss();
  Value weight = b.makeAs<LabelWeightOp>(sum.getType(), {labels}, ignore);
  Value one = b.splat(sum.getType(), 1.0);
  return finish(sum, b.make<DivOp>({one, weight}));
}

FailureOr<LossTerm> LossBuilder::meanSquaredError(Value prediction) {
  auto type = cast<RankedTensorType>(prediction.getType());
  if (!isa<FloatType>(type.getElementType())) {
    auto diagnostic = emitError()
                      << "the prediction must be floats, found " << type;
    listOutputs(diagnostic);
    return failure();
  }
  Value target = addLabel(type);
  Value difference = b.make<SubOp>({prediction, target});
  Value square = b.make<MulOp>({difference, difference});
  auto axes = llvm::to_vector(llvm::seq<int64_t>(type.getRank()));
  Value sum =
      b.make<ReduceOp>({square}, {b.text("kind", "sum"), b.dims("axes", axes)});
  return finish(sum, b.splat(sum.getType(), 1.0 / type.getNumElements()));
}

FailureOr<LossTerm> LossBuilder::fromOutput(Value output) {
  auto type = cast<RankedTensorType>(output.getType());
  if (type.getNumElements() != 1 || !isa<FloatType>(type.getElementType())) {
    auto diagnostic = emitError() << "a loss must be one float, found " << type;
    listOutputs(diagnostic);
    return failure();
  }
  auto scalar = RankedTensorType::get({}, type.getElementType());
  if (type.getRank() != 0)
    output = b.makeAs<ReshapeOp>(scalar, {output});
  return LossTerm{output, output, b.splat(scalar, 1.0), b.getLoc()};
}

FailureOr<LossTerm> LossBuilder::build() {
  Value output = findOutput();
  bool ok = succeeded(checkLabel()) && output;
  if (!ok)
    return failure();
  switch (options.kind) {
  case LossOptions::Kind::CrossEntropy:
    return crossEntropy(output);
  case LossOptions::Kind::MeanSquaredError:
    return meanSquaredError(output);
  case LossOptions::Kind::Output:
    return fromOutput(output);
  }
  llvm_unreachable("all kinds are above");
}

FailureOr<LossTerm> mpt::appendLoss(func::FuncOp program,
                                    const LossOptions &options,
                                    int64_t &nextId) {
  Block &body = program.front();
  OpBuilder::InsertPoint end(&body, body.getTerminator()->getIterator());
  auto loc = NameLoc::get(StringAttr::get(program.getContext(), "loss"));
  return LossBuilder{program, options, ProgramBuilder(loc, end, &nextId)}
      .build();
}
