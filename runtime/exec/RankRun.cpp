// SPDX-License-Identifier: Apache-2.0
// A step: write the step block and the inputs, enqueue the coordinate's
// actions, wait once for the totals. All ranks read the same totals, so all
// stop, or fail at a loss that is not finite, after the same step.
#include "exec/RankRun.h"

#include "telemetry/Trace.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace mptrt {

/// Two steps at least.
static size_t ringCapacity(const Job &job, int rank) {
  const abi::Manifest &manifest = job.program.manifest;
  size_t at = static_cast<size_t>(job.program.mesh.coordinate(rank));
  size_t step = recordsOfAStep(manifest, manifest.coordinates[at]);
  size_t least = job.options.trace.empty() ? 1024 : 1 << 17;
  return std::max(least, 2 * step);
}

RankRun::RankRun(const Job &job, RankContext &context)
    : job(job), manifest(job.program.manifest), context(context),
      events(manifest), ring(ringCapacity(job, context.rank())),
      meter(events, ring), outputs(job.program) {}

Status RankRun::prepare() {
  const DeviceBackend *backend = findDevice(manifest.target);
  if (!backend)
    return makeStatus(Code::Usage,
                      "the program is for target '%s', the runtime has: %s",
                      manifest.target.c_str(), deviceNames().c_str());
  DeviceOptions options;
  options.ordinal = job.localRank;
  options.threads = job.threads;
  options.gemm32 = job.program.usesF32Gemm();
  MPTRT_TRY(backend->create(options, &device));
  MPTRT_TRY(context.createCommunicator(*device, &communicator));
  MPTRT_TRY(
      executor.prepare(job.program, *device, *communicator, events, ring));
  gatherer = std::make_unique<Gatherer>(job.program.mesh, *communicator,
                                        *device, executor.world());
  MPTRT_TRY(log.open(job.options.log, context.rank()));
  return log.event(
      "start",
      {{"program", jsonString(manifest.name)},
       {"rank", std::to_string(context.rank())},
       {"ranks", std::to_string(context.size())},
       {"mesh", jsonString(job.program.mesh.text())},
       {"comm", jsonString(communicator->name())},
       {"precision", jsonString(manifest.precision)},
       {"arena_bytes", std::to_string(executor.coordinate().arenaBytes)}});
}

/// For set-up, where nothing else is going on.
Status RankRun::writeNow(DevicePtr to, const std::vector<char> &from) {
  MPTRT_TRY(device->copyToDevice(Stream::Copy, to, from.data(), from.size()));
  return device->synchronize(Stream::Copy);
}

Status RankRun::loadStates() {
  AxisLookup lookup = job.program.mesh.lookup(context.rank());
  for (const abi::StatePlace &place : executor.coordinate().states) {
    size_t index = static_cast<size_t>(place.state);
    const abi::State &state = manifest.states[index];
    if (isCounter(state))
      continue;
    Box box = boxOf(state.shape, state.cuts, lookup);
    std::vector<char> local(static_cast<size_t>(elementCount(box.bound)) *
                            dtypeSize(static_cast<DType>(state.dtype)));
    job.initial.take(index, box, local.data());
    MPTRT_TRY(writeNow(executor.at(place.offset), local)
                  .withContext("loading '" + state.name + "'"));
  }
  for (const abi::Range &range : executor.coordinate().zeroed)
    MPTRT_TRY(device->memset(Stream::Copy, executor.at(range.offset), 0,
                             static_cast<size_t>(range.bytes)));
  return device->synchronize();
}

//===- One step -----------------------------------------------------------===//

