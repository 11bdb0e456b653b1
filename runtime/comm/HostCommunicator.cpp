// SPDX-License-Identifier: Apache-2.0
// Collectives over a transport, in host memory, run by the stream when it gets
// there (Device::enqueueHost). Long arrays go in segments, so that staging is
// bounded; a segment's length depends on sizes only, never on the device, so
// both sides of a message agree. all_reduce of a short segment, or of two
// ranks: everyone sends everything to everyone and adds in order of index. Of a
// long one: member i gets and adds part i, then sends it to the others. Both
// add each element in the same order, so the bits do not depend on the choice.
//
// Calls on one communicator must not run at once: put them on one stream or
// order them by events.
#include "JobControl.h"
#include "Payload.h"
#include "Reduce.h"
#include "mptrt/Communicator.h"

#include <algorithm>
#include <cstring>
#include <deque>

namespace mptrt {

Communicator::~Communicator() = default;

namespace {

constexpr int64_t segmentBytes = 1 << 20; // per member
constexpr int64_t shortBytes = 32 << 10;

struct GroupRecord {
  std::string name;
  std::vector<int> ranks;
  int self = -1; // index of this rank
  int count() const { return static_cast<int>(ranks.size()); }
};

/// What a message about a call must say.
struct Call {
  std::string what; // "all_reduce sum"
  Group group;
  DType dtype;
  int64_t elements;
};

class HostCommunicator final : public Communicator {
public:
  HostCommunicator(Transport &transport, Device &device)
      : transport(transport), device(device) {}

  const char *name() const override { return transport.name(); }
  int rank() const override { return transport.rank(); }
  int size() const override { return transport.size(); }
  Status createGroup(const std::string &name, std::vector<int> ranks,
                     Group *out) override;
  int indexIn(Group group) const override;
  int sizeOf(Group group) const override;

  Status allReduce(Stream stream, Group group, ReduceOp op, DType dtype,
                   const ReduceOperand *operands, int operandCount) override;
  Status reduceScatter(Stream stream, Group group, ReduceOp op, DType dtype,
                       DevicePtr from, DevicePtr to, int64_t count,
                       int64_t outer) override;
  Status allGather(Stream stream, Group group, DType dtype, DevicePtr from,
                   DevicePtr to, int64_t count, int64_t outer) override;
  Status allToAll(Stream stream, Group group, DType dtype, DevicePtr from,
                  DevicePtr to, int64_t count) override;
  Status broadcast(Stream stream, Group group, int root, DType dtype,
                   DevicePtr from, DevicePtr to, int64_t count) override;
  Status permute(Stream stream, Group group, const int *targets, DType dtype,
                 DevicePtr from, DevicePtr to, int64_t count) override;
  Status send(Stream stream, Group group, int peer, DType dtype, DevicePtr from,
              int64_t count) override;
  Status receive(Stream stream, Group group, int peer, DType dtype,
                 DevicePtr to, int64_t count) override;
  Status exchange(Stream stream, Group group, DType dtype, int sendPeer,
                  DevicePtr from, int64_t sendCount, int receivePeer,
                  DevicePtr to, int64_t receiveCount) override;
  Status barrier(Stream stream, Group group) override;

  void abort(const Status &why) override { transport.abort(why); }
  void setTimeout(double seconds) override { transport.setTimeout(seconds); }
  CommunicatorCounts counts() const override { return done; }

private:
  /// One message of a round; peers are group indices.
  struct Message {
    bool isSend;
    int peer;
    char *data;
    int64_t bytes;
  };

  Status check(const Call &call, bool valid) const;
  Status enqueue(Stream stream, Call call, std::function<Status()> work);
  Status enqueueCollective(Stream stream, Call call,
                           std::function<Status()> work);
  void countMessages(int64_t sent, int64_t received);
  std::string describe(const Call &call) const;
  const GroupRecord &record(Group group) const {
    return groups[static_cast<size_t>(group)];
  }
  Status round(Group group, int kind, const std::vector<Message> &messages);
  std::vector<char> &scratch(int slot);

  Status runAllReduce(Group group, ReduceOp op, DType dtype, Payload &from,
                      Payload &to);
  Status reduceShort(Group group, ReduceOp op, DType dtype, const char *from,
                     char *to, int64_t count);
  Status reduceLong(Group group, ReduceOp op, DType dtype, const char *from,
                    char *to, int64_t count);
  Status runReduceScatter(Group group, ReduceOp op, DType dtype,
                          std::vector<Payload> &from, Payload &to);
  Status runBlocks(Group group, std::vector<Payload> &from,
                   std::vector<Payload> &to);
  Status runMessages(Group group, int sendPeer, Payload &from, int receivePeer,
                     Payload &to);

