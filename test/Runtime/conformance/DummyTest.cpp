// SPDX-License-Identifier: Apache-2.0
// That the dummies are what they claim: late, and recording.
#include "../dummy/DummyCommunicator.h"
#include "../dummy/DummyDevice.h"
#include "Suite.h"

namespace mptrt::test {

TEST(DummyDevice, RunsNothingBeforeTheHostWaits) {
  DummyDevice device;
  DeviceMemory memory;
  ASSERT_TRUE(DeviceMemory::allocate(device, 4, 64, &memory).ok());
  int32_t value = 1, found = 0;
  ASSERT_TRUE(device.copyToDevice(Stream::Copy, memory.get(), &value, 4).ok());
  ASSERT_TRUE(device.copyToHost(Stream::Copy, &found, memory.get(), 4).ok());
  EXPECT_EQ(found, 0);
  ASSERT_TRUE(device.synchronize(Stream::Copy).ok());
  EXPECT_EQ(found, 1);
}

TEST(DummyDevice, WithoutAnEventAnotherStreamLags) {
  DummyDevice device;
  DeviceMemory memory;
  ASSERT_TRUE(DeviceMemory::allocate(device, 4, 64, &memory).ok());
  int32_t value = 1, found = 0;
  ASSERT_TRUE(device.copyToDevice(Stream::Copy, memory.get(), &value, 4).ok());
  ASSERT_TRUE(device.copyToHost(Stream::Comm, &found, memory.get(), 4).ok());
  ASSERT_TRUE(device.synchronize(Stream::Comm).ok());
  EXPECT_EQ(found, -1); // undefined memory
}

TEST(DummyDevice, RecordsCalls) {
  DummyDevice device;
  ASSERT_TRUE(device.reserveEvents(1).ok());
  ASSERT_TRUE(device.record(0, Stream::Compute).ok());
  ASSERT_TRUE(device.wait(0, Stream::Comm).ok());
  ASSERT_TRUE(device.synchronize(Stream::Comm).ok());
  EXPECT_EQ(device.calls(), (std::vector<std::string>{"record 0 on compute",
                                                      "wait for 0 on comm",
                                                      "synchronize comm"}));
}

TEST(DummyCommunicator, RecordsCalls) {
  std::vector<std::string> calls;
  LaunchOptions options;
  options.ranks = 2;
  LaunchResult result = findCommunicator("dummy")->launch(
      options, [&](RankContext &context) -> Status {
        DummyDevice device;
        std::unique_ptr<Communicator> comm;
        Group world = -1;
        MPTRT_TRY(context.createCommunicator(device, &comm));
        MPTRT_TRY(comm->createGroup("world", {0, 1}, &world));
        MPTRT_TRY(comm->barrier(Stream::Comm, world));
        if (context.rank() == 0)
          calls = static_cast<DummyCommunicator &>(*comm).calls();
        return Status();
      });
  EXPECT_TRUE(result.verdict.ok()) << result.verdict.message();
  EXPECT_EQ(calls, (std::vector<std::string>{"create_group world", "barrier"}));
}

} // namespace mptrt::test
