// SPDX-License-Identifier: Apache-2.0
// Writes JSON by hand: the form is fixed and there may be a million events.
#include "telemetry/Trace.h"

#include "mptrt/Status.h"

#include <cmath>

namespace mptrt {

std::string jsonString(const std::string &text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      (result += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20)
      result += formatText("\\u%04x", c);
    else
      result += c;
  }
  return result + "\"";
}

std::string jsonNumber(double value) {
  return std::isfinite(value) ? formatText("%.17g", value) : "null";
}

/// An arrow from a send to its receive; both name it alike.
static std::string arrow(int rank, const EventRecord &record,
                         const std::string &name, int64_t origin) {
  bool isSend = record.sendTo >= 0;
  if (!isSend && record.receiveFrom < 0)
    return "";
  std::string id = formatText(
      "%s step %d mb %d %d-%d", name.c_str(), record.step, record.microbatch,
      isSend ? rank : record.receiveFrom, isSend ? record.sendTo : rank);
  // It begins inside the send and ends where the receive does.
  int64_t at = isSend ? record.begin : record.end;
  return formatText(
      ",\n"
      R"({"ph":"%s","bp":"e","pid":%d,"tid":0,"name":"message","cat":"message",)"
      R"("id":%s,"ts":%.3f})",
      isSend ? "s" : "f", rank, jsonString(id).c_str(),
      static_cast<double>(at - origin) / 1e3);
}

std::string traceEvents(int rank, const std::string &rankName,
                        const EventTable &table, const Ring &ring,
                        int64_t origin) {
  std::string out = formatText(
      R"({"ph":"M","pid":%d,"tid":0,"name":"process_name","args":{"name":%s}})",
      rank, jsonString(rankName).c_str());
  for (const EventRecord &record : ring.inOrder()) {
    const EventTable::Entry &entry = table[record.id];
    bool isInner = entry.category == "kernel" || entry.category == "library" ||
                   entry.category == "collective";
    out += formatText(
        ",\n"
        R"({"ph":"X","pid":%d,"tid":%d,"name":%s,"cat":"%s","ts":%.3f,)"
        R"("dur":%.3f,"args":{"step":%d,"microbatch":%d,"bytes":%lld)",
        rank, isInner ? 1 : 0, jsonString(entry.name).c_str(),
        entry.category.c_str(),
        static_cast<double>(record.begin - origin) / 1e3,
        static_cast<double>(record.end - record.begin) / 1e3, record.step,
        record.microbatch, (long long)record.bytes);
    if (!entry.nodes.empty())
      out += ",\"nodes\":" + jsonString(entry.nodes);
    bool moves = entry.category == "transfer" || entry.category == "exchange" ||
                 entry.category == "collective";
    if (moves && record.bytes > 0 && record.end > record.begin)
      out += formatText(",\"GB/s\":%.4g",
                        static_cast<double>(record.bytes) /
                            static_cast<double>(record.end - record.begin));
    if (record.waited > 0)
      out += formatText(",\"waited us\":%.3f",
                        static_cast<double>(record.waited) / 1e3);
    out += "}}" + arrow(rank, record, entry.name, origin);
  }
  if (ring.lost() > 0)
    out += formatText(",\n"
                      R"({"ph":"M","pid":%d,"tid":0,"name":"process_labels",)"
                      R"("args":{"labels":"%lld earlier events lost"}})",
                      rank, (long long)ring.lost());
  return out;
}

std::string traceFile(const std::vector<std::string> &ranks) {
  std::string out = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
  for (size_t i = 0; i < ranks.size(); ++i)
    out += (i ? ",\n" : "") + ranks[i];
  return out + "\n]}\n";
}

} // namespace mptrt
