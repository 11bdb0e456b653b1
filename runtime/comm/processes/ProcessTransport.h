// SPDX-License-Identifier: Apache-2.0
// Ranks as processes of one host: for every ordered pair of ranks a ring of
// bytes in memory that was shared before the fork. A message is a head (channel
// and size) and its bytes; a send is done when its last byte is in the ring.
#ifndef MPTRT_COMM_PROCESSES_PROCESSTRANSPORT_H
#define MPTRT_COMM_PROCESSES_PROCESSTRANSPORT_H

#include "../HostTransport.h"

#include <deque>
#include <list>
#include <memory>
#include <vector>

namespace mptrt {

/// The mapping that all ranks of a job share; made before the fork.
class SharedSegment {
public:
  /// One writer, one reader. Positions count bytes since the start.
  struct Ring {
    alignas(64) std::atomic<uint64_t> written;
    alignas(64) std::atomic<uint64_t> read;
    alignas(64) char bytes[1]; // ringBytes of them
  };

  SharedSegment() = default;
  SharedSegment(const SharedSegment &) = delete;
  SharedSegment &operator=(const SharedSegment &) = delete;
  ~SharedSegment();

  Status create(int ranks);
  JobControl control() const { return JobControl(memory, ranks); }
  Ring &ring(int from, int to) const;
  size_t ringBytes() const { return capacity; }

private:
  char *memory = nullptr;
  size_t bytes = 0;
  size_t ringsAt = 0;
  size_t capacity = 0; // of one ring, a power of two
  int ranks = 0;
};

class ProcessTransport final : public HostTransport {
public:
  ProcessTransport(SharedSegment &segment, int rank,
                   const HostTransportOptions &options);
  const char *name() const override { return "processes"; }

protected:
  Status begin(int64_t id) override;
  Status progress() override;
  void cancel(const Status &why) override;

private:
  struct Head {
    int32_t channel;
    uint32_t mark;
    uint64_t bytes;
  };
  /// A message for which no receive had been posted when its head came.
  struct Early {
    int32_t channel;
    std::vector<char> bytes;
    size_t moved = 0;
  };
  struct Peer {
    std::deque<int64_t> sends;
    bool headSent = false; // of the first of `sends`
    std::list<Early> early;
    bool reading = false; // a message is being read
    int64_t into = -1;    // its receive; -1: early.back()
  };

  Status sendTo(int rank);
  Status receiveFrom(int rank);
  Status takeEarly(int rank);
  Status openMessage(int rank, const Head &head);

  SharedSegment &segment;
  std::vector<Peer> peers;
};

} // namespace mptrt

#endif // MPTRT_COMM_PROCESSES_PROCESSTRANSPORT_H
