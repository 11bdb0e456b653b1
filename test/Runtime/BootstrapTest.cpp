// SPDX-License-Identifier: Apache-2.0
// Who am I: what launchers leave in the environment.
#include "mptrt/Bootstrap.h"

#include <gtest/gtest.h>
#include <map>

namespace mptrt {
namespace {

using Variables = std::map<std::string, std::string>;

Status discover(const Variables &variables, Place *place) {
  return discoverPlace(
      [&](const char *name) -> const char * {
        auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
      },
      place);
}

void expectPlace(const Variables &variables, int rank, int world, int local,
                 const std::string &source) {
  Place place;
  Status status = discover(variables, &place);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(place.rank, rank);
  EXPECT_EQ(place.world, world);
  EXPECT_EQ(place.localRank, local);
  EXPECT_EQ(place.source, source);
  EXPECT_EQ(place.launched, source != "single process");
}

const Variables mpt = {
    {"MPT_RANK", "3"}, {"MPT_WORLD", "4"}, {"MPT_LOCAL_RANK", "1"}};
const Variables torchrun = {
    {"RANK", "5"}, {"WORLD_SIZE", "8"}, {"LOCAL_RANK", "2"}};
const Variables openMpi = {{"OMPI_COMM_WORLD_RANK", "1"},
                           {"OMPI_COMM_WORLD_SIZE", "2"},
                           {"OMPI_COMM_WORLD_LOCAL_RANK", "0"}};
const Variables slurm = {{"SLURM_PROCID", "0"},
                         {"SLURM_NTASKS", "4"},
                         {"SLURM_LOCALID", "0"},
                         {"SLURM_STEP_ID", "0"}};

Variables both(Variables a, const Variables &b) {
  a.insert(b.begin(), b.end());
  return a;
}

TEST(Bootstrap, KnowsEveryLauncher) {
  expectPlace({}, 0, 1, 0, "single process");
  expectPlace(mpt, 3, 4, 1, "MPT_RANK");
  expectPlace(torchrun, 5, 8, 2, "torchrun");
  expectPlace(openMpi, 1, 2, 0, "Open MPI");
  expectPlace({{"PMI_RANK", "1"}, {"PMI_SIZE", "3"}}, 1, 3, -1, "PMI");
  expectPlace({{"PMI_RANK", "1"}, {"PMI_SIZE", "3"}, {"MPI_LOCALRANKID", "1"}},
              1, 3, 1, "PMI");
  expectPlace(slurm, 0, 4, 0, "Slurm");
}

TEST(Bootstrap, AsksTheInnermostLauncherFirst) {
  expectPlace(both(mpt, both(torchrun, both(openMpi, slurm))), 3, 4, 1,
              "MPT_RANK");
  expectPlace(both(openMpi, slurm), 1, 2, 0, "Open MPI");
}

/// sbatch alone leaves variables, but starts one process.
TEST(Bootstrap, SlurmCountsInsideOfAStepOnly) {
  Variables batch = slurm;
  batch.erase("SLURM_STEP_ID");
  expectPlace(batch, 0, 1, 0, "single process");
}

TEST(Bootstrap, RefusesWhatIsIncompleteOrNoNumber) {
  Place place;
  Variables noWorld = mpt;
  noWorld.erase("MPT_WORLD");
  Status status = discover(noWorld, &place);
  EXPECT_EQ(status.code(), Code::Usage);
  EXPECT_EQ(status.message(),
            "environment: 'MPT_WORLD' is not set, but other variables of "
            "MPT_RANK are; set 'MPT_RANK', 'MPT_WORLD' and 'MPT_LOCAL_RANK' "
            "together, or none");
  for (const char *value : {"", "x", "1x", "-1", "99999999999"}) {
    Variables wrong = mpt;
    wrong["MPT_RANK"] = value;
    status = discover(wrong, &place);
    EXPECT_EQ(status.message(),
              formatText("environment: 'MPT_RANK' is '%s'; expected a number "
                         "of at least 0",
                         value));
  }
  Variables outside = mpt;
  outside["MPT_RANK"] = "4";
  EXPECT_EQ(discover(outside, &place).message(),
            "environment: 'MPT_RANK' is 4, but 'MPT_WORLD' is 4; ranks count "
            "from 0");
}

TEST(Bootstrap, RefusesImpossibleLaunches) {
  RankFunction never = [](RankContext &) {
    return Status(Code::Internal, "must not run");
  };
  for (const char *name : {"threads", "processes", "mpi"}) {
    const CommunicatorBackend *backend = findCommunicator(name);
    LaunchOptions options;
    options.ranks = 0;
    EXPECT_EQ(backend->launch(options, never).verdict.message(),
              "0 ranks in one command; expected 1 to 1024");
    options.ranks = 2;
    options.timeoutStep = 0;
    EXPECT_EQ(backend->launch(options, never).verdict.message(),
              "time-outs of 300 s and 0 s; expected more than 0");
  }
}

} // namespace
} // namespace mptrt
