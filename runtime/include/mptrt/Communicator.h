// SPDX-License-Identifier: Apache-2.0
// Collectives and messages of one rank, enqueued on a stream of its Device.
// A group is an ordered list of ranks; a member's place in it is its index. All
// members of a group issue the same calls on it in the same order, and ranks
// issue calls on overlapping groups in orders that do not contradict.
//
// Order of sums: for each element the operands are combined in ascending index,
// ((x0 + x1) + x2) + ..., in the element type, whatever the size and backend
// (CPU backends; NCCL promises only that all members get equal bits). max and
// min propagate NaN.
//
// Counts are in elements. Source and destination of a call are equal or
// disjoint. A failed call's message reads
//   rank 3: all_reduce sum over group 2 'tp' [2, 3], 1024 x f32, 4096 bytes:
//   why
#ifndef MPTRT_COMMUNICATOR_H
#define MPTRT_COMMUNICATOR_H

#include "mptrt/Device.h"
#include "mptrt/Transport.h"

#include <memory>
#include <string>
#include <vector>

namespace mptrt {

/// The values are part of the C ABI.
enum class ReduceOp : int32_t { Sum = 0, Max = 1, Min = 2 };
const char *reduceName(ReduceOp op);

/// Index of a group in order of creation.
using Group = int32_t;

/// One operand of an all_reduce; several are a bucket, reduced as if they were
/// one array. Adjacent operands are moved without a copy.
struct ReduceOperand {
  DevicePtr from;
  DevicePtr to;
  int64_t count = 0;
};

/// What a rank has done so far. A message is one send or receive call, however
/// many pieces it travels in.
struct CommunicatorCounts {
  int64_t sends = 0, receives = 0;
  int64_t bytesSent = 0, bytesReceived = 0; // of messages
  int64_t collectives = 0;
  int64_t collectiveBytes = 0; // of the whole arrays that they were about
  int64_t waitNanoseconds = 0; // for others, copying what came included
};

class Communicator {
public:
  virtual ~Communicator();
  Communicator(const Communicator &) = delete;
  Communicator &operator=(const Communicator &) = delete;

  virtual const char *name() const = 0;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// Every rank of the job creates every group in the same order, also groups
  /// that it is no member of (on which it may call nothing).
  virtual Status createGroup(const std::string &name, std::vector<int> ranks,
                             Group *out) = 0;
  /// This rank's place in the group; -1 if it is no member.
  virtual int indexIn(Group group) const = 0;
  virtual int sizeOf(Group group) const = 0;

  /// to[i] = op over members of from[i]; dtypes f32, f64, i64, i32.
  virtual Status allReduce(Stream stream, Group group, ReduceOp op, DType dtype,
                           const ReduceOperand *operands, int operandCount) = 0;
  /// from is [outer, members, count / outer]; member i keeps [outer, i, :] of
  /// the reduction: to has `count` elements.
  virtual Status reduceScatter(Stream stream, Group group, ReduceOp op,
                               DType dtype, DevicePtr from, DevicePtr to,
                               int64_t count, int64_t outer) = 0;
  /// from has `count` elements, [outer, count / outer]; to is [outer, members,
  /// count / outer]. In place: from is the member's own block (outer 1 only).
  virtual Status allGather(Stream stream, Group group, DType dtype,
                           DevicePtr from, DevicePtr to, int64_t count,
                           int64_t outer) = 0;
  /// from and to are [members, count]; block j goes to member j. Not in place.
  virtual Status allToAll(Stream stream, Group group, DType dtype,
                          DevicePtr from, DevicePtr to, int64_t count) = 0;
  /// `from` is read at the root only.
  virtual Status broadcast(Stream stream, Group group, int root, DType dtype,
                           DevicePtr from, DevicePtr to, int64_t count) = 0;
  /// Member i's `from` goes to member targets[i]'s `to` (-1: nowhere; no target
  /// twice); who gets nothing gets zeros. Not in place.
  virtual Status permute(Stream stream, Group group, const int *targets,
                         DType dtype, DevicePtr from, DevicePtr to,
                         int64_t count) = 0;
  virtual Status send(Stream stream, Group group, int peer, DType dtype,
                      DevicePtr from, int64_t count) = 0;
  virtual Status receive(Stream stream, Group group, int peer, DType dtype,
                         DevicePtr to, int64_t count) = 0;
  /// Sends to one member and receives from one, at once: neither waits for the
  /// other. Counts may differ.
  virtual Status exchange(Stream stream, Group group, DType dtype, int sendPeer,
                          DevicePtr from, int64_t sendCount, int receivePeer,
                          DevicePtr to, int64_t receiveCount) = 0;
  /// Returns when every member has called it and its stream has got there.
  virtual Status barrier(Stream stream, Group group) = 0;

  /// Ends every rank's calls, those to come too, with `why`.
  virtual void abort(const Status &why) = 0;
  /// Longest wait for a peer in one call, in seconds.
  virtual void setTimeout(double seconds) = 0;
  /// Complete once the streams have been synchronized.
  virtual CommunicatorCounts counts() const = 0;

protected:
  Communicator() = default;
};

/// Collectives written once over a transport: what `threads`, `processes` and
/// `mpi` share. Both must outlive the result.
std::unique_ptr<Communicator> createHostCommunicator(Transport &transport,
                                                     Device &device);

} // namespace mptrt

#endif // MPTRT_COMMUNICATOR_H
