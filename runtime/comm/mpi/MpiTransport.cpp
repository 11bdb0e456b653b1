// SPDX-License-Identifier: Apache-2.0
// Nothing here waits inside MPI. MPI makes progress in its calls only, so a
// rank answers questions whenever it polls; one that computes, is stopped or
// gone does not answer.
#include "MpiTransport.h"

#include <algorithm>
#include <cstring>

namespace mptrt {

static constexpr int talkTag = 0;
/// How long a rank that waits may take to answer; it polls every half
/// millisecond, but its core may be shared.
static constexpr int64_t patience = 500000000;

MpiTransport::MpiTransport(const MpiSession &session, const MpiSpaces &spaces,
                           const std::vector<MpiPeer> &peers,
                           JobControl control,
                           const HostTransportOptions &options)
    : HostTransport(control, session.rank(), options), session(session),
      spaces(spaces), peers(peers), hearing(session.calls().none) {}

Status MpiTransport::check(int code, const char *what) const {
  return session.check(code, what)
      .withContext(code ? formatText("rank %d", self) : "");
}

//===- Transfers ----------------------------------------------------------===//

Status MpiTransport::begin(int64_t id) {
  const Transfer &posted = transfer(id);
  Active started{id, calls().none};
  int code = posted.isSend
                 ? calls().send(spaces.data, posted.peer, posted.channel,
                                posted.data, posted.bytes, &started.request)
                 : calls().receive(spaces.data, posted.peer, posted.channel,
                                   posted.data, posted.bytes, &started.request);
  MPTRT_TRY(check(code, posted.isSend ? "send" : "receive"));
  active.push_back(started);
  return Status();
}

Status MpiTransport::completed(int64_t id, const MpiReceived &received) {
  const Transfer &ended = transfer(id);
  if (!ended.isSend && received.bytes < 0)
    return makeStatus(Code::Internal,
                      "rank %d sent more than the %zu bytes that rank %d "
                      "expected; the ranks are at different calls",
                      ended.peer, ended.bytes, self);
  if (!ended.isSend && received.bytes != static_cast<int64_t>(ended.bytes))
    return sizeMismatch(ended, static_cast<size_t>(received.bytes));
  finish(id);
  return Status();
}

Status MpiTransport::progress() {
  MPTRT_TRY(listen());
  for (size_t i = 0; i < active.size();) {
    int done = 0;
    MpiReceived received;
    int code = calls().test(&active[i].request, &done, &received);
    MPTRT_TRY(check(code, "test"));
    if (!done) {
      ++i;
      continue;
    }
    int64_t id = active[i].id;
    active.erase(active.begin() + static_cast<std::ptrdiff_t>(i));
    MPTRT_TRY(completed(id, received));
  }
  return Status();
}

/// Tells the others while the memory of what MPI still moves is there.
void MpiTransport::cancel(const Status &why) {
  for (Active &transferring : active)
    if (!transfer(transferring.id).isSend)
      (void)calls().cancel(&transferring.request);
  active.clear();
  announce(why);
}

//===- Talk ---------------------------------------------------------------===//

Status MpiTransport::say(int to, const Talk &talk) {
  said.push_back({talk, calls().none});
  return check(calls().send(spaces.talk, to, talkTag, &said.back().talk,
                            sizeof(Talk), &said.back().request),
               "talk");
}

/// Takes in what others say; forgets what has been delivered.
Status MpiTransport::listen() {
  while (!said.empty()) {
    int done = 0;
    MpiReceived ignored;
    MPTRT_TRY(
        check(calls().test(&said.front().request, &done, &ignored), "talk"));
    if (!done)
      break;
    said.pop_front();
  }
  for (;;) {
    if (hearing == calls().none)
      MPTRT_TRY(check(calls().receive(spaces.talk, -1, talkTag, &heard,
                                      sizeof(heard), &hearing),
                      "listen"));
    int done = 0;
    MpiReceived received;
    MPTRT_TRY(check(calls().test(&hearing, &done, &received), "listen"));
    if (!done)
      return Status();
    hearing = calls().none;
    MPTRT_TRY(hear(received.source, heard));
  }
}

Status MpiTransport::hear(int from, const Talk &talk) {
  if (talk.kind == Kind::Question) {
    Talk reply;
    reply.kind = Kind::Answer;
    reply.waitingFor = control.waitingFor(self);
    return say(from, reply);
  }
  if (talk.kind == Kind::Answer) {
    answeredBy = from;
    answer = talk.waitingFor;
    return Status();
  }
  if (announced) // failures at once: each rank stays with what it has seen
    return control.abortStatus();
  announced = true;
  control.abort(talk.rank, Status(static_cast<Code>(talk.code), talk.text));
  return control.abortStatus();
}

/// Tells all others, once, and makes sure that it leaves this process.
void MpiTransport::announce(const Status &why) {
  if (announced)
    return;
  announced = true;
  Talk talk;
  talk.code = why.exitCode();
  talk.rank = self;
  std::strncpy(talk.text, why.message().c_str(), sizeof(talk.text) - 1);
  for (int rank = 0; rank < size(); ++rank)
    if (rank != self)
      (void)say(rank, talk);
  int64_t end = nowNanoseconds() + patience;
  for (int polls = 0; !said.empty() && nowNanoseconds() < end; ++polls) {
    if (!listen().ok())
      return;
    restBetweenPolls(polls);
  }
}

void MpiTransport::abort(const Status &why) {
  control.abort(self, why);
  announce(control.abortStatus());
}

Status MpiTransport::leave() {
  MpiRequest request = calls().none;
  MPTRT_TRY(check(calls().barrier(spaces.talk, &request), "end"));
  int64_t end = nowNanoseconds() + static_cast<int64_t>(timeout() * 1e9);
  for (int polls = 0;; ++polls) {
    int done = 0;
    MpiReceived ignored;
    MPTRT_TRY(check(calls().test(&request, &done, &ignored), "end"));
    if (done && hearing == calls().none)
      return Status();
    if (done)
      return check(calls().cancel(&hearing), "end");
    MPTRT_TRY(listen());
    if (nowNanoseconds() > end)
      return makeStatus(Code::Timeout,
                        "rank %d: not all ranks have ended within %g s", self,
                        timeout());
    restBetweenPolls(polls);
  }
}

//===- Waiting ------------------------------------------------------------===//

void MpiTransport::rest(int polls, uint32_t, int64_t) {
  restBetweenPolls(polls);
}

/// False if the peer does not answer.
bool MpiTransport::ask(int peer, int *out) {
  Talk question;
  question.kind = Kind::Question;
  answeredBy = -1;
  if (!say(peer, question).ok())
    return false;
  int64_t end = nowNanoseconds() + patience;
  for (int polls = 0; nowNanoseconds() < end; ++polls) {
    if (!listen().ok())
      return false;
    if (answeredBy == peer) {
      *out = answer;
      return true;
    }
    restBetweenPolls(polls);
  }
  return false;
}

/// Follows waits to the rank that does not wait, or not answer.
Status MpiTransport::timedOut(int peer, double seconds) {
  int culprit = peer, next = -1;
  std::string state;
  for (int hop = 0; hop < size() && state.empty(); ++hop) {
    bool isAnswer = ask(culprit, &next);
    if (control.aborted()) // somebody else was faster
      return control.abortStatus();
    state = describeProcess(peers[static_cast<size_t>(culprit)],
                            peers[static_cast<size_t>(self)]);
    if (!state.empty())
      break;
    if (!isAnswer || next < 0)
      state = isAnswer ? "it waits for no rank" : "it is busy or hangs";
    else if (next == self)
      state = formatText("it waits for rank %d", self); // a circle
    else
      culprit = next;
  }
  if (state.empty())
    state = formatText("it waits for rank %d", next);
  return makeStatus(Code::Timeout, "no answer from rank %d for %g s, %s",
                    culprit, seconds, state.c_str());
}

} // namespace mptrt
