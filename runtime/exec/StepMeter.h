// SPDX-License-Identifier: Apache-2.0
// Where a rank's time goes, step by step: computing, collectives, transfers,
// waiting for others. Times of work come from the ring, counts of messages
// from the communicator, saved sets from the executor.
#ifndef MPTRT_EXEC_STEPMETER_H
#define MPTRT_EXEC_STEPMETER_H

#include "exec/Executor.h"
#include "telemetry/StepLog.h"

namespace mptrt {

/// Records that a step of this coordinate writes into the ring.
size_t recordsOfAStep(const abi::Manifest &manifest,
                      const abi::Coordinate &coordinate);

class StepMeter {
public:
  StepMeter(const EventTable &events, Ring &ring)
      : events(events), ring(ring) {}

  void begin(int64_t step, const Communicator &communicator);
  void waitedForData(int64_t nanoseconds) { dataNanoseconds = nanoseconds; }
  /// All work of the step is done. Adds to the sums.
  StepWork end(const Communicator &communicator, const Executor &executor);
  /// What a step of this rank was like, in the mean: one line.
  std::string summary(int rank) const;

private:
  const EventTable &events;
  Ring &ring;
  int64_t step = 0, started = 0, dataNanoseconds = 0;
  CommunicatorCounts before;
  StepWork sum;
  int64_t steps = 0;
};

} // namespace mptrt

#endif // MPTRT_EXEC_STEPMETER_H
