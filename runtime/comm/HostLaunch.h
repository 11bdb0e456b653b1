// SPDX-License-Identifier: Apache-2.0
// What launchers of ranks on this host share.
#ifndef MPTRT_COMM_HOSTLAUNCH_H
#define MPTRT_COMM_HOSTLAUNCH_H

#include "JobControl.h"
#include "mptrt/Bootstrap.h"

#include <sys/types.h>

namespace mptrt {

/// A rank whose communicator is written over a transport of this host.
class HostRankContext final : public RankContext {
public:
  HostRankContext(const LaunchOptions &options, Transport &transport)
      : RankContext(options), transport(transport) {}
  int rank() const override { return transport.rank(); }
  int size() const override { return transport.size(); }
  Status createCommunicator(Device &device,
                            std::unique_ptr<Communicator> *out) override;

private:
  Transport &transport;
  bool taken = false;
};

/// Runs the function as `context`'s rank; its failure (also an exception)
/// aborts the job and is the rank's verdict.
void runRank(JobControl control, RankContext &context,
             const RankFunction &function);

/// The verdict of a rank whose process is gone without one; `how` as waitpid
/// says.
Status lostRank(int rank, pid_t process, int how);

/// Refuses impossible options (usage).
Status checkLaunch(const LaunchOptions &options);

/// From the verdicts in `control`, after all ranks have ended.
LaunchResult collectVerdicts(JobControl control);

} // namespace mptrt

#endif // MPTRT_COMM_HOSTLAUNCH_H
