// SPDX-License-Identifier: Apache-2.0
// One rank, in a process that mpirun (or another launcher of MPI) has started.
// The process forks: the child is the rank, the parent only waits, so that a
// child that is killed ends the job with a message and code 87 instead of what
// the launcher makes of a signal. The others are ended by the launcher, as MPI
// programs are, or by the failing rank's word, whichever comes first.
#include "../HostLaunch.h"
#include "MpiTransport.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mptrt {

namespace {

/// Ranks that run other programs would wait for messages that never come.
Status comparePrograms(const std::vector<MpiPeer> &peers) {
  for (size_t rank = 1; rank < peers.size(); ++rank)
    if (peers[rank].program != peers[0].program)
      return makeStatus(Code::Usage,
                        "rank %zu runs another program than rank 0 (their "
                        "manifests differ: %016llx, %016llx); start the same "
                        "executable on all ranks",
                        rank, (unsigned long long)peers[rank].program,
                        (unsigned long long)peers[0].program);
  return Status();
}

Status startSession(const LaunchOptions &options, MpiSession *session,
                    MpiSpaces *spaces, std::vector<MpiPeer> *peers) {
  MPTRT_TRY(session->start());
  if (session->size() != options.ranks || session->rank() != options.place.rank)
    return makeStatus(Code::Usage,
                      "MPI says rank %d of %d, the environment (%s) rank %d of "
                      "%d; start the program by the mpirun of the MPI that the "
                      "runtime was built with",
                      session->rank(), session->size(),
                      options.place.source.c_str(), options.place.rank,
                      options.ranks);
  MPTRT_TRY(session->open(options.timeoutInit, spaces));
  MPTRT_TRY(
      session->meet(*spaces, options.program, options.timeoutInit, peers));
  return comparePrograms(*peers);
}

/// Ranks on this host, as far as the launcher tells.
int localRanks(const LaunchOptions &options) {
  for (const char *name : {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"})
    if (const char *text = std::getenv(name))
      return std::max(1, std::atoi(text));
  return options.ranks;
}

/// The rank; its verdict goes into `control`.
void runMpiRank(const LaunchOptions &options, JobControl control,
                const RankFunction &function) {
  int self = options.place.rank;
  MpiSession session;
  MpiSpaces spaces;
  std::vector<MpiPeer> peers;
  Status status = startSession(options, &session, &spaces, &peers);
  if (!status.ok()) {
    control.setVerdict(self, status); // of all ranks alike
    return;
  }
  HostTransportOptions transportOptions;
  transportOptions.timeout = options.timeoutInit;
  transportOptions.spins =
      chooseSpins(localRanks(options), options.threadsPerRank);
  MpiTransport transport(session, spaces, peers, control, transportOptions);
  HostRankContext context(options, transport);
  runRank(control, context, function);
  Status verdict;
  control.verdict(self, &verdict);
  if (verdict.ok())
    verdict = transport.leave();
  if (verdict.ok())
    verdict = session.finish();
  else
    transport.abort(verdict);
  control.setVerdict(self, verdict);
}

/// Waits for the child; writes down how it was killed, if it was.
void watch(pid_t child, int rank, JobControl control) {
  int how = 0;
  while (waitpid(child, &how, 0) < 0 && errno == EINTR)
    ;
  Status verdict;
  bool isWhole = WIFEXITED(how) && WEXITSTATUS(how) == 0;
  if (isWhole && control.verdict(rank, &verdict))
    return;
  verdict = lostRank(rank, child, how);
  control.abort(rank, verdict);
  control.setVerdict(rank, verdict);
}

/// A signal ends it early.
void sleepFor(double seconds) {
  timespec time;
  time.tv_sec = static_cast<time_t>(seconds);
  time.tv_nsec =
      static_cast<long>((seconds - static_cast<double>(time.tv_sec)) * 1e9);
  nanosleep(&time, nullptr);
}

} // namespace

LaunchResult launchMpi(const LaunchOptions &options,
                       const RankFunction &function) {
  LaunchResult result;
  int self = options.place.rank;
  result.reports = self == 0;
  result.verdict = checkLaunch(options);
  if (!result.verdict.ok())
    return result;
  chooseWaitPolicy(localRanks(options), options.threadsPerRank);
  void *page = mmap(nullptr, JobControl::bytesFor(options.ranks),
                    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  std::fflush(nullptr); // or the child prints it again
  pid_t parent = getpid(), child = page == MAP_FAILED ? -1 : fork();
  if (child < 0) {
    result.verdict =
        makeStatus(Code::Internal, "rank %d: cannot fork a process: %s", self,
                   std::strerror(errno));
    return result;
  }
  JobControl control(page, options.ranks);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
      _exit(static_cast<int>(Code::PeerLost));
    runMpiRank(options, control, function);
    std::fflush(nullptr);
    _exit(0);
  }
  watch(child, self, control);
  control.verdict(self, &result.verdict);
  result.ranks.push_back(result.verdict);
  if (control.aborted()) {
    result.failedRank = control.abortRank();
    result.reports = result.failedRank == self;
    result.verdict = control.abortStatus();
  }
  munmap(page, JobControl::bytesFor(options.ranks));
  // The launcher ends all at the first failed process: let that be the one
  // that tells why.
  if (!result.reports && !result.verdict.ok())
    sleepFor(options.grace);
  return result;
}

} // namespace mptrt
