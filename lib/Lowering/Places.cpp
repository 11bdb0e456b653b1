// SPDX-License-Identifier: Apache-2.0
#include "Places.h"
#include "mpt/Analysis/Memory/Packing.h"

using namespace mlir;
using namespace mlir::mpt;

FailureOr<TaskName> mpt::parseTask(func::FuncOp task) {
  if (std::optional<TaskName> name = readTaskName(task.getName()))
    return *name;
  return task.emitOpError()
         << "'" << task.getName() << "' is no task; expected s<stage>_<TASK>";
}

bool Address::meets(const Address &o) const {
  auto apart = [](int64_t a, int64_t aEnd, int64_t b, int64_t bEnd) {
    return aEnd <= b || bEnd <= a;
  };
  if (index == o.index && stride == o.stride && transfer == o.transfer)
    return !apart(at, at + bytes, o.at, o.at + o.bytes);
  auto end = [](const Address &a) {
    return a.at + (a.count - 1) * a.stride + a.bytes;
  };
  return !apart(at, end(*this), o.at, end(o));
}

//===- collecting --------------------------------------------------------===//

bool Places::isHere(int64_t stage) const {
  return stage >= 0 && stage < int64_t(stagePlace.size()) &&
         stagePlace[stage] == coordinate;
}

SmallVector<int64_t> Places::getStagesHere(TransferOp sum) const {
  SmallVector<int64_t> stages;
  if (std::optional<ArrayRef<int64_t>> among = sum.getAmong())
    for (int64_t stage : *among)
      if (isHere(stage))
        stages.push_back(stage);
  return stages;
}

TransferOp Places::getTransfer(StringRef name) const {
  return dyn_cast_or_null<TransferOp>(
      SymbolTable::lookupSymbolIn(module, name));
}

/// Inputs, outputs and metrics are the coordinate's, states too unless several
/// stages write them; a sum over NORM has one operand per stage.
Places::Key Places::keyOf(int64_t stage, BindingKind kind,
                          StringRef name) const {
  switch (kind) {
  case BindingKind::Inputs:
    return {-1, BindingKind::Input, name};
  case BindingKind::Input:
  case BindingKind::Output:
  case BindingKind::Metric:
    return {-1, kind, name};
  case BindingKind::State: {
    auto it = writers.find(name);
    bool copies = it != writers.end() && it->second.size() > 1;
    return {copies ? stage : -1, kind, name};
  }
  case BindingKind::Recv:
  case BindingKind::Send: {
    TransferOp transfer = getTransfer(name);
    if (transfer.getMode() == "move")
      return {-1, kind, name};
    if (transfer.getTask() == "acc")
      return {stage, BindingKind::Acc, *transfer.getOf()};
    // What comes back lies where the first stage's operand was.
    SmallVector<int64_t> here = getStagesHere(transfer);
    bool first = kind == BindingKind::Recv && !here.empty();
    return {first ? here.front() : stage, BindingKind::Send, name};
  }
  default:
    return {stage, kind, name};
  }
}

Places::Place *Places::lookup(const Key &key) {
  auto it = llvm::find_if(list, [&](const Place &p) { return p.key == key; });
  return it == list.end() ? nullptr : &*it;
}
const Places::Place *Places::lookup(const Key &key) const {
  return const_cast<Places *>(this)->lookup(key);
}

LogicalResult Places::collect(func::FuncOp task, std::optional<Binding> binding,
                              Type type, const Twine &what) {
  if (!binding)
    return task.emitOpError()
           << what << " of '" << task.getName()
           << "' is bound to nothing; expected one of mpt.state, mpt.input, "
              "mpt.inputs, mpt.output, mpt.save, mpt.once, mpt.acc, mpt.grad, "
              "mpt.recv, mpt.send, mpt.metric";
  if ((binding->kind == BindingKind::Recv ||
       binding->kind == BindingKind::Send) &&
      !getTransfer(binding->name))
    return task.emitOpError() << what << " of '" << task.getName()
                              << "' names no transfer: @" << binding->name;
  int64_t stage = parseTask(task)->stage;
  int64_t bytes = bytesOf(type);
  Key key = keyOf(stage, binding->kind, binding->name);
  bool whole = binding->kind == BindingKind::Inputs;
  Place *known = lookup(key);
  if (!known) {
    list.push_back({key, {}});
    known = &list.back();
    known->address.bytes = whole ? bytes / micro : bytes;
    return success();
  }
  int64_t expected = known->address.bytes * (whole ? micro : 1);
  if (bytes == expected)
    return success();
  return task.emitOpError() << what << " of '" << task.getName() << "' has "
                            << bytes << " bytes, '" << binding->name << "' has "
                            << expected << " in another task";
}

