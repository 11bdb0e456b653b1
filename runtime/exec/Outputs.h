// SPDX-License-Identifier: Apache-2.0
// What an inference program computes, collected on rank 0 step by step and
// written as numpy arrays [steps * batch, ...].
#ifndef MPTRT_EXEC_OUTPUTS_H
#define MPTRT_EXEC_OUTPUTS_H

#include "checkpoint/Gather.h"
#include "exec/Executor.h"

namespace mptrt {

class Outputs {
public:
  explicit Outputs(const Program &program)
      : program(program), contents(program.manifest.outputs.size()) {}

  /// Takes one step's results; every rank calls it.
  Status collect(Gatherer &gatherer, const Executor &executor, bool isWriter);
  /// On rank 0. The name's suffix decides: .npz, or .npy for one output.
  Status write(const std::string &path) const;

private:
  const Program &program;
  std::vector<std::string> contents; // of each output, all steps
  int64_t steps = 0;
};

} // namespace mptrt

#endif // MPTRT_EXEC_OUTPUTS_H
