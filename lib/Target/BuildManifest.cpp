// SPDX-License-Identifier: Apache-2.0
// The manifest (runtime/include/mptrt/abi.def) from the form of phase 9: mesh,
// states, inputs and outputs from the module, places from the arenas, actions
// from the schedule, one row per call from the tasks. A stage has a state if a
// task of the stage has a buffer in the state's place. Refuses what the format
// cannot say (sub-axes) and what is missing.
#include "ProgramTables.h"
#include "mpt/IR/Config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <set>

using namespace mlir;
using namespace mlir::mpt;
namespace abi = mptrt::abi;

namespace {
class ManifestBuilder {
public:
  ManifestBuilder(ModuleOp module, ProgramTables &tables,
                  abi::Manifest &manifest)
      : module(module), tables(tables), config(module), m(manifest) {}
  LogicalResult build();

private:
  LogicalResult addHead();
  LogicalResult addInputs();
  LogicalResult addOutputs();
  LogicalResult addState(StateOp op);
  LogicalResult addSource(StateOp op, abi::Source &source);
  LogicalResult addTransfer(TransferOp op);
  LogicalResult addTask(func::FuncOp task);
  LogicalResult addCoordinate(int64_t pp);
  LogicalResult addPlace(ArenaOp arena, DictionaryAttr place,
                         abi::Coordinate &to);
  LogicalResult addTransferPlace(ArenaOp arena, DictionaryAttr place,
                                 StringRef kind, abi::Coordinate &to);
  void addMetric(DictionaryAttr place, abi::Coordinate &to);
  LogicalResult addActions(ActionsOp actions, abi::Coordinate &to);
  LogicalResult addAction(Operation *op, abi::Coordinate &to);
  void addStages();

  /// One cut per dim of a tensor type's sharding.
  LogicalResult addCuts(Location loc, ShardingAttr sharding, unsigned rank,
                        std::vector<abi::Cut> &cuts);
  ArenaOp findArena(int64_t pp);

  ModuleOp module;
  ProgramTables &tables;
  Config config;
  abi::Manifest &m;
  llvm::StringMap<int64_t> inputIndex, outputIndex;
};
} // namespace

static std::vector<int64_t> toVector(ArrayRef<int64_t> list) {
  return {list.begin(), list.end()};
}
static int64_t getInt(DictionaryAttr dict, StringRef key, int64_t fallback) {
  auto value = dict.getAs<IntegerAttr>(key);
  return value ? value.getInt() : fallback;
}
static StringRef getString(DictionaryAttr dict, StringRef key) {
  if (auto text = dict.getAs<StringAttr>(key))
    return text.getValue();
  if (auto symbol = dict.getAs<FlatSymbolRefAttr>(key))
    return symbol.getValue();
  return "";
}
static std::string print(Attribute attr) {
  std::string text;
  llvm::raw_string_ostream os(text);
  attr.print(os);
  return text;
}

LogicalResult ManifestBuilder::addCuts(Location loc, ShardingAttr sharding,
                                       unsigned rank,
                                       std::vector<abi::Cut> &cuts) {
  cuts.resize(rank);
  if (!sharding)
    return success();
  for (auto [cut, dim] : llvm::zip(cuts, sharding.getDims()))
    for (AxisRefAttr axis : dim.getAxes()) {
      if (!axis.isWhole())
        return emitError(loc) << "cut over the sub-axis " << axis
                              << " cannot be said in the manifest; use whole "
                                 "axes";
      cut.axes.push_back(axis.getName().str());
    }
  return success();
}

LogicalResult ManifestBuilder::addHead() {
  SmallString<256> path(config.getModel());
  (void)llvm::sys::fs::make_absolute(path);
  llvm::sys::path::remove_dots(path, /*remove_dot_dot=*/true);
  m.name = llvm::sys::path::stem(path).str();
  m.directory = llvm::sys::path::parent_path(path).str();
  m.program = config.isInference() ? "predict" : "step";
  m.target = config.getTarget().str();
  m.precision = config.getPrecision().str();
  m.schedule = tables.schedule.getName().str();
  m.optimizer = config.getString("optimizer").str();
  m.config = print(module->getAttr(kConfigAttr));
  m.clip = config.getDouble("clip", 0.0);
  m.microbatches = tables.schedule.getMicro();
  for (AxisRefAttr axis : tables.axes)
    m.axes.push_back({axis.getName().str(), axis.getSize()});
  m.place = toVector(tables.schedule.getPlace());
  for (func::FuncOp kernel : tables.kernels)
    m.kernels.push_back({kernel.getName().str()});
  if (!config.isInference()) {
    m.totals = {"loss", "stop"};
    for (StateOp state : tables.states)
      if (state.getTrainable())
        m.totals.push_back(state.getSymName().str());
  }
  return success();
}

