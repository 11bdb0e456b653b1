// SPDX-License-Identifier: Apache-2.0
// What every Communicator must do, on every Device. Expected values are formed
// in the order that Communicator.h promises and compared bit for bit.
#ifndef MPTRT_TEST_CONFORMANCE_COMMUNICATORSUITE_H
#define MPTRT_TEST_CONFORMANCE_COMMUNICATORSUITE_H

#include "Suite.h"

#include <chrono>
#include <limits>
#include <numeric>
#include <thread>
#include <tuple>

namespace mptrt::test {

/// What a rank of a test has.
struct Rank {
  Device &device;
  Communicator &comm;
  int rank;
  int size;
  Group world; // all ranks, in order

  Status finish() { return device.synchronize(Stream::Comm); }
};

using RankTest = std::function<Status(Rank &)>;

/// Runs a test on `ranks` ranks of a communicator, each on its own device.
inline LaunchResult runRanks(const std::string &communicator,
                             const std::string &deviceName, int ranks,
                             const RankTest &test, double timeout = 20) {
  LaunchOptions options;
  options.ranks = ranks;
  options.timeoutInit = timeout;
  return suiteLaunch(
      communicator, options, [&](RankContext &context) -> Status {
        std::unique_ptr<Device> device;
        std::unique_ptr<Communicator> comm;
        DeviceOptions deviceOptions;
        deviceOptions.gemm32 = false;
        MPTRT_TRY(findDevice(deviceName)->create(deviceOptions, &device));
        MPTRT_TRY(context.createCommunicator(*device, &comm));
        std::vector<int> all(static_cast<size_t>(context.size()));
        std::iota(all.begin(), all.end(), 0);
        Rank rank{*device, *comm, context.rank(), context.size(), 0};
        MPTRT_TRY(comm->createGroup("world", all, &rank.world));
        return test(rank);
      });
}

/// Communicator x device.
class CommunicatorSuite
    : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {
protected:
  LaunchResult result(int ranks, const RankTest &test, double timeout = 20) {
    return runRanks(std::get<0>(GetParam()), std::get<1>(GetParam()), ranks,
                    test, timeout);
  }
  void run(int ranks, const RankTest &test) {
    LaunchResult found = result(ranks, test);
    EXPECT_TRUE(found.verdict.ok())
        << ranks << " ranks: " << found.verdict.message();
    EXPECT_EQ(found.ranks.size(), static_cast<size_t>(ranks));
  }
};

/// op over the members' values, in order of index.
template <typename T>
std::vector<T> combined(ReduceOp op, std::vector<std::vector<T>> operands) {
  std::vector<T> result = operands[0];
  for (size_t r = 1; r < operands.size(); ++r)
    for (size_t i = 0; i < result.size(); ++i) {
      T x = operands[r][i];
      if (op == ReduceOp::Sum)
        result[i] = result[i] + x;
      else if (op == ReduceOp::Max)
        result[i] = std::max(result[i], x);
      else
        result[i] = std::min(result[i], x);
    }
  return result;
}

template <typename T>
std::vector<std::vector<T>> valuesOf(int ranks, int64_t count) {
  std::vector<std::vector<T>> all;
  for (int r = 0; r < ranks; ++r)
    all.push_back(values<T>(static_cast<uint64_t>(r), count));
  return all;
}

template <typename T>
Status checkAllReduce(Rank &rank, ReduceOp op, int64_t count) {
  auto all = valuesOf<T>(rank.size, count);
  std::vector<T> expected = combined(op, all);
  const std::vector<T> &own = all[static_cast<size_t>(rank.rank)];
  Array<T> from, to;
  MPTRT_TRY(Array<T>::make(rank.device, own, &from));
  MPTRT_TRY(Array<T>::make(rank.device, own, &to));
  ReduceOperand apart{from.at(), to.at(), count};
  ReduceOperand inPlace{from.at(), from.at(), count};
  DType dtype = TypeOf<T>::dtype;
  MPTRT_TRY(
      rank.comm.allReduce(Stream::Comm, rank.world, op, dtype, &apart, 1));
  MPTRT_TRY(rank.finish());
  MPTRT_TRY(to.expect(expected));
  MPTRT_TRY(from.expect(own));
  MPTRT_TRY(
      rank.comm.allReduce(Stream::Comm, rank.world, op, dtype, &inPlace, 1));
  MPTRT_TRY(rank.finish());
  return from.expect(expected);
}

TEST_P(CommunicatorSuite, AllReduceAddsInOrder) {
  for (int ranks : {1, 2, 3, 5})
    run(ranks, [](Rank &rank) -> Status {
      for (int64_t count : {0, 1, 3, 100, 8200, 20011})
        MPTRT_TRY(checkAllReduce<float>(rank, ReduceOp::Sum, count));
      return Status();
    });
}

TEST_P(CommunicatorSuite, AllReduceOfManySegments) {
  run(3, [](Rank &rank) {
    return checkAllReduce<float>(rank, ReduceOp::Sum, 900001);
  });
}

TEST_P(CommunicatorSuite, AllReduceOfEveryKind) {
  run(3, [](Rank &rank) -> Status {
    for (ReduceOp op : {ReduceOp::Sum, ReduceOp::Max, ReduceOp::Min}) {
      MPTRT_TRY(checkAllReduce<float>(rank, op, 333));
      MPTRT_TRY(checkAllReduce<double>(rank, op, 9001));
      MPTRT_TRY(checkAllReduce<int64_t>(rank, op, 9001));
      MPTRT_TRY(checkAllReduce<int32_t>(rank, op, 333));
    }
    return Status();
  });
}

TEST_P(CommunicatorSuite, MaxAndMinKeepNan) {
  run(2, [](Rank &rank) -> Status {
    float nan = std::numeric_limits<float>::quiet_NaN();
    for (ReduceOp op : {ReduceOp::Max, ReduceOp::Min}) {
      std::vector<float> own = {rank.rank == 0 ? nan : 1.0f,
                                rank.rank == 1 ? nan : 1.0f};
      Array<float> data;
      MPTRT_TRY(Array<float>::make(rank.device, own, &data));
      ReduceOperand operand{data.at(), data.at(), 2};
      MPTRT_TRY(rank.comm.allReduce(Stream::Comm, rank.world, op, DType::F32,
                                    &operand, 1));
      std::vector<float> found;
      MPTRT_TRY(data.read(&found));
      MPTRT_REQUIRE(found[0] != found[0] && found[1] != found[1], "%s",
                    reduceName(op));
    }
    return Status();
  });
}

/// Operands of one bucket: adjacent ones, one apart, an empty one.
TEST_P(CommunicatorSuite, AllReduceOfABucket) {
  run(3, [](Rank &rank) -> Status {
    const int64_t count = 12000;
    auto all = valuesOf<float>(3, count);
    std::vector<float> own = all[static_cast<size_t>(rank.rank)];
    std::vector<float> expected = combined(ReduceOp::Sum, all);
    Array<float> data;
    MPTRT_TRY(Array<float>::make(rank.device, own, &data));
    std::vector<ReduceOperand> operands;
    const int64_t ranges[][2] = {
        {0, 10}, {10, 9000}, {9000, 9000}, {9100, 9101}, {9500, 11990}};
    for (const auto &range : ranges)
      operands.push_back(
          {data.at(range[0]), data.at(range[0]), range[1] - range[0]});
    MPTRT_TRY(rank.comm.allReduce(Stream::Comm, rank.world, ReduceOp::Sum,
                                  DType::F32, operands.data(), 5));
    for (int64_t i = 0; i < count; ++i) {
      bool inside = false;
      for (const auto &range : ranges)
        inside = inside || (i >= range[0] && i < range[1]);
      if (!inside)
        expected[static_cast<size_t>(i)] = own[static_cast<size_t>(i)];
    }
    return data.expect(expected);
  });
}

TEST_P(CommunicatorSuite, ReduceScatter) {
  for (int ranks : {1, 2, 3})
    for (int64_t outer : {1, 4})
      run(ranks, [=](Rank &rank) -> Status {
        const int64_t block = outer == 1 ? 300000 : 25, count = block * outer;
        auto all = valuesOf<float>(ranks, count * ranks);
        std::vector<float> sum = combined(ReduceOp::Sum, all), expected;
        for (int64_t row = 0; row < outer; ++row)
          for (int64_t i = 0; i < block; ++i)
            expected.push_back(sum[static_cast<size_t>(
                (row * ranks + rank.rank) * block + i)]);
        Array<float> from, to;
        MPTRT_TRY(Array<float>::make(
            rank.device, all[static_cast<size_t>(rank.rank)], &from));
        MPTRT_TRY(Array<float>::make(rank.device,
                                     std::vector<float>(expected.size()), &to));
        MPTRT_TRY(rank.comm.reduceScatter(Stream::Comm, rank.world,
                                          ReduceOp::Sum, DType::F32, from.at(),
                                          to.at(), count, outer));
        return to.expect(expected);
      });
}

TEST_P(CommunicatorSuite, AllGather) {
  for (int ranks : {1, 2, 3})
    for (int64_t outer : {1, 4})
      run(ranks, [=](Rank &rank) -> Status {
        const int64_t block = outer == 1 ? 300000 : 25, count = block * outer;
        auto all = valuesOf<int64_t>(ranks, count);
        std::vector<int64_t> expected;
        for (int64_t row = 0; row < outer; ++row)
          for (const auto &own : all)
            expected.insert(expected.end(), own.begin() + row * block,
                            own.begin() + (row + 1) * block);
        Array<int64_t> from, to;
        MPTRT_TRY(Array<int64_t>::make(
            rank.device, all[static_cast<size_t>(rank.rank)], &from));
        MPTRT_TRY(Array<int64_t>::make(
            rank.device, std::vector<int64_t>(expected.size()), &to));
        MPTRT_TRY(rank.comm.allGather(Stream::Comm, rank.world, DType::I64,
                                      from.at(), to.at(), count, outer));
        MPTRT_TRY(rank.finish());
        MPTRT_TRY(to.expect(expected));
        if (outer != 1)
          return Status();
        MPTRT_TRY(rank.comm.allGather(Stream::Comm, rank.world, DType::I64,
                                      to.at(rank.rank * count), to.at(), count,
                                      1));
        return to.expect(expected);
      });
}

TEST_P(CommunicatorSuite, AllToAll) {
  for (int ranks : {1, 3})
    run(ranks, [=](Rank &rank) -> Status {
      const int64_t count = 1000;
      auto all = valuesOf<float>(ranks, count * ranks);
      std::vector<float> expected;
      for (const auto &own : all)
        expected.insert(expected.end(), own.begin() + rank.rank * count,
                        own.begin() + (rank.rank + 1) * count);
      Array<float> from, to;
      MPTRT_TRY(Array<float>::make(rank.device,
                                   all[static_cast<size_t>(rank.rank)], &from));
      MPTRT_TRY(Array<float>::make(rank.device,
                                   std::vector<float>(expected.size()), &to));
      MPTRT_TRY(rank.comm.allToAll(Stream::Comm, rank.world, DType::F32,
                                   from.at(), to.at(), count));
      return to.expect(expected);
    });
}

TEST_P(CommunicatorSuite, Broadcast) {
  run(3, [](Rank &rank) -> Status {
    for (int root = 0; root < 3; ++root)
      for (bool inPlace : {false, true}) {
        std::vector<float> expected =
            values<float>(static_cast<uint64_t>(root), 70000);
        std::vector<float> own =
            values<float>(static_cast<uint64_t>(rank.rank), 70000);
        Array<float> from, to;
        MPTRT_TRY(Array<float>::make(rank.device, own, &from));
        MPTRT_TRY(Array<float>::make(rank.device, own, &to));
        DevicePtr source = inPlace ? to.at() : from.at();
        MPTRT_TRY(rank.comm.broadcast(Stream::Comm, rank.world, root,
                                      DType::F32, source, to.at(), 70000));
        MPTRT_TRY(to.expect(expected));
      }
    return Status();
  });
}

/// A ring, a shift with an end, and one that stays.
TEST_P(CommunicatorSuite, Permute) {
  run(3, [](Rank &rank) -> Status {
    const int targets[][3] = {{1, 2, 0}, {1, 2, -1}, {0, 2, 1}, {-1, -1, -1}};
    for (const auto &target : targets) {
      Array<int32_t> from, to;
      MPTRT_TRY(Array<int32_t>::make(rank.device, {rank.rank + 10, 7}, &from));
      MPTRT_TRY(Array<int32_t>::make(rank.device, {99, 99}, &to));
      MPTRT_TRY(rank.comm.permute(Stream::Comm, rank.world, target, DType::I32,
                                  from.at(), to.at(), 2));
      std::vector<int32_t> expected = {0, 0};
      for (int i = 0; i < 3; ++i)
        if (target[i] == rank.rank)
          expected = {i + 10, 7};
      MPTRT_TRY(to.expect(expected));
    }
    return Status();
  });
}

TEST_P(CommunicatorSuite, MessagesArriveInOrder) {
  run(3, [](Rank &rank) -> Status {
    // 0 -> 1 -> 2, of growing size; the longest takes several segments.
    for (int32_t i = 0; i < 20; ++i) {
      int64_t count = i < 19 ? 1 + i * 997 : 700000;
      std::vector<int32_t> expected(static_cast<size_t>(count), i);
      Array<int32_t> data;
      MPTRT_TRY(
          Array<int32_t>::make(rank.device,
                               std::vector<int32_t>(static_cast<size_t>(count),
                                                    rank.rank == 0 ? i : -1),
                               &data));
      if (rank.rank > 0)
        MPTRT_TRY(rank.comm.receive(Stream::Comm, rank.world, rank.rank - 1,
                                    DType::I32, data.at(), count));
      if (rank.rank < 2)
        MPTRT_TRY(rank.comm.send(Stream::Comm, rank.world, rank.rank + 1,
                                 DType::I32, data.at(), count));
      MPTRT_TRY(data.expect(expected));
    }
    return Status();
  });
}

/// Everyone sends right and receives from the left, long enough that nothing
/// is buffered, with sizes that differ by rank; then with itself.
TEST_P(CommunicatorSuite, Exchange) {
  run(3, [](Rank &rank) -> Status {
    int right = (rank.rank + 1) % 3, left = (rank.rank + 2) % 3;
    int64_t sent = 400000 + rank.rank, received = 400000 + left;
    Array<float> from, to;
    std::vector<float> own =
        values<float>(static_cast<uint64_t>(rank.rank), sent);
    MPTRT_TRY(Array<float>::make(rank.device, own, &from));
    MPTRT_TRY(Array<float>::make(
        rank.device, std::vector<float>(static_cast<size_t>(received)), &to));
    MPTRT_TRY(rank.comm.exchange(Stream::Comm, rank.world, DType::F32, right,
                                 from.at(), sent, left, to.at(), received));
    MPTRT_TRY(to.expect(values<float>(static_cast<uint64_t>(left), received)));
    Array<float> self;
    MPTRT_TRY(Array<float>::make(rank.device, std::vector<float>(8), &self));
    MPTRT_TRY(rank.comm.exchange(Stream::Comm, rank.world, DType::F32,
                                 rank.rank, from.at(), 8, rank.rank, self.at(),
                                 8));
    return self.expect(std::vector<float>(own.begin(), own.begin() + 8));
  });
}

/// Members in an order of their own: sums follow it. Two disjoint groups work
/// beside one another and beside the world.
TEST_P(CommunicatorSuite, Groups) {
  run(4, [](Rank &rank) -> Status {
    std::vector<std::vector<int>> lists = {{2, 0}, {1, 3}};
    Group groups[2];
    MPTRT_TRY(rank.comm.createGroup("even", lists[0], &groups[0]));
    MPTRT_TRY(rank.comm.createGroup("odd", lists[1], &groups[1]));
    int mine = rank.rank % 2;
    const std::vector<int> &list = lists[static_cast<size_t>(mine)];
    MPTRT_REQUIRE(rank.comm.sizeOf(groups[mine]) == 2, "size");
    MPTRT_REQUIRE(rank.comm.indexIn(groups[1 - mine]) == -1, "stranger");
    int index = rank.comm.indexIn(groups[mine]);
    MPTRT_REQUIRE(list[static_cast<size_t>(index)] == rank.rank, "index");
    auto all = valuesOf<float>(4, 5000);
    std::vector<std::vector<float>> members;
    for (int r : list)
      members.push_back(all[static_cast<size_t>(r)]);
    for (int repeat = 0; repeat < 5; ++repeat) {
      Array<float> data;
      MPTRT_TRY(Array<float>::make(rank.device,
                                   all[static_cast<size_t>(rank.rank)], &data));
      ReduceOperand operand{data.at(), data.at(), 5000};
      MPTRT_TRY(rank.comm.allReduce(Stream::Comm, groups[mine], ReduceOp::Sum,
                                    DType::F32, &operand, 1));
      MPTRT_TRY(data.expect(combined(ReduceOp::Sum, members)));
      MPTRT_TRY(rank.comm.barrier(Stream::Comm, rank.world));
    }
    float one = 1;
    ReduceOperand operand{DevicePtr::of(&one), DevicePtr::of(&one), 1};
    Status stranger = rank.comm.allReduce(
        Stream::Comm, groups[1 - mine], ReduceOp::Sum, DType::F32, &operand, 1);
    MPTRT_REQUIRE(stranger.code() == Code::Internal, "strangers are refused");
    return Status();
  });
}

/// A message in pieces is one message.
TEST_P(CommunicatorSuite, CountsCalls) {
  run(2, [](Rank &rank) -> Status {
    const int64_t count = 700000; // several segments
    Array<float> data;
    MPTRT_TRY(
        Array<float>::make(rank.device, std::vector<float>(count), &data));
    CommunicatorCounts none = rank.comm.counts();
    MPTRT_REQUIRE(none.sends + none.receives + none.collectives == 0, "new");
    if (rank.rank == 0)
      MPTRT_TRY(rank.comm.send(Stream::Comm, rank.world, 1, DType::F32,
                               data.at(), count));
    else
      MPTRT_TRY(rank.comm.receive(Stream::Comm, rank.world, 0, DType::F32,
                                  data.at(), count));
    ReduceOperand operand{data.at(), data.at(), 100};
    MPTRT_TRY(rank.comm.allReduce(Stream::Comm, rank.world, ReduceOp::Sum,
                                  DType::F32, &operand, 1));
    MPTRT_TRY(rank.finish());
    CommunicatorCounts found = rank.comm.counts();
    bool isSender = rank.rank == 0;
    MPTRT_REQUIRE(found.sends == isSender && found.receives == !isSender,
                  "%lld, %lld", (long long)found.sends,
                  (long long)found.receives);
    MPTRT_REQUIRE(found.bytesSent == (isSender ? count * 4 : 0), "sent");
    MPTRT_REQUIRE(found.bytesReceived == (isSender ? 0 : count * 4), "got");
    MPTRT_REQUIRE(found.collectives == 1 && found.collectiveBytes == 400,
                  "%lld", (long long)found.collectiveBytes);
    MPTRT_REQUIRE(found.waitNanoseconds > 0, "it waits");
    return Status();
  });
}

TEST_P(CommunicatorSuite, RefusesWrongGroups) {
  run(2, [](Rank &rank) -> Status {
    Group group;
    for (std::vector<int> list : {std::vector<int>{}, {0, 0}, {0, 2}, {-1, 0}})
      MPTRT_REQUIRE(!rank.comm.createGroup("wrong", list, &group).ok(),
                    "%zu ranks", list.size());
    return Status();
  });
}

/// Work of another stream is waited for by its event only.
TEST_P(CommunicatorSuite, FollowsItsStream) {
  run(2, [](Rank &rank) -> Status {
    MPTRT_TRY(rank.device.reserveEvents(2));
    Array<int32_t> data;
    MPTRT_TRY(Array<int32_t>::make(rank.device, {0}, &data));
    for (int32_t i = 1; i < 10; ++i) {
      int32_t own = i * (rank.rank + 1), found = 0;
      ReduceOperand operand{data.at(), data.at(), 1};
      MPTRT_TRY(rank.device.copyToDevice(Stream::Copy, data.at(), &own, 4));
      MPTRT_TRY(rank.device.record(0, Stream::Copy));
      MPTRT_TRY(rank.device.wait(0, Stream::Comm));
      MPTRT_TRY(rank.comm.allReduce(Stream::Comm, rank.world, ReduceOp::Sum,
                                    DType::I32, &operand, 1));
      MPTRT_TRY(rank.device.record(1, Stream::Comm));
      MPTRT_TRY(rank.device.wait(1, Stream::Compute));
      MPTRT_TRY(rank.device.copyToHost(Stream::Compute, &found, data.at(), 4));
      MPTRT_TRY(rank.device.synchronize(Stream::Compute));
      MPTRT_REQUIRE(found == 3 * i, "found %d", found);
    }
    return Status();
  });
}

//===- Failures -----------------------------------------------------------===//

inline double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

/// One all_reduce of a float over the world.
inline Status meet(Rank &rank, int64_t count = 1) {
  Array<float> data;
  MPTRT_TRY(Array<float>::make(
      rank.device, std::vector<float>(static_cast<size_t>(count)), &data));
  ReduceOperand operand{data.at(), data.at(), count};
  MPTRT_TRY(rank.comm.allReduce(Stream::Comm, rank.world, ReduceOp::Sum,
                                DType::F32, &operand, 1));
  return rank.finish();
}

TEST_P(CommunicatorSuite, AFailedRankEndsTheOthers) {
  auto start = std::chrono::steady_clock::now();
  LaunchResult found = result(3, [](Rank &rank) -> Status {
    MPTRT_TRY(meet(rank));
    if (rank.rank == 1)
      return makeStatus(Code::NonFinite, "loss is nan");
    return meet(rank);
  });
  EXPECT_LT(secondsSince(start), 5);
  EXPECT_EQ(found.verdict.code(), Code::NonFinite);
  EXPECT_EQ(found.verdict.message(), "rank 1: loss is nan");
  EXPECT_EQ(found.failedRank, 1);
  EXPECT_EQ(found.ranks[0].code(), Code::NonFinite);
  EXPECT_NE(found.ranks[0].message().find("rank 1: loss is nan"),
            std::string::npos)
      << found.ranks[0].message();
}

TEST_P(CommunicatorSuite, ASilentRankIsNamed) {
  LaunchResult found = result(
      2,
      [](Rank &rank) -> Status {
        MPTRT_TRY(meet(rank));
        rank.comm.setTimeout(0.2);
        if (rank.rank == 1)
          std::this_thread::sleep_for(std::chrono::milliseconds(900));
        return meet(rank, 256);
      },
      20);
  EXPECT_EQ(found.verdict.code(), Code::Timeout);
  for (const char *part :
       {"rank 0: all_reduce sum over group 0 'world' [0, 1], 256 x f32, 1024 "
        "bytes: ",
        "no answer from rank 1 for 0.2 s"})
    EXPECT_NE(found.verdict.message().find(part), std::string::npos)
        << found.verdict.message();
}

TEST_P(CommunicatorSuite, RanksAtDifferentCallsFail) {
  LaunchResult found =
      result(2, [](Rank &rank) { return meet(rank, rank.rank == 0 ? 16 : 8); });
  EXPECT_EQ(found.verdict.code(), Code::Internal);
  EXPECT_NE(found.verdict.message().find("the ranks are at different calls"),
            std::string::npos)
      << found.verdict.message();
}

TEST_P(CommunicatorSuite, RefusesImpossibleArguments) {
  run(1, [](Rank &rank) -> Status {
    DevicePtr p;
    Stream s = Stream::Comm;
    Communicator &c = rank.comm;
    Status all[] = {
        c.reduceScatter(s, 0, ReduceOp::Sum, DType::F32, p, p, 5, 2),
        c.reduceScatter(s, 0, ReduceOp::Sum, DType::BF16, p, p, 4, 2),
        c.allGather(s, 0, DType::F32, p, p, 5, 0),
        c.broadcast(s, 0, 1, DType::F32, p, p, 1),
        c.send(s, 0, 0, DType::F32, p, 1),
        c.receive(s, 0, -1, DType::F32, p, 1),
        c.allToAll(s, 5, DType::F32, p, p, 1),
    };
    for (const Status &status : all)
      MPTRT_REQUIRE(status.code() == Code::Internal &&
                        status.message().compare(0, 8, "rank 0: ") == 0,
                    "%s", status.message().c_str());
    return Status();
  });
}

/// Random delays, sizes and kinds of calls, the same on every rank.
TEST_P(CommunicatorSuite, StressWithRandomDelays) {
  const char *wanted = std::getenv("MPTRT_STRESS");
  int iterations = wanted ? std::atoi(wanted) : 60;
  run(4, [=](Rank &rank) -> Status {
    for (int i = 0; i < iterations; ++i) {
      uint64_t shared = hash(17, static_cast<uint64_t>(i));
      uint64_t own = hash(shared, static_cast<uint64_t>(rank.rank));
      if (own % 3 == 0)
        std::this_thread::sleep_for(std::chrono::microseconds(own % 2000));
      int64_t count = static_cast<int64_t>(shared % 5) * 6000 + 1;
      switch (shared % 4) {
      case 0:
        MPTRT_TRY(checkAllReduce<double>(rank, ReduceOp::Max, count));
        break;
      case 1:
        MPTRT_TRY(rank.comm.barrier(Stream::Comm, rank.world));
        break;
      default:
        MPTRT_TRY(checkAllReduce<float>(rank, ReduceOp::Sum, count));
      }
    }
    return Status();
  });
}

} // namespace mptrt::test

#endif // MPTRT_TEST_CONFORMANCE_COMMUNICATORSUITE_H
