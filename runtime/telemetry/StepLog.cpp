// SPDX-License-Identifier: Apache-2.0
// The per-rank log. Lines are flushed one by one: a rank that dies leaves all
// steps it has done.
#include "telemetry/StepLog.h"

#include "telemetry/Trace.h"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>

namespace mptrt {

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
  return event("step", fields);
}

} // namespace mptrt