Status RankRun::enqueueStepBlock(int64_t step) {
  const abi::Coordinate &own = executor.coordinate();
  counters.resize(own.states.size());
  for (size_t i = 0; i < own.states.size(); ++i) {
    const abi::State &state =
        manifest.states[static_cast<size_t>(own.states[i].state)];
    if (!isCounter(state))
      continue;
    double rate = learningRate(job.options, step, job.steps);
    double value = state.name == "step.lr"      ? rate
                   : state.name == "step.count" ? static_cast<double>(step)
                   : state.name == "step.stop" && wantsToStop() ? 1.0
                                                                : 0.0;
    Box box =
        boxOf(state.shape, state.cuts, job.program.mesh.lookup(context.rank()));
    DType dtype = static_cast<DType>(state.dtype);
    counters[i].resize(static_cast<size_t>(elementCount(box.bound)) *
                       dtypeSize(dtype));
    fillBox(value, dtype, box, counters[i].data());
    MPTRT_TRY(device->copyToDevice(Stream::Compute,
                                   executor.at(own.states[i].offset),
                                   counters[i].data(), counters[i].size()));
  }
  return Status();
}

/// By place of the coordinate's inputs, then micro-batch.
void RankRun::fillInputs(const DataSet &data, int64_t step,
                         Prefetch::Buffers &out) const {
  const abi::Coordinate &own = executor.coordinate();
  size_t microbatches = static_cast<size_t>(manifest.microbatches);
  out.resize(own.inputs.size() * microbatches);
  for (size_t i = 0; i < own.inputs.size(); ++i) {
    size_t index = static_cast<size_t>(own.inputs[i].input);
    const abi::Input &input = manifest.inputs[index];
    for (size_t m = 0; m < microbatches; ++m) {
      Box box = boxOf(
          input.shape, input.cuts,
          job.program.mesh.lookup(context.rank(), static_cast<int64_t>(m)));
      std::vector<char> &local = out[i * microbatches + m];
      local.resize(static_cast<size_t>(elementCount(box.bound)) *
                   dtypeSize(static_cast<DType>(input.dtype)));
      data.take(index, step, box, local.data());
    }
  }
}

/// Null on a coordinate without inputs.
std::unique_ptr<Prefetch> RankRun::readInputs(const DataSet &data,
                                              int64_t steps) const {
  if (executor.coordinate().inputs.empty())
    return nullptr;
  return std::make_unique<Prefetch>(
      steps, [this, &data](int64_t step, Prefetch::Buffers &out) {
        fillInputs(data, step, out);
      });
}

Status RankRun::enqueueInputs(Prefetch *from) {
  const abi::Coordinate &own = executor.coordinate();
  if (!from)
    return Status();
  int64_t begin = Ring::now();
  const Prefetch::Buffers &inputs = from->take();
  meter.waitedForData(Ring::now() - begin);
  size_t microbatches = static_cast<size_t>(manifest.microbatches);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const abi::InputPlace &place = own.inputs[i / microbatches];
    int64_t m = static_cast<int64_t>(i % microbatches);
    MPTRT_TRY(device->copyToDevice(Stream::Compute,
                                   executor.at(place.offset + m * place.stride),
                                   inputs[i].data(), inputs[i].size()));
  }
  return Status();
}

/// Copies the gradients to where the step does not overwrite them.
Status RankRun::takeGradients() {
  const abi::Coordinate &own = executor.coordinate();
  gradients.resize(own.states.size());
  MPTRT_TRY(executor.joinInto(Stream::Compute));
  for (size_t i = 0; i < own.states.size(); ++i) {
    const abi::StatePlace &place = own.states[i];
    if (place.grad < 0)
      continue;
    const abi::State &state = manifest.states[static_cast<size_t>(place.state)];
    Box box =
        boxOf(state.shape, state.cuts, job.program.mesh.lookup(context.rank()));
    size_t bytes = static_cast<size_t>(elementCount(box.bound)) *
                   dtypeSize(static_cast<DType>(state.dtype));
    MPTRT_TRY(DeviceMemory::allocate(*device, bytes, 64, &gradients[i]));
    MPTRT_TRY(device->copy(Stream::Compute, gradients[i].get(),
                           executor.at(place.grad), bytes));
  }
  return executor.joinFrom(Stream::Compute);
}

