// SPDX-License-Identifier: Apache-2.0
// One rank's run and the verdict of a job.
#include "HostLaunch.h"

#include <cstring>
#include <exception>
#include <sys/wait.h>

namespace mptrt {

RankContext::~RankContext() = default;

Status HostRankContext::createCommunicator(Device &device,
                                           std::unique_ptr<Communicator> *out) {
  if (taken)
    return makeStatus(Code::Internal, "rank %d asked for a second communicator",
                      rank());
  taken = true;
  *out = createHostCommunicator(transport, device);
  return Status();
}

void runRank(JobControl control, RankContext &context,
             const RankFunction &function) {
  Status verdict;
  try {
    verdict = function(context);
  } catch (const std::exception &error) {
    verdict = makeStatus(Code::Internal, "rank %d: exception: %s",
                         context.rank(), error.what());
  } catch (...) {
    verdict = makeStatus(Code::Internal, "rank %d: unknown exception",
                         context.rank());
  }
  if (!verdict.ok())
    control.abort(context.rank(), verdict);
  control.setVerdict(context.rank(), verdict);
  control.setState(context.rank(), JobControl::State::Ended);
}

Status lostRank(int rank, pid_t process, int how) {
  if (WIFSIGNALED(how))
    return makeStatus(Code::PeerLost,
                      "rank %d (process %d) was ended by signal %d (%s)", rank,
                      static_cast<int>(process), WTERMSIG(how),
                      strsignal(WTERMSIG(how)));
  return makeStatus(Code::PeerLost,
                    "rank %d (process %d) left with exit code %d in the middle "
                    "of its work",
                    rank, static_cast<int>(process), WEXITSTATUS(how));
}

Status checkLaunch(const LaunchOptions &options) {
  constexpr int most = 1024;
  if (options.ranks < 1 || options.ranks > most)
    return makeStatus(Code::Usage, "%d ranks in one command; expected 1 to %d",
                      options.ranks, most);
  if (options.threadsPerRank < 1)
    return makeStatus(Code::Usage, "%d threads per rank; expected at least 1",
                      options.threadsPerRank);
  if (!(options.timeoutInit > 0) || !(options.timeoutStep > 0))
    return makeStatus(Code::Usage,
                      "time-outs of %g s and %g s; expected more than 0",
                      options.timeoutInit, options.timeoutStep);
  return Status();
}

LaunchResult collectVerdicts(JobControl control) {
  LaunchResult result;
  for (int rank = 0; rank < control.ranks(); ++rank) {
    Status verdict;
    if (!control.verdict(rank, &verdict))
      verdict = makeStatus(Code::PeerLost, "rank %d left no verdict", rank);
    result.ranks.push_back(verdict);
    if (!verdict.ok() && result.failedRank < 0) {
      result.failedRank = rank;
      result.verdict = verdict;
    }
  }
  if (control.aborted()) {
    result.failedRank = control.abortRank();
    result.verdict = control.abortStatus();
  }
  return result;
}

} // namespace mptrt
