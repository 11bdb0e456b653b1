// SPDX-License-Identifier: Apache-2.0
// Rank discovery from the environment that a launcher leaves behind. Launchers
// nest (mpirun inside sbatch leaves SLURM_PROCID=0 in every rank), so the
// innermost is asked first, and Slurm only inside a step of srun.
#include "mptrt/Bootstrap.h"

#include <cerrno>
#include <climits>
#include <cstdlib>

namespace mptrt {

Environment processEnvironment() {
  return [](const char *name) -> const char * { return std::getenv(name); };
}

namespace {

/// The variables by which one launcher says who a process is.
struct Source {
  const char *name;
  const char *rank;
  const char *world;
  const char *localRank;
  bool needsLocalRank;
  const char *onlyIf; // not considered unless this is set; null: always
};

constexpr Source sources[] = {
    {"MPT_RANK", "MPT_RANK", "MPT_WORLD", "MPT_LOCAL_RANK", true, nullptr},
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", true, nullptr},
    {"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
     "OMPI_COMM_WORLD_LOCAL_RANK", true, nullptr},
    {"PMI", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", false, nullptr},
    {"Slurm", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", true,
     "SLURM_STEP_ID"},
};

class Reader {
public:
  Reader(const Environment &environment, const Source &source)
      : environment(environment), source(source) {}

  bool present() const {
    if (source.onlyIf && !environment(source.onlyIf))
      return false;
    return environment(source.rank) || environment(source.world);
  }

  Status read(Place *out) const {
    Place place;
    place.launched = true;
    place.source = source.name;
    place.localRank = -1;
    MPTRT_TRY(number(source.rank, &place.rank));
    MPTRT_TRY(number(source.world, &place.world));
    if (source.needsLocalRank || environment(source.localRank))
      MPTRT_TRY(number(source.localRank, &place.localRank));
    if (place.rank >= place.world)
      return makeStatus(Code::Usage,
                        "environment: '%s' is %d, but '%s' is %d; ranks count "
                        "from 0",
                        source.rank, place.rank, source.world, place.world);
    *out = place;
    return Status();
  }

private:
  Status number(const char *name, int *out) const {
    const char *text = environment(name);
    if (!text)
      return makeStatus(Code::Usage,
                        "environment: '%s' is not set, but other variables of "
                        "%s are; set '%s', '%s' and '%s' together, or none",
                        name, source.name, source.rank, source.world,
                        source.localRank);
    char *end = nullptr;
    errno = 0;
    long value = std::strtol(text, &end, 10);
    if (errno || end == text || *end || value < 0 || value > INT_MAX)
      return makeStatus(Code::Usage,
                        "environment: '%s' is '%s'; expected a number of at "
                        "least 0",
                        name, text);
    *out = static_cast<int>(value);
    return Status();
  }

  const Environment &environment;
  const Source &source;
};

} // namespace

uint64_t fingerprint(const void *bytes, size_t size) {
  uint64_t sum = 0xcbf29ce484222325u; // FNV-1a
  for (size_t i = 0; i < size; ++i)
    sum = (sum ^ static_cast<const unsigned char *>(bytes)[i]) * 0x100000001b3u;
  return sum;
}

Status discoverPlace(const Environment &environment, Place *out) {
  for (const Source &source : sources) {
    Reader reader(environment, source);
    if (reader.present())
      return reader.read(out);
  }
  *out = Place();
  out->source = "single process";
  return Status();
}

} // namespace mptrt
