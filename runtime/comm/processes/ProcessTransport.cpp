// SPDX-License-Identifier: Apache-2.0
// Bytes through rings. Writer and reader publish their positions in pieces of
// at most 64 KiB, so that the two copies of a long message overlap. A message
// that comes before its receive is read into memory of its own, so no channel
// can block another.
#include "ProcessTransport.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace mptrt {

static constexpr uint32_t headMark = 0x6d707472;
static constexpr size_t pieceBytes = 64 << 10;

SharedSegment::~SharedSegment() {
  if (memory)
    munmap(memory, bytes);
}

static constexpr size_t ringHead = 128; // two positions on lines of their own

Status SharedSegment::create(int rankCount) {
  static_assert(offsetof(Ring, bytes) == ringHead, "layout of a ring");
  ranks = rankCount;
  size_t pairs = static_cast<size_t>(ranks) * static_cast<size_t>(ranks);
  capacity = 256 << 10;
  while (capacity > (16 << 10) && pairs * capacity > (size_t(256) << 20))
    capacity /= 2;
  ringsAt = JobControl::bytesFor(ranks);
  bytes = ringsAt + pairs * (ringHead + capacity);
  int file = memfd_create("mpt-ranks", MFD_CLOEXEC);
  void *mapped = MAP_FAILED;
  if (file >= 0 && ftruncate(file, static_cast<off_t>(bytes)) == 0)
    mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  int error = errno;
  if (file >= 0)
    close(file);
  if (mapped == MAP_FAILED)
    return makeStatus(Code::Internal,
                      "cannot share %zu bytes between %d ranks: %s; use "
                      "--comm=threads",
                      bytes, ranks, std::strerror(error));
  memory = static_cast<char *>(mapped);
  return Status();
}

SharedSegment::Ring &SharedSegment::ring(int from, int to) const {
  size_t index = static_cast<size_t>(from * ranks + to);
  return *reinterpret_cast<Ring *>(memory + ringsAt +
                                   index * (ringHead + capacity));
}

namespace {

/// The two ends of a ring; both copy across its seam.
struct RingView {
  SharedSegment::Ring &ring;
  size_t capacity;

  size_t filled() const {
    return ring.written.load(std::memory_order_acquire) -
           ring.read.load(std::memory_order_acquire);
  }
  size_t space() const { return capacity - filled(); }

  void write(const void *from, size_t bytes) {
    uint64_t at = ring.written.load(std::memory_order_relaxed);
    size_t start = at & (capacity - 1);
    size_t first = std::min(bytes, capacity - start);
    std::memcpy(ring.bytes + start, from, first);
    std::memcpy(ring.bytes, static_cast<const char *>(from) + first,
                bytes - first);
    ring.written.store(at + bytes, std::memory_order_release);
  }
  void read(void *to, size_t bytes) {
    uint64_t at = ring.read.load(std::memory_order_relaxed);
    size_t start = at & (capacity - 1);
    size_t first = std::min(bytes, capacity - start);
    std::memcpy(to, ring.bytes + start, first);
    std::memcpy(static_cast<char *>(to) + first, ring.bytes, bytes - first);
    ring.read.store(at + bytes, std::memory_order_release);
  }
};

} // namespace

ProcessTransport::ProcessTransport(SharedSegment &segment, int rank,
                                   const HostTransportOptions &options)
    : HostTransport(segment.control(), rank, options), segment(segment),
      peers(static_cast<size_t>(segment.control().ranks())) {}

Status ProcessTransport::begin(int64_t id) {
  const Transfer &posted = transfer(id);
  if (!posted.isSend)
    return Status();
  peers[static_cast<size_t>(posted.peer)].sends.push_back(id);
  return sendTo(posted.peer);
}

