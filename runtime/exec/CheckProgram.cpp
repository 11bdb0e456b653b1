// SPDX-License-Identifier: Apache-2.0
// Checks a manifest before anything trusts it: one walk over each list, the
// first broken promise is reported.
#include "exec/Program.h"

#include <algorithm>

namespace mptrt {

namespace {

class Checker {
public:
  explicit Checker(const Program &program)
      : program(program), manifest(program.manifest) {}

  Status run() {
    MPTRT_TRY(checkLists());
    for (size_t i = 0; i < manifest.coordinates.size(); ++i)
      MPTRT_TRY(checkCoordinate(manifest.coordinates[i])
                    .withContext(formatText("coordinate %zu", i)));
    return Status();
  }

private:
  Status broken(const char *what, int64_t found, int64_t limit) const {
    return makeStatus(Code::Internal, "%s is %lld; expected 0 to %lld", what,
                      (long long)found, (long long)limit - 1);
  }
  template <typename List>
  Status index(const char *what, int64_t found, const List &list) const {
    int64_t size = static_cast<int64_t>(list.size());
    return found >= 0 && found < size ? Status() : broken(what, found, size);
  }
  Status place(const abi::Coordinate &at, const char *what, int64_t offset,
               int64_t bytes) const {
    bool inside = offset >= 0 && bytes >= 0 && bytes <= at.arenaBytes &&
                  offset <= at.arenaBytes - bytes;
    if (inside)
      return Status();
    return makeStatus(Code::Internal,
                      "%s lies at [%lld, %lld) of an arena of %lld bytes", what,
                      (long long)offset, (long long)(offset + bytes),
                      (long long)at.arenaBytes);
  }
  Status tensor(const std::string &name, int64_t dtype, const Shape &shape,
                const std::vector<abi::Cut> &cuts) const {
    bool known = dtypeSize(static_cast<DType>(dtype)) > 0;
    bool fits = cuts.empty() || cuts.size() == shape.size();
    bool sized = std::all_of(shape.begin(), shape.end(),
                             [](int64_t size) { return size >= 0; });
    if (known && fits && sized)
      return Status();
    return makeStatus(
        Code::Internal, "'%s' has element type %lld, shape %s and %zu cuts",
        name.c_str(), (long long)dtype, shapeText(shape).c_str(), cuts.size());
  }
  int64_t localBytes(int64_t dtype, const Shape &shape,
                     const std::vector<abi::Cut> &cuts) const {
    Box box = boxOf(shape, cuts, program.mesh.lookup(0));
    return elementCount(box.bound) *
           static_cast<int64_t>(dtypeSize(static_cast<DType>(dtype)));
  }

  Status checkLists() const;
  Status checkTransfer(const abi::Transfer &transfer) const;
  Status checkCoordinate(const abi::Coordinate &at) const;
  Status checkPlaces(const abi::Coordinate &at) const;
  Status checkTransferPlace(const abi::Coordinate &at,
                            const abi::TransferPlace &place) const;
  Status checkAction(const abi::Coordinate &at,
                     const abi::Action &action) const;