LogicalResult Places::collect(func::FuncOp task) {
  bool ok = true;
  for (BlockArgument arg : task.getArguments())
    ok &= succeeded(collect(task, getArgBinding(task, arg.getArgNumber()),
                            arg.getType(),
                            "argument " + Twine(arg.getArgNumber())));
  for (auto [i, type] : llvm::enumerate(task.getResultTypes()))
    ok &= succeeded(
        collect(task, getResultBinding(task, i), type, "result " + Twine(i)));
  return success(ok);
}

/// How many saved sets and slots the actions use.
void Places::countIndices() {
  auto atLeast = [](int64_t &count, int64_t index) {
    count = std::max(count, index + 1);
  };
  for (Operation &op : actions.getBody().front()) {
    if (auto run = dyn_cast<RunOp>(op)) {
      auto task = module.lookupSymbol<func::FuncOp>(run.getTask());
      if (run.getSave() && task)
        atLeast(saveCount[parseTask(task)->stage], *run.getSave());
    } else if (!isa<ExchangeOp>(op)) {
      auto transfer = op.getAttrOfType<FlatSymbolRefAttr>("transfer");
      auto slot = op.getAttrOfType<IntegerAttr>("slot");
      if (transfer && slot)
        atLeast(slotCount[transfer.getValue()], slot.getInt());
    }
  }
}

/// The accumulators that the collectives of RS take, in their order.
void Places::orderBuckets() {
  for (func::FuncOp task : tasks) {
    TaskName name = *parseTask(task);
    for (auto reduce : task.getBody().front().getOps<AllReduceOp>())
      for (Value operand : reduce.getInputs()) {
        while (auto view = operand.getDefiningOp<ReshapeOp>())
          operand = view.getInput();
        auto arg = dyn_cast<BlockArgument>(operand);
        if (!arg)
          continue;
        Binding binding = *getArgBinding(task, arg.getArgNumber());
        Key key = keyOf(name.stage, binding.kind, binding.name);
        if (key.kind == BindingKind::Acc && !llvm::is_contained(buckets, key))
          buckets.push_back(key);
      }
  }
}

LogicalResult Places::build() {
  bool ok = true;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal() || function->hasAttr("mpt.kernel"))
      continue;
    FailureOr<TaskName> name = parseTask(function);
    if (failed(name))
      return failure();
    if (!isHere(name->stage))
      continue;
    tasks.push_back(function);
    for (unsigned i = 0; i < function.getNumResults(); ++i) {
      std::optional<Binding> to = getResultBinding(function, i);
      if (!to || to->kind != BindingKind::State)
        continue;
      SmallVector<int64_t> &stages = writers[to->name];
      if (!llvm::is_contained(stages, name->stage))
        stages.push_back(name->stage);
    }
  }
  for (func::FuncOp task : tasks)
    ok &= succeeded(collect(task));
  if (!ok)
    return failure();
  countIndices();
  orderBuckets();
  layOutStates();
  layOutAccumulators();
  layOutStep();
  layOutInputs();
  layOutSavedSets();
  layOutTransfers();
  return success();
}

//===- layout ------------------------------------------------------------===//

int64_t Places::take(int64_t bytes) {
  int64_t at = cursor;
  cursor += alignTo(bytes, kArenaAlign);
  return at;
}
void Places::put(Place &place) { place.address.at = take(place.address.bytes); }

/// Parameters, then optimizer states, then the rest.
void Places::layOutStates() {
  for (StringRef role : {"parameter", "optimizer", ""})
    for (Place &place : list) {
      if (place.key.kind != BindingKind::State)
        continue;
      auto state = dyn_cast_or_null<StateOp>(
          SymbolTable::lookupSymbolIn(module, place.key.name));
      StringRef found = state ? state.getRole() : "";
      if (found == role ||
          (role.empty() && found != "parameter" && found != "optimizer"))
        put(place);
    }
}

