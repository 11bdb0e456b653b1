// SPDX-License-Identifier: Apache-2.0
// What the `context` argument of a task points to: everything the calls of
// abi.def need, and where the first failure stays.
#ifndef MPTRT_EXEC_TASKCONTEXT_H
#define MPTRT_EXEC_TASKCONTEXT_H

#include "exec/Program.h"
#include "mptrt/Communicator.h"
#include "telemetry/EventTable.h"
#include "telemetry/Ring.h"

namespace mptrt {

struct TaskContext {
  TaskContext(const Program &program, Device &device,
              Communicator &communicator, const EventTable &events, Ring &ring)
      : program(program), device(device), communicator(communicator),
        events(events), ring(ring) {}

  const Program &program;
  Device &device;
  Communicator &communicator;
  const EventTable &events;
  Ring &ring;
  std::vector<Kernel> kernels;
  /// Of each group of the manifest the instance that this rank is in; -1: none.
  std::vector<Group> groups;

  // The action being walked.
  int32_t step = 0;
  int64_t task = 0;
  int64_t microbatch = -1;
  int64_t row = 0; // launches of the task so far

  Status failure; // the first
};

} // namespace mptrt

#endif // MPTRT_EXEC_TASKCONTEXT_H
