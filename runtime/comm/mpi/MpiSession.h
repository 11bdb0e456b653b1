// SPDX-License-Identifier: Apache-2.0
// MPI in this process: loading it, starting it, and what the ranks tell one
// another before any work: which program they run and where they are.
#ifndef MPTRT_COMM_MPI_MPISESSION_H
#define MPTRT_COMM_MPI_MPISESSION_H

#include "MpiCalls.h"
#include "mptrt/Status.h"

#include <string>
#include <vector>

namespace mptrt {

/// What a rank says of itself.
struct MpiPeer {
  uint64_t program = 0; // LaunchOptions::program
  uint64_t host = 0;    // equal: pids mean the same
  int64_t process = 0;
};

/// A pair of spaces: what the transport sends, and what ranks say beside it.
struct MpiSpaces {
  int data = -1;
  int talk = -1;
};

class MpiSession {
public:
  /// Loads and initializes MPI. One per process; MPI cannot start twice.
  Status start();
  /// Every rank calls it, in the same order.
  Status open(double timeout, MpiSpaces *out) const;
  /// Tells all ranks who this one is and learns who they are.
  Status meet(const MpiSpaces &spaces, uint64_t program, double timeout,
              std::vector<MpiPeer> *out) const;
  Status finish() const;

  int rank() const { return self; }
  int size() const { return ranks; }
  const MpiCalls &calls() const { return *table; }
  /// Internal, with the library's words.
  Status check(int code, const char *what) const;
  /// Polls until the request is done; Timeout after `timeout` seconds.
  Status await(MpiRequest *request, double timeout, const char *what) const;

private:
  const MpiCalls *table = nullptr;
  int self = -1;
  int ranks = 0;
};

/// Sleeps as long as polling again at once is not worth it: a wait's first
/// polls only yield, later ones sleep up to half a millisecond.
void restBetweenPolls(int polls);

/// "it is stopped", "it has ended", or empty: nothing known, or another host's.
std::string describeProcess(const MpiPeer &peer, const MpiPeer &self);

} // namespace mptrt

#endif // MPTRT_COMM_MPI_MPISESSION_H