LogicalResult ManifestBuilder::addInputs() {
  auto list = module->getAttrOfType<ArrayAttr>("mpt.inputs");
  if (!list)
    return module.emitError() << "has no 'mpt.inputs'; expected a list of "
                                 "{name, type, label} from phase 5";
  for (auto entry : list.getAsRange<DictionaryAttr>()) {
    auto type = entry.getAs<TypeAttr>("type");
    auto tensor =
        type ? dyn_cast<RankedTensorType>(type.getValue()) : RankedTensorType();
    if (!tensor || tensor.getRank() == 0)
      return module.emitError()
             << "input " << entry << " has no 'type'; expected a tensor";
    abi::Input input;
    input.name = getString(entry, "name").str();
    input.label = entry.contains("label");
    input.dtype = getDTypeNumber(tensor.getElementType());
    input.shape = toVector(tensor.getShape());
    if (failed(addCuts(module.getLoc(), getSharding(tensor), tensor.getRank(),
                       input.cuts)))
      return failure();
    m.batch = tensor.getDimSize(0);
    inputIndex[input.name] = m.inputs.size();
    m.inputs.push_back(input);
  }
  return success();
}

LogicalResult ManifestBuilder::addOutputs() {
  auto list = module->getAttrOfType<ArrayAttr>("mpt.outputs");
  if (!list)
    return success();
  for (auto entry : list.getAsRange<DictionaryAttr>()) {
    auto type = entry.getAs<TypeAttr>("type");
    auto tensor =
        type ? dyn_cast<RankedTensorType>(type.getValue()) : RankedTensorType();
    if (!tensor)
      return module.emitError()
             << "output " << entry << " has no 'type'; expected a tensor";
    abi::Output output;
    output.name = getString(entry, "name").str();
    output.dtype = getDTypeNumber(tensor.getElementType());
    output.shape = toVector(tensor.getShape());
    if (failed(addCuts(module.getLoc(), getSharding(tensor), tensor.getRank(),
                       output.cuts)))
      return failure();
    outputIndex[output.name] = m.outputs.size();
    m.outputs.push_back(output);
  }
  return success();
}

LogicalResult ManifestBuilder::addSource(StateOp op, abi::Source &source) {
  Attribute attr = op.getSource().value_or(Attribute());
  source.dtype = getDTypeNumber(op.getTensorType().getElementType());
  if (!attr || isa<ZeroAttr>(attr)) {
    source.kind = "zero";
  } else if (auto slice = dyn_cast<SliceAttr>(attr)) {
    source.kind = "file";
    source.file = slice.getFile().str();
    source.offset = slice.getOffset();
    source.bytes = slice.getBytes();
    source.dtype = getDTypeNumber(slice.getDtype());
    source.perm = toVector(slice.getPerm());
    // State dim i is dim perm[i] of the file's tensor.
    source.fileShape.resize(source.perm.size());
    for (auto [i, dim] : llvm::enumerate(slice.getPerm()))
      source.fileShape[dim] = op.getTensorType().getDimSize(i);
  } else if (auto copy = dyn_cast<FlatSymbolRefAttr>(attr)) {
    source.kind = "copy";
    source.file = copy.getValue().str();
  } else if (auto number = dyn_cast<FloatAttr>(attr)) {
    source.kind = "value";
    SmallString<32> text;
    number.getValue().toString(text);
    source.text = text.str().str();
  } else if (auto integer = dyn_cast<IntegerAttr>(attr)) {
    source.kind = "value";
    source.text = std::to_string(integer.getInt());
  } else {
    return op.emitOpError()
           << "source " << attr << " cannot be said in the manifest";
  }
  if (source.dtype < 0)
    return op.emitOpError() << "element type of " << op.getType()
                            << " is unknown to the runtime";
  return success();
}

