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

static size_t ringCapacity(const Options &options) {
  return options.trace.empty() ? 1024 : 1 << 17;
}

RankRun::RankRun(const Job &job, RankContext &context)
    : job(job), manifest(job.program.manifest), context(context),
      events(manifest), ring(ringCapacity(job.options)), outputs(job.program) {}

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

Status RankRun::enqueueInputs(int64_t step) {
  const abi::Coordinate &own = executor.coordinate();
  size_t microbatches = static_cast<size_t>(manifest.microbatches);
  inputs.resize(own.inputs.size() * microbatches);
  for (size_t i = 0; i < own.inputs.size(); ++i) {
    const abi::InputPlace &place = own.inputs[i];
    size_t index = static_cast<size_t>(place.input);
    const abi::Input &input = manifest.inputs[index];
    for (size_t m = 0; m < microbatches; ++m) {
      Box box = boxOf(
          input.shape, input.cuts,
          job.program.mesh.lookup(context.rank(), static_cast<int64_t>(m)));
      std::vector<char> &local = inputs[i * microbatches + m];
      local.resize(static_cast<size_t>(elementCount(box.bound)) *
                   dtypeSize(static_cast<DType>(input.dtype)));
      job.data.take(index, step, box, local.data());
      DevicePtr to =
          executor.at(place.offset + static_cast<int64_t>(m) * place.stride);
      MPTRT_TRY(device->copyToDevice(Stream::Compute, to, local.data(),
                                     local.size()));
    }
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
  MPTRT_TRY(enqueueInputs(step));
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

Status RankRun::report(int64_t step, double seconds) {
  StepReport report;
  report.step = step;
  report.hasLoss = hasMetric(executor.coordinate(), "totals");
  report.hasNorm = hasMetric(executor.coordinate(), "grad_norm");
  report.hasRate = job.program.trains();
  report.loss = report.hasLoss ? total("loss") : 0;
  report.norm = report.hasNorm ? metric("grad_norm") : 0;
  report.rate = learningRate(job.options, step, job.steps);
  report.seconds = seconds;
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
  for (int64_t step = 0; step < job.steps; ++step) {
    int64_t begin = Ring::now();
    Status status = runStep(step);
    if (!status.ok())
      return status.message().compare(0, 5, "rank ") == 0
                 ? status
                 : status.withContext(
                       job.program.mesh.describe(context.rank()) +
                       formatText(" step %lld", (long long)step));
    if (!job.options.outputs.empty())
      MPTRT_TRY(outputs.collect(*gatherer, executor, context.rank() == 0));
    double seconds = static_cast<double>(Ring::now() - begin) / 1e9;
    status = report(step, seconds);
    // Everybody fails alike: let all write their logs first.
    if (status.code() == Code::NonFinite && allHaveTotals())
      (void)communicator->barrier(Stream::Comm, executor.world());
    MPTRT_TRY(status);
    stepsDone = step + 1;
    bool stop = false;
    MPTRT_TRY(agreeToStop(&stop));
    if (stop && stepsDone < job.steps) {
      job.stop.noteStopped();
      break;
    }
  }
  return Status();
}

//===- Files --------------------------------------------------------------===//

/// In order of the manifest; of states on several coordinates the first.
std::vector<SavedState> RankRun::savedStates(bool ofGradients) const {
  std::vector<SavedState> result;
  for (size_t s = 0; s < manifest.states.size(); ++s) {
    SavedState saved;
    saved.state = &manifest.states[s];
    saved.coordinate = -1;
    if (!isWeight(*saved.state))
      continue;
    for (size_t c = 0; c < manifest.coordinates.size(); ++c) {
      const auto &places = manifest.coordinates[c].states;
      auto place = std::find_if(
          places.begin(), places.end(), [&](const abi::StatePlace &item) {
            return item.state == static_cast<int64_t>(s) &&
                   (!ofGradients || item.grad >= 0);
          });
      if (place == places.end())
        continue;
      saved.coordinate = static_cast<int>(c);
      bool here = &manifest.coordinates[c] == &executor.coordinate();
      size_t index = static_cast<size_t>(place - places.begin());
      if (here && ofGradients && index < gradients.size())
        saved.local = gradients[index].get();
      else if (here)
        saved.local = executor.at(place->offset);
      break;
    }
    if (saved.coordinate >= 0)
      result.push_back(saved);
  }
  return result;
}

Status RankRun::writeTrace() {
  std::string own =
      traceEvents(context.rank(), job.program.mesh.describe(context.rank()),
                  events, ring, job.origin);
  std::vector<std::string> all;
  MPTRT_TRY(gatherer->collectTexts(own, &all).withContext("gathering traces"));
  if (context.rank() != 0)
    return Status();
  std::string text = traceFile(all);
  FileWriter writer;
  MPTRT_TRY(writer.open(job.options.trace));
  MPTRT_TRY(writer.write(text.data(), text.size()));
  return writer.commit();
}

Status RankRun::writeFiles() {
  const Options &options = job.options;
  bool isWriter = context.rank() == 0;
  // Rank 0 may write for long while the others wait.
  communicator->setTimeout(std::max(options.timeoutInit, options.timeoutStep));
  if (!options.saveGrads.empty() && stepsDone > 0)
    MPTRT_TRY(saveStates(options.saveGrads, *gatherer, isWriter,
                         savedStates(/*ofGradients=*/true)));
  if (!options.save.empty())
    MPTRT_TRY(saveStates(options.save, *gatherer, isWriter,
                         savedStates(/*ofGradients=*/false)));
  if (!options.outputs.empty() && isWriter)
    MPTRT_TRY(outputs.write(options.outputs));
  return options.trace.empty() ? Status() : writeTrace();
}

Status RankRun::run() {
  MPTRT_TRY(prepare());
  MPTRT_TRY(loadStates());
  MPTRT_TRY(communicator->barrier(Stream::Comm, executor.world()));
  communicator->setTimeout(job.options.timeoutStep);
  if (job.options.dryRun)
    return Status();
  MPTRT_TRY(runSteps());
  MPTRT_TRY(writeFiles());
  return log.event(job.stop.stopped() ? "stopped" : "end",
                   {{"steps", std::to_string(stepsDone)}});
}

} // namespace mptrt
