// SPDX-License-Identifier: Apache-2.0
// The loss of data that is not trained on, by the forward tasks of the step
// itself: no second program, no more memory, the numbers of a step.
#include "exec/RankRun.h"

#include "telemetry/Trace.h"

namespace mptrt {

bool RankRun::evaluatesAfter(int64_t step) const {
  int64_t every = job.options.evalEvery;
  bool isLast = step + 1 == job.steps;
  bool isTurn = every > 0 && (step + 1) % every == 0;
  return !job.options.evalData.empty() && (isLast || isTurn);
}

/// The mean loss of all steps of the evaluation data.
Status RankRun::evaluate(int64_t step) {
  int64_t begin = Ring::now(), steps = job.evalData.steps();
  std::unique_ptr<Prefetch> source = readInputs(job.evalData, steps);
  double sum = 0;
  for (int64_t i = 0; i < steps; ++i) {
    MPTRT_TRY(enqueueStepBlock(step + 1));
    MPTRT_TRY(enqueueInputs(source.get()));
    MPTRT_TRY(executor.joinFrom(Stream::Compute));
    Status status = executor.evaluate();
    if (status.ok())
      status = readMetrics();
    MPTRT_TRY(status.withContext(
        formatText("evaluation after step %lld", (long long)step)));
    if (allHaveTotals() && total("stop") > 0)
      return Status(); // who is asked to stop does not report half a mean
    sum += total("loss");
  }
  double loss = sum / static_cast<double>(steps);
  double seconds = static_cast<double>(Ring::now() - begin) / 1e9;
  if (isReporter())
    std::fprintf(stderr, "eval after step %lld  loss %.6f  %.3g s\n",
                 (long long)step, loss, seconds);
  StepLog::Fields fields = {{"step", std::to_string(step)},
                            {"steps", std::to_string(steps)},
                            {"seconds", jsonNumber(seconds)}};
  if (hasTotals())
    fields.emplace_back("eval_loss", jsonNumber(loss));
  return log.event("eval", fields);
}

} // namespace mptrt
