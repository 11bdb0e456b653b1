// SPDX-License-Identifier: Apache-2.0
// Ranks as processes that an MPI launcher started, on one host or several.
// Transfers are MPI's own non-blocking messages. Beside them ranks talk: the
// first to fail tells all others why; one whose time is up asks whom its peer
// waits for, and so on, until one does not answer: that is the culprit.
#ifndef MPTRT_COMM_MPI_MPITRANSPORT_H
#define MPTRT_COMM_MPI_MPITRANSPORT_H

#include "../HostTransport.h"
#include "MpiSession.h"

#include <vector>

namespace mptrt {

class MpiTransport final : public HostTransport {
public:
  /// `control` is this rank's own record of the job; `peers` has an entry per
  /// rank. Both, and the session, outlive this.
  MpiTransport(const MpiSession &session, const MpiSpaces &spaces,
               const std::vector<MpiPeer> &peers, JobControl control,
               const HostTransportOptions &options);
  const char *name() const override { return "mpi"; }
  void abort(const Status &why) override;
  /// Waits until every rank has got here, or one has failed; the last call of
  /// a rank that has not.
  Status leave();

protected:
  Status begin(int64_t id) override;
  Status progress() override;
  void cancel(const Status &why) override;
  void rest(int polls, uint32_t seen, int64_t nanoseconds) override;
  Status timedOut(int peer, double seconds) override;

private:
  enum class Kind : int32_t { Failure, Question, Answer };
  struct Talk {
    Kind kind = Kind::Failure;
    int32_t code = 0;
    int32_t rank = -1;       // who failed
    int32_t waitingFor = -1; // an answer's
    char text[1008] = "";
  };
  struct Active {
    int64_t id;
    MpiRequest request;
  };
  /// A message whose memory must stay until it is gone.
  struct Said {
    Talk talk;
    MpiRequest request;
  };

  const MpiCalls &calls() const { return session.calls(); }
  Status check(int code, const char *what) const;
  Status completed(int64_t id, const MpiReceived &received);
  Status listen();
  Status hear(int from, const Talk &talk);
  Status say(int to, const Talk &talk);
  void announce(const Status &why);
  bool ask(int peer, int *waitingFor);

  const MpiSession &session;
  const MpiSpaces spaces;
  const std::vector<MpiPeer> &peers;
  std::vector<Active> active;
  Talk heard;
  MpiRequest hearing;
  std::deque<Said> said;
  int answeredBy = -1, answer = -1; // the last answer
  bool announced = false;           // the failure is known to all
};

} // namespace mptrt

#endif // MPTRT_COMM_MPI_MPITRANSPORT_H
