// SPDX-License-Identifier: Apache-2.0
// npy, zip, tokens, the shuffle and the prefetch. Whole data files:
// test_executable.py.
#include "data/Npy.h"
#include "data/Prefetch.h"
#include "data/Shuffle.h"
#include "data/Tokens.h"
#include "data/Zip.h"

#include <gtest/gtest.h>
#include <set>
#include <thread>

namespace mptrt {
namespace {

std::string npy(const std::string &dict, const std::string &data,
                char version = 1) {
  std::string header = dict + "\n";
  uint32_t length = static_cast<uint32_t>(header.size());
  std::string file = std::string("\x93NUMPY") + version + '\0';
  file.append(reinterpret_cast<char *>(&length), version == 1 ? 2 : 4);
  return file + header + data;
}

TEST(Npy, ReadsWhatItWrites) {
  for (const Shape &shape : {Shape{}, Shape{3}, Shape{2, 3, 4}}) {
    std::string file;
    ASSERT_TRUE(npyHeader(DType::F64, shape, &file).ok());
    EXPECT_EQ(file.size() % 64, 0u);
    size_t start = file.size();
    file.append(static_cast<size_t>(elementCount(shape)) * 8, 'x');
    NpyArray array;
    Status status = parseNpy(file.data(), file.size(), &array);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(array.shape, shape);
    EXPECT_EQ(array.dtype, DType::F64);
    EXPECT_EQ(array.data, file.data() + start);
  }
}

TEST(Npy, ReadsAllVersions) {
  const char *dict = "{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}";
  for (char version : {1, 2, 3}) {
    std::string file = npy(dict, "abcdefgh", version);
    NpyArray array;
    EXPECT_TRUE(parseNpy(file.data(), file.size(), &array).ok());
    EXPECT_EQ(array.shape, (Shape{2}));
  }
}

TEST(Npy, RefusesByDescription) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"junk", "not an .npy array"},
      {npy("{'descr': '>f4', 'fortran_order': False, 'shape': ()}", "1234"),
       "elements are of type '>f4'; expected one of <f4, <f8, <i8, <i4, |i1, "
       "|u1, |b1, <f2; convert with numpy's astype"},
      {npy("{'descr': '<f4', 'fortran_order': True, 'shape': ()}", "1234"),
       "the array is in Fortran order; store numpy.ascontiguousarray of it"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "1234"),
       "the array is truncated: shape [3] needs 12 bytes, 4 are there"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': "
           "(4294967296, 4294967296)}",
           "1234"),
       "the array has no shape"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (x)}", "1234"),
       "the array has no shape"},
      {npy("", "", 9), ".npy version 9; expected 1, 2 or 3"},
  };
  for (const auto &item : cases) {
    NpyArray array;
    Status status = parseNpy(item.first.data(), item.first.size(), &array);
    EXPECT_EQ(status.code(), Code::BadInput);
    EXPECT_EQ(status.message(), item.second);
  }
}

TEST(Zip, ReadsWhatItWrites) {
  ZipWriter writer;
  writer.add("a.npy", "hello");
  writer.add("b.npy", std::string(100000, 'b'));
  std::string archive = writer.finish();
  std::vector<ZipMember> members;
  Status status = listZip(archive.data(), archive.size(), &members);
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_EQ(members.size(), 2u);
  EXPECT_EQ(members[0].name, "a.npy");
  EXPECT_EQ(std::string(members[0].data, members[0].bytes), "hello");
  EXPECT_EQ(members[1].bytes, 100000u);
  EXPECT_TRUE(checkMember(members[1]).ok());
}

TEST(Zip, FindsDamage) {
  ZipWriter writer;
  writer.add("a.npy", "hello");
  std::string archive = writer.finish();
  for (size_t size = 0; size < archive.size(); ++size) {
    std::vector<ZipMember> members;
    EXPECT_EQ(listZip(archive.data(), size, &members).code(), Code::BadInput)
        << size;
  }
  std::vector<ZipMember> members;
  archive[archive.find("hello")] = 'j';
  ASSERT_TRUE(listZip(archive.data(), archive.size(), &members).ok());
  EXPECT_EQ(checkMember(members[0]).message(),
            "member 'a.npy' is damaged: wrong checksum");
}

TEST(Shuffle, IsAPermutation) {
  for (uint64_t count : {1u, 2u, 3u, 100u, 65536u, 65537u, 100003u}) {
    Shuffle shuffle(9, count);
    std::vector<bool> seen(count);
    for (uint64_t i = 0; i < count; ++i) {
      uint64_t sample = shuffle(i);
      ASSERT_LT(sample, count);
      ASSERT_FALSE(seen[sample]);
      seen[sample] = true;
    }
  }
}

TEST(Shuffle, DependsOnTheSeedAndMixes) {
  Shuffle a(1, 1000), b(1, 1000), c(2, 1000);
  int64_t same = 0, stay = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(a(i), b(i));
    same += a(i) == c(i);
    stay += a(i) == i;
  }
  // About one each for a random permutation.
  EXPECT_LT(same, 10);
  EXPECT_LT(stay, 10);
}

TEST(Tokens, AreWidened) {
  const char raw[] = {1, 2, '\xff', 4, 5, 6, 7, 8, 9};
  int64_t wide[2];
  widenTokens(raw + 1, 2, DType::I64, reinterpret_cast<char *>(wide), 2);
  EXPECT_EQ(wide[0], 0xff02);
  EXPECT_EQ(wide[1], 0x0504);
  int32_t narrow[2];
  widenTokens(raw + 1, 1, DType::I32, reinterpret_cast<char *>(narrow), 2);
  EXPECT_EQ(narrow[1], 255);
  widenTokens(raw + 1, 4, DType::I64, reinterpret_cast<char *>(wide), 2);
  EXPECT_EQ(wide[1], 0x09080706);
  EXPECT_EQ(tokenTypeOf("a.b/text.u16"), "u16");
  EXPECT_EQ(tokenTypeOf("text.u64"), "");
  EXPECT_EQ(tokenTypeOf("text"), "");
}

TEST(Prefetch, GivesStepsInOrderAndKeepsTheOneInUse) {
  auto fill = [](int64_t step, Prefetch::Buffers &out) {
    out.assign(2, std::vector<char>(3, static_cast<char>(step)));
  };
  for (int64_t used : {0, 1, 7, 50}) {
    Prefetch prefetch(50, fill); // may end with steps untaken
    for (int64_t step = 0; step < used; ++step) {
      const Prefetch::Buffers &found = prefetch.take();
      std::this_thread::yield(); // the next may be filled meanwhile
      ASSERT_EQ(found.size(), 2u);
      EXPECT_EQ(found[1], std::vector<char>(3, static_cast<char>(step)));
    }
  }
}

} // namespace
} // namespace mptrt
