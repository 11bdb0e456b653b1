// SPDX-License-Identifier: Apache-2.0
// Which rank holds what: mixed radix ranks, groups, boxes, strided copies.
#include "layout/Mesh.h"

#include <gtest/gtest.h>
#include <numeric>

namespace mptrt {
namespace {

Mesh mesh(std::vector<abi::Axis> axes, int64_t microbatches = 1) {
  abi::Manifest manifest;
  manifest.axes = std::move(axes);
  manifest.microbatches = microbatches;
  return Mesh(manifest);
}

const std::vector<abi::Axis> cube = {{"pp", 2}, {"dp", 2}, {"tp", 2}};

TEST(Mesh, RanksAreMixedRadixNumbers) {
  Mesh m = mesh({{"pp", 2}, {"dp", 3}, {"tp", 2}});
  EXPECT_EQ(m.ranks(), 12);
  EXPECT_EQ(m.indices(7), (std::vector<int64_t>{1, 0, 1}));
  for (int rank = 0; rank < 12; ++rank)
    EXPECT_EQ(m.rank(m.indices(rank)), rank);
  EXPECT_EQ(m.coordinate(7), 1);
  EXPECT_EQ(m.atCoordinate(7, 0), 1);
  EXPECT_EQ(m.describe(7), "rank 7 (pp 1, dp 0, tp 1)");
  EXPECT_EQ(m.text(), "pp=2,dp=3,tp=2");
  EXPECT_EQ(mesh({}).ranks(), 1);
  EXPECT_EQ(mesh({}).describe(0), "rank 0");
}

TEST(Mesh, GroupsAreRanksThatDifferInTheirAxesOnly) {
  using Lists = std::vector<std::vector<int>>;
  Mesh m = mesh(cube);
  EXPECT_EQ(m.instances({"tp", {"tp"}, {}}),
            (Lists{{0, 1}, {2, 3}, {4, 5}, {6, 7}}));
  EXPECT_EQ(m.instances({"dp", {"dp"}, {}}),
            (Lists{{0, 2}, {1, 3}, {4, 6}, {5, 7}}));
  EXPECT_EQ(m.instances({"both", {"dp", "tp"}, {1}}), (Lists{{4, 5, 6, 7}}));
  EXPECT_EQ(m.instances({"all", {"pp", "dp", "tp"}, {}}),
            (Lists{{0, 1, 2, 3, 4, 5, 6, 7}}));
  Mesh line = mesh({{"pp", 4}, {"tp", 2}});
  EXPECT_EQ(line.instances({"pair", {"pp"}, {1, 3}}), (Lists{{2, 6}, {3, 7}}));
  EXPECT_EQ(line.instances({"none", {"dp"}, {0}}), (Lists{{0}, {1}}));
}

TEST(Box, CutsInBlocksOfTheCeiling) {
  Mesh m = mesh({{"tp", 4}});
  const int64_t starts[] = {0, 3, 6, 9}, extents[] = {3, 3, 3, 1};
  for (int rank = 0; rank < 4; ++rank) {
    Box box = boxOf({10, 2}, {{{"tp"}}, {}}, m.lookup(rank));
    EXPECT_EQ(box.start, (Shape{starts[rank], 0}));
    EXPECT_EQ(box.extent, (Shape{extents[rank], 2}));
    EXPECT_EQ(box.bound, (Shape{3, 2}));
  }
}

TEST(Box, TrailingBlocksMayBeEmpty) {
  Mesh m = mesh({{"tp", 4}});
  Box box = boxOf({5}, {{{"tp"}}}, m.lookup(3)); // blocks of 2: 2, 2, 1, 0
  EXPECT_TRUE(box.empty());
  EXPECT_EQ(box.bound, (Shape{2}));
}

/// Micro major, level by level: 64 over 4 x 3 is 16, then 6, 6, 4.
TEST(Box, CutsLevelByLevel) {
  Mesh m = mesh({{"dp", 3}}, 4);
  std::vector<abi::Cut> cuts = {{{"micro", "dp"}}, {}};
  Box box = boxOf({64, 5}, cuts, m.lookup(2, 1));
  EXPECT_EQ(box.start[0], 16 + 12);
  EXPECT_EQ(box.extent[0], 4);
  EXPECT_EQ(box.bound[0], 6);
}

/// Boxes of all ranks put together are the array, whatever the cut.
TEST(Box, BoxesPartitionTheArray) {
  const Shape shape = {7, 5};
  std::vector<int32_t> global(35), back(35, -1);
  std::iota(global.begin(), global.end(), 0);
  Mesh m = mesh(cube);
  std::vector<int64_t> strides = rowMajorStrides(shape, 4);
  for (const std::vector<abi::Cut> &cuts :
       {std::vector<abi::Cut>{{{"dp"}}, {{"tp"}}},
        {{{"tp", "dp"}}, {}},
        {{}, {{"pp", "dp", "tp"}}}}) {
    std::fill(back.begin(), back.end(), -1);
    for (int rank = 0; rank < 8; ++rank) {
      Box box = boxOf(shape, cuts, m.lookup(rank));
      std::vector<int32_t> local(static_cast<size_t>(elementCount(box.bound)),
                                 -2);
      char *bytes = reinterpret_cast<char *>(local.data());
      takeBox(box, 4, reinterpret_cast<char *>(global.data()), strides, bytes);
      for (int32_t value : local)
        EXPECT_GE(value, 0); // pads are zero
      putBox(box, 4, bytes, reinterpret_cast<char *>(back.data()), strides);
    }
    EXPECT_EQ(back, global);
  }
}

TEST(Box, ReadsTransposedFiles) {
  // The file holds [2, 3]; the state is its transpose.
  const std::vector<double> file = {0, 1, 2, 10, 11, 12};
  std::vector<double> local(6);
  Box box = boxOf({3, 2}, {}, mesh({}).lookup(0));
  takeBox(box, 8, reinterpret_cast<const char *>(file.data()),
          transposedStrides({2, 3}, {1, 0}, 8),
          reinterpret_cast<char *>(local.data()));
  EXPECT_EQ(local, (std::vector<double>{0, 10, 1, 11, 2, 12}));
}

TEST(Box, ScalarsHaveOneElement) {
  Box box = boxOf({}, {}, mesh({}).lookup(0));
  EXPECT_FALSE(box.empty());
  EXPECT_EQ(elementCount(box.bound), 1);
  float value = 0;
  fillBox(0.5, DType::F32, box, reinterpret_cast<char *>(&value));
  EXPECT_EQ(value, 0.5f);
}

TEST(Box, WidensFloatsOnly) {
  EXPECT_TRUE(convertible(DType::F32, DType::F64));
  EXPECT_TRUE(convertible(DType::I64, DType::I64));
  EXPECT_FALSE(convertible(DType::F64, DType::F32));
  EXPECT_FALSE(convertible(DType::I32, DType::I64));
}

} // namespace
} // namespace mptrt
