// SPDX-License-Identifier: Apache-2.0
// Flags and the learning rate.
#include "exec/CommandLine.h"

#include <gtest/gtest.h>

namespace mptrt {
namespace {

Program program(bool trains) {
  Program result;
  result.manifest.name = "model";
  if (trains)
    result.manifest.totals = {"loss", "stop"};
  return result;
}

TEST(CommandLine, TakesBothSpellings) {
  Options options;
  Status status = parseCommandLine(
      program(true),
      {"--data=a.npz", "--steps", "5", "--lr", "1e-2", "--lr-schedule=cosine",
       "--comm", "processes", "--timeout-step=2s", "--shuffle=7", "--dry-run"},
      &options);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(options.data, "a.npz");
  EXPECT_EQ(options.steps, 5);
  EXPECT_EQ(options.rate, 1e-2);
  EXPECT_TRUE(options.cosine && options.dryRun);
  EXPECT_EQ(options.communicator, "processes");
  EXPECT_EQ(options.timeoutStep, 2);
  EXPECT_EQ(options.shuffle, 7u);
  EXPECT_FALSE(options.threads.has_value());
}

TEST(CommandLine, RefusesByName) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--weigths", "f"},
       "unknown flag '--weigths'; did you mean '--weights'? (--help lists "
       "all)"},
      {{"--lr=fast"}, "'--lr' has value 'fast'; expected a number"},
      {{"--lr=nan"}, "'--lr' has value 'nan'; expected a number"},
      {{"--lr-schedule=linear"},
       "'--lr-schedule' has value 'linear'; expected 'constant' or 'cosine'"},
      {{"--threads=0"},
       "'--threads' has value '0'; expected a number of at least 1"},
      {{"--steps=-1"},
       "'--steps' has value '-1'; expected a number of at least 0"},
      {{"--timeout-init=0"},
       "'--timeout-init' has value '0'; expected "
       "seconds"},
      {{"--save="}, "'--save' has value ''; expected a file name"},
      {{"--"},
       "unexpected argument '--'; flags begin with '--' (--help lists "
       "all)"},
  };
  for (const auto &item : cases) {
    Options options;
    Status status = parseCommandLine(program(true), item.first, &options);
    EXPECT_EQ(status.code(), Code::Usage);
    EXPECT_EQ(status.message(), item.second);
  }
}

TEST(CommandLine, KnowsWhatIsForTraining) {
  Options options;
  EXPECT_EQ(parseCommandLine(program(false), {"--save=f"}, &options).message(),
            "'--save' is for training; this program was compiled for "
            "inference");
  EXPECT_TRUE(
      parseCommandLine(program(false), {"--outputs=f.npy"}, &options).ok());
  std::string help = helpText(program(false));
  EXPECT_EQ(help.find("--lr"), std::string::npos);
  EXPECT_NE(help.find("--outputs FILE"), std::string::npos);
}

TEST(LearningRate, WarmsUpAndFalls) {
  Options options;
  options.rate = 1;
  EXPECT_EQ(learningRate(options, 0, 10), 1);
  options.warmup = 4;
  EXPECT_EQ(learningRate(options, 0, 10), 0.25);
  EXPECT_EQ(learningRate(options, 3, 10), 1);
  EXPECT_EQ(learningRate(options, 9, 10), 1);
  options.cosine = true;
  EXPECT_EQ(learningRate(options, 1, 10), 0.5);
  EXPECT_EQ(learningRate(options, 4, 10), 1);
  EXPECT_NEAR(learningRate(options, 7, 10), 0.5, 1e-15);
  options.warmup = 20; // longer than the run
  EXPECT_EQ(learningRate(options, 9, 10), 0.5);
}

} // namespace
} // namespace mptrt
