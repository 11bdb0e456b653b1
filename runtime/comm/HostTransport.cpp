// SPDX-License-Identifier: Apache-2.0
// Posting, testing and waiting, the same for all. A wait polls, then rests
// between polls, where there are bells in slices of 50 ms, so that it sees an
// abort, a deadline, and shows that it lives.
#include "HostTransport.h"

#include "mptrt/Device.h"

#include <algorithm>

namespace mptrt {

Transport::~Transport() = default;

int chooseSpins(int ranks, int threadsPerRank) {
  return static_cast<int64_t>(ranks) * threadsPerRank <= usableCores() ? 2000
                                                                       : 0;
}

Status HostTransport::post(bool isSend, int peer, int32_t channel, char *data,
                           size_t bytes, Request *out) {
  MPTRT_TRY(failure);
  if (peer < 0 || peer >= size() || peer == self)
    return makeStatus(Code::Internal,
                      "rank %d: %s rank %d; expected another of %d ranks", self,
                      isSend ? "send to" : "receive from", peer, size());
  if (unused.empty()) {
    unused.push_back(static_cast<int64_t>(transfers.size()));
    transfers.emplace_back();
  }
  int64_t id = unused.back();
  unused.pop_back();
  Transfer &fresh = transfer(id);
  fresh = Transfer();
  fresh.isSend = isSend;
  fresh.peer = peer;
  fresh.channel = channel;
  fresh.data = data;
  fresh.bytes = bytes;
  if (!isSend)
    receives.push_back(id);
  out->id = id;
  out->peer = peer;
  Status status = begin(id);
  return status.ok() ? status : fail(status);
}

Status HostTransport::postSend(int peer, int32_t channel, const void *data,
                               size_t bytes, Request *out) {
  // The one list of transfers holds both kinds; a send's memory is only read.
  char *memory = static_cast<char *>(const_cast<void *>(data));
  return post(/*isSend=*/true, peer, channel, memory, bytes, out);
}

Status HostTransport::postReceive(int peer, int32_t channel, void *data,
                                  size_t bytes, Request *out) {
  return post(/*isSend=*/false, peer, channel, static_cast<char *>(data), bytes,
              out);
}

int64_t HostTransport::firstReceive(int peer, int32_t channel) {
  for (int64_t id : receives) {
    const Transfer &receive = transfer(id);
    if (receive.peer == peer && receive.channel == channel && !receive.matched)
      return id;
  }
  return -1;
}

void HostTransport::finish(int64_t id) {
  Transfer &ended = transfer(id);
  ended.done = true;
  if (!ended.isSend)
    receives.erase(std::find(receives.begin(), receives.end(), id));
}

Status HostTransport::sizeMismatch(const Transfer &receive, size_t sent) const {
  return makeStatus(Code::Internal,
                    "rank %d sent %zu bytes, rank %d expected %zu; the ranks "
                    "are at different calls",
                    receive.peer, sent, self, receive.bytes);
}

Status HostTransport::fail(const Status &status) {
  if (failure.ok()) {
    failure = status;
    cancel(failure);
    receives.clear();
  }
  return failure;
}

/// Progress, unless the job is over.
Status HostTransport::step() {
  MPTRT_TRY(failure);
  if (control.aborted())
    return fail(control.abortStatus());
  Status status = progress();
  return status.ok() ? status : fail(status);
}

/// True if the request is done; it is then empty.
bool HostTransport::collect(Request *request) {
  if (request->id < 0)
    return true;
  if (!transfer(request->id).done)
    return false;
  unused.push_back(request->id);
  *request = Request();
  return true;
}

Status HostTransport::test(Request *request, bool *done) {
  *done = collect(request);
  if (*done)
    return failure;
  MPTRT_TRY(step());
  *done = collect(request);
  return Status();
}

Status HostTransport::timedOut(int peer, double seconds) {
  int culprit = control.culprit(peer);
  return makeStatus(Code::Timeout, "no answer from rank %d for %g s, %s",
                    culprit, seconds, control.describe(culprit).c_str());
}

void HostTransport::rest(int, uint32_t seen, int64_t nanoseconds) {
  control.sleep(self, seen, nanoseconds);
}

Status HostTransport::wait(Request *requests, int count) {
  constexpr int64_t slice = 50000000, suspended = 1000000000;
  MPTRT_TRY(failure);
  int64_t last = nowNanoseconds();
  int64_t left = static_cast<int64_t>(options.timeout * 1e9);
  int first = 0; // requests before it are done
  Status status;
  for (int spins = 0; status.ok(); ++spins) {
    uint32_t seen = control.bell(self);
    status = step();
    while (first < count && collect(&requests[first]))
      ++first;
    if (first == count || !status.ok())
      break;
    int peer = requests[first].peer;
    if (spins < options.spins)
      continue;
    control.setWaiting(self, peer);
    rest(spins - options.spins, seen,
         std::min(slice, std::max<int64_t>(left, 1)));
    // Time in which this process itself did not run does not count.
    int64_t now = nowNanoseconds();
    left -= now - last > suspended ? slice : now - last;
    last = now;
    if (left <= 0)
      status = fail(timedOut(peer, options.timeout));
  }
  // A rank that gave up still shows whom it waited for: others that give up
  // in the same moment follow its wait to the culprit.
  if (status.ok())
    control.setWaiting(self, -1);
  // What arrived together with somebody's abort has arrived.
  return first == count ? Status() : status;
}

void HostTransport::abort(const Status &why) { control.abort(self, why); }

} // namespace mptrt
