// SPDX-License-Identifier: Apache-2.0
// Events: ids, the ring, JSON.
#include "telemetry/Trace.h"

#include <cmath>
#include <gtest/gtest.h>

namespace mptrt {
namespace {

abi::Manifest manifest() {
  abi::Manifest m;
  m.tasks = {{"s0_F",
              "F",
              0,
              0,
              {{"kernel", "add_4", -1, 0, {"a", "b"}},
               {"gemm", "", -1, 0, {}},
               {"all_reduce", "", 0, 48, {"c"}}}},
             {"s0_B", "B", 0, 0, {}}};
  abi::Transfer transfer;
  transfer.name = "h";
  transfer.bytes = 64;
  m.transfers = {transfer};
  return m;
}

TEST(EventTable, NumbersTasksLaunchesTransfers) {
  EventTable table(manifest());
  EXPECT_EQ(table[table.task(1)].name, "s0_B");
  EXPECT_EQ(table[table.launch(0, 0)].name, "add_4");
  EXPECT_EQ(table[table.launch(0, 0)].nodes, "a, b");
  EXPECT_EQ(table[table.launch(0, 1)].category, "library");
  EXPECT_EQ(table[table.launch(0, 2)].category, "collective");
  EXPECT_EQ(table[table.launch(0, 3)].name, "s0_F (unlisted launch)");
  EXPECT_EQ(table[table.launch(0, 9)].name, "s0_F (unlisted launch)");
  EXPECT_EQ(table[table.launch(1, 0)].name, "s0_B (unlisted launch)");
  EXPECT_EQ(table[table.transfer(0)].name, "@h");
  EXPECT_EQ(table[table.transfer(0)].bytes, 64);
}

TEST(Ring, KeepsTheLastEvents) {
  Ring ring(3);
  EXPECT_TRUE(ring.inOrder().empty());
  for (int32_t i = 0; i < 5; ++i) {
    EventRecord record;
    record.id = i;
    ring.add(record);
  }
  std::vector<EventRecord> events = ring.inOrder();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].id, 2);
  EXPECT_EQ(events[2].id, 4);
  EXPECT_EQ(ring.lost(), 2);
}

TEST(Trace, IsJson) {
  EventTable table(manifest());
  Ring ring(8);
  EventRecord record;
  record.id = table.launch(0, 2);
  record.step = 3;
  record.begin = 2500;
  record.end = 4500;
  record.bytes = 48;
  ring.add(record);
  EXPECT_EQ(
      traceFile({traceEvents(1, "rank 1", table, ring, 500)}),
      "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"
      R"({"ph":"M","pid":1,"tid":0,"name":"process_name","args":{"name":)"
      R"("rank 1"}})"
      ",\n"
      R"({"ph":"X","pid":1,"tid":1,"name":"all_reduce","cat":"collective",)"
      R"("ts":2.000,"dur":2.000,"args":{"step":3,"microbatch":-1,"bytes":48,)"
      R"("nodes":"c","GB/s":0.024}})"
      "\n]}\n");
}

TEST(Json, QuotesAndNumbers) {
  EXPECT_EQ(jsonString("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
  EXPECT_EQ(jsonNumber(0.1), "0.10000000000000001");
  EXPECT_EQ(jsonNumber(std::nan("")), "null");
}

} // namespace
} // namespace mptrt