void Places::layOutAccumulators() {
  for (const Key &key : buckets)
    put(*lookup(key));
  for (int64_t stage = 0; stage < int64_t(stagePlace.size()); ++stage)
    for (Place &place : list)
      if (place.key.kind == BindingKind::Acc && place.key.stage == stage &&
          !llvm::is_contained(buckets, place.key))
        put(place);
  for (Place &place : list) {
    if (place.key.kind != BindingKind::Grad)
      continue;
    // Reduced in place; a shard of it (ZeRO) has a place of its own.
    const Place *acc =
        lookup(Key{place.key.stage, BindingKind::Acc, place.key.name});
    if (acc && acc->address.bytes == place.address.bytes)
      place.address.at = acc->address.at;
    else
      put(place);
  }
}

/// Values of a step, operands of sums, metrics.
void Places::layOutStep() {
  for (Place &place : list) {
    bool isSum = place.key.kind == BindingKind::Send && place.key.stage >= 0;
    if (place.key.kind == BindingKind::Once ||
        place.key.kind == BindingKind::Metric || isSum)
      put(place);
  }
}

/// Micro-batches of an input are contiguous: WGT reads them as one tensor.
void Places::layOutInputs() {
  for (BindingKind kind : {BindingKind::Input, BindingKind::Output})
    for (Place &place : list) {
      if (place.key.kind != kind)
        continue;
      Address &a = place.address;
      a.index = IndexKind::Micro;
      a.count = micro;
      a.stride =
          kind == BindingKind::Input ? a.bytes : alignTo(a.bytes, kArenaAlign);
      a.at = take(a.stride * micro);
    }
}

StringRef Places::keptAs(StringRef transfer, int64_t stage) const {
  for (func::FuncOp task : tasks) {
    if (parseTask(task)->stage != stage)
      continue;
    auto results = task.getBody().front().getTerminator()->getOperands();
    for (auto [i, value] : llvm::enumerate(results)) {
      auto arg = dyn_cast<BlockArgument>(value);
      std::optional<Binding> to = getResultBinding(task, i);
      if (!arg || to->kind != BindingKind::Save)
        continue;
      std::optional<Binding> from = getArgBinding(task, arg.getArgNumber());
      if (from->kind == BindingKind::Recv && from->name == transfer)
        return to->name;
    }
  }
  return "";
}

void Places::layOutSavedSets() {
  llvm::MapVector<int64_t, SmallVector<Place *>> stages;
  for (Place &place : list)
    if (place.key.kind == BindingKind::Save)
      stages[place.key.stage].push_back(&place);
  for (auto &[stage, saved] : stages) {
    SavedSet set{stage, cursor, 0, std::max<int64_t>(saveCount[stage], 1)};
    for (Place *place : saved) {
      place->address.at = set.at + set.bytes;
      set.bytes += alignTo(place->address.bytes, kArenaAlign);
    }
    for (Place *place : saved) {
      place->address.index = IndexKind::Save;
      place->address.stride = set.bytes;
      place->address.count = set.count;
    }
    take(set.bytes * set.count);
    savedSets.push_back(set);
  }
}

/// The receiver's slots first: a sender on the same coordinate writes there.
void Places::layOutTransfers() {
  auto putSlots = [&](Place &place) {
    Address &a = place.address;
    a.index = IndexKind::Slot;
    a.transfer = place.key.name;
    a.count = std::max<int64_t>(slotCount[place.key.name], 1);
    a.stride = alignTo(a.bytes, kArenaAlign);
    a.at = take(a.stride * a.count);
  };
  for (Place &place : list) {
    if (place.key.kind != BindingKind::Recv)
      continue;
    int64_t to = *getTransfer(place.key.name).getTo();
    StringRef kept = keptAs(place.key.name, to);
    if (kept.empty())
      putSlots(place);
    else
      place.address = lookup(Key{to, BindingKind::Save, kept})->address;
  }
  for (Place &place : list) {
    if (place.key.kind != BindingKind::Send || place.key.stage >= 0)
      continue;
    const Place *received = lookup(Key{-1, BindingKind::Recv, place.key.name});
    if (!received) {
      putSlots(place);
      continue;
    }
    place.address = received->address;
    place.address.index = IndexKind::Slot;
    place.address.transfer = place.key.name;
  }
}

Address Places::find(int64_t stage, const Binding &binding) const {
  const Place *place = lookup(keyOf(stage, binding.kind, binding.name));
  assert(place && "all bindings of the coordinate were collected");
  Address address = place->address;
  if (binding.kind == BindingKind::Inputs) {
    address.index = IndexKind::None;
    address.bytes *= address.count;
    address.stride = 0;
    address.count = 1;
  }
  return address;
}

