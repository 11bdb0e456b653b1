// SPDX-License-Identifier: Apache-2.0
// Ranks as threads of one process: a send publishes its memory, the receiving
// rank copies out of it (rendezvous, one copy).
#ifndef MPTRT_COMM_THREADS_THREADTRANSPORT_H
#define MPTRT_COMM_THREADS_THREADTRANSPORT_H

#include "../HostTransport.h"

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace mptrt {

/// What the ranks of a job share; outlives their transports.
class ThreadHub {
public:
  explicit ThreadHub(int ranks);

  struct Message {
    int32_t channel = 0;
    const char *data = nullptr;
    size_t bytes = 0;
    std::atomic<bool> taken{false};
  };
  struct Mailbox {
    std::mutex mutex; // guards all below, and the copy out of a message
    std::deque<std::shared_ptr<Message>> messages; // not taken
  };

  Mailbox &mailbox(int from, int to) {
    return boxes[static_cast<size_t>(from * control.ranks() + to)];
  }

private:
  std::vector<uint64_t> memory; // the job's record, 64-byte aligned inside

public:
  JobControl control;

private:
  std::vector<Mailbox> boxes;
};

class ThreadTransport final : public HostTransport {
public:
  ThreadTransport(ThreadHub &hub, int rank,
                  const HostTransportOptions &options);
  ~ThreadTransport() override;
  const char *name() const override { return "threads"; }

protected:
  Status begin(int64_t id) override;
  Status progress() override;
  void cancel(const Status &why) override;

private:
  struct Sending {
    int64_t id;
    int peer;
    std::shared_ptr<ThreadHub::Message> message;
  };
  Status receiveFrom(int peer);

  ThreadHub &hub;
  std::vector<Sending> sends; // not known to be taken
};

} // namespace mptrt

#endif // MPTRT_COMM_THREADS_THREADTRANSPORT_H
