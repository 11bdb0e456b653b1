// SPDX-License-Identifier: Apache-2.0
// What main() of an executable does.
#ifndef MPTRT_EXEC_RUNPROGRAM_H
#define MPTRT_EXEC_RUNPROGRAM_H

#include "exec/Program.h"

namespace mptrt {

/// Returns the exit code; messages go to stderr.
int runProgram(const Program &program,
               const std::vector<std::string> &arguments);

} // namespace mptrt

#endif // MPTRT_EXEC_RUNPROGRAM_H