//===- attributes --------------------------------------------------------===//

namespace {
/// Builds `{kind = "state", name = "wte", at = 0, bytes = 4096}`.
struct Entry {
  Builder b;
  SmallVector<NamedAttribute> attrs;
  Entry(MLIRContext *context, StringRef kind, StringRef name = "")
      : b(context) {
    attrs.push_back(b.getNamedAttr("kind", b.getStringAttr(kind)));
    if (!name.empty())
      attrs.push_back(b.getNamedAttr("name", b.getStringAttr(name)));
  }
  Entry &add(StringRef key, int64_t value) {
    attrs.push_back(b.getNamedAttr(key, b.getI64IntegerAttr(value)));
    return *this;
  }
  Entry &add(StringRef key, Attribute value) {
    attrs.push_back(b.getNamedAttr(key, value));
    return *this;
  }
  Attribute get() { return b.getDictionaryAttr(attrs); }
};
} // namespace

ArrayAttr
Places::getPlaces(llvm::function_ref<FlatSymbolRefAttr(Type)> sumKernel) {
  MLIRContext *context = module.getContext();
  SmallVector<Attribute> entries;
  // Saved sets and values of a step are the tasks' own.
  static constexpr std::pair<BindingKind, StringLiteral> kinds[] = {
      {BindingKind::State, "state"},   {BindingKind::Acc, "acc"},
      {BindingKind::Grad, "grad"},     {BindingKind::Input, "input"},
      {BindingKind::Output, "output"}, {BindingKind::Send, "send"},
      {BindingKind::Recv, "recv"},     {BindingKind::Metric, "metric"}};
  for (auto [kind, name] : kinds) {
    SmallVector<const Place *> sorted;
    for (const Place &p : list)
      if (p.key.kind == kind && (kind != BindingKind::Send || p.key.stage < 0))
        sorted.push_back(&p);
    llvm::sort(sorted, [](const Place *a, const Place *b) {
      return a->address.at < b->address.at;
    });
    for (const Place *p : sorted) {
      bool plain = p->address.index == IndexKind::None;
      entries.push_back(Entry(context, name, p->key.name)
                            .add("at", p->address.at)
                            .add(plain ? "bytes" : "stride",
                                 plain ? p->address.bytes : p->address.stride)
                            .get());
    }
  }
  for (auto transfer : module.getOps<TransferOp>()) {
    if (transfer.getMode() != "sum")
      continue;
    SmallVector<int64_t> sources, targets;
    for (int64_t stage : getStagesHere(transfer)) {
      for (auto [kind, to] : {std::pair(BindingKind::Send, &sources),
                              std::pair(BindingKind::Recv, &targets)})
        if (const Place *p = lookup(keyOf(stage, kind, transfer.getSymName())))
          to->push_back(p->address.at);
    }
    if (sources.empty())
      continue;
    Builder b(context);
    Entry entry(context, "sum", transfer.getSymName());
    entry.add("sources", b.getI64ArrayAttr(sources))
        .add("targets", b.getI64ArrayAttr(targets));
    if (sources.size() > 1)
      entry.add("add", sumKernel(transfer.getInput()));
    entries.push_back(entry.get());
    // The sum over NORM is what the host reads as the step's totals.
    if (transfer.getTask() == "NORM")
      entries.push_back(Entry(context, "metric", transfer.getSymName())
                            .add("at", sources.front())
                            .add("bytes", bytesOf(transfer.getOutput()))
                            .get());
  }
  return ArrayAttr::get(context, entries);
}

ArrayAttr Places::getRegions(int64_t workBytes) {
  MLIRContext *context = module.getContext();
  SmallVector<Attribute> entries;
  for (const Place &p : list)
    if (p.key.kind == BindingKind::Once)
      entries.push_back(Entry(context, "once", p.key.name)
                            .add("stage", p.key.stage)
                            .add("at", p.address.at)
                            .add("bytes", p.address.bytes)
                            .get());
  for (const SavedSet &set : savedSets)
    entries.push_back(Entry(context, "save")
                          .add("stage", set.stage)
                          .add("at", set.at)
                          .add("stride", set.bytes)
                          .add("count", set.count)
                          .get());
  entries.push_back(
      Entry(context, "work").add("at", cursor).add("bytes", workBytes).get());
  return ArrayAttr::get(context, entries);
}