LogicalResult ManifestBuilder::addState(StateOp op) {
  RankedTensorType type = op.getTensorType();
  abi::State state;
  state.name = op.getSymName().str();
  state.role = op.getRole().str();
  state.of = op.getOf().value_or("").str();
  state.trainable = op.getTrainable().has_value();
  state.decay = op.getDecay().has_value();
  state.dtype = getDTypeNumber(type.getElementType());
  state.shape = toVector(type.getShape());
  if (failed(addCuts(op.getLoc(), op.getStorageSharding(), type.getRank(),
                     state.cuts)) ||
      failed(addSource(op, state.source)))
    return failure();
  // An optimizer state is kept as its parameter is.
  StateOp outer = op;
  if (auto parameter = module.lookupSymbol<StateOp>(state.of))
    outer = parameter;
  if (outer.getFileShape())
    state.source.fileShape = toVector(*outer.getFileShape());
  m.states.push_back(state);
  return success();
}

LogicalResult ManifestBuilder::addTransfer(TransferOp op) {
  auto type = cast<ShapedType>(op.getInput());
  abi::Transfer transfer;
  transfer.name = op.getSymName().str();
  transfer.kind = op.getMode().str();
  transfer.task = op.getTask().str();
  transfer.from = op.getFrom().value_or(-1);
  transfer.to = op.getTo().value_or(-1);
  SmallVector<int64_t> stages{transfer.from, transfer.to};
  if (op.getAmong()) {
    transfer.among = toVector(*op.getAmong());
    stages.assign(transfer.among.begin(), transfer.among.end());
  }
  transfer.dtype = getDTypeNumber(type.getElementType());
  transfer.count = type.getNumElements();
  transfer.bytes = transfer.count * getElementBytes(type.getElementType());
  transfer.group = op.getOver() ? tables.getGroup(*op.getOver(), stages) : -1;
  m.transfers.push_back(transfer);
  return success();
}

static std::vector<std::string> getNodes(Operation *op) {
  std::vector<std::string> nodes;
  if (auto list = op->getAttrOfType<ArrayAttr>("nodes"))
    for (auto node : list.getAsRange<StringAttr>())
      nodes.push_back(node.getValue().str());
  return nodes;
}

LogicalResult ManifestBuilder::addTask(func::FuncOp function) {
  auto name = parseTaskName(function);
  if (failed(name))
    return failure();
  abi::Task task;
  task.name = function.getName().str();
  task.stage = name->first;
  task.kind = name->second.str();
  for (Operation &op : function.getBody().front()) {
    task.points += isa<PointOp>(op);
    abi::Launch row;
    row.group = -1;
    if (auto launch = dyn_cast<LaunchOp>(op)) {
      row.what = "kernel";
      row.kernel = launch.getKernel().str();
    } else if (auto library = dyn_cast<LibraryOp>(op)) {
      row.what = library.getName().str();
    } else if (auto over = op.getAttrOfType<ArrayAttr>("over")) {
      auto stages = op.getAttrOfType<DenseI64ArrayAttr>("stages");
      row.what = op.getName().stripDialect().str();
      row.group = tables.getGroup(over, stages ? stages.asArrayRef()
                                               : ArrayRef<int64_t>());
      row.bytes = op.getAttrOfType<IntegerAttr>("bytes").getInt();
    } else {
      continue;
    }
    row.nodes = getNodes(&op);
    task.launches.push_back(row);
  }
  m.tasks.push_back(task);
  return success();
}

ArenaOp ManifestBuilder::findArena(int64_t pp) {
  std::string name = "pp" + std::to_string(pp);
  for (auto arena : module.getOps<ArenaOp>())
    if (arena.getSymName() == name)
      return arena;
  return {};
}

