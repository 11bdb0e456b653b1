// SPDX-License-Identifier: Apache-2.0
// Encoding of manifests, and what the runtime refuses before it trusts one.
#include "exec/Inspect.h"

#include <gtest/gtest.h>

namespace mptrt {
namespace {

/// One coordinate with one state and one task.
abi::Manifest small() {
  abi::Manifest m;
  m.name = "small";
  m.microbatches = 1;
  m.batch = 2;
  m.place = {0};
  abi::State state;
  state.name = "w";
  state.role = "parameter";
  state.shape = {2, 3};
  state.source.kind = "zero";
  m.states = {state};
  abi::Task task;
  task.name = "s0_F";
  m.tasks = {task};
  abi::Transfer transfer;
  transfer.name = "totals";
  transfer.kind = "sum";
  transfer.count = 2;
  transfer.group = -1;
  m.transfers = {transfer};
  abi::Coordinate c;
  c.arenaBytes = 64;
  c.arenaAlign = 64;
  c.states = {{0, 0, 24, -1}};
  c.transfers = {{0, -1, 0, -1, 0, {32}, {32}, -1}};
  c.actions = {{abi::ActionRun, 0, -1, 0, 0, {0, 0}},
               {abi::ActionExchange, -1, 0, -1, 0, {}}};
  m.coordinates = {c};
  return m;
}

Status load(const abi::Manifest &manifest, Program *program) {
  std::string encoded = abi::encodeManifest(manifest);
  return Program::load(encoded.data(), static_cast<int64_t>(encoded.size()),
                       nullptr, nullptr, program);
}

TEST(Manifest, SurvivesEncoding) {
  Program program;
  Status status = load(small(), &program);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(abi::encodeManifest(program.manifest),
            abi::encodeManifest(small()));
  EXPECT_FALSE(program.trains());
  EXPECT_NE(inspectText(program).find("\"w\""), std::string::npos);
}

TEST(Manifest, RefusesTruncationAndOtherVersions) {
  std::string encoded = abi::encodeManifest(small());
  Program program;
  for (size_t size = 0; size < encoded.size(); size += 7)
    EXPECT_FALSE(Program::load(encoded.data(), static_cast<int64_t>(size),
                               nullptr, nullptr, &program)
                     .ok());
  encoded[8] = 99;
  EXPECT_EQ(Program::load(encoded.data(), static_cast<int64_t>(encoded.size()),
                          nullptr, nullptr, &program)
                .message(),
            formatText("the manifest is not one of version %lld; link the "
                       "program with the runtime of the compiler that made it",
                       (long long)abi::version));
}

TEST(Manifest, RefusesBrokenPromises) {
  struct Case {
    void (*change)(abi::Manifest &m);
    const char *message;
  };
  const Case cases[] = {
      {[](abi::Manifest &m) {
         m.axes = {{"pp", 2}};
       },
       "manifest: 1 coordinates; expected 2"},
      {[](abi::Manifest &m) { m.microbatches = 0; },
       "manifest: number of micro-batches is 0; expected 0 to 1048575"},
      {[](abi::Manifest &m) { m.place = {1}; },
       "manifest: place of a stage is 1; expected 0 to 0"},
      {[](abi::Manifest &m) { m.states[0].dtype = 77; },
       "manifest: 'w' has element type 77, shape [2, 3] and 0 cuts"},
      {[](abi::Manifest &m) { m.coordinates[0].states[0].offset = 48; },
       "manifest: coordinate 0: w lies at [48, 72) of an arena of 64 bytes"},
      {[](abi::Manifest &m) { m.coordinates[0].actions[0].task = 1; },
       "manifest: coordinate 0: action 0: task of an action is 1; expected 0 "
       "to 0"},
      {[](abi::Manifest &m) {
         m.coordinates[0].transfers[0] = {0, -1, 0, -1, 0, {}, {}, -1};
       },
       "manifest: coordinate 0: action 1: transfer 'totals' has no place for "
       "an action of kind 4"},
      {[](abi::Manifest &m) {
         m.coordinates[0].transfers[0].sources = {32, 40};
       },
       "manifest: coordinate 0: add kernel is -1; expected 0 to -1"},
      {[](abi::Manifest &m) { m.transfers[0].group = 3; },
       "manifest: @totals: group of a transfer is 3; expected 0 to -1"},
      {[](abi::Manifest &m) {
         m.states[0].source.perm = {1, 0};
         m.states[0].source.fileShape = {2, 3};
       },
       "manifest: 'w' has shape [2, 3], in its file [2, 3]"},
  };
  for (const Case &item : cases) {
    abi::Manifest manifest = small();
    item.change(manifest);
    Program program;
    Status status = load(manifest, &program);
    EXPECT_EQ(status.code(), Code::Internal);
    EXPECT_EQ(status.message(), item.message);
  }
}

} // namespace
} // namespace mptrt
