// SPDX-License-Identifier: Apache-2.0
// SIGTERM, SIGINT and SIGUSR1 ask a job to end after the step it is in. The
// request lies in memory that all ranks share, forked ones too, whichever
// process got the signal. A second signal ends the process at once.
#ifndef MPTRT_EXEC_STOPSIGNAL_H
#define MPTRT_EXEC_STOPSIGNAL_H

#include "mptrt/Status.h"

#include <atomic>

namespace mptrt {

class StopSignal {
public:
  StopSignal() = default;
  StopSignal(const StopSignal &) = delete;
  StopSignal &operator=(const StopSignal &) = delete;
  ~StopSignal();

  /// Installs the handlers; once per process, before ranks start.
  Status install();
  /// The signal's number, 0: none yet.
  int requested() const { return shared ? shared->signal.load() : 0; }
  void noteStopped() { shared->stopped.store(1); }
  /// True if ranks ended early because of it.
  bool stopped() const { return shared && shared->stopped.load() != 0; }

private:
  struct Shared {
    std::atomic<int> signal, stopped;
  };
  static void handle(int signal);
  // Signal handlers have no argument of their own.
  static Shared *shared;
};

} // namespace mptrt

#endif // MPTRT_EXEC_STOPSIGNAL_H
