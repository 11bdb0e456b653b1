// SPDX-License-Identifier: Apache-2.0
// The buffered transport, the recording communicator, and their launcher.
#include "DummyCommunicator.h"

#include "comm/HostLaunch.h"
#include "comm/HostTransport.h"

#include <memory>
#include <mutex>
#include <thread>

namespace mptrt {
namespace test {

namespace {

struct Message {
  int from;
  int32_t channel;
  std::vector<char> bytes;
};

/// What the ranks share.
struct Hub {
  explicit Hub(int ranks)
      : memory(JobControl::bytesFor(ranks) / 8 + 8), boxes(ranks),
        control(aligned(), ranks) {}

  struct Box {
    std::mutex mutex; // guards `messages`
    std::deque<Message> messages;
  };
  std::vector<uint64_t> memory;
  std::vector<Box> boxes;
  JobControl control;

private:
  void *aligned() {
    uint64_t address = reinterpret_cast<uint64_t>(memory.data());
    return reinterpret_cast<void *>((address + 63) / 64 * 64);
  }
};

class BufferedTransport final : public HostTransport {
public:
  BufferedTransport(Hub &hub, int rank, const HostTransportOptions &options)
      : HostTransport(hub.control, rank, options), hub(hub) {}
  const char *name() const override { return "dummy"; }

protected:
  Status begin(int64_t id) override {
    Transfer &posted = transfer(id);
    if (!posted.isSend)
      return Status();
    Hub::Box &box = hub.boxes[static_cast<size_t>(posted.peer)];
    {
      std::lock_guard<std::mutex> lock(box.mutex);
      box.messages.push_back(
          {self, posted.channel,
           std::vector<char>(posted.data, posted.data + posted.bytes)});
    }
    control.ring(posted.peer);
    finish(id);
    return Status();
  }

  Status progress() override {
    Hub::Box &box = hub.boxes[static_cast<size_t>(self)];
    std::lock_guard<std::mutex> lock(box.mutex);
    for (auto next = box.messages.begin(); next != box.messages.end(); ++next) {
      int64_t id = firstReceive(next->from, next->channel);
      if (id < 0)
        continue;
      Transfer &receive = transfer(id);
      if (receive.bytes != next->bytes.size())
        return sizeMismatch(receive, next->bytes.size());
      std::copy(next->bytes.begin(), next->bytes.end(), receive.data);
      finish(id);
      box.messages.erase(next);
      control.ring(self); // there may be more
      break;
    }
    return Status();
  }

  void cancel(const Status &) override {} // peers hold copies only

private:
  Hub &hub;
};

class Context final : public RankContext {
public:
  Context(const LaunchOptions &options, Transport &transport)
      : RankContext(options), transport(transport) {}
  int rank() const override { return transport.rank(); }
  int size() const override { return transport.size(); }
  Status createCommunicator(Device &device,
                            std::unique_ptr<Communicator> *out) override {
    *out = std::make_unique<DummyCommunicator>(
        createHostCommunicator(transport, device));
    return Status();
  }

private:
  Transport &transport;
};

} // namespace

Status DummyCommunicator::createGroup(const std::string &name,
                                      std::vector<int> ranks, Group *out) {
  log.push_back("create_group " + name);
  return inner->createGroup(name, std::move(ranks), out);
}

Status DummyCommunicator::allReduce(Stream stream, Group group, ReduceOp op,
                                    DType dtype, const ReduceOperand *operands,
                                    int operandCount) {
  log.push_back("all_reduce");
  return inner->allReduce(stream, group, op, dtype, operands, operandCount);
}

Status DummyCommunicator::reduceScatter(Stream stream, Group group, ReduceOp op,
                                        DType dtype, DevicePtr from,
                                        DevicePtr to, int64_t count,
                                        int64_t outer) {
  log.push_back("reduce_scatter");
  return inner->reduceScatter(stream, group, op, dtype, from, to, count, outer);
}

Status DummyCommunicator::allGather(Stream stream, Group group, DType dtype,
                                    DevicePtr from, DevicePtr to, int64_t count,
                                    int64_t outer) {
  log.push_back("all_gather");
  return inner->allGather(stream, group, dtype, from, to, count, outer);
}

Status DummyCommunicator::allToAll(Stream stream, Group group, DType dtype,
                                   DevicePtr from, DevicePtr to,
                                   int64_t count) {
  log.push_back("all_to_all");
  return inner->allToAll(stream, group, dtype, from, to, count);
}

Status DummyCommunicator::broadcast(Stream stream, Group group, int root,
                                    DType dtype, DevicePtr from, DevicePtr to,
                                    int64_t count) {
  log.push_back("broadcast");
  return inner->broadcast(stream, group, root, dtype, from, to, count);
}

Status DummyCommunicator::permute(Stream stream, Group group,
                                  const int *targets, DType dtype,
                                  DevicePtr from, DevicePtr to, int64_t count) {
  log.push_back("permute");
  return inner->permute(stream, group, targets, dtype, from, to, count);
}

Status DummyCommunicator::send(Stream stream, Group group, int peer,
                               DType dtype, DevicePtr from, int64_t count) {
  log.push_back("send");
  return inner->send(stream, group, peer, dtype, from, count);
}

Status DummyCommunicator::receive(Stream stream, Group group, int peer,
                                  DType dtype, DevicePtr to, int64_t count) {
  log.push_back("receive");
  return inner->receive(stream, group, peer, dtype, to, count);
}

Status DummyCommunicator::exchange(Stream stream, Group group, DType dtype,
                                   int sendPeer, DevicePtr from,
                                   int64_t sendCount, int receivePeer,
                                   DevicePtr to, int64_t receiveCount) {
  log.push_back("exchange");
  return inner->exchange(stream, group, dtype, sendPeer, from, sendCount,
                         receivePeer, to, receiveCount);
}

Status DummyCommunicator::barrier(Stream stream, Group group) {
  log.push_back("barrier");
  return inner->barrier(stream, group);
}

} // namespace test

LaunchResult launchDummy(const LaunchOptions &options,
                         const RankFunction &function) {
  LaunchResult result;
  result.verdict = checkLaunch(options);
  if (!result.verdict.ok())
    return result;
  test::Hub hub(options.ranks);
  HostTransportOptions transportOptions;
  transportOptions.timeout = options.timeoutInit;
  std::vector<std::thread> threads;
  for (int rank = 0; rank < options.ranks; ++rank)
    threads.emplace_back([&, rank] {
      test::BufferedTransport transport(hub, rank, transportOptions);
      test::Context context(options, transport);
      runRank(hub.control, context, function);
    });
  for (std::thread &thread : threads)
    thread.join();
  return collectVerdicts(hub.control);
}

} // namespace mptrt
