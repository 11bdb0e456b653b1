// SPDX-License-Identifier: Apache-2.0
// The files that a run leaves behind: weights, gradients, outputs, the trace.
// Every rank takes part; rank 0 writes.
#include "exec/RankRun.h"

#include "telemetry/Trace.h"

#include <algorithm>

namespace mptrt {

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
  // Ranks may be processes that began at different times.
  int64_t origin = job.origin;
  MPTRT_TRY(gatherer->largest(&origin));
  std::string own =
      traceEvents(context.rank(), job.program.mesh.describe(context.rank()),
                  events, ring, origin);
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
    MPTRT_TRY(saveStates(options.saveGrads, manifest, *gatherer, isWriter,
                         savedStates(/*ofGradients=*/true)));
  if (!options.save.empty())
    MPTRT_TRY(saveStates(options.save, manifest, *gatherer, isWriter,
                         savedStates(/*ofGradients=*/false)));
  if (!options.outputs.empty() && isWriter)
    MPTRT_TRY(outputs.write(options.outputs));
  return options.trace.empty() ? Status() : writeTrace();
}

} // namespace mptrt
