// SPDX-License-Identifier: Apache-2.0
// Ranks as threads over a transport of the other kind than `threads`: a send
// copies its message into the peer's mailbox and is done at once, and a rank
// takes in one message per poll. The communicator records every call.
#ifndef MPTRT_TEST_DUMMY_DUMMYCOMMUNICATOR_H
#define MPTRT_TEST_DUMMY_DUMMYCOMMUNICATOR_H

#include "mptrt/Communicator.h"

namespace mptrt::test {

class DummyCommunicator final : public Communicator {
public:
  explicit DummyCommunicator(std::unique_ptr<Communicator> inner)
      : inner(std::move(inner)) {}

  /// "all_reduce", in order of the calls.
  const std::vector<std::string> &calls() const { return log; }

  const char *name() const override { return "dummy"; }
  int rank() const override { return inner->rank(); }
  int size() const override { return inner->size(); }
  Status createGroup(const std::string &name, std::vector<int> ranks,
                     Group *out) override;
  int indexIn(Group group) const override { return inner->indexIn(group); }
  int sizeOf(Group group) const override { return inner->sizeOf(group); }
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
  void abort(const Status &why) override { inner->abort(why); }
  void setTimeout(double seconds) override { inner->setTimeout(seconds); }
  CommunicatorCounts counts() const override { return inner->counts(); }

private:
  std::unique_ptr<Communicator> inner;
  std::vector<std::string> log;
};

} // namespace mptrt::test

#endif // MPTRT_TEST_DUMMY_DUMMYCOMMUNICATOR_H