  Transport &transport;
  Device &device;
  std::vector<GroupRecord> groups;
  std::deque<std::vector<char>> buffers; // staging, kept between calls
  CommunicatorCounts done;
};

/// Rounds of collectives and of messages between two are independent.
enum Kind { Collective = 0, PointToPoint = 1 };

} // namespace

//===- Groups, checks, rounds ---------------------------------------------===//

Status HostCommunicator::createGroup(const std::string &name,
                                     std::vector<int> ranks, Group *out) {
  std::vector<int> sorted = ranks;
  std::sort(sorted.begin(), sorted.end());
  bool distinct =
      std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  if (ranks.empty() || !distinct || sorted.front() < 0 ||
      sorted.back() >= size())
    return makeStatus(Code::Internal,
                      "rank %d: group '%s' must list distinct ranks of %d",
                      rank(), name.c_str(), size());
  GroupRecord fresh;
  fresh.name = name;
  auto self = std::find(ranks.begin(), ranks.end(), rank());
  if (self != ranks.end())
    fresh.self = static_cast<int>(self - ranks.begin());
  fresh.ranks = std::move(ranks);
  *out = static_cast<Group>(groups.size());
  groups.push_back(std::move(fresh));
  return Status();
}

int HostCommunicator::indexIn(Group group) const {
  bool known = group >= 0 && static_cast<size_t>(group) < groups.size();
  return known ? record(group).self : -1;
}

int HostCommunicator::sizeOf(Group group) const {
  bool known = group >= 0 && static_cast<size_t>(group) < groups.size();
  return known ? record(group).count() : 0;
}

std::string HostCommunicator::describe(const Call &call) const {
  std::string text = formatText("rank %d: %s", rank(), call.what.c_str());
  if (call.group < 0 || static_cast<size_t>(call.group) >= groups.size())
    return text + formatText(" over unknown group %d", call.group);
  const GroupRecord &group = record(call.group);
  text += formatText(" over group %d '%s' [", call.group, group.name.c_str());
  for (int i = 0; i < group.count(); ++i)
    text += formatText(i ? ", %d" : "%d", group.ranks[static_cast<size_t>(i)]);
  return text + formatText("], %lld x %s, %lld bytes", (long long)call.elements,
                           dtypeName(call.dtype),
                           (long long)call.elements *
                               (long long)dtypeSize(call.dtype));
}

Status HostCommunicator::check(const Call &call, bool valid) const {
  if (indexIn(call.group) < 0)
    return Status(Code::Internal, "not a member").withContext(describe(call));
  if (!valid || call.elements < 0 || dtypeSize(call.dtype) == 0)
    return Status(Code::Internal, "impossible arguments")
        .withContext(describe(call));
  return Status();
}

Status HostCommunicator::enqueueCollective(Stream stream, Call call,
                                           std::function<Status()> work) {
  ++done.collectives;
  done.collectiveBytes +=
      call.elements * static_cast<int64_t>(dtypeSize(call.dtype));
  return enqueue(stream, std::move(call), std::move(work));
}

Status HostCommunicator::enqueue(Stream stream, Call call,
                                 std::function<Status()> work) {
  return device.enqueueHost(
      stream, [this, call = std::move(call), work = std::move(work)] {
        Status status = work();
        return status.ok() ? status : status.withContext(describe(call));
      });
}

/// Posts all messages, receives first, and waits for all.
Status HostCommunicator::round(Group group, int kind,
                               const std::vector<Message> &messages) {
  std::vector<Request> requests(messages.size());
  size_t posted = 0;
  int32_t channel = group * 2 + kind;
  for (bool sends : {false, true})
    for (const Message &message : messages) {
      if (message.isSend != sends || message.bytes == 0)
        continue;
      int peer = record(group).ranks[static_cast<size_t>(message.peer)];
      size_t bytes = static_cast<size_t>(message.bytes);
      Request *request = &requests[posted++];
      if (sends)
        MPTRT_TRY(
            transport.postSend(peer, channel, message.data, bytes, request));
      else
        MPTRT_TRY(
            transport.postReceive(peer, channel, message.data, bytes, request));
    }
  int64_t begin = nowNanoseconds();
  Status status = transport.wait(requests.data(), static_cast<int>(posted));
  done.waitNanoseconds += nowNanoseconds() - begin;
  return status;
}

std::vector<char> &HostCommunicator::scratch(int slot) {
  while (buffers.size() <= static_cast<size_t>(slot))
    buffers.emplace_back();
  return buffers[static_cast<size_t>(slot)];
}

/// A message's data is written by receives only.
static char *readOnly(const char *data) { return const_cast<char *>(data); }

static char *grown(std::vector<char> &buffer, int64_t bytes) {
  if (buffer.size() < static_cast<size_t>(bytes))
    buffer.resize(static_cast<size_t>(bytes));
  return buffer.data();
}

//===- Reductions ---------------------------------------------------------===//

Status HostCommunicator::reduceShort(Group group, ReduceOp op, DType dtype,
                                     const char *from, char *to,
                                     int64_t count) {
  const GroupRecord &members = record(group);
  int64_t bytes = count * static_cast<int64_t>(dtypeSize(dtype));
  char *others = grown(scratch(0), bytes * members.count());
  std::vector<Message> messages;
  std::vector<const char *> operands;
  for (int i = 0; i < members.count(); ++i) {
    operands.push_back(i == members.self ? from : others + i * bytes);
    if (i == members.self)
      continue;
    messages.push_back({/*isSend=*/true, i, readOnly(from), bytes});
    messages.push_back({/*isSend=*/false, i, others + i * bytes, bytes});
  }
  MPTRT_TRY(round(group, Collective, messages));
  reduceArrays(op, dtype, operands.data(), members.count(), to, count);
  return Status();
}

Status HostCommunicator::reduceLong(Group group, ReduceOp op, DType dtype,
                                    const char *from, char *to, int64_t count) {
  const GroupRecord &members = record(group);
  int64_t n = members.count(), self = members.self;
  int64_t elementBytes = static_cast<int64_t>(dtypeSize(dtype));
  auto start = [&](int64_t i) { return count * i / n; }; // of part i
  auto bytesOf = [&](int64_t i) {
    return (start(i + 1) - start(i)) * elementBytes;
  };
  char *parts = grown(scratch(0), bytesOf(self) * n);
  std::vector<Message> scatter, gather;
  std::vector<const char *> operands;
  for (int i = 0; i < n; ++i) {
    int64_t at = start(i) * elementBytes, mine = start(self) * elementBytes;
    char *part = parts + i * bytesOf(self);
    operands.push_back(i == self ? from + mine : part);
    if (i == self)
      continue;
    scatter.push_back({/*isSend=*/true, i, readOnly(from) + at, bytesOf(i)});
    scatter.push_back({/*isSend=*/false, i, part, bytesOf(self)});
    gather.push_back({/*isSend=*/true, i, to + mine, bytesOf(self)});
    gather.push_back({/*isSend=*/false, i, to + at, bytesOf(i)});
  }
  MPTRT_TRY(round(group, Collective, scatter));
  reduceArrays(op, dtype, operands.data(), static_cast<int>(n),
               to + start(self) * elementBytes, start(self + 1) - start(self));
  return round(group, Collective, gather);
}

Status HostCommunicator::runAllReduce(Group group, ReduceOp op, DType dtype,
                                      Payload &from, Payload &to) {
  int64_t elementBytes = static_cast<int64_t>(dtypeSize(dtype));
  int64_t n = record(group).count();
  for (int64_t at = 0; at < from.size();) {
    int64_t bytes = std::min(segmentBytes * n, from.size() - at);
    const char *in;
    MPTRT_TRY(from.read(at, bytes, scratch(1), &in));
    char *out = to.target(at, bytes, scratch(2));
    if (n == 2 || bytes <= shortBytes)
      MPTRT_TRY(reduceShort(group, op, dtype, in, out, bytes / elementBytes));
    else
      MPTRT_TRY(reduceLong(group, op, dtype, in, out, bytes / elementBytes));
    MPTRT_TRY(to.commit(at, bytes, out));
    at += bytes;
  }
  return Status();
}

Status HostCommunicator::allReduce(Stream stream, Group group, ReduceOp op,
                                   DType dtype, const ReduceOperand *operands,
                                   int operandCount) {
  Call call{std::string("all_reduce ") + reduceName(op), group, dtype, 0};
  bool valid = canReduce(dtype) && operandCount >= 0;
  Payload from(device), to(device);
  int64_t elementBytes = static_cast<int64_t>(dtypeSize(dtype));
  for (int i = 0; i < operandCount; ++i) {
    valid = valid && operands[i].count >= 0;
    call.elements += operands[i].count;
    from.add(operands[i].from, operands[i].count * elementBytes);
    to.add(operands[i].to, operands[i].count * elementBytes);
  }
  MPTRT_TRY(check(call, valid));
  return enqueueCollective(stream, call, [=]() mutable {
    return runAllReduce(group, op, dtype, from, to);
  });
}

Status HostCommunicator::runReduceScatter(Group group, ReduceOp op, DType dtype,
                                          std::vector<Payload> &from,
                                          Payload &to) {
  const GroupRecord &members = record(group);
  int64_t elementBytes = static_cast<int64_t>(dtypeSize(dtype));
  for (int64_t at = 0; at < to.size();) {
    int64_t bytes = std::min(segmentBytes, to.size() - at);
    char *others = grown(scratch(0), bytes * members.count());
    std::vector<Message> messages;
    std::vector<const char *> operands;
    for (int i = 0; i < members.count(); ++i) {
      const char *block;
      MPTRT_TRY(
          from[static_cast<size_t>(i)].read(at, bytes, scratch(2 + i), &block));
      operands.push_back(i == members.self ? block : others + i * bytes);
      if (i == members.self)
        continue;
      messages.push_back({/*isSend=*/true, i, readOnly(block), bytes});
      messages.push_back({/*isSend=*/false, i, others + i * bytes, bytes});
    }
    MPTRT_TRY(round(group, Collective, messages));
    char *out = to.target(at, bytes, scratch(1));
    reduceArrays(op, dtype, operands.data(), members.count(), out,
                 bytes / elementBytes);
    MPTRT_TRY(to.commit(at, bytes, out));
    at += bytes;
  }
  return Status();
}

Status HostCommunicator::reduceScatter(Stream stream, Group group, ReduceOp op,
                                       DType dtype, DevicePtr from,
                                       DevicePtr to, int64_t count,
                                       int64_t outer) {
  Call call{std::string("reduce_scatter ") + reduceName(op), group, dtype,
            count * std::max(1, sizeOf(group))};
  MPTRT_TRY(check(call, canReduce(dtype) && count >= 0 && outer > 0 &&
                            count % outer == 0));
  int64_t block = count / outer * static_cast<int64_t>(dtypeSize(dtype));
  std::vector<Payload> blocks(record(group).ranks.size(), Payload(device));
  for (size_t i = 0; i < blocks.size(); ++i)
    blocks[i].addBlocks(from, outer, static_cast<int64_t>(blocks.size()),
                        static_cast<int64_t>(i), block);
  Payload result(device);
  result.add(to, block * outer);
  return enqueueCollective(stream, call, [=]() mutable {
    return runReduceScatter(group, op, dtype, blocks, result);
  });
}

//===- Moves --------------------------------------------------------------===//

/// Member i gets from[i] of this rank, whose to[i] gets member i's; sizes may
/// be 0. The own block is copied unless it is where it belongs.
Status HostCommunicator::runBlocks(Group group, std::vector<Payload> &from,
                                   std::vector<Payload> &to) {
  const GroupRecord &members = record(group);
  int64_t longest = 0;
  for (size_t i = 0; i < from.size(); ++i)
    longest = std::max({longest, from[i].size(), to[i].size()});
  for (int64_t at = 0; at < longest; at += segmentBytes) {
    std::vector<Message> messages;
    std::vector<char *> targets(from.size(), nullptr);
    auto lengthOf = [&](const Payload &payload) {
      return std::max<int64_t>(0, std::min(segmentBytes, payload.size() - at));
    };
    for (int i = 0; i < members.count(); ++i) {
      size_t index = static_cast<size_t>(i);
      const char *block = nullptr;
      int64_t out = lengthOf(from[index]), in = lengthOf(to[index]);
      if (out)
        MPTRT_TRY(from[index].read(at, out, scratch(2 * i), &block));
      if (in)
        targets[index] = to[index].target(at, in, scratch(2 * i + 1));
      if (i != members.self) {
        messages.push_back({/*isSend=*/true, i, readOnly(block), out});
        messages.push_back({/*isSend=*/false, i, targets[index], in});
      } else if (in && block != targets[index]) {
        std::memcpy(targets[index], block, static_cast<size_t>(in));
      }
    }
    MPTRT_TRY(round(group, Collective, messages));
    for (size_t i = 0; i < to.size(); ++i)
      if (targets[i])
        MPTRT_TRY(to[i].commit(at, lengthOf(to[i]), targets[i]));
  }
  return Status();
}

Status HostCommunicator::allGather(Stream stream, Group group, DType dtype,
                                   DevicePtr from, DevicePtr to, int64_t count,
                                   int64_t outer) {
  Call call{"all_gather", group, dtype, count * std::max(1, sizeOf(group))};
  MPTRT_TRY(check(call, count >= 0 && outer > 0 && count % outer == 0));
  int64_t block = count / outer * static_cast<int64_t>(dtypeSize(dtype));
  size_t members = record(group).ranks.size();
  std::vector<Payload> own(members, Payload(device)), blocks = own;
  for (size_t i = 0; i < members; ++i) {
    own[i].add(from, block * outer);
    blocks[i].addBlocks(to, outer, static_cast<int64_t>(members),
                        static_cast<int64_t>(i), block);
  }
  return enqueueCollective(
      stream, call, [=]() mutable { return runBlocks(group, own, blocks); });
}

Status HostCommunicator::allToAll(Stream stream, Group group, DType dtype,
                                  DevicePtr from, DevicePtr to, int64_t count) {
  Call call{"all_to_all", group, dtype, count * std::max(1, sizeOf(group))};
  MPTRT_TRY(check(call, count >= 0 && (from != to || count == 0)));
  int64_t block = count * static_cast<int64_t>(dtypeSize(dtype));
  size_t members = record(group).ranks.size();
  std::vector<Payload> out(members, Payload(device)), in = out;
  for (size_t i = 0; i < members; ++i) {
    out[i].add(from + static_cast<int64_t>(i) * block, block);
    in[i].add(to + static_cast<int64_t>(i) * block, block);
  }
  return enqueueCollective(stream, call,
                           [=]() mutable { return runBlocks(group, out, in); });
}

Status HostCommunicator::broadcast(Stream stream, Group group, int root,
                                   DType dtype, DevicePtr from, DevicePtr to,
                                   int64_t count) {
  Call call{formatText("broadcast from index %d", root), group, dtype, count};
  MPTRT_TRY(check(call, root >= 0 && root < sizeOf(group)));
  int64_t bytes = count * static_cast<int64_t>(dtypeSize(dtype));
  size_t members = record(group).ranks.size();
  std::vector<Payload> out(members, Payload(device)), in = out;
  if (record(group).self == root)
    for (Payload &payload : out)
      payload.add(from, bytes);
  in[static_cast<size_t>(root)].add(to, bytes);
  return enqueueCollective(stream, call,
                           [=]() mutable { return runBlocks(group, out, in); });
}

Status HostCommunicator::permute(Stream stream, Group group, const int *targets,
                                 DType dtype, DevicePtr from, DevicePtr to,
                                 int64_t count) {
  Call call{"permute", group, dtype, count};
  int members = sizeOf(group), self = indexIn(group), source = -1;
  std::vector<bool> taken(static_cast<size_t>(std::max(members, 0)), false);
  bool valid = from != to || count == 0;
  for (int i = 0; i < members; ++i) {
    int target = targets[i];
    if (target < 0)
      continue;
    valid = valid && target < members && !taken[static_cast<size_t>(target)];
    if (!valid)
      break;
    taken[static_cast<size_t>(target)] = true;
    source = target == self ? i : source;
  }
  MPTRT_TRY(check(call, valid));
  int64_t bytes = count * static_cast<int64_t>(dtypeSize(dtype));
  if (source < 0)
    MPTRT_TRY(device.memset(stream, to, 0, static_cast<size_t>(bytes)));
  std::vector<Payload> out(static_cast<size_t>(members), Payload(device)),
      in = out;
  if (targets[self] >= 0)
    out[static_cast<size_t>(targets[self])].add(from, bytes);
  if (source >= 0)
    in[static_cast<size_t>(source)].add(to, bytes);
  return enqueueCollective(stream, call,
                           [=]() mutable { return runBlocks(group, out, in); });
}

//===- Messages between two -----------------------------------------------===//

/// Bytes; -1: there is no such message.
void HostCommunicator::countMessages(int64_t sent, int64_t received) {
  done.sends += sent >= 0;
  done.bytesSent += std::max<int64_t>(sent, 0);
  done.receives += received >= 0;
  done.bytesReceived += std::max<int64_t>(received, 0);
}

/// Either peer may be -1. A message to oneself is a copy.
Status HostCommunicator::runMessages(Group group, int sendPeer, Payload &from,
                                     int receivePeer, Payload &to) {
  int self = record(group).self;
  int64_t longest = std::max(from.size(), to.size());
  for (int64_t at = 0; at < longest; at += segmentBytes) {
    auto lengthOf = [&](const Payload &payload) {
      return std::max<int64_t>(0, std::min(segmentBytes, payload.size() - at));
    };
    int64_t out = lengthOf(from), in = lengthOf(to);
    const char *data = nullptr;
    char *target = nullptr;
    if (out)
      MPTRT_TRY(from.read(at, out, scratch(1), &data));
    if (in)
      target = to.target(at, in, scratch(2));
    std::vector<Message> messages;
    if (sendPeer == self && in)
      std::memcpy(target, data, static_cast<size_t>(in));
    if (sendPeer >= 0 && sendPeer != self)
      messages.push_back({/*isSend=*/true, sendPeer, readOnly(data), out});
    if (receivePeer >= 0 && receivePeer != self)
      messages.push_back({/*isSend=*/false, receivePeer, target, in});
    MPTRT_TRY(round(group, PointToPoint, messages));
    if (in)
      MPTRT_TRY(to.commit(at, in, target));
  }
  return Status();
}

Status HostCommunicator::send(Stream stream, Group group, int peer, DType dtype,
                              DevicePtr from, int64_t count) {
  Call call{formatText("send to index %d", peer), group, dtype, count};
  MPTRT_TRY(
      check(call, peer >= 0 && peer < sizeOf(group) && peer != indexIn(group)));
  Payload data(device), none(device);
  data.add(from, count * static_cast<int64_t>(dtypeSize(dtype)));
  countMessages(data.size(), -1);
  return enqueue(stream, call, [=]() mutable {
    return runMessages(group, peer, data, -1, none);
  });
}

Status HostCommunicator::receive(Stream stream, Group group, int peer,
                                 DType dtype, DevicePtr to, int64_t count) {
  Call call{formatText("receive from index %d", peer), group, dtype, count};
  MPTRT_TRY(
      check(call, peer >= 0 && peer < sizeOf(group) && peer != indexIn(group)));
  Payload data(device), none(device);
  data.add(to, count * static_cast<int64_t>(dtypeSize(dtype)));
  countMessages(-1, data.size());
  return enqueue(stream, call, [=]() mutable {
    return runMessages(group, -1, none, peer, data);
  });
}

Status HostCommunicator::exchange(Stream stream, Group group, DType dtype,
                                  int sendPeer, DevicePtr from,
                                  int64_t sendCount, int receivePeer,
                                  DevicePtr to, int64_t receiveCount) {
  Call call{formatText("exchange to index %d, from index %d (%lld elements)",
                       sendPeer, receivePeer, (long long)receiveCount),
            group, dtype, sendCount};
  int members = sizeOf(group), self = indexIn(group);
  bool peers = sendPeer >= 0 && sendPeer < members && receivePeer >= 0 &&
               receivePeer < members;
  bool toSelf = sendPeer == self || receivePeer == self;
  bool whole = !toSelf || (sendPeer == receivePeer &&
                           sendCount == receiveCount && from != to);
  MPTRT_TRY(check(call, peers && whole && receiveCount >= 0));
  int64_t elementBytes = static_cast<int64_t>(dtypeSize(dtype));
  Payload out(device), in(device);
  out.add(from, sendCount * elementBytes);
  in.add(to, receiveCount * elementBytes);
  countMessages(out.size(), in.size());
  return enqueue(stream, call, [=]() mutable {
    return runMessages(group, sendPeer, out, receivePeer, in);
  });
}

Status HostCommunicator::barrier(Stream stream, Group group) {
  Call call{"barrier", group, DType::I8, 1};
  MPTRT_TRY(check(call, true));
  MPTRT_TRY(enqueue(stream, call, [=] {
    const GroupRecord &members = record(group);
    char *bytes = grown(scratch(0), members.count() + 1);
    std::vector<Message> messages;
    for (int i = 0; i < members.count(); ++i)
      if (i != members.self) {
        messages.push_back({/*isSend=*/true, i, bytes + members.count(), 1});
        messages.push_back({/*isSend=*/false, i, bytes + i, 1});
      }
    return round(group, Collective, messages);
  }));
  return device.synchronize(stream);
}

std::unique_ptr<Communicator> createHostCommunicator(Transport &transport,
                                                     Device &device) {
  return std::make_unique<HostCommunicator>(transport, device);
}

} // namespace mptrt
