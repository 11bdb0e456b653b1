// SPDX-License-Identifier: Apache-2.0
// What all ranks of a job on one host see of one another: who waits for whom,
// who has ended and how, and the first failure. It lies in memory that all
// ranks share: the heap for threads, a shared mapping for processes; nothing in
// it is an address. A waiting rank sleeps on its own bell (a futex), which
// peers ring when they have done something for it.
#ifndef MPTRT_COMM_JOBCONTROL_H
#define MPTRT_COMM_JOBCONTROL_H

#include "mptrt/Status.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace mptrt {

/// Monotonic clock, the same for all processes of a host.
int64_t nowNanoseconds();

class JobControl {
public:
  enum class State : int32_t { Running = 0, Stopped = 1, Ended = 2 };

  static size_t bytesFor(int ranks);
  /// `memory` is zeroed, 64-byte aligned, bytesFor(ranks) long and outlives
  /// this view; views of the same memory are the same job.
  JobControl(void *memory, int ranks);

  int ranks() const { return rankCount; }

  // Bells.
  uint32_t bell(int rank) const;
  void ring(int rank);
  void ringAll();
  /// Sleeps until the bell is not `seen` any more, at most `nanoseconds`.
  void sleep(int rank, uint32_t seen, int64_t nanoseconds);

  // Who waits for whom; -1: for nobody. Also a sign of life.
  void setWaiting(int rank, int peer);
  int waitingFor(int rank) const;
  void setState(int rank, State state);
  State state(int rank) const;
  /// The rank that holds up one who waits for `peer`: follows waits until a
  /// rank that is stopped, ended, silent or busy.
  int culprit(int peer) const;
  /// What is known of a rank: "it is stopped", "it is busy", ...
  std::string describe(int rank) const;

  // The first failure. Later ones are dropped.
  void abort(int rank, const Status &why);
  bool aborted() const;
  int abortRank() const;
  Status abortStatus() const; // as `why`, with its rank named

  // A rank's own result.
  void setVerdict(int rank, const Status &verdict);
  bool verdict(int rank, Status *out) const;

private:
  static constexpr size_t textBytes = 1024;
  struct Message {
    std::atomic<uint32_t> phase; // 0 none, 1 being written, 2 there
    int32_t code;
    int32_t rank;
    char text[textBytes];
  };
  struct alignas(64) Record {
    std::atomic<uint32_t> bell;
    std::atomic<uint32_t> sleeping;
    std::atomic<int32_t> waitingFor; // peer + 1
    std::atomic<int32_t> state;
    std::atomic<int64_t> lastSign; // of life, nanoseconds
    Message verdict;
  };
  static void write(Message &message, int rank, const Status &status);
  static Status read(const Message &message);

  int rankCount;
  Message *failure;
  Record *records;
};

} // namespace mptrt

#endif // MPTRT_COMM_JOBCONTROL_H
