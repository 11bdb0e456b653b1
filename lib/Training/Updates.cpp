// SPDX-License-Identifier: Apache-2.0
//===- Updates.cpp --------------------------------------------------------===//
//
// totals = [loss, stop, squared norm of each gradient]; its third to last
// entries added are the squared global norm, whose being finite is `ok`:
//
//   norm = sqrt(sum)    clip = min(max / (norm + 1e-6), 1), or 1 without --clip
//   new parameter and states = opt_update(.., clip, lr, count, ok)
//
// The order is that of the parameters' states in the module, and state by
// state: all exp_avg, then all exp_avg_sq, then the step block. These ops are
// no part of the forward program and have no ids.
//
//===----------------------------------------------------------------------===//
#include "Updates.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct Parameter {
  StateOp state;
  Value value, gradient;
  SmallVector<StateOp> optimizerStates;
  SmallVector<Value> optimizerValues;
};

/// What all updates share.
struct StepScalars {
  Value lr, count, stop, clip, ok;
};

class UpdateBuilder {
public:
  UpdateBuilder(func::FuncOp program, const TrainingOptions &options,
                SmallVector<Parameter> parameters)
      : program(program), options(options), parameters(std::move(parameters)) {}

  LogicalResult addStates(RankedTensorType scalar);
  void addReads();
  void addUpdates(Value loss);

private:
  FailureOr<StateOp> addState(OpBuilder &b, Location loc, const Twine &name,
                              RankedTensorType type, StringRef role,
                              StateOp of);
  Value addTotals(ProgramBuilder &b, Value loss);
  Value addClip(ProgramBuilder &b, Value norm);
  void addUpdate(Parameter &parameter);
  ProgramBuilder builderAt(Location loc) {
    Block &body = program.front();
    return ProgramBuilder(loc, {&body, body.getTerminator()->getIterator()},
                          /*nextId=*/nullptr);
  }
  void write(StateOp state, Value value) {
    ProgramBuilder b = builderAt(state.getLoc());
    OperationState op(state.getLoc(), WriteOp::getOperationName());
    op.addOperands(value);
    op.addAttribute("source", FlatSymbolRefAttr::get(state.getSymNameAttr()));
    b.create(op);
  }

  func::FuncOp program;
  const TrainingOptions &options;
  SmallVector<Parameter> parameters;
  /// The states lr, count, stop.
  SmallVector<StateOp> stepBlock;
  StepScalars step;
};
} // namespace

FailureOr<StateOp> UpdateBuilder::addState(OpBuilder &b, Location loc,
                                           const Twine &name,
                                           RankedTensorType type,
                                           StringRef role, StateOp of) {
  auto symbol = b.getStringAttr(name);
  auto module = program->getParentOfType<ModuleOp>();
  if (Operation *other = SymbolTable::lookupSymbolIn(module, symbol)) {
    other->emitError() << "the optimizer needs the name '" << symbol.getValue()
                       << "' for a state of its own; rename this one in the "
                          "model";
    return failure();
  }
  OperationState op(loc, StateOp::getOperationName());
  op.addAttribute("sym_name", symbol);
  op.addAttribute("type", TypeAttr::get(type));
  op.addAttribute("role", b.getStringAttr(role));
  if (of) {
    op.addAttribute("of", FlatSymbolRefAttr::get(of.getSymNameAttr()));
    op.addAttribute("source", ZeroAttr::get(b.getContext()));
  }
  return cast<StateOp>(b.create(op));
}

LogicalResult UpdateBuilder::addStates(RankedTensorType scalar) {
  OpBuilder b(program);
  bool ok = true;
  auto add = [&](Location loc, const Twine &name, RankedTensorType type,
                 StringRef role, StateOp of, SmallVectorImpl<StateOp> &to) {
    FailureOr<StateOp> state = addState(b, loc, name, type, role, of);
    ok &= succeeded(state);
    if (succeeded(state))
      to.push_back(*state);
  };
  for (StringRef suffix : options.optimizer.getStates())
    for (Parameter &p : parameters)
      add(p.state.getLoc(), p.state.getSymName() + "." + suffix,
          p.state.getTensorType(), "optimizer", p.state, p.optimizerStates);
  auto count = RankedTensorType::get({}, b.getI64Type());
  Location loc = program.getLoc();
  add(loc, kStepLr, scalar, "counter", {}, stepBlock);
  add(loc, kStepCount, count, "counter", {}, stepBlock);
  add(loc, kStepStop, scalar, "counter", {}, stepBlock);
  return success(ok);
}

/// After the reads that the program has.
void UpdateBuilder::addReads() {
  Block &body = program.front();
  OpBuilder b(program.getContext());
  b.setInsertionPointToStart(&body);
  for (ReadOp read : body.getOps<ReadOp>())
    b.setInsertionPointAfter(read);
  auto read = [&](StateOp state) -> Value {
    OperationState op(state.getLoc(), ReadOp::getOperationName());
    op.addAttribute("source", FlatSymbolRefAttr::get(state.getSymNameAttr()));
    op.addTypes(state.getTensorType());
    return b.create(op)->getResult(0);
  };
  for (size_t i = 0; i < options.optimizer.getStates().size(); ++i)
    for (Parameter &p : parameters)
      p.optimizerValues.push_back(read(p.optimizerStates[i]));
  step.lr = read(stepBlock[0]);
  step.count = read(stepBlock[1]);
  step.stop = read(stepBlock[2]);
}

