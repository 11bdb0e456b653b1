// SPDX-License-Identifier: Apache-2.0
// Progress for people, on stderr.
#include "telemetry/StepLog.h"

#include <algorithm>

namespace mptrt {

std::string bytesText(size_t bytes) {
  const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  while (value >= 1024 && unit < 4) {
    value /= 1024;
    ++unit;
  }
  return formatText(unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

void printStep(const StepReport &report, int64_t steps) {
  int64_t every = std::max<int64_t>(1, steps / 100);
  if (report.step % every != 0 && report.step + 1 != steps)
    return;
  std::string text = formatText("step %lld", (long long)report.step);
  if (report.hasLoss)
    text += formatText("  loss %.6f", report.loss);
  if (report.hasNorm)
    text += formatText("  grad_norm %.4f", report.norm);
  if (report.hasRate)
    text += formatText("  lr %.3g", report.rate);
  double speed =
      static_cast<double>(report.samples) / std::max(report.seconds, 1e-9);
  text += formatText("  %.0f samples/s  %s", speed,
                     bytesText(report.memory).c_str());
  if (report.work.sends + report.work.receives + report.work.collectives > 0)
    text += formatText("  idle %.0f%%", 100 * report.work.idle());
  text += "\n";
  std::fputs(text.c_str(), stderr);
}

} // namespace mptrt
