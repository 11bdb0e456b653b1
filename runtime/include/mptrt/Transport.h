// SPDX-License-Identifier: Apache-2.0
// Point-to-point bytes between the ranks of a job, in host memory: the little
// that a CPU backend must offer; collectives are written once on top of it
// (Communicator.h). Messages from one rank to another on one channel arrive in
// the order in which they were posted; channels are independent. Both sides
// must state the same size.
//
// A rank's transfers progress inside its own test() and wait() calls. A send
// may be done before its receive is posted (buffered) or only after
// (rendezvous): callers must be right for both. Nothing blocks but wait(), and
// wait() ends at the latest when the time-out has passed or somebody has
// aborted the job.
#ifndef MPTRT_TRANSPORT_H
#define MPTRT_TRANSPORT_H

#include "mptrt/Status.h"

#include <cstddef>
#include <cstdint>

namespace mptrt {

/// A posted transfer; the slot is reused after test() has said done.
struct Request {
  int64_t id = -1; // -1: nothing posted, counts as done
  int peer = -1;
};

class Transport {
public:
  virtual ~Transport();
  Transport(const Transport &) = delete;
  Transport &operator=(const Transport &) = delete;

  virtual const char *name() const = 0;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// `data` must stay valid and unchanged until the request is done.
  virtual Status postSend(int peer, int32_t channel, const void *data,
                          size_t bytes, Request *out) = 0;
  virtual Status postReceive(int peer, int32_t channel, void *data,
                             size_t bytes, Request *out) = 0;
  /// Makes progress; never waits. Fails if the job was aborted (with the
  /// aborting rank's code) or the sizes of the two sides differ. A request that
  /// is done becomes empty (id -1).
  virtual Status test(Request *request, bool *done) = 0;
  /// Until all are done. Timeout names the rank that holds up the job.
  virtual Status wait(Request *requests, int count) = 0;
  /// Ends every wait of every rank with `why`; the first abort of a job counts.
  /// Requests are forgotten: no transfer touches their memory any more once
  /// every rank has left its waits.
  virtual void abort(const Status &why) = 0;
  /// For the waits from now on; seconds > 0.
  virtual void setTimeout(double seconds) = 0;
  virtual double timeout() const = 0;

protected:
  Transport() = default;
};

} // namespace mptrt

#endif // MPTRT_TRANSPORT_H