Value UpdateBuilder::addTotals(ProgramBuilder &b, Value loss) {
  SmallVector<Value> entries = {loss, step.stop};
  SmallVector<StringRef> names = {"loss", "stop"};
  for (Parameter &p : parameters) {
    entries.push_back(
        builderAt(p.value.getLoc()).make<SumSquaresOp>({p.gradient}));
    names.push_back(p.state.getSymName());
  }
  return b.make<TotalsOp>(entries,
                          b.getNamedAttr("names", b.getStrArrayAttr(names)));
}

Value UpdateBuilder::addClip(ProgramBuilder &b, Value norm) {
  if (!options.clip)
    return b.splat(norm.getType(), 1.0);
  Value eps = b.splat(norm.getType(), 1e-6);
  Value max = b.splat(norm.getType(), *options.clip);
  Value one = *options.clip == 1.0 ? max : b.splat(norm.getType(), 1.0);
  Value denominator = b.make<AddOp>({norm, eps});
  Value ratio = b.make<DivOp>({max, denominator});
  return b.make<MinOp>({ratio, one});
}

void UpdateBuilder::addUpdate(Parameter &p) {
  const OptimizerOptions &optimizer = options.optimizer;
  ProgramBuilder b = builderAt(p.value.getLoc());
  SmallVector<Value> operands = {p.value, p.gradient};
  llvm::append_range(operands, p.optimizerValues);
  operands.append({step.clip, step.lr, step.count, step.ok});
  double decay =
      options.getDecay(p.state.getSymName(), p.state.getOuterShape().size());
  SmallVector<NamedAttribute> attributes = {
      b.text("kind", optimizer.kind),
      b.getNamedAttr("decay", b.getF64FloatAttr(decay))};
  if (optimizer.kind == "momentum") {
    attributes.push_back(
        b.getNamedAttr("momentum", b.getF64FloatAttr(optimizer.momentum)));
    if (optimizer.nesterov)
      attributes.push_back(b.getNamedAttr("nesterov", b.getUnitAttr()));
  } else if (optimizer.kind != "sgd") {
    attributes.push_back(
        b.getNamedAttr("betas", b.getDenseF64ArrayAttr(optimizer.betas)));
    attributes.push_back(
        b.getNamedAttr("eps", b.getF64FloatAttr(optimizer.eps)));
  }
  auto update = b.make<OptUpdateOp>(operands, attributes);
  p.value = update.getNewParam();
  p.optimizerValues.assign(update.getNewStates().begin(),
                           update.getNewStates().end());
}

void UpdateBuilder::addUpdates(Value loss) {
  auto name = StringAttr::get(program.getContext(), "step");
  ProgramBuilder b = builderAt(NameLoc::get(name));
  Value totals = addTotals(b, loss);
  int64_t width = parameters.size() + 2;
  Value squares =
      b.make<SliceOp>({totals}, {b.dims("start", 2), b.dims("limit", width)});
  Value sum =
      b.make<ReduceOp>({squares}, {b.text("kind", "sum"), b.dims("axes", 0)});
  step.ok = b.make<IsFiniteOp>({sum});
  Value norm = b.make<SqrtOp>({sum});
  step.clip = addClip(b, norm);
  for (Parameter &p : parameters)
    addUpdate(p);
  for (Parameter &p : parameters)
    write(p.state, p.value);
  for (size_t i = 0; i < options.optimizer.getStates().size(); ++i)
    for (Parameter &p : parameters)
      write(p.optimizerStates[i], p.optimizerValues[i]);

  program.front().getTerminator()->setOperands({totals, norm});
  program.setType(b.getFunctionType(program.getArgumentTypes(),
                                    {totals.getType(), norm.getType()}));
  auto metric = [&](StringRef text) {
    return b.getDictionaryAttr(b.text("mpt.metric", text));
  };
  SmallVector<DictionaryAttr> metrics = {metric("totals"), metric("grad_norm")};
  program.setAllResultAttrs(metrics);
}

LogicalResult mpt::appendUpdates(func::FuncOp program,
                                 ArrayRef<StateOp> parameters,
                                 const StateGradients &gradients, Value loss,
                                 const TrainingOptions &options) {
  llvm::DenseMap<StringAttr, Value> values;
  for (ReadOp read : program.front().getOps<ReadOp>())
    values.try_emplace(read.getSourceAttr().getAttr(), read.getResult());
  SmallVector<Parameter> updated;
  for (StateOp state : parameters) {
    StringAttr name = state.getSymNameAttr();
    updated.push_back(
        {state, values.lookup(name), gradients.lookup(name), {}, {}});
  }
  UpdateBuilder builder(program, options, std::move(updated));
  auto scalar = cast<RankedTensorType>(loss.getType());
  if (failed(builder.addStates(scalar)))
    return failure();
  builder.addReads();
  builder.addUpdates(loss);
  return success();
}