LogicalResult ManifestBuilder::addTransferPlace(ArenaOp arena,
                                                DictionaryAttr place,
                                                StringRef kind,
                                                abi::Coordinate &to) {
  StringRef name = getString(place, "name");
  auto index = tables.transferIndex.find(name);
  if (index == tables.transferIndex.end())
    return arena.emitOpError() << "place of unknown transfer '" << name << "'";
  auto found = llvm::find_if(to.transfers, [&](const auto &known) {
    return known.transfer == index->second;
  });
  if (found == to.transfers.end()) {
    abi::TransferPlace fresh;
    fresh.transfer = index->second;
    fresh.send = fresh.receive = fresh.add = -1;
    found = to.transfers.insert(to.transfers.end(), fresh);
  }
  if (kind == "send") {
    found->send = getInt(place, "at", -1);
    found->sendStride = getInt(place, "stride", 0);
  } else if (kind == "recv") {
    found->receive = getInt(place, "at", -1);
    found->receiveStride = getInt(place, "stride", 0);
  } else {
    for (StringRef key : {"sources", "targets"}) {
      auto &list = key == "sources" ? found->sources : found->targets;
      if (auto dense = place.getAs<DenseI64ArrayAttr>(key))
        list = toVector(dense.asArrayRef());
      else if (auto array = place.getAs<ArrayAttr>(key))
        for (auto at : array.getAsRange<IntegerAttr>())
          list.push_back(at.getInt());
    }
    StringRef add = getString(place, "add");
    auto kernel = tables.kernelIndex.find(add);
    if (!add.empty() && kernel == tables.kernelIndex.end())
      return arena.emitOpError() << "there is no kernel '" << add << "'";
    found->add = add.empty() ? -1 : kernel->second;
  }
  return success();
}

void ManifestBuilder::addMetric(DictionaryAttr place, abi::Coordinate &to) {
  abi::Metric metric;
  metric.name = getString(place, "name").str();
  metric.offset = getInt(place, "at", -1);
  metric.count =
      getInt(place, "count", metric.name == "totals" ? m.totals.size() : 1);
  metric.dtype = m.precision == "f64" ? abi::DTypeF64 : abi::DTypeF32;
  to.metrics.push_back(metric);
}

LogicalResult ManifestBuilder::addPlace(ArenaOp arena, DictionaryAttr place,
                                        abi::Coordinate &to) {
  StringRef kind = getString(place, "kind"), name = getString(place, "name");
  int64_t at = getInt(place, "at", -1), bytes = getInt(place, "bytes", 0);
  int64_t stride = getInt(place, "stride", 0);
  auto refuse = [&]() {
    return arena.emitOpError()
           << "place of unknown " << kind << " '" << name << "'";
  };
  if (kind == "state" || kind == "grad") {
    auto index = tables.stateIndex.find(name);
    if (index == tables.stateIndex.end())
      return refuse();
    // Stages that write copies of a state have a place of it each, their
    // gradients in the same order.
    auto found = llvm::find_if(to.states, [&](const auto &known) {
      return known.state == index->second &&
             (kind == "state" ? known.offset : known.grad) < 0;
    });
    if (found == to.states.end())
      found = to.states.insert(to.states.end(), {index->second, -1, 0, -1});
    if (kind == "grad") {
      found->grad = at;
    } else {
      found->offset = at;
      found->bytes = bytes;
    }
  } else if (kind == "acc" || kind == "zero") {
    to.zeroed.push_back({at, bytes});
  } else if (kind == "input") {
    auto index = inputIndex.find(name);
    if (index == inputIndex.end())
      return refuse();
    to.inputs.push_back({index->second, at, stride});
  } else if (kind == "output") {
    auto index = outputIndex.find(name);
    if (index == outputIndex.end())
      return refuse();
    to.outputs.push_back({index->second, at, stride});
  } else if (kind == "send" || kind == "recv" || kind == "sum") {
    return addTransferPlace(arena, place, kind, to);
  } else if (kind == "metric") {
    addMetric(place, to);
  } else {
    return refuse();
  }
  return success();
}

