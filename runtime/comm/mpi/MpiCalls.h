// SPDX-License-Identifier: Apache-2.0
// The few calls of MPI that the transport needs, as a table that lives in
// libmptrt_mpi.so: executables know neither MPI's headers nor its library, and
// only --comm=mpi loads them. All calls but start and finish return at once.
// Each returns 0 or MPI's error code, for errorText.
#ifndef MPTRT_COMM_MPI_MPICALLS_H
#define MPTRT_COMM_MPI_MPICALLS_H

#include <cstddef>
#include <cstdint>

namespace mptrt {

inline constexpr int64_t mpiCallsVersion = 1;
inline constexpr char mpiCallsSymbol[] = "mptrt_mpi_calls";
inline constexpr char mpiLibraryName[] = "libmptrt_mpi.so";

/// A request of MPI's, in MPI's own representation; `none` once it is done.
using MpiRequest = uint64_t;

/// What a finished receive has got.
struct MpiReceived {
  int source = -1;
  int64_t bytes = 0; // -1: more than there was room for
};

struct MpiCalls {
  int64_t version;
  MpiRequest none;
  /// Initializes MPI, for one thread; errors are returned from then on.
  int (*start)(int *rank, int *size);
  int (*finish)();
  /// A space is a communicator of all ranks: messages of one never match those
  /// of another. Valid when the request is done; every rank must call it.
  int (*newSpace)(int *space, MpiRequest *request);
  int (*send)(int space, int peer, int tag, const void *data, size_t bytes,
              MpiRequest *request);
  /// peer -1: from anybody.
  int (*receive)(int space, int peer, int tag, void *data, size_t bytes,
                 MpiRequest *request);
  /// `all` gets `bytes` of every rank, in order.
  int (*gather)(int space, const void *own, size_t bytes, void *all,
                MpiRequest *request);
  int (*barrier)(int space, MpiRequest *request);
  int (*test)(MpiRequest *request, int *done, MpiReceived *received);
  /// Takes back a receive; its memory is not written from then on, unless its
  /// message is already on the way.
  int (*cancel)(MpiRequest *request);
  void (*errorText)(int code, char *text, size_t room);
};

} // namespace mptrt

#endif // MPTRT_COMM_MPI_MPICALLS_H
