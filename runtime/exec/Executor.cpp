// SPDX-License-Identifier: Apache-2.0
// Actions: a run calls the task's function; a send or receive moves one slot
// to or from the rank that differs in its pipeline coordinate only; a hand-over
// stays on the rank; an exchange adds the operands of this rank's stages in
// order, reduces the sum over its group and hands the result to each stage.
#include "exec/Executor.h"

#include <algorithm>
#include <numeric>

namespace mptrt {

Status Executor::createGroups() {
  const Program &program = context->program;
  int self = context->communicator.rank();
  std::vector<int> all(static_cast<size_t>(program.mesh.ranks()));
  std::iota(all.begin(), all.end(), 0);
  MPTRT_TRY(context->communicator.createGroup("world", all, &worldGroup));
  for (const abi::Group &group : program.manifest.groups) {
    context->groups.push_back(-1);
    members.emplace_back();
    for (const std::vector<int> &ranks : program.mesh.instances(group)) {
      Group created = -1;
      MPTRT_TRY(context->communicator.createGroup(group.name, ranks, &created));
      if (std::find(ranks.begin(), ranks.end(), self) == ranks.end())
        continue;
      context->groups.back() = created;
      members.back() = ranks;
    }
  }
  return Status();
}

Status Executor::prepare(const Program &program, Device &device,
                         Communicator &communicator, const EventTable &events,
                         Ring &ring) {
  context = std::make_unique<TaskContext>(program, device, communicator, events,
                                          ring);
  own = &program.manifest.coordinates[static_cast<size_t>(
      program.mesh.coordinate(communicator.rank()))];
  MPTRT_TRY(createGroups());
  savedSets = SavedSets(program.manifest, *own);
  for (size_t i = 0; i < program.manifest.kernels.size(); ++i) {
    context->kernels.emplace_back();
    MPTRT_TRY(device.loadKernel(program.kernels[i], &context->kernels.back()));
  }
  firstEvent = static_cast<Event>(own->events);
  MPTRT_TRY(device.reserveEvents(static_cast<int>(own->events) + streamCount));
  return DeviceMemory::allocate(
      device, static_cast<size_t>(own->arenaBytes),
      static_cast<size_t>(std::max<int64_t>(own->arenaAlign, 64)), &arena);
}

Status Executor::joinInto(Stream stream) {
  for (int i = 0; i < streamCount; ++i) {
    if (static_cast<Stream>(i) == stream)
      continue;
    MPTRT_TRY(context->device.record(firstEvent + i, static_cast<Stream>(i)));
    MPTRT_TRY(context->device.wait(firstEvent + i, stream));
  }
  return Status();
}

Status Executor::joinFrom(Stream stream) {
  Event event = firstEvent + static_cast<int>(stream);
  MPTRT_TRY(context->device.record(event, stream));
  for (int i = 0; i < streamCount; ++i)
    if (static_cast<Stream>(i) != stream)
      MPTRT_TRY(context->device.wait(event, static_cast<Stream>(i)));
  return Status();
}

const abi::TransferPlace *Executor::placeOf(const abi::Action &action) const {
  for (const abi::TransferPlace &place : own->transfers)
    if (place.transfer == action.transfer)
      return &place;
  return nullptr; // of a hand-over only (checkProgram)
}

int Executor::peerRank(const abi::Action &action) const {
  const abi::Manifest &manifest = context->program.manifest;
  const abi::Transfer &transfer =
      manifest.transfers[static_cast<size_t>(action.transfer)];
  int64_t stage = action.op == abi::ActionSend ? transfer.to : transfer.from;
  return context->program.mesh.atCoordinate(
      context->communicator.rank(),
      static_cast<int>(manifest.place[static_cast<size_t>(stage)]));
}

std::string Executor::describe(const abi::Action &action) const {
  const abi::Manifest &manifest = context->program.manifest;
  std::string text =
      context->program.mesh.describe(context->communicator.rank()) +
      formatText(" step %d ", context->step);
  if (action.op == abi::ActionRun) {
    text += manifest.tasks[static_cast<size_t>(action.task)].name;
  } else {
    const std::string &name =
        manifest.transfers[static_cast<size_t>(action.transfer)].name;
    if (action.op == abi::ActionSend)
      text +=
          formatText("send of '%s' to rank %d", name.c_str(), peerRank(action));
    else if (action.op == abi::ActionReceive)
      text += formatText("receive of '%s' from rank %d", name.c_str(),
                         peerRank(action));
    else
      text += (action.op == abi::ActionHandOver ? "hand-over of '"
                                                : "exchange of '") +
              name + "'";
  }
  if (action.microbatch >= 0)
    text += formatText(" micro-batch %lld", (long long)action.microbatch);
  return text;
}

Status Executor::runTask(const abi::Action &action) {
  context->task = action.task;
  context->row = 0;
  TaskFunction function =
      context->program.tasks[static_cast<size_t>(action.task)];
  int32_t code =
      function(context.get(), arena.get().word(), action.index.data());
  if (!context->failure.ok())
    return context->failure;
  if (code != 0)
    return makeStatus(Code::Internal, "the task returned %d", code);
  return Status();
}

Status Executor::sendOrReceive(const abi::Action &action) {
  const abi::Transfer &transfer =
      context->program.manifest.transfers[static_cast<size_t>(action.transfer)];
  const abi::TransferPlace &place = *placeOf(action);
  size_t group = static_cast<size_t>(transfer.group);
  auto peer =
      std::find(members[group].begin(), members[group].end(), peerRank(action));
  if (peer == members[group].end())
    return makeStatus(Code::Internal, "group '%s' lacks rank %d",
                      context->program.manifest.groups[group].name.c_str(),
                      peerRank(action));
  int index = static_cast<int>(peer - members[group].begin());
  DType dtype = static_cast<DType>(transfer.dtype);
  if (action.op == abi::ActionSend)
    return context->communicator.send(
        Stream::Comm, context->groups[group], index, dtype,
        at(place.send + action.slot * place.sendStride), transfer.count);
  return context->communicator.receive(
      Stream::Comm, context->groups[group], index, dtype,
      at(place.receive + action.slot * place.receiveStride), transfer.count);
}

Status Executor::handOver(const abi::Action &action) {
  const abi::TransferPlace *place = placeOf(action);
  if (!place || place->send < 0 || place->receive < 0)
    return Status(); // one place
  const abi::Transfer &transfer =
      context->program.manifest.transfers[static_cast<size_t>(action.transfer)];
  DevicePtr from = at(place->send + action.slot * place->sendStride);
  DevicePtr to = at(place->receive + action.slot * place->receiveStride);
  if (from == to)
    return Status();
  size_t size = dtypeSize(static_cast<DType>(transfer.dtype));
  return context->device.copy(Stream::Comm, to, from,
                              static_cast<size_t>(transfer.count) * size);
}

Status Executor::exchange(const abi::Action &action) {
  const abi::Transfer &transfer =
      context->program.manifest.transfers[static_cast<size_t>(action.transfer)];
  const abi::TransferPlace &place = *placeOf(action);
  DType dtype = static_cast<DType>(transfer.dtype);
  size_t bytes = static_cast<size_t>(transfer.count) * dtypeSize(dtype);
  // Who adds nothing takes part with zeros.
  bool adds = !place.sources.empty();
  DevicePtr sum = at(adds ? place.sources.front() : place.targets.front());
  if (!adds)
    MPTRT_TRY(context->device.memset(Stream::Comm, sum, 0, bytes));
  for (size_t i = 1; i < place.sources.size(); ++i) {
    void *words[] = {sum.word(), at(place.sources[i]).word()};
    MPTRT_TRY(context->device.launchKernel(
        Stream::Comm, context->kernels[static_cast<size_t>(place.add)], words,
        2, {1, 1}));
  }
  if (transfer.group >= 0) {
    Group group = context->groups[static_cast<size_t>(transfer.group)];
    if (group < 0)
      return makeStatus(
          Code::Internal,
          "this rank is in no instance of group "
          "'%s'",
          context->program.manifest.groups[static_cast<size_t>(transfer.group)]
              .name.c_str());
    ReduceOperand operand{sum, sum, transfer.count};
    MPTRT_TRY(context->communicator.allReduce(
        Stream::Comm, group, ReduceOp::Sum, dtype, &operand, 1));
  }
  for (int64_t target : place.targets)
    if (at(target) != sum)
      MPTRT_TRY(context->device.copy(Stream::Comm, at(target), sum, bytes));
  return Status();
}

Status Executor::runTransfer(const abi::Action &action) {
  MPTRT_TRY(joinInto(Stream::Comm));
  if (action.op == abi::ActionExchange)
    MPTRT_TRY(exchange(action));
  else if (action.op == abi::ActionHandOver)
    MPTRT_TRY(handOver(action));
  else
    MPTRT_TRY(sendOrReceive(action));
  return joinFrom(Stream::Comm);
}

/// Runs and records it.
Status Executor::runAction(const abi::Action &action) {
  bool isRun = action.op == abi::ActionRun;
  context->microbatch = action.microbatch;
  EventRecord record;
  record.id = isRun ? context->events.task(action.task)
                    : context->events.transfer(action.transfer);
  record.step = context->step;
  record.microbatch = static_cast<int32_t>(action.microbatch);
  record.bytes = context->events[record.id].bytes;
  if (action.op == abi::ActionSend)
    record.sendTo = peerRank(action);
  if (action.op == abi::ActionReceive)
    record.receiveFrom = peerRank(action);
  int64_t before = context->communicator.counts().waitNanoseconds;
  record.begin = Ring::now();
  Status status = isRun ? runTask(action) : runTransfer(action);
  record.end = Ring::now();
  record.waited = context->communicator.counts().waitNanoseconds - before;
  context->ring.add(record);
  return status.ok() ? status : status.withContext(describe(action));
}

Status Executor::run(int64_t step,
                     const std::function<Status()> &beforeUpdates) {
  const abi::Manifest &manifest = context->program.manifest;
  bool updates = false;
  context->step = static_cast<int32_t>(step);
  savedSets.restart();
  for (size_t i = 0; i < own->actions.size(); ++i) {
    const abi::Action &action = own->actions[i];
    if (action.op == abi::ActionRun && !updates && beforeUpdates &&
        manifest.tasks[static_cast<size_t>(action.task)].kind == "OPT") {
      updates = true;
      MPTRT_TRY(beforeUpdates());
    }
    MPTRT_TRY(runAction(action));
    savedSets.after(i);
  }
  return Status();
}

/// Weights of the loss, forward tasks, the totals, and what moves between them.
bool Executor::isOfLoss(const abi::Action &action) const {
  const abi::Manifest &manifest = context->program.manifest;
  const std::string &kind =
      action.op == abi::ActionRun
          ? manifest.tasks[static_cast<size_t>(action.task)].kind
          : manifest.transfers[static_cast<size_t>(action.transfer)].task;
  return kind == "WGT" || kind == "F" || kind == "NORM";
}

Status Executor::evaluate() {
  context->step = -1;
  for (const abi::Action &action : own->actions)
    if (isOfLoss(action))
      MPTRT_TRY(runAction(action));
  // What an update would have reset.
  MPTRT_TRY(joinInto(Stream::Compute));
  for (const abi::Range &range : own->zeroed)
    MPTRT_TRY(context->device.memset(Stream::Compute, at(range.offset), 0,
                                     static_cast<size_t>(range.bytes)));
  return joinFrom(Stream::Compute);
}

} // namespace mptrt
