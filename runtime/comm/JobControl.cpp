// SPDX-License-Identifier: Apache-2.0
// The job's shared record. All cross-rank fields are lock-free atomics; texts
// are published by a release store of their phase. A writer that is killed
// half-way leaves phase 1 behind; abort() then overwrites it after 20 ms.
#include "JobControl.h"

#include <climits>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <linux/futex.h>
#include <new>
#include <sys/syscall.h>
#include <unistd.h>

namespace mptrt {

static_assert(std::atomic<int64_t>::is_always_lock_free &&
                  std::atomic<uint32_t>::is_always_lock_free,
              "ranks in several processes share these");

int64_t nowNanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

static size_t roundUp(size_t bytes) { return (bytes + 63) / 64 * 64; }

size_t JobControl::bytesFor(int ranks) {
  return roundUp(sizeof(Message)) +
         static_cast<size_t>(ranks) * roundUp(sizeof(Record));
}

JobControl::JobControl(void *memory, int ranks) : rankCount(ranks) {
  // Zeroed memory is a valid initial state of every field.
  failure = static_cast<Message *>(memory);
  records = reinterpret_cast<Record *>(static_cast<char *>(memory) +
                                       roundUp(sizeof(Message)));
}

uint32_t JobControl::bell(int rank) const { return records[rank].bell.load(); }

void JobControl::ring(int rank) {
  Record &record = records[rank];
  record.bell.fetch_add(1);
  if (record.sleeping.load())
    syscall(SYS_futex, reinterpret_cast<uint32_t *>(&record.bell), FUTEX_WAKE,
            INT_MAX, nullptr, nullptr, 0);
}

void JobControl::ringAll() {
  for (int rank = 0; rank < rankCount; ++rank)
    ring(rank);
}

void JobControl::sleep(int rank, uint32_t seen, int64_t nanoseconds) {
  Record &record = records[rank];
  timespec limit;
  limit.tv_sec = nanoseconds / 1000000000;
  limit.tv_nsec = nanoseconds % 1000000000;
  // Between the two, ring() either changes the bell, which the kernel
  // compares, or sees `sleeping`.
  record.sleeping.store(1);
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&record.bell), FUTEX_WAIT,
          seen, &limit, nullptr, 0);
  record.sleeping.store(0);
}

void JobControl::setWaiting(int rank, int peer) {
  records[rank].lastSign.store(nowNanoseconds(), std::memory_order_relaxed);
  records[rank].waitingFor.store(peer + 1);
}

int JobControl::waitingFor(int rank) const {
  return records[rank].waitingFor.load() - 1;
}

void JobControl::setState(int rank, State state) {
  records[rank].state.store(static_cast<int32_t>(state));
}

JobControl::State JobControl::state(int rank) const {
  return static_cast<State>(records[rank].state.load());
}

/// A waiting rank shows itself every 50 ms; one that did not for this long does
/// not run.
static constexpr int64_t silence = 1000000000;

int JobControl::culprit(int peer) const {
  for (int hop = 0; hop < rankCount; ++hop) {
    const Record &record = records[peer];
    if (state(peer) != State::Running)
      return peer;
    int next = waitingFor(peer);
    if (next < 0 || nowNanoseconds() - record.lastSign.load() > silence)
      return peer;
    peer = next;
  }
  return peer; // a circle of waits
}

std::string JobControl::describe(int rank) const {
  const Record &record = records[rank];
  if (state(rank) == State::Stopped)
    return "it is stopped";
  if (state(rank) == State::Ended)
    return "it has ended";
  int next = waitingFor(rank);
  if (next < 0)
    return "it is busy or hangs";
  if (nowNanoseconds() - record.lastSign.load() > silence)
    return "it gives no sign of life";
  return formatText("it waits for rank %d", next);
}

void JobControl::write(Message &message, int rank, const Status &status) {
  message.code = status.exitCode();
  message.rank = rank;
  std::snprintf(message.text, textBytes, "%s", status.message().c_str());
  message.phase.store(2, std::memory_order_release);
}

Status JobControl::read(const Message &message) {
  return Status(static_cast<Code>(message.code), message.text);
}

void JobControl::abort(int rank, const Status &why) {
  Status named = why;
  if (rank >= 0 && why.message().compare(0, 5, "rank ") != 0)
    named = why.withContext(formatText("rank %d", rank));
  uint32_t none = 0;
  if (failure->phase.compare_exchange_strong(none, 1)) {
    write(*failure, rank, named);
  } else if (none == 1) {
    timespec moment = {0, 20000000};
    nanosleep(&moment, nullptr);
    if (failure->phase.load() == 1)
      write(*failure, rank, named);
  }
  ringAll();
}

bool JobControl::aborted() const {
  return failure->phase.load(std::memory_order_acquire) == 2;
}

int JobControl::abortRank() const { return aborted() ? failure->rank : -1; }

Status JobControl::abortStatus() const {
  return aborted() ? read(*failure) : Status();
}

void JobControl::setVerdict(int rank, const Status &verdict) {
  write(records[rank].verdict, rank, verdict);
}

bool JobControl::verdict(int rank, Status *out) const {
  if (records[rank].verdict.phase.load(std::memory_order_acquire) != 2)
    return false;
  *out = read(records[rank].verdict);
  return true;
}

} // namespace mptrt
