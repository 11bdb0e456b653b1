// SPDX-License-Identifier: Apache-2.0
// The command line of an executable: `--flag value` or `--flag=value`.
#ifndef MPTRT_EXEC_COMMANDLINE_H
#define MPTRT_EXEC_COMMANDLINE_H

#include "exec/Program.h"

#include <optional>

namespace mptrt {

struct Options {
  std::string data, tokens, evalData, weights, save, saveGrads, outputs, log,
      trace;
  std::optional<int64_t> steps; // else all that the data has
  int64_t evalEvery = 0;        // 0: after the last step only
  std::optional<uint64_t> shuffle;
  double rate = 1e-3;
  bool cosine = false;
  int64_t warmup = 0;
  std::string communicator = "threads";
  std::optional<int64_t> threads; // else the cores, shared by the ranks
  double timeoutInit = 300, timeoutStep = 100;
  double maxSeconds = 0; // 0: no limit
  bool inspect = false, dryRun = false, help = false;
};

/// Unknown flags, wrong values and flags of the other kind of program
/// (training, inference) are usage errors.
Status parseCommandLine(const Program &program,
                        const std::vector<std::string> &arguments,
                        Options *out);
std::string helpText(const Program &program);

/// Learning rate of step i of `steps`: rises linearly over the warm-up, then
/// stays or falls to 0 as half a cosine.
double learningRate(const Options &options, int64_t step, int64_t steps);

} // namespace mptrt

#endif // MPTRT_EXEC_COMMANDLINE_H
