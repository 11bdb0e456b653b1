// SPDX-License-Identifier: Apache-2.0
// What transports of the host's memory share: the table of posted transfers,
// matching in order of posting, the wait with its deadline, abort. A transport
// says how bytes move (begin, progress), how to let go of memory (cancel), how
// to rest between polls and whom to blame when the time is up.
#ifndef MPTRT_COMM_HOSTTRANSPORT_H
#define MPTRT_COMM_HOSTTRANSPORT_H

#include "JobControl.h"
#include "mptrt/Transport.h"

#include <deque>
#include <vector>

namespace mptrt {

struct HostTransportOptions {
  double timeout = 100; // seconds
  int spins = 0;        // polls before a wait sleeps; 0 if cores are shared
};

/// Polls worth while: none if the job has more threads than cores.
int chooseSpins(int ranks, int threadsPerRank);

class HostTransport : public Transport {
public:
  int rank() const override { return self; }
  int size() const override { return control.ranks(); }
  Status postSend(int peer, int32_t channel, const void *data, size_t bytes,
                  Request *out) override;
  Status postReceive(int peer, int32_t channel, void *data, size_t bytes,
                     Request *out) override;
  Status test(Request *request, bool *done) override;
  Status wait(Request *requests, int count) override;
  void abort(const Status &why) override;
  void setTimeout(double seconds) override { options.timeout = seconds; }
  double timeout() const override { return options.timeout; }

protected:
  HostTransport(JobControl control, int rank,
                const HostTransportOptions &options)
      : control(control), self(rank), options(options) {}

  struct Transfer {
    bool isSend = false;
    bool done = false;
    bool matched = false; // a receive that a message is being read into
    int peer = -1;
    int32_t channel = 0;
    char *data = nullptr; // a send's is only read
    size_t bytes = 0;
    size_t moved = 0;
  };

  /// A transfer was posted; its id stays valid until it is done.
  virtual Status begin(int64_t id) = 0;
  /// Moves what can be moved without waiting.
  virtual Status progress() = 0;
  /// After a failure: nobody may touch the memory of this rank's transfers.
  virtual void cancel(const Status &why) = 0;
  /// Between the polls of a wait, `polls` so far: until this rank's bell is not
  /// `seen` any more, at most `nanoseconds`.
  virtual void rest(int polls, uint32_t seen, int64_t nanoseconds);
  /// What to say of a wait for `peer` that took `seconds`.
  virtual Status timedOut(int peer, double seconds);

  Transfer &transfer(int64_t id) { return transfers[static_cast<size_t>(id)]; }
  /// The first receive of (peer, channel) that no message has been matched
  /// with; -1 if there is none.
  int64_t firstReceive(int peer, int32_t channel);
  /// Marks a transfer as done; it leaves the lists.
  void finish(int64_t id);
  Status sizeMismatch(const Transfer &receive, size_t sent) const;

  JobControl control;
  const int self;
  std::deque<int64_t> receives; // posted and not done, in order of posting

private:
  Status post(bool isSend, int peer, int32_t channel, char *data, size_t bytes,
              Request *out);
  Status fail(const Status &status);
  Status step();
  bool collect(Request *request);

  HostTransportOptions options;
  std::deque<Transfer> transfers;
  std::vector<int64_t> unused; // ids
  Status failure;              // the first; the transport is dead after it
};

} // namespace mptrt

#endif // MPTRT_COMM_HOSTTRANSPORT_H
