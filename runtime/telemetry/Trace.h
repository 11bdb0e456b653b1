// SPDX-License-Identifier: Apache-2.0
// Chrome trace events (chrome://tracing, Perfetto): a process per rank, a
// thread for steps, tasks and transfers and one for the launches inside tasks,
// with bytes, the bandwidth that was achieved and the time spent waiting for
// others; an arrow per message.
#ifndef MPTRT_TELEMETRY_TRACE_H
#define MPTRT_TELEMETRY_TRACE_H

#include "telemetry/EventTable.h"
#include "telemetry/Ring.h"

namespace mptrt {

/// The events of one rank, separated by commas, times relative to `origin`.
std::string traceEvents(int rank, const std::string &rankName,
                        const EventTable &table, const Ring &ring,
                        int64_t origin);
/// The file, from the events of all ranks.
std::string traceFile(const std::vector<std::string> &ranks);

/// As a JSON string, quotes included.
std::string jsonString(const std::string &text);
/// With 17 digits; null if it is not finite.
std::string jsonNumber(double value);

} // namespace mptrt

#endif // MPTRT_TELEMETRY_TRACE_H
