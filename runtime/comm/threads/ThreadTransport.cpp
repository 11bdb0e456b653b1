// SPDX-License-Identifier: Apache-2.0
// Rendezvous between threads. The receiver copies under the mailbox's lock, and
// a sender that gives up takes its messages back under the same lock: after
// that nobody reads its memory.
#include "ThreadTransport.h"

#include <algorithm>
#include <cstring>

namespace mptrt {

static void *align64(std::vector<uint64_t> &memory) {
  uint64_t address = reinterpret_cast<uint64_t>(memory.data());
  return reinterpret_cast<void *>((address + 63) / 64 * 64);
}

ThreadHub::ThreadHub(int ranks)
    : memory(JobControl::bytesFor(ranks) / 8 + 8),
      control(align64(memory), ranks),
      boxes(static_cast<size_t>(ranks) * static_cast<size_t>(ranks)) {}

ThreadTransport::ThreadTransport(ThreadHub &hub, int rank,
                                 const HostTransportOptions &options)
    : HostTransport(hub.control, rank, options), hub(hub) {}

ThreadTransport::~ThreadTransport() { ThreadTransport::cancel(Status()); }

Status ThreadTransport::begin(int64_t id) {
  const Transfer &posted = transfer(id);
  if (!posted.isSend)
    return Status(); // progress() looks for its message
  auto message = std::make_shared<ThreadHub::Message>();
  message->channel = posted.channel;
  message->data = posted.data;
  message->bytes = posted.bytes;
  {
    ThreadHub::Mailbox &box = hub.mailbox(self, posted.peer);
    std::lock_guard<std::mutex> lock(box.mutex);
    box.messages.push_back(message);
  }
  sends.push_back({id, posted.peer, std::move(message)});
  control.ring(posted.peer);
  return Status();
}

/// Takes every message of `peer` that a receive has been posted for.
Status ThreadTransport::receiveFrom(int peer) {
  ThreadHub::Mailbox &box = hub.mailbox(peer, self);
  bool took = false;
  Status status;
  {
    std::lock_guard<std::mutex> lock(box.mutex);
    for (auto next = box.messages.begin(); next != box.messages.end();) {
      ThreadHub::Message &message = **next;
      int64_t id = firstReceive(peer, message.channel);
      if (id < 0) {
        ++next;
        continue;
      }
      Transfer &receive = transfer(id);
      if (receive.bytes != message.bytes) {
        status = sizeMismatch(receive, message.bytes);
        break;
      }
      if (message.bytes)
        std::memcpy(receive.data, message.data, message.bytes);
      finish(id);
      message.taken.store(true, std::memory_order_release);
      next = box.messages.erase(next);
      took = true;
    }
  }
  if (took)
    control.ring(peer);
  return status;
}

Status ThreadTransport::progress() {
  for (size_t i = 0; i < receives.size();) {
    size_t before = receives.size();
    MPTRT_TRY(receiveFrom(transfer(receives[i]).peer));
    if (receives.size() == before)
      ++i;
    else
      i = 0;
  }
  for (size_t i = 0; i < sends.size();) {
    if (!sends[i].message->taken.load(std::memory_order_acquire)) {
      ++i;
      continue;
    }
    finish(sends[i].id);
    sends.erase(sends.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return Status();
}

void ThreadTransport::cancel(const Status &) {
  for (const Sending &sending : sends) {
    ThreadHub::Mailbox &box = hub.mailbox(self, sending.peer);
    std::lock_guard<std::mutex> lock(box.mutex);
    auto found =
        std::find(box.messages.begin(), box.messages.end(), sending.message);
    if (found != box.messages.end())
      box.messages.erase(found);
  }
  sends.clear();
}

} // namespace mptrt
