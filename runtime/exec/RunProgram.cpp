// SPDX-License-Identifier: Apache-2.0
// Reads the command line, opens and checks all files while there is one thread,
// starts the ranks, turns their verdict into the exit code.
#include "exec/RunProgram.h"

#include "checkpoint/ModelCopy.h"
#include "exec/Inspect.h"
#include "exec/RankRun.h"

#include <algorithm>
#include <cstdio>

namespace mptrt {

/// Who runs this program: without a launcher this process starts all ranks.
static Status checkPlace(const Program &program, const Place &place,
                         const CommunicatorBackend &communicator) {
  int ranks = program.mesh.ranks();
  if (!place.launched && communicator.launched && ranks > 1)
    return makeStatus(Code::Usage,
                      "with --comm=%s every rank is a process that a launcher "
                      "starts, and none started this one; run 'mpirun -n %d "
                      "PROGRAM --comm=%s ...', or use --comm=processes",
                      communicator.name, ranks, communicator.name);
  if (!place.launched)
    return Status();
  if (place.world != ranks)
    return makeStatus(Code::Usage,
                      "the environment (%s) says %d ranks, the program's mesh "
                      "%s has %d; start as many, or run the program without a "
                      "launcher",
                      place.source.c_str(), place.world,
                      program.mesh.text().c_str(), ranks);
  if (ranks > 1 && !communicator.launched)
    return makeStatus(Code::Usage,
                      "started by %s as rank %d of %d, but with --comm=%s one "
                      "command runs all ranks; run it without a launcher",
                      place.source.c_str(), place.rank, ranks,
                      communicator.name);
  return Status();
}

static Status findBackend(const std::string &name,
                          const CommunicatorBackend **out) {
  *out = findCommunicator(name);
  if (*out)
    return Status();
  if (name == "nccl")
    return makeStatus(Code::Usage,
                      "--comm=%s is not in this build yet; use one of: %s",
                      name.c_str(), communicatorNames().c_str());
  return makeStatus(Code::Usage, "unknown communicator '%s'; use one of: %s",
                    name.c_str(), communicatorNames().c_str());
}

/// Nothing is written before the last step, but a wrong name shows now.
static Status checkOutputFiles(const Program &program, const Options &options) {
  bool single = options.outputs.size() > 4 &&
                options.outputs.substr(options.outputs.size() - 4) == ".npy";
  if (single && program.manifest.outputs.size() != 1)
    return makeStatus(Code::Usage,
                      "'--outputs' has value '%s', but the program has %zu "
                      "outputs; use a name that ends in .npz",
                      options.outputs.c_str(), program.manifest.outputs.size());
  if (isModelName(options.saveGrads))
    return makeStatus(Code::Usage,
                      "'--save-grads' has value '%s'; gradients are no model; "
                      "use a name that ends in .safetensors",
                      options.saveGrads.c_str());
  if (isModelName(options.save))
    MPTRT_TRY(ModelCopy::check(program.manifest, options.save));
  for (const std::string &path :
       {options.save, options.saveGrads, options.outputs, options.trace})
    if (!path.empty())
      MPTRT_TRY(checkWritable(path));
  return Status();
}

static Status openData(const Program &program, const Options &options,
                       DataSet *data, int64_t *steps) {
  *steps = options.steps.value_or(0);
  bool needed = !options.dryRun && options.steps.value_or(1) > 0;
  if (options.data.empty()) {
    if (!needed || (program.manifest.inputs.empty() && options.steps))
      return Status();
    return makeStatus(Code::Usage,
                      "no data; give --data=FILE with an array for each of "
                      "the program's %zu inputs",
                      program.manifest.inputs.size());
  }
  MPTRT_TRY(
      DataSet::open(options.data, options.tokens, program.manifest, data));
  *steps = options.steps.value_or(data->steps());
  if (*steps > data->steps())
    return makeStatus(Code::BadInput,
                      "data file '%s' holds %lld steps of %lld samples; "
                      "--steps asks for %lld",
                      options.data.c_str(), (long long)data->steps(),
                      (long long)program.manifest.batch, (long long)*steps);
  if (options.shuffle)
    data->shuffle(*options.shuffle);
  return Status();
}

static Status openEvalData(const Program &program, const Options &options,
                           DataSet *data) {
  if (!options.evalData.empty())
    return DataSet::open(options.evalData, options.tokens, program.manifest,
                         data);
  if (options.evalEvery > 0)
    return makeStatus(Code::Usage,
                      "'--eval-every' needs data to evaluate; give "
                      "--eval-data=FILE");
  return Status();
}

static void printPlan(const Program &program, const Options &options,
                      const DataSet &data, int64_t steps, int threads) {
  const abi::Manifest &manifest = program.manifest;
  std::fprintf(stderr,
               "%s: %d ranks (%s) by %s, %d threads each, %lld steps of %lld "
               "samples\n",
               manifest.name.c_str(), program.mesh.ranks(),
               program.mesh.text().c_str(), options.communicator.c_str(),
               threads, (long long)steps, (long long)manifest.batch);
  if (!options.dryRun)
    return;
  for (size_t i = 0; i < manifest.coordinates.size(); ++i)
    std::fprintf(
        stderr, "  coordinate %zu: arena of %s, %zu actions a step\n", i,
        bytesText(static_cast<size_t>(manifest.coordinates[i].arenaBytes))
            .c_str(),
        manifest.coordinates[i].actions.size());
  if (!options.data.empty())
    std::fprintf(stderr, "  data: %lld steps\n", (long long)data.steps());
}

/// `reports` becomes false where another process of the job tells the end.
static Status run(const Program &program, const Options &options,
                  bool *reports) {
  const CommunicatorBackend *backend = nullptr;
  MPTRT_TRY(findBackend(options.communicator, &backend));
  Place place;
  MPTRT_TRY(discoverPlace(processEnvironment(), &place));
  MPTRT_TRY(checkPlace(program, place, *backend));
  bool isFirst = place.rank == 0;
  DataSet data, evalData;
  int64_t steps = 0;
  MPTRT_TRY(openData(program, options, &data, &steps));
  MPTRT_TRY(openEvalData(program, options, &evalData));
  InitialValues initial;
  MPTRT_TRY(InitialValues::open(program.manifest, options.weights, &initial));
  if (!initial.note().empty() && isFirst)
    std::fprintf(stderr, "note: %s\n", initial.note().c_str());
  if (isFirst) // who writes them; others may be on other hosts
    MPTRT_TRY(checkOutputFiles(program, options));
  StopSignal stop;
  MPTRT_TRY(stop.install());
  LaunchOptions launch;
  launch.ranks = program.mesh.ranks();
  launch.place = place;
  launch.program = program.fingerprint;
  launch.threadsPerRank = static_cast<int>(
      options.threads.value_or(std::max(1, usableCores() / launch.ranks)));
  launch.timeoutInit = options.timeoutInit;
  launch.timeoutStep = options.timeoutStep;
  if (isFirst)
    printPlan(program, options, data, steps, launch.threadsPerRank);
  Job job{program, options, data, evalData, initial, stop};
  job.steps = steps;
  job.threads = launch.threadsPerRank;
  job.localRank = std::max(0, place.localRank);
  job.origin = Ring::now();
  LaunchResult result = backend->launch(launch, [&](RankContext &context) {
    return RankRun(job, context).run();
  });
  *reports = result.reports;
  MPTRT_TRY(result.verdict);
  *reports = true; // of several processes those that the signal has reached
  if (stop.stopped() && stop.requested())
    return makeStatus(Code::Stopped,
                      "stopped by signal %d after a whole step; what was "
                      "asked to be saved is saved",
                      stop.requested());
  return Status();
}

int runProgram(const Program &program,
               const std::vector<std::string> &arguments) {
  Options options;
  Status status = parseCommandLine(program, arguments, &options);
  if (status.ok() && options.help) {
    std::fputs(helpText(program).c_str(), stdout);
    return 0;
  }
  if (status.ok() && options.inspect) {
    std::fputs(inspectText(program).c_str(), stdout);
    return 0;
  }
  bool reports = true;
  if (status.ok())
    status = run(program, options, &reports);
  if (!status.ok() && reports)
    std::fprintf(stderr, "%s: %s: %s\n", program.manifest.name.c_str(),
                 status.code() == Code::Stopped ? "note" : "error",
                 status.message().c_str());
  return status.exitCode();
}

} // namespace mptrt
