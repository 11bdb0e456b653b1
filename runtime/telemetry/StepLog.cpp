// SPDX-License-Identifier: Apache-2.0
// The per-rank log. Lines are flushed one by one: a rank that dies leaves all
// steps it has done.
#include "telemetry/StepLog.h"

#include "telemetry/Trace.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>

namespace mptrt {

double StepWork::idle() const {
  return seconds > 0 ? std::min(1.0, waitSeconds / seconds) : 0;
}

double StepWork::collectiveRate() const {
  return collectiveSeconds > 0
             ? static_cast<double>(collectiveBytes) / collectiveSeconds
             : 0;
}

void StepWork::add(const StepWork &other) {
  seconds += other.seconds;
  computeSeconds += other.computeSeconds;
  collectiveSeconds += other.collectiveSeconds;
  transferSeconds += other.transferSeconds;
  waitSeconds += other.waitSeconds;
  dataSeconds += other.dataSeconds;
  sends += other.sends;
  receives += other.receives;
  bytesSent += other.bytesSent;
  bytesReceived += other.bytesReceived;
  collectives += other.collectives;
  collectiveBytes += other.collectiveBytes;
  savedSets = std::max(savedSets, other.savedSets);
  inFlight = std::max(inFlight, other.inFlight);
}

Status StepLog::open(const std::string &directory, int rank) {
  if (directory.empty())
    return Status();
  if (mkdir(directory.c_str(), 0777) != 0 && errno != EEXIST)
    return makeStatus(Code::CannotWrite, "cannot create directory '%s': %s",
                      directory.c_str(), std::strerror(errno));
  path = directory + formatText("/rank-%d.jsonl", rank);
  file.reset(std::fopen(path.c_str(), "we"));
  if (!file)
    return makeStatus(Code::CannotWrite, "cannot create '%s': %s", path.c_str(),
                      std::strerror(errno));
  return Status();
}

Status StepLog::line(const std::string &text) {
  if (!file)
    return Status();
  if (std::fprintf(file.get(), "%s\n", text.c_str()) < 0 ||
      std::fflush(file.get()) != 0)
    return makeStatus(Code::CannotWrite, "cannot write '%s': %s", path.c_str(),
                      std::strerror(errno));
  return Status();
}

Status StepLog::event(const std::string &name, const Fields &fields) {
  std::string text = "{\"event\": " + jsonString(name);
  for (const auto &field : fields)
    text += ", " + jsonString(field.first) + ": " + field.second;
  return line(text + "}");
}

Status StepLog::step(const StepReport &report) {
  Fields fields = {{"step", std::to_string(report.step)}};
  if (report.hasLoss)
    fields.emplace_back("loss", jsonNumber(report.loss));
  if (report.hasNorm)
    fields.emplace_back("grad_norm", jsonNumber(report.norm));
  if (report.hasRate)
    fields.emplace_back("lr", jsonNumber(report.rate));
  fields.emplace_back("seconds", jsonNumber(report.seconds));
  fields.emplace_back("memory", std::to_string(report.memory));
  const StepWork &work = report.work;
  fields.emplace_back("idle", jsonNumber(work.idle()));
  fields.emplace_back("compute_seconds", jsonNumber(work.computeSeconds));
  fields.emplace_back("wait_seconds", jsonNumber(work.waitSeconds));
  fields.emplace_back("data_seconds", jsonNumber(work.dataSeconds));
  fields.emplace_back("transfer_seconds", jsonNumber(work.transferSeconds));
  fields.emplace_back("sends", std::to_string(work.sends));
  fields.emplace_back("receives", std::to_string(work.receives));
  fields.emplace_back("bytes_sent", std::to_string(work.bytesSent));
  fields.emplace_back("bytes_received", std::to_string(work.bytesReceived));
  fields.emplace_back("collectives", std::to_string(work.collectives));
  fields.emplace_back("collective_bytes", std::to_string(work.collectiveBytes));
  fields.emplace_back("collective_seconds", jsonNumber(work.collectiveSeconds));
  fields.emplace_back("collective_bytes_per_second",
                      jsonNumber(work.collectiveRate()));
  fields.emplace_back("saved_sets", std::to_string(work.savedSets));
  fields.emplace_back("in_flight", std::to_string(work.inFlight));
  return event("step", fields);
}

} // namespace mptrt