/// The one wait of a step.
Status RankRun::readMetrics() {
  const abi::Coordinate &own = executor.coordinate();
  metrics.resize(own.metrics.size());
  MPTRT_TRY(executor.joinInto(Stream::Compute));
  for (size_t i = 0; i < own.metrics.size(); ++i) {
    const abi::Metric &item = own.metrics[i];
    metrics[i].resize(static_cast<size_t>(item.count) *
                      dtypeSize(static_cast<DType>(item.dtype)));
    MPTRT_TRY(device->copyToHost(Stream::Compute, metrics[i].data(),
                                 executor.at(item.offset), metrics[i].size()));
  }
  return device->synchronize();
}

Status RankRun::runStep(int64_t step) {
  MPTRT_TRY(enqueueStepBlock(step));
  MPTRT_TRY(enqueueInputs(prefetch.get()));
  MPTRT_TRY(executor.joinFrom(Stream::Compute));
  std::function<Status()> beforeUpdates;
  if (step == 0 && !job.options.saveGrads.empty())
    beforeUpdates = [this] { return takeGradients(); };
  MPTRT_TRY(executor.run(step, beforeUpdates));
  return readMetrics();
}

//===- Results of a step --------------------------------------------------===//

static double numberAt(const std::vector<char> &bytes, int64_t dtype,
                       size_t index) {
  if (dtype == abi::DTypeF64) {
    double value;
    std::memcpy(&value, bytes.data() + index * 8, 8);
    return value;
  }
  float value;
  std::memcpy(&value, bytes.data() + index * 4, 4);
  return value;
}

/// First entry of a metric; nan if this rank does not have it.
double RankRun::metric(const std::string &name) const {
  const auto &list = executor.coordinate().metrics;
  for (size_t i = 0; i < list.size(); ++i)
    if (list[i].name == name && list[i].count > 0)
      return numberAt(metrics[i], list[i].dtype, 0);
  return std::nan("");
}

/// Entry of "totals"; nan if this rank does not have it.
double RankRun::total(const std::string &name) const {
  const auto &list = executor.coordinate().metrics;
  auto entry = std::find(manifest.totals.begin(), manifest.totals.end(), name);
  for (size_t i = 0; i < list.size(); ++i)
    if (list[i].name == "totals" && entry != manifest.totals.end())
      return numberAt(metrics[i], list[i].dtype,
                      static_cast<size_t>(entry - manifest.totals.begin()));
  return std::nan("");
}

static bool hasMetric(const abi::Coordinate &coordinate,
                      const std::string &name) {
  return std::any_of(
      coordinate.metrics.begin(), coordinate.metrics.end(),
      [&](const abi::Metric &item) { return item.name == name; });
}

/// The first rank that has the totals prints; without totals rank 0.
bool RankRun::isReporter() const {
  for (int rank = 0; rank < job.program.mesh.ranks(); ++rank) {
    size_t at = static_cast<size_t>(job.program.mesh.coordinate(rank));
    if (hasMetric(manifest.coordinates[at], "totals"))
      return context.rank() == rank;
  }
  return context.rank() == 0;
}

Status RankRun::report(int64_t step, const StepWork &work) {
  StepReport report;
  report.step = step;
  report.hasLoss = hasTotals();
  report.hasNorm = hasMetric(executor.coordinate(), "grad_norm");
  report.hasRate = job.program.trains();
  report.loss = report.hasLoss ? total("loss") : 0;
  report.norm = report.hasNorm ? metric("grad_norm") : 0;
  report.rate = learningRate(job.options, step, job.steps);
  report.seconds = work.seconds;
  report.work = work;
  report.samples = manifest.batch;
  report.memory = device->memory().peakBytes;
  MPTRT_TRY(log.step(report));
  if (isReporter())
    printStep(report, job.steps);
  bool bad = (report.hasLoss && !std::isfinite(report.loss)) ||
             (report.hasNorm && !std::isfinite(report.norm));
  if (!bad)
    return Status();
  return makeStatus(Code::NonFinite,
                    "step %lld: loss is %g, gradient norm %g; the update was "
                    "not applied; try a smaller --lr",
                    (long long)step, report.loss,
                    report.hasNorm ? report.norm : std::nan(""));
}

