// SPDX-License-Identifier: Apache-2.0
// --inspect: the program as JSON.
#ifndef MPTRT_EXEC_INSPECT_H
#define MPTRT_EXEC_INSPECT_H

#include "exec/Program.h"

namespace mptrt {

std::string inspectText(const Program &program);

} // namespace mptrt

#endif // MPTRT_EXEC_INSPECT_H
