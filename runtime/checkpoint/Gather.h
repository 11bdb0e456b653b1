// SPDX-License-Identifier: Apache-2.0
// Collects global arrays on rank 0 from the boxes that ranks hold. Of replicas
// the one at index 0 sends; every rank calls with the same arrays in the same
// order.
#ifndef MPTRT_CHECKPOINT_GATHER_H
#define MPTRT_CHECKPOINT_GATHER_H

#include "layout/Mesh.h"
#include "mptrt/Communicator.h"

namespace mptrt {

/// A global array that lies in boxes on the ranks of one pipeline coordinate.
struct ShardedArray {
  DType dtype = DType::F32;
  const Shape *shape = nullptr;
  const std::vector<abi::Cut> *cuts = nullptr;
  int coordinate = 0;
  int64_t microbatch = 0;
};

class Gatherer {
public:
  /// `world` is the group of all ranks. All must outlive this.
  Gatherer(const Mesh &mesh, Communicator &communicator, Device &device,
           Group world)
      : mesh(mesh), communicator(communicator), device(device), world(world) {}

  /// `local` is this rank's box in device memory, unused where it holds none;
  /// `global` (host, rank 0 only) has `strides` in bytes.
  Status collect(const ShardedArray &array, DevicePtr local, char *global,
                 const std::vector<int64_t> &strides);
  /// One text per rank on rank 0, in order of ranks.
  Status collectTexts(const std::string &own, std::vector<std::string> *out);
  /// The largest of all ranks' values, on every rank.
  Status largest(int64_t *value);

private:
  bool isOwner(const ShardedArray &array, int rank) const;
  Status grow(int64_t bytes);
  Status receiveBytes(int from, int64_t bytes, char *to);
  Status sendBytes(const char *from, int64_t bytes);

  const Mesh &mesh;
  Communicator &communicator;
  Device &device;
  Group world;
  DeviceMemory staging;
};

} // namespace mptrt

#endif // MPTRT_CHECKPOINT_GATHER_H
