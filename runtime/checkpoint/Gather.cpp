// SPDX-License-Identifier: Apache-2.0
// Rank 0 receives box by box into a staging area of its device and puts each
// into its place. Owners send straight from where the box lies.
#include "checkpoint/Gather.h"

#include <algorithm>

namespace mptrt {

bool Gatherer::isOwner(const ShardedArray &array, int rank) const {
  if (mesh.coordinate(rank) != array.coordinate)
    return false;
  std::vector<int64_t> at = mesh.indices(rank);
  for (size_t i = 0; i < at.size(); ++i) {
    const std::string &name = mesh.axes()[i].name;
    bool cuts = std::any_of(array.cuts->begin(), array.cuts->end(),
                            [&](const abi::Cut &cut) {
                              return std::find(cut.axes.begin(), cut.axes.end(),
                                               name) != cut.axes.end();
                            });
    if (name != "pp" && !cuts && at[i] != 0)
      return false;
  }
  return true;
}

Status Gatherer::grow(int64_t bytes) {
  if (static_cast<int64_t>(staging.size()) >= bytes)
    return Status();
  staging.release();
  return DeviceMemory::allocate(device, static_cast<size_t>(bytes), 64,
                                &staging);
}

Status Gatherer::collect(const ShardedArray &array, DevicePtr local,
                         char *global, const std::vector<int64_t> &strides) {
  int64_t elementBytes = static_cast<int64_t>(dtypeSize(array.dtype));
  int self = communicator.rank();
  std::vector<char> host;
  for (int owner = 0; owner < mesh.ranks(); ++owner) {
    if (!isOwner(array, owner) || (self != 0 && self != owner))
      continue;
    Box box =
        boxOf(*array.shape, *array.cuts, mesh.lookup(owner, array.microbatch));
    if (box.empty())
      continue;
    int64_t count = elementCount(box.bound), bytes = count * elementBytes;
    if (self == owner && self != 0) {
      MPTRT_TRY(
          communicator.send(Stream::Comm, world, 0, array.dtype, local, count));
      MPTRT_TRY(device.synchronize(Stream::Comm));
      continue;
    }
    if (self != 0)
      continue;
    DevicePtr source = local;
    if (owner != 0) {
      MPTRT_TRY(grow(bytes));
      source = staging.get();
      MPTRT_TRY(communicator.receive(Stream::Comm, world, owner, array.dtype,
                                     source, count));
    }
    host.resize(static_cast<size_t>(bytes));
    MPTRT_TRY(device.copyToHost(Stream::Comm, host.data(), source,
                                static_cast<size_t>(bytes)));
    MPTRT_TRY(device.synchronize(Stream::Comm));
    putBox(box, elementBytes, host.data(), global, strides);
  }
  return Status();
}

Status Gatherer::sendBytes(const char *from, int64_t bytes) {
  MPTRT_TRY(grow(bytes));
  MPTRT_TRY(device.copyToDevice(Stream::Comm, staging.get(), from,
                                static_cast<size_t>(bytes)));
  MPTRT_TRY(communicator.send(Stream::Comm, world, 0, DType::U8, staging.get(),
                              bytes));
  return device.synchronize(Stream::Comm);
}

Status Gatherer::receiveBytes(int from, int64_t bytes, char *to) {
  MPTRT_TRY(grow(bytes));
  MPTRT_TRY(communicator.receive(Stream::Comm, world, from, DType::U8,
                                 staging.get(), bytes));
  MPTRT_TRY(device.copyToHost(Stream::Comm, to, staging.get(),
                              static_cast<size_t>(bytes)));
  return device.synchronize(Stream::Comm);
}

Status Gatherer::collectTexts(const std::string &own,
                              std::vector<std::string> *out) {
  int64_t size = static_cast<int64_t>(own.size());
  if (communicator.rank() != 0) {
    MPTRT_TRY(sendBytes(reinterpret_cast<const char *>(&size), 8));
    return size ? sendBytes(own.data(), size) : Status();
  }
  out->assign(1, own);
  for (int rank = 1; rank < mesh.ranks(); ++rank) {
    MPTRT_TRY(receiveBytes(rank, 8, reinterpret_cast<char *>(&size)));
    std::string text(static_cast<size_t>(size), '\0');
    if (size)
      MPTRT_TRY(receiveBytes(rank, size, &text[0]));
    out->push_back(std::move(text));
  }
  return Status();
}

Status Gatherer::largest(int64_t *value) {
  MPTRT_TRY(grow(8));
  MPTRT_TRY(device.copyToDevice(Stream::Comm, staging.get(), value, 8));
  ReduceOperand operand{staging.get(), staging.get(), 1};
  MPTRT_TRY(communicator.allReduce(Stream::Comm, world, ReduceOp::Max,
                                   DType::I64, &operand, 1));
  MPTRT_TRY(device.copyToHost(Stream::Comm, value, staging.get(), 8));
  return device.synchronize(Stream::Comm);
}

} // namespace mptrt
