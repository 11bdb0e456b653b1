// SPDX-License-Identifier: Apache-2.0
// The main() of executables: the program is what the symbols of abi.def name.
#include "exec/RunProgram.h"

#include <cstdio>

extern "C" {
extern const char mptrt_program_manifest[];
extern const int64_t mptrt_program_manifest_size;
extern const mptrt::TaskFunction mptrt_program_tasks[];
extern const mptrt::KernelImage mptrt_program_kernels[];
}

int main(int argc, char **argv) {
  mptrt::Program program;
  mptrt::Status status = mptrt::Program::load(
      mptrt_program_manifest, mptrt_program_manifest_size, mptrt_program_tasks,
      mptrt_program_kernels, &program);
  if (!status.ok()) {
    std::fprintf(stderr, "%s: error: %s\n", argv[0], status.message().c_str());
    return status.exitCode();
  }
  return mptrt::runProgram(program,
                           std::vector<std::string>(argv + 1, argv + argc));
}
