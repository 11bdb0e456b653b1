// SPDX-License-Identifier: Apache-2.0
// Starts every rank as a thread and joins them all. A rank that neither
// returns nor calls its communicator cannot be ended: threads have no owner
// that could; use `processes` for that.
#include "../HostLaunch.h"
#include "ThreadTransport.h"

#include <thread>

namespace mptrt {

LaunchResult launchThreads(const LaunchOptions &options,
                           const RankFunction &function) {
  LaunchResult result;
  result.verdict = checkLaunch(options);
  if (!result.verdict.ok())
    return result;
  chooseWaitPolicy(options.ranks, options.threadsPerRank);
  ThreadHub hub(options.ranks);
  HostTransportOptions transportOptions;
  transportOptions.timeout = options.timeoutInit;
  transportOptions.spins = chooseSpins(options.ranks, options.threadsPerRank);
  auto run = [&](int rank) {
    ThreadTransport transport(hub, rank, transportOptions);
    HostRankContext context(options, transport);
    runRank(hub.control, context, function);
  };
  std::vector<std::thread> threads;
  for (int rank = 1; rank < options.ranks; ++rank)
    threads.emplace_back(run, rank);
  run(0);
  for (std::thread &thread : threads)
    thread.join();
  return collectVerdicts(hub.control);
}

} // namespace mptrt