bool RankRun::hasTotals() const {
  return hasMetric(executor.coordinate(), "totals");
}

/// All ranks judge a step by the same numbers.
bool RankRun::allHaveTotals() const {
  return std::all_of(manifest.coordinates.begin(), manifest.coordinates.end(),
                     [](const abi::Coordinate &coordinate) {
                       return hasMetric(coordinate, "totals");
                     });
}

/// What this rank knows: a signal, or the time is over.
bool RankRun::wantsToStop() const {
  double seconds = static_cast<double>(Ring::now() - startTime) / 1e9;
  bool isLate = job.options.maxSeconds > 0 && seconds > job.options.maxSeconds;
  return isLate || job.stop.requested() != 0;
}

/// Same answer on every rank: from the totals, or by a collective where some
/// rank has none.
Status RankRun::agreeToStop(bool *stop) {
  bool inTotals = std::find(manifest.totals.begin(), manifest.totals.end(),
                            "stop") != manifest.totals.end();
  if (inTotals && allHaveTotals()) {
    *stop = total("stop") > 0;
    return Status();
  }
  int64_t wanted = wantsToStop();
  MPTRT_TRY(gatherer->largest(&wanted));
  *stop = wanted > 0;
  return Status();
}

Status RankRun::runSteps() {
  startTime = Ring::now();
  prefetch = readInputs(job.data, job.steps);
  for (int64_t step = 0; step < job.steps; ++step) {
    meter.begin(step, *communicator);
    Status status = runStep(step);
    if (!status.ok())
      return status.message().compare(0, 5, "rank ") == 0
                 ? status
                 : status.withContext(
                       job.program.mesh.describe(context.rank()) +
                       formatText(" step %lld", (long long)step));
    StepWork work = meter.end(*communicator, executor);
    if (!job.options.outputs.empty())
      MPTRT_TRY(outputs.collect(*gatherer, executor, context.rank() == 0));
    status = report(step, work);
    // Everybody fails alike: let all write their logs first.
    if (status.code() == Code::NonFinite && allHaveTotals())
      (void)communicator->barrier(Stream::Comm, executor.world());
    MPTRT_TRY(status);
    stepsDone = step + 1;
    bool stop = false;
    MPTRT_TRY(agreeToStop(&stop));
    if (evaluatesAfter(step) && !stop)
      MPTRT_TRY(evaluate(step));
    if (stop && stepsDone < job.steps) {
      job.stop.noteStopped();
      break;
    }
  }
  return Status();
}

/// Where time went, a line per rank of a job that fits a screen.
Status RankRun::summarize() {
  constexpr int most = 32;
  std::vector<std::string> lines;
  MPTRT_TRY(gatherer->collectTexts(meter.summary(context.rank()), &lines));
  if (context.rank() == 0 && lines.size() > 1 && lines.size() <= most)
    for (const std::string &line : lines)
      if (!line.empty())
        std::fprintf(stderr, "%s\n", line.c_str());
  return Status();
}

//===- All of it ----------------------------------------------------------===//

Status RankRun::run() {
  MPTRT_TRY(prepare());
  MPTRT_TRY(loadStates());
  MPTRT_TRY(communicator->barrier(Stream::Comm, executor.world()));
  communicator->setTimeout(job.options.timeoutStep);
  if (job.options.dryRun)
    return Status();
  MPTRT_TRY(runSteps());
  MPTRT_TRY(summarize());
  MPTRT_TRY(writeFiles());
  return log.event(job.stop.stopped() ? "stopped" : "end",
                   {{"steps", std::to_string(stepsDone)}});
}

} // namespace mptrt
