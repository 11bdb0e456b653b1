// SPDX-License-Identifier: Apache-2.0
// One rank's life: set up, initial values, steps, files.
#ifndef MPTRT_EXEC_RANKRUN_H
#define MPTRT_EXEC_RANKRUN_H

#include "checkpoint/InitialValues.h"
#include "checkpoint/SaveStates.h"
#include "data/DataSet.h"
#include "data/Prefetch.h"
#include "exec/CommandLine.h"
#include "exec/Executor.h"
#include "exec/Outputs.h"
#include "exec/StepMeter.h"
#include "exec/StopSignal.h"
#include "mptrt/Bootstrap.h"
#include "telemetry/StepLog.h"

namespace mptrt {

/// What all ranks of a run share; read only, but for the stop request.
struct Job {
  const Program &program;
  const Options &options;
  const DataSet &data;
  const DataSet &evalData;
  const InitialValues &initial;
  StopSignal &stop;
  int64_t steps = 0;
  int threads = 1;
  int localRank = 0;
  int64_t origin = 0; // of times in the trace
};

class RankRun {
public:
  RankRun(const Job &job, RankContext &context);
  Status run();

private:
  Status prepare();
  Status loadStates();
  Status runSteps();
  Status runStep(int64_t step);
  std::unique_ptr<Prefetch> readInputs(const DataSet &data,
                                       int64_t steps) const;
  void fillInputs(const DataSet &data, int64_t step,
                  Prefetch::Buffers &out) const;
  Status enqueueInputs(Prefetch *from);
  bool evaluatesAfter(int64_t step) const;
  Status evaluate(int64_t step);
  Status enqueueStepBlock(int64_t step);
  Status takeGradients();
  Status readMetrics();
  Status report(int64_t step, const StepWork &work);
  Status summarize();
  Status agreeToStop(bool *stop);
  Status writeFiles();
  Status writeTrace();
  Status writeNow(DevicePtr to, const std::vector<char> &from);
  bool isReporter() const;
  bool hasTotals() const;
  bool allHaveTotals() const;
  bool wantsToStop() const;
  double metric(const std::string &name) const;
  double total(const std::string &name) const;
  std::vector<SavedState> savedStates(bool gradients) const;

  const Job &job;
  const abi::Manifest &manifest;
  RankContext &context;
  EventTable events;
  Ring ring;
  // In order of construction: each needs those before it.
  std::unique_ptr<Device> device;
  std::unique_ptr<Communicator> communicator;
  Executor executor;
  std::unique_ptr<Gatherer> gatherer;
  std::vector<DeviceMemory> gradients; // by place of the coordinate's states

  // Host memory that enqueued copies read or write until the step's wait.
  std::vector<std::vector<char>> counters;
  std::vector<std::vector<char>> metrics; // by metric of the coordinate

  StepMeter meter;
  Outputs outputs;
  StepLog log;
  int64_t stepsDone = 0;
  int64_t startTime = 0;
  std::unique_ptr<Prefetch> prefetch; // last: it reads the above
};

} // namespace mptrt

#endif // MPTRT_EXEC_RANKRUN_H