/// Writes as much of the posted sends as fits.
Status ProcessTransport::sendTo(int rank) {
  Peer &peer = peers[static_cast<size_t>(rank)];
  RingView ring{segment.ring(self, rank), segment.ringBytes()};
  bool wrote = false;
  while (!peer.sends.empty()) {
    Transfer &send = transfer(peer.sends.front());
    if (!peer.headSent) {
      if (ring.space() < sizeof(Head))
        break;
      Head head{send.channel, headMark, send.bytes};
      ring.write(&head, sizeof(head));
      peer.headSent = wrote = true;
    }
    size_t piece =
        std::min({send.bytes - send.moved, ring.space(), pieceBytes});
    if (piece) {
      ring.write(send.data + send.moved, piece);
      send.moved += piece;
      wrote = true;
    }
    if (send.moved == send.bytes) {
      finish(peer.sends.front());
      peer.sends.pop_front();
      peer.headSent = false;
    } else if (!piece) {
      break;
    }
  }
  if (wrote)
    control.ring(rank);
  return Status();
}

/// Decides where the bytes of a message go.
Status ProcessTransport::openMessage(int rank, const Head &head) {
  if (head.mark != headMark)
    return makeStatus(Code::Internal, "ring from rank %d to rank %d is damaged",
                      rank, self);
  Peer &peer = peers[static_cast<size_t>(rank)];
  peer.reading = true;
  peer.into = firstReceive(rank, head.channel);
  for (const Early &early : peer.early)
    if (early.channel == head.channel)
      peer.into = -1; // an earlier message comes first
  if (peer.into < 0) {
    peer.early.emplace_back();
    peer.early.back().channel = head.channel;
    peer.early.back().bytes.resize(head.bytes);
    return Status();
  }
  Transfer &receive = transfer(peer.into);
  if (receive.bytes != head.bytes)
    return sizeMismatch(receive, head.bytes);
  receive.matched = true;
  return Status();
}

/// Hands messages that have been read completely to their receives.
Status ProcessTransport::takeEarly(int rank) {
  Peer &peer = peers[static_cast<size_t>(rank)];
  for (auto early = peer.early.begin(); early != peer.early.end();) {
    int64_t id = firstReceive(rank, early->channel);
    bool complete = early->moved == early->bytes.size();
    if (id < 0 || !complete) {
      // An incomplete one is the last of all.
      ++early;
      continue;
    }
    Transfer &receive = transfer(id);
    if (receive.bytes != early->bytes.size())
      return sizeMismatch(receive, early->bytes.size());
    if (receive.bytes)
      std::memcpy(receive.data, early->bytes.data(), receive.bytes);
    finish(id);
    early = peer.early.erase(early);
  }
  return Status();
}

/// Reads all that is in the ring.
Status ProcessTransport::receiveFrom(int rank) {
  Peer &peer = peers[static_cast<size_t>(rank)];
  RingView ring{segment.ring(rank, self), segment.ringBytes()};
  bool took = false;
  for (;;) {
    MPTRT_TRY(takeEarly(rank));
    if (!peer.reading) {
      if (ring.filled() < sizeof(Head))
        break;
      Head head;
      ring.read(&head, sizeof(head));
      took = true;
      MPTRT_TRY(openMessage(rank, head));
    }
    bool isEarly = peer.into < 0;
    Transfer *receive = isEarly ? nullptr : &transfer(peer.into);
    char *data = isEarly ? peer.early.back().bytes.data() : receive->data;
    size_t total = isEarly ? peer.early.back().bytes.size() : receive->bytes;
    size_t &moved = isEarly ? peer.early.back().moved : receive->moved;
    size_t piece = std::min({total - moved, ring.filled(), pieceBytes});
    if (piece) {
      ring.read(data + moved, piece);
      moved += piece;
      took = true;
    }
    if (moved == total) {
      peer.reading = false;
      if (!isEarly)
        finish(peer.into);
    } else if (!piece) {
      break;
    }
  }
  if (took)
    control.ring(rank);
  return Status();
}

Status ProcessTransport::progress() {
  for (int rank = 0; rank < size(); ++rank) {
    if (rank == self)
      continue;
    if (!peers[static_cast<size_t>(rank)].sends.empty())
      MPTRT_TRY(sendTo(rank));
    MPTRT_TRY(receiveFrom(rank));
  }
  return Status();
}

void ProcessTransport::cancel(const Status &) {
  // Nobody reads this process's memory: forgetting is enough.
  for (Peer &peer : peers)
    peer = Peer();
}

} // namespace mptrt
