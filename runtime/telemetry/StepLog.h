// SPDX-License-Identifier: Apache-2.0
// What a step tells the outside: one JSON line per step in DIR/rank-N.jsonl of
// every rank, numbers with 17 digits, and progress on the console from the rank
// that owns the totals.
#ifndef MPTRT_TELEMETRY_STEPLOG_H
#define MPTRT_TELEMETRY_STEPLOG_H

#include "mptrt/Status.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mptrt {

/// What a rank did in a step.
struct StepWork {
  double seconds = 0;
  double computeSeconds = 0;                         // in tasks, without:
  double collectiveSeconds = 0, transferSeconds = 0; // waiting included
  double waitSeconds = 0; // for messages of others, copying them included
  double dataSeconds = 0; // waiting for inputs
  int64_t sends = 0, receives = 0, bytesSent = 0, bytesReceived = 0;
  int64_t collectives = 0, collectiveBytes = 0;
  int64_t savedSets = 0; // most that were in use at once
  int64_t inFlight = 0;  // most micro-batches between F and their last task

  double idle() const;           // share of the time that it waited
  double collectiveRate() const; // bytes per second; 0 without collectives
  void add(const StepWork &other);
};

struct StepReport {
  int64_t step = 0;
  bool hasLoss = false, hasNorm = false, hasRate = false;
  double loss = 0, norm = 0, rate = 0;
  double seconds = 0;
  int64_t samples = 0;
  size_t memory = 0; // bytes of this rank, at most so far
  StepWork work;
};

class StepLog {
public:
  /// Makes the directory; no log if it is empty.
  Status open(const std::string &directory, int rank);
  /// Key and JSON value.
  using Fields = std::vector<std::pair<std::string, std::string>>;
  /// A line {"event": name, ...}.
  Status event(const std::string &name, const Fields &fields);
  Status step(const StepReport &report);

private:
  Status line(const std::string &text);

  struct Close {
    void operator()(std::FILE *file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file;
  std::string path;
};

/// One line on stderr for a step; of long runs only every hundredth part.
void printStep(const StepReport &report, int64_t steps);

/// "12.3 MiB"
std::string bytesText(size_t bytes);

} // namespace mptrt

#endif // MPTRT_TELEMETRY_STEPLOG_H
