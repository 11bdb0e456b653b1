// SPDX-License-Identifier: Apache-2.0
// Forks every rank and watches over them: the parent holds no rank. A child
// that is killed, or stopped, is written into the job's record at once, so that
// those who wait for it end (87) or name it when their time is up (86). After
// the first failure the others get `grace` seconds, stopped ones none, and are
// then killed. Children die with their parent.
#include "../HostLaunch.h"
#include "ProcessTransport.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mptrt {

namespace {

class ProcessLauncher {
public:
  ProcessLauncher(const LaunchOptions &options, SharedSegment &segment)
      : options(options), segment(segment), control(segment.control()),
        children(static_cast<size_t>(options.ranks), -1) {}

  LaunchResult run(const RankFunction &function);

private:
  [[noreturn]] void runChild(int rank, pid_t parent,
                             const RankFunction &function);
  bool fork(int rank, const RankFunction &function);
  void watch();
  void look(int rank);
  void ended(int rank, int how);
  void kill(bool stoppedOnly);

  const LaunchOptions &options;
  SharedSegment &segment;
  JobControl control;
  std::vector<pid_t> children; // -1: not running
  sigset_t oldMask;
};

} // namespace

void ProcessLauncher::runChild(int rank, pid_t parent,
                               const RankFunction &function) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    _exit(static_cast<int>(Code::PeerLost));
  sigprocmask(SIG_SETMASK, &oldMask, nullptr);
  HostTransportOptions transportOptions;
  transportOptions.timeout = options.timeoutInit;
  transportOptions.spins = chooseSpins(options.ranks, options.threadsPerRank);
  {
    ProcessTransport transport(segment, rank, transportOptions);
    HostRankContext context(options, transport);
    runRank(control, context, function);
  }
  Status verdict;
  control.verdict(rank, &verdict);
  std::fflush(nullptr);
  _exit(verdict.exitCode());
}

bool ProcessLauncher::fork(int rank, const RankFunction &function) {
  pid_t parent = getpid();
  pid_t child = ::fork();
  if (child == 0)
    runChild(rank, parent, function);
  if (child < 0) {
    control.abort(rank, makeStatus(Code::Internal,
                                   "rank %d: cannot fork a process: %s", rank,
                                   std::strerror(errno)));
    return false;
  }
  children[static_cast<size_t>(rank)] = child;
  return true;
}

/// A child is gone; `how` as waitpid says.
void ProcessLauncher::ended(int rank, int how) {
  pid_t child = std::exchange(children[static_cast<size_t>(rank)], -1);
  bool wasKilledByUs = control.aborted();
  control.setState(rank, JobControl::State::Ended);
  Status verdict;
  if (control.verdict(rank, &verdict) && !WIFSIGNALED(how))
    return;
  verdict = lostRank(rank, child, how);
  control.setVerdict(rank, verdict);
  if (!wasKilledByUs)
    control.abort(rank, verdict);
}

void ProcessLauncher::look(int rank) {
  int how = 0;
  pid_t child = children[static_cast<size_t>(rank)];
  while (child >= 0 &&
         waitpid(child, &how, WNOHANG | WUNTRACED | WCONTINUED) == child) {
    if (WIFSTOPPED(how)) {
      control.setState(rank, JobControl::State::Stopped);
    } else if (WIFCONTINUED(how)) {
      control.setState(rank, JobControl::State::Running);
    } else {
      ended(rank, how);
      return;
    }
  }
}

void ProcessLauncher::kill(bool stoppedOnly) {
  for (int rank = 0; rank < options.ranks; ++rank) {
    pid_t child = children[static_cast<size_t>(rank)];
    bool stopped = control.state(rank) == JobControl::State::Stopped;
    if (child >= 0 && (stopped || !stoppedOnly))
      ::kill(child, SIGKILL);
  }
}

/// Until no child runs.
void ProcessLauncher::watch() {
  sigset_t childSignal;
  sigemptyset(&childSignal);
  sigaddset(&childSignal, SIGCHLD);
  timespec slice = {0, 50000000};
  int64_t failedAt = 0;
  for (;;) {
    bool running = false;
    for (int rank = 0; rank < options.ranks; ++rank) {
      look(rank);
      running = running || children[static_cast<size_t>(rank)] >= 0;
    }
    if (!running)
      return;
    if (control.aborted()) {
      failedAt = failedAt ? failedAt : nowNanoseconds();
      bool over = nowNanoseconds() - failedAt >
                  static_cast<int64_t>(options.grace * 1e9);
      kill(/*stoppedOnly=*/!over);
    }
    // A lost signal costs one slice.
    sigtimedwait(&childSignal, nullptr, &slice);
  }
}

LaunchResult ProcessLauncher::run(const RankFunction &function) {
  sigset_t childSignal;
  sigemptyset(&childSignal);
  sigaddset(&childSignal, SIGCHLD);
  sigprocmask(SIG_BLOCK, &childSignal, &oldMask);
  std::fflush(nullptr); // or every child prints it again
  for (int rank = 0; rank < options.ranks; ++rank)
    if (!fork(rank, function))
      break;
  watch();
  sigprocmask(SIG_SETMASK, &oldMask, nullptr);
  return collectVerdicts(control);
}

LaunchResult launchProcesses(const LaunchOptions &options,
                             const RankFunction &function) {
  LaunchResult result;
  result.verdict = checkLaunch(options);
  if (!result.verdict.ok())
    return result;
  chooseWaitPolicy(options.ranks, options.threadsPerRank);
  SharedSegment segment;
  result.verdict = segment.create(options.ranks);
  if (!result.verdict.ok())
    return result;
  return ProcessLauncher(options, segment).run(function);
}

} // namespace mptrt
