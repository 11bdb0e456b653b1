// SPDX-License-Identifier: Apache-2.0
// A task's time includes that of the collectives inside, which is subtracted;
// exchanges are collectives between tasks.
#include "exec/StepMeter.h"

#include <algorithm>

namespace mptrt {

size_t recordsOfAStep(const abi::Manifest &manifest,
                      const abi::Coordinate &coordinate) {
  size_t count = 1; // the step itself
  for (const abi::Action &action : coordinate.actions) {
    ++count;
    if (action.op == abi::ActionRun)
      count += manifest.tasks[static_cast<size_t>(action.task)].launches.size();
  }
  return count;
}

void StepMeter::begin(int64_t number, const Communicator &communicator) {
  step = number;
  started = Ring::now();
  before = communicator.counts();
}

static double seconds(int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e9;
}

StepWork StepMeter::end(const Communicator &communicator,
                        const Executor &executor) {
  StepWork work;
  double inTasks = 0, inside = 0;
  ring.forStep(step, [&](const EventRecord &record) {
    const std::string &category = events[record.id].category;
    double time = seconds(record.end - record.begin);
    if (category == "task")
      inTasks += time;
    else if (category == "transfer")
      work.transferSeconds += time;
    else if (category == "exchange")
      work.collectiveSeconds += time;
    else if (category == "collective")
      inside += time;
  });
  work.computeSeconds = std::max(0.0, inTasks - inside);
  work.collectiveSeconds += inside;
  CommunicatorCounts after = communicator.counts();
  work.sends = after.sends - before.sends;
  work.receives = after.receives - before.receives;
  work.bytesSent = after.bytesSent - before.bytesSent;
  work.bytesReceived = after.bytesReceived - before.bytesReceived;
  work.collectives = after.collectives - before.collectives;
  work.collectiveBytes = after.collectiveBytes - before.collectiveBytes;
  work.waitSeconds = seconds(after.waitNanoseconds - before.waitNanoseconds);
  work.dataSeconds = seconds(dataNanoseconds);
  work.savedSets = executor.saved().peak();
  work.inFlight = executor.saved().inFlight();
  EventRecord record;
  record.id = events.step();
  record.step = static_cast<int32_t>(step);
  record.begin = started;
  record.end = Ring::now();
  record.waited = after.waitNanoseconds - before.waitNanoseconds;
  ring.add(record);
  work.seconds = seconds(record.end - record.begin);
  sum.add(work);
  ++steps;
  return work;
}

std::string StepMeter::summary(int rank) const {
  if (steps == 0)
    return "";
  double count = static_cast<double>(steps);
  auto each = [&](int64_t total) {
    return static_cast<long long>(static_cast<double>(total) / count + 0.5);
  };
  auto size = [&](int64_t total) {
    return bytesText(static_cast<size_t>(each(total)));
  };
  std::string text = formatText("rank %d: %.3g s a step, idle %.0f%%", rank,
                                sum.seconds / count, 100 * sum.idle());
  if (sum.sends + sum.receives > 0)
    text += formatText(", %lld sends of %s, %lld receives", each(sum.sends),
                       size(sum.bytesSent).c_str(), each(sum.receives));
  if (sum.collectives > 0)
    text += formatText(", %lld collectives of %s", each(sum.collectives),
                       size(sum.collectiveBytes).c_str());
  if (sum.collectiveSeconds > 0)
    text += formatText(" at %.3g GB/s", sum.collectiveRate() / 1e9);
  return text + formatText(", %lld saved sets", (long long)sum.savedSets);
}

} // namespace mptrt