  const Program &program;
  const abi::Manifest &manifest;
};

} // namespace

Status Checker::checkTransfer(const abi::Transfer &transfer) const {
  if (transfer.group >= 0)
    MPTRT_TRY(index("group of a transfer", transfer.group, manifest.groups));
  if (transfer.kind == "move") {
    MPTRT_TRY(index("stage of a transfer", transfer.from, manifest.place));
    MPTRT_TRY(index("stage of a transfer", transfer.to, manifest.place));
  }
  return Status();
}

Status Checker::checkLists() const {
  for (const abi::Axis &axis : manifest.axes)
    if (axis.size < 1)
      return broken("size of an axis", axis.size, 1 << 20);
  if (static_cast<int64_t>(manifest.coordinates.size()) !=
      program.mesh.coordinates())
    return makeStatus(Code::Internal, "%zu coordinates; expected %d",
                      manifest.coordinates.size(), program.mesh.coordinates());
  if (manifest.microbatches < 1)
    return broken("number of micro-batches", manifest.microbatches, 1 << 20);
  for (int64_t coordinate : manifest.place)
    MPTRT_TRY(index("place of a stage", coordinate, manifest.coordinates));
  for (const abi::State &state : manifest.states)
    MPTRT_TRY(tensor(state.name, state.dtype, state.shape, state.cuts));
  for (const abi::Input &input : manifest.inputs)
    MPTRT_TRY(tensor(input.name, input.dtype, input.shape, input.cuts));
  for (const abi::Output &output : manifest.outputs)
    MPTRT_TRY(tensor(output.name, output.dtype, output.shape, output.cuts));
  for (const abi::State &state : manifest.states) {
    const Shape &file = state.source.fileShape;
    const auto &perm = state.source.perm;
    bool fits = file.empty() || elementCount(file) == elementCount(state.shape);
    for (size_t i = 0; fits && i < perm.size(); ++i)
      fits = perm.size() == state.shape.size() && file.size() == perm.size() &&
             perm[i] >= 0 && perm[i] < static_cast<int64_t>(file.size()) &&
             file[static_cast<size_t>(perm[i])] == state.shape[i];
    if (!fits)
      return makeStatus(Code::Internal, "'%s' has shape %s, in its file %s",
                        state.name.c_str(), shapeText(state.shape).c_str(),
                        shapeText(file).c_str());
  }
  for (const abi::Transfer &transfer : manifest.transfers)
    MPTRT_TRY(checkTransfer(transfer).withContext("@" + transfer.name));
  return Status();
}

Status Checker::checkPlaces(const abi::Coordinate &at) const {
  for (const abi::StatePlace &item : at.states) {
    MPTRT_TRY(index("state", item.state, manifest.states));
    const abi::State &state = manifest.states[static_cast<size_t>(item.state)];
    int64_t bytes = localBytes(state.dtype, state.shape, state.cuts);
    MPTRT_TRY(place(at, state.name.c_str(), item.offset, bytes));
    if (item.grad >= 0)
      MPTRT_TRY(place(at, state.name.c_str(), item.grad, bytes));
  }
  for (const abi::InputPlace &item : at.inputs) {
    MPTRT_TRY(index("input", item.input, manifest.inputs));
    const abi::Input &input = manifest.inputs[static_cast<size_t>(item.input)];
    MPTRT_TRY(place(at, input.name.c_str(), item.offset,
                    item.stride * (manifest.microbatches - 1) +
                        localBytes(input.dtype, input.shape, input.cuts)));
  }
  for (const abi::OutputPlace &item : at.outputs) {
    MPTRT_TRY(index("output", item.output, manifest.outputs));
    const abi::Output &output =
        manifest.outputs[static_cast<size_t>(item.output)];
    MPTRT_TRY(place(at, output.name.c_str(), item.offset,
                    item.stride * (manifest.microbatches - 1) +
                        localBytes(output.dtype, output.shape, output.cuts)));
  }
  for (const abi::Metric &item : at.metrics) {
    int64_t size =
        static_cast<int64_t>(dtypeSize(static_cast<DType>(item.dtype)));
    if (item.dtype != abi::DTypeF32 && item.dtype != abi::DTypeF64)
      return broken("element type of a metric", item.dtype, 2);
    MPTRT_TRY(place(at, item.name.c_str(), item.offset, item.count * size));
    if (item.name == "totals" &&
        item.count != static_cast<int64_t>(manifest.totals.size()))
      return makeStatus(Code::Internal,
                        "metric 'totals' has %lld entries; "
                        "expected %zu",
                        (long long)item.count, manifest.totals.size());
  }
  for (const abi::Range &item : at.zeroed)
    MPTRT_TRY(place(at, "zeroed range", item.offset, item.bytes));
  return Status();
}

Status Checker::checkTransferPlace(const abi::Coordinate &at,
                                   const abi::TransferPlace &item) const {
  MPTRT_TRY(index("transfer", item.transfer, manifest.transfers));
  const abi::Transfer &transfer =
      manifest.transfers[static_cast<size_t>(item.transfer)];
  int64_t bytes =
      transfer.count *
      static_cast<int64_t>(dtypeSize(static_cast<DType>(transfer.dtype)));
  for (const auto *offsets : {&item.sources, &item.targets})
    for (int64_t offset : *offsets)
      MPTRT_TRY(place(at, transfer.name.c_str(), offset, bytes));
  for (int64_t offset : {item.send, item.receive})
    if (offset >= 0)
      MPTRT_TRY(place(at, transfer.name.c_str(), offset, bytes));
  if (item.add >= 0 || item.sources.size() > 1)
    MPTRT_TRY(index("add kernel", item.add, manifest.kernels));
  return Status();
}

Status Checker::checkAction(const abi::Coordinate &at,
                            const abi::Action &action) const {
  if (action.op == abi::ActionRun)
    return index("task of an action", action.task, manifest.tasks);
  if (action.op < 0 || action.op > abi::ActionExchange)
    return broken("kind of an action", action.op, abi::ActionExchange + 1);
  MPTRT_TRY(
      index("transfer of an action", action.transfer, manifest.transfers));
  const abi::Transfer &transfer =
      manifest.transfers[static_cast<size_t>(action.transfer)];
  auto item = std::find_if(at.transfers.begin(), at.transfers.end(),
                           [&](const abi::TransferPlace &place) {
                             return place.transfer == action.transfer;
                           });
  bool sends = action.op == abi::ActionSend;
  bool receives = action.op == abi::ActionReceive;
  bool isSum = action.op == abi::ActionExchange;
  bool placed = item != at.transfers.end();
  // A hand-over moves nothing where both sides are one place.
  if (action.op == abi::ActionHandOver && placed)
    sends = receives = item->send >= 0 && item->receive >= 0;
  bool fits = isSum == (transfer.kind == "sum") &&
              (action.op == abi::ActionHandOver ||
               (placed && (!sends || item->send >= 0) &&
                (!receives || item->receive >= 0) &&
                (isSum ? item->sources.size() + item->targets.size() > 0
                       : transfer.group >= 0)));
  if (!fits)
    return makeStatus(Code::Internal,
                      "transfer '%s' has no place for an action of kind %lld",
                      transfer.name.c_str(), (long long)action.op);
  int64_t bytes =
      transfer.count *
      static_cast<int64_t>(dtypeSize(static_cast<DType>(transfer.dtype)));
  if (sends)
    MPTRT_TRY(place(at, transfer.name.c_str(),
                    item->send + action.slot * item->sendStride, bytes));
  if (receives)
    MPTRT_TRY(place(at, transfer.name.c_str(),
                    item->receive + action.slot * item->receiveStride, bytes));
  return Status();
}

Status Checker::checkCoordinate(const abi::Coordinate &at) const {
  if (at.arenaBytes < 0 || at.events < 0)
    return makeStatus(Code::Internal, "arena of %lld bytes, %lld events",
                      (long long)at.arenaBytes, (long long)at.events);
  MPTRT_TRY(checkPlaces(at));
  for (const abi::TransferPlace &item : at.transfers)
    MPTRT_TRY(checkTransferPlace(at, item));
  for (size_t i = 0; i < at.actions.size(); ++i)
    MPTRT_TRY(checkAction(at, at.actions[i])
                  .withContext(formatText("action %zu", i)));
  return Status();
}

Status checkProgram(const Program &program) { return Checker(program).run(); }

} // namespace mptrt
