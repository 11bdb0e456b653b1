// SPDX-License-Identifier: Apache-2.0
// The communicator suite over MPI: `mpirun -n 5` starts this program, every
// process runs the same tests in the same order, and a test of r ranks is run
// by the first r of them, over spaces of its own, so that what a failed test
// left behind is never heard again. Afterwards all tell one another how their
// ranks ended: every process judges the whole.
#include "CommunicatorSuite.h"
#include "comm/HostLaunch.h"
#include "comm/mpi/MpiTransport.h"

namespace mptrt::test {

static constexpr double patience = 60;

static MpiSession &session() {
  static MpiSession instance;
  return instance;
}

/// What a process tells of its rank.
struct Ending {
  int32_t code = 0;
  int32_t first = -1; // whose failure it knows of
  char text[1016] = "";
};

static void require(const Status &status) {
  if (status.ok())
    return;
  std::fprintf(stderr, "%s\n", status.message().c_str());
  std::exit(status.exitCode());
}

static LaunchResult collect(const MpiSpaces &spaces, int ranks,
                            const Ending &own) {
  const MpiCalls &calls = session().calls();
  std::vector<Ending> all(static_cast<size_t>(session().size()));
  MpiRequest request = calls.none;
  require(session().check(
      calls.gather(spaces.data, &own, sizeof(own), all.data(), &request),
      "gather"));
  require(session().await(&request, patience, "gather"));
  LaunchResult result;
  for (int rank = 0; rank < ranks; ++rank) {
    const Ending &ending = all[static_cast<size_t>(rank)];
    result.ranks.emplace_back(static_cast<Code>(ending.code), ending.text);
    if (ending.first >= 0 && result.failedRank < 0)
      result.failedRank = ending.first;
  }
  if (result.failedRank >= 0) {
    const Ending &ending = all[static_cast<size_t>(result.failedRank)];
    result.verdict = Status(static_cast<Code>(ending.code), ending.text);
  }
  return result;
}

LaunchResult suiteLaunch(const std::string &, const LaunchOptions &options,
                         const RankFunction &function) {
  MpiSpaces spaces, after;
  require(session().open(patience, &spaces));
  require(session().open(patience, &after));
  std::vector<MpiPeer> peers;
  require(session().meet(spaces, 0, patience, &peers));
  Ending own;
  if (session().rank() < options.ranks) {
    std::vector<uint64_t> memory(JobControl::bytesFor(options.ranks) / 8 + 8);
    uint64_t address = reinterpret_cast<uint64_t>(memory.data());
    JobControl control(reinterpret_cast<void *>((address + 63) / 64 * 64),
                       options.ranks);
    HostTransportOptions transportOptions;
    transportOptions.timeout = options.timeoutInit;
    MpiTransport transport(session(), spaces, peers, control, transportOptions);
    HostRankContext context(options, transport);
    runRank(control, context, function);
    Status verdict;
    control.verdict(session().rank(), &verdict);
    if (!verdict.ok())
      transport.abort(verdict);
    if (control.aborted() && control.abortRank() == session().rank())
      verdict = control.abortStatus();
    own.code = verdict.exitCode();
    own.first = control.abortRank();
    std::snprintf(own.text, sizeof(own.text), "%s", verdict.message().c_str());
  }
  return collect(after, options.ranks, own);
}

INSTANTIATE_TEST_SUITE_P(Mpi, CommunicatorSuite,
                         ::testing::Combine(::testing::Values("mpi"),
                                            ::testing::Values("cpu")),
                         [](const auto &info) {
                           return std::get<0>(info.param) +
                                  std::string("_on_") + std::get<1>(info.param);
                         });

} // namespace mptrt::test

int main(int argc, char **argv) {
  using namespace mptrt;
  ::testing::InitGoogleTest(&argc, argv);
  test::require(test::session().start());
  if (test::session().size() != 5) {
    std::fprintf(stderr, "expected 5 processes, found %d\n",
                 test::session().size());
    return 2;
  }
  int code = RUN_ALL_TESTS();
  test::require(test::session().finish());
  return code;
}