LogicalResult ManifestBuilder::addAction(Operation *op, abi::Coordinate &to) {
  abi::Action action;
  action.task = action.transfer = action.microbatch = action.slot = -1;
  if (auto mb = op->getAttrOfType<IntegerAttr>("mb"))
    action.microbatch = mb.getInt();
  if (auto slot = op->getAttrOfType<IntegerAttr>("slot"))
    action.slot = slot.getInt();
  if (auto run = dyn_cast<RunOp>(op)) {
    auto index = tables.taskIndex.find(run.getTask());
    if (index == tables.taskIndex.end())
      return run.emitOpError() << "there is no task '" << run.getTask() << "'";
    action.op = abi::ActionRun;
    action.task = index->second;
    action.index = {std::max<int64_t>(action.microbatch, 0),
                    int64_t(run.getSave().value_or(0))};
    func::FuncOp task = tables.tasks[index->second];
    for (unsigned i = 0; i < task.getNumArguments(); ++i) {
      auto slot = task.getArgAttrOfType<FlatSymbolRefAttr>(i, "mpt.slot");
      if (!slot)
        continue;
      DictionaryAttr slots = run.getSlotsAttr();
      action.index.push_back(slots ? getInt(slots, slot.getValue(), 0) : 0);
    }
  } else {
    auto transfer = op->getAttrOfType<FlatSymbolRefAttr>("transfer");
    auto index = transfer ? tables.transferIndex.find(transfer.getValue())
                          : tables.transferIndex.end();
    if (index == tables.transferIndex.end())
      return op->emitOpError() << "names no transfer of the module";
    action.transfer = index->second;
    action.op = isa<SendOp>(op)       ? abi::ActionSend
                : isa<RecvOp>(op)     ? abi::ActionReceive
                : isa<HandOverOp>(op) ? abi::ActionHandOver
                                      : abi::ActionExchange;
  }
  to.actions.push_back(action);
  return success();
}

LogicalResult ManifestBuilder::addActions(ActionsOp actions,
                                          abi::Coordinate &to) {
  to.peakBytes = actions.getPeak();
  for (Operation &op : *actions.getOps().begin()->getBlock())
    if (failed(addAction(&op, to)))
      return failure();
  return success();
}

LogicalResult ManifestBuilder::addCoordinate(int64_t pp) {
  ArenaOp arena = findArena(pp);
  if (!arena)
    return module.emitError()
           << "has no arena '@pp" << pp << "' for pipeline coordinate " << pp;
  abi::Coordinate coordinate;
  coordinate.arenaBytes = arena.getBytes();
  coordinate.arenaAlign = arena.getAlign();
  if (auto events = arena->getAttrOfType<IntegerAttr>("events"))
    coordinate.events = events.getInt();
  for (auto [stage, where] : llvm::enumerate(tables.schedule.getPlace()))
    if (where == pp)
      coordinate.stages.push_back(stage);
  if (auto places = arena->getAttrOfType<ArrayAttr>("places"))
    for (auto place : places.getAsRange<DictionaryAttr>())
      if (failed(addPlace(arena, place, coordinate)))
        return failure();
  for (auto actions : tables.schedule.getBody().getOps<ActionsOp>())
    if (int64_t(actions.getPp()) == pp && !actions.getBody().getOps().empty() &&
        failed(addActions(actions, coordinate)))
      return failure();
  m.coordinates.push_back(coordinate);
  return success();
}

/// Stages whose tasks have a buffer in a state's place.
void ManifestBuilder::addStages() {
  std::vector<std::set<int64_t>> stages(m.states.size());
  for (func::FuncOp task : tables.tasks) {
    int64_t stage = parseTaskName(task)->first;
    const abi::Coordinate &where = m.coordinates[tables.getCoordinate(stage)];
    for (auto buffer : task.getBody().getOps<BufferOp>())
      for (const abi::StatePlace &place : where.states)
        if (!buffer.getIndex() && int64_t(buffer.getAt()) >= place.offset &&
            int64_t(buffer.getAt()) < place.offset + place.bytes)
          stages[place.state].insert(stage);
  }
  for (auto [state, list] : llvm::zip(m.states, stages))
    state.stages.assign(list.begin(), list.end());
}

LogicalResult ManifestBuilder::build() {
  if (failed(addHead()) || failed(addInputs()) || failed(addOutputs()))
    return failure();
  for (StateOp state : tables.states)
    if (failed(addState(state)))
      return failure();
  for (TransferOp transfer : tables.transfers)
    if (failed(addTransfer(transfer)))
      return failure();
  for (func::FuncOp task : tables.tasks)
    if (failed(addTask(task)))
      return failure();
  for (int64_t pp = 0; pp < tables.countCoordinates(); ++pp)
    if (failed(addCoordinate(pp)))
      return failure();
  addStages();
  m.groups = tables.groups;
  return success();
}

LogicalResult mpt::buildManifest(ModuleOp module, ProgramTables &tables,
                                 abi::Manifest &manifest) {
  return ManifestBuilder(module, tables, manifest).build();
}
