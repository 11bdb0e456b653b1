// SPDX-License-Identifier: Apache-2.0
// Who am I, how many are we, and how do the ranks of one command start.
// discoverPlace reads what a launcher left in the environment; a Communicator
// backend starts ranks (all of them, or this process's one) and collects their
// verdicts.
#ifndef MPTRT_BOOTSTRAP_H
#define MPTRT_BOOTSTRAP_H

#include "mptrt/Communicator.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mptrt {

/// This process among those that a launcher started.
struct Place {
  int rank = 0;
  int world = 1;
  int localRank = 0;     // -1: the launcher does not say
  bool launched = false; // by a launcher; false: this process is the job
  std::string
      source; // for the log: "MPT_RANK", "Open MPI", ..., "single process"
};

/// Null if not set.
using Environment = std::function<const char *(const char *name)>;
Environment processEnvironment();

/// The first of these that is present, innermost launcher first: MPT_RANK,
/// MPT_WORLD, MPT_LOCAL_RANK; RANK, WORLD_SIZE, LOCAL_RANK (torchrun);
/// OMPI_COMM_WORLD_*; PMI_RANK, PMI_SIZE; SLURM_PROCID, SLURM_NTASKS,
/// SLURM_LOCALID of a step; else a single process. A set that is present but
/// incomplete or not numbers is an error (usage).
Status discoverPlace(const Environment &environment, Place *out);

/// A number that differs where the bytes do, but for bad luck.
uint64_t fingerprint(const void *bytes, size_t size);

struct LaunchOptions {
  int ranks = 1;
  int threadsPerRank = 1;
  Place place;
  /// Fingerprint of what all ranks must run alike.
  uint64_t program = 0;
  double timeoutInit = 300; // seconds; in force until Communicator::setTimeout
  double timeoutStep = 100;
  /// Seconds that ranks get to end by themselves after the first failure.
  double grace = 2;
};

/// What the function that is one rank gets.
class RankContext {
public:
  virtual ~RankContext();
  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// At most one per rank; `device` must outlive it, and both the context.
  virtual Status createCommunicator(Device &device,
                                    std::unique_ptr<Communicator> *out) = 0;
  const LaunchOptions &options() const { return launchOptions; }

protected:
  explicit RankContext(const LaunchOptions &options) : launchOptions(options) {}
  LaunchOptions launchOptions;
};

using RankFunction = std::function<Status(RankContext &)>;

struct LaunchResult {
  /// Ok if all ranks ended ok; else that of the first rank that failed, with
  /// its rank named. Its exit code is the command's.
  Status verdict;
  int failedRank = -1;
  std::vector<Status> ranks; // each rank's own, of those this process holds
  /// Of several processes of a job one tells the verdict.
  bool reports = true;
};

/// Runs `function` on every rank that this process holds and returns when all
/// have ended. A rank that fails aborts the others. Call from the main thread,
/// before any thread was started and before libgomp was loaded.
struct CommunicatorBackend {
  const char *name;
  bool launched; // a launcher starts a process per rank
  LaunchResult (*launch)(const LaunchOptions &options,
                         const RankFunction &function);
};

/// Null if there is no such communicator in this build.
const CommunicatorBackend *findCommunicator(const std::string &name);
/// Names of the communicators of this build, for messages: "threads,
/// processes".
std::string communicatorNames();

} // namespace mptrt

#endif // MPTRT_BOOTSTRAP_H
