// SPDX-License-Identifier: Apache-2.0
// The safetensors format: what is written is read, what is wrong is named.
#include "checkpoint/SafeTensors.h"

#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace mptrt {
namespace {

class SafeTensorsTest : public ::testing::Test {
protected:
  void SetUp() override {
    path = ::testing::TempDir() + formatText("mpt-%d.safetensors", getpid());
  }
  void TearDown() override { unlink(path.c_str()); }

  Status open(const std::string &header, const std::string &data,
              SafeTensors *out) {
    uint64_t length = header.size();
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<char *>(&length), 8);
    file << header << data;
    file.close();
    return SafeTensors::open(path, out);
  }

  std::string path;
};

TEST_F(SafeTensorsTest, ReadsWhatItWrites) {
  SafeTensorsWriter writer;
  std::vector<char> a(24, 'a'), b(8, 'b');
  ASSERT_TRUE(writer
                  .open(path, {{"layer.\"weight\"", DType::F32, {2, 3}},
                               {"b", DType::F64, {}},
                               {"none", DType::I64, {0, 5}}})
                  .ok());
  EXPECT_NE(access(path.c_str(), F_OK), 0); // not before commit
  ASSERT_TRUE(writer.write(a).ok() && writer.write(b).ok());
  ASSERT_TRUE(writer.write({}).ok() && writer.commit().ok());
  SafeTensors file;
  Status status = SafeTensors::open(path, &file);
  ASSERT_TRUE(status.ok()) << status.message();
  const StoredTensor *tensor = file.find("layer.\"weight\"");
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->shape, (Shape{2, 3}));
  EXPECT_EQ(std::memcmp(tensor->data, a.data(), 24), 0);
  EXPECT_EQ(file.find("b")->dtype, DType::F64);
  EXPECT_EQ(file.find("none")->shape, (Shape{0, 5}));
  EXPECT_EQ(file.find("c"), nullptr);
}

TEST_F(SafeTensorsTest, RefusesByName) {
  struct Case {
    const char *header, *data, *message;
  };
  const Case cases[] = {
      {"[]", "", "the header is no JSON object"},
      {"{", "", "the header is no JSON object"},
      {R"({"a": 3})", "",
       "tensor 'a': expected an object of dtype, shape and data_offsets"},
      {R"({"a": {"dtype": "C64", "shape": [1], "data_offsets": [0, 8]}})",
       "12345678", "tensor 'a': element type \"C64\" is not supported"},
      {R"({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}})",
       "1234", "tensor 'a': shape is no list of numbers"},
      {R"({"a": {"dtype": "F32", "shape": [4611686018427387904, 4],
           "data_offsets": [0, 4]}})",
       "1234", "tensor 'a': shape is too large"},
      {R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}})", "1234",
       "tensor 'a': data_offsets are no two numbers"},
      {R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})",
       "1234",
       "tensor 'a': data_offsets are outside of the file; it may be truncated"},
      {R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}})",
       "1234", "tensor 'a': data_offsets do not fit shape and dtype"},
      {R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}})",
       "12345678", "data has holes or overlaps"},
      {R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
           "b": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})",
       "1234", "data has holes or overlaps"},
      {R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})",
       "12345678", "data has holes or overlaps"},
  };
  for (const Case &item : cases) {
    SafeTensors file;
    Status status = open(item.header, item.data, &file);
    EXPECT_EQ(status.code(), Code::BadInput);
    EXPECT_EQ(status.message(), "'" + path + "': " + item.message);
  }
}

TEST_F(SafeTensorsTest, RefusesOtherFiles) {
  std::ofstream(path) << "this is no safetensors file";
  SafeTensors file;
  EXPECT_EQ(SafeTensors::open(path, &file).code(), Code::BadInput);
  std::ofstream(path, std::ios::trunc).close();
  EXPECT_EQ(SafeTensors::open(path, &file).message(),
            "'" + path + "': too short for a header");
  EXPECT_EQ(SafeTensors::open("/dev/zero", &file).message(),
            "'/dev/zero' is not a regular file");
}

TEST_F(SafeTensorsTest, LeavesNothingBehindWithoutCommit) {
  {
    SafeTensorsWriter writer;
    ASSERT_TRUE(writer.open(path, {{"b", DType::F64, {}}}).ok());
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  EXPECT_NE(access((path + formatText(".tmp-%d", getpid())).c_str(), F_OK), 0);
}

} // namespace
} // namespace mptrt
