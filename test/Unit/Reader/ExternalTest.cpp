// SPDX-License-Identifier: Apache-2.0
//===- ExternalTest.cpp - external data and what it may not reach ---------===//
#include "Wire.h"
#include "mpt/Import/Reader/ExternalData.h"
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace wire;
using namespace mpt::onnx;

namespace {

/// A fresh directory with `w` (16 bytes: 1 2 3 4) and `sub/w`.
class External : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "reader-external-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir = pattern + "/";
    write("w");
    ASSERT_EQ(mkdir((dir + "sub").c_str(), 0700), 0);
    write("sub/w");
  }
  void TearDown() override {
    for (const char *name : {"w", "sub/w", "link", "hard", "fifo", "dirlink"})
      unlink((dir + name).c_str());
    rmdir((dir + "sub").c_str());
    rmdir(dir.c_str());
  }
  void write(const std::string &name) {
    std::ofstream(dir + name, std::ios::binary)
        << array({1.0f, 2.0f, 3.0f, 4.0f});
  }

  LoadResult load(const Bytes &data, const std::string *directory = nullptr) {
    wire::Graph g;
    g.nodes = {node("n", "Add", {"x", "w"}, {"y"})};
    g.tensors = {tensor("w", {2, 2}, data)};
    return loadModelBytes(wire::model(g), "m", {},
                          directory ? directory : &dir);
  }
  /// The reason in the middle of the message; its rest is checked.
  std::string refusal(const Bytes &data, const std::string *where = nullptr) {
    std::string all = load(data, where).problems.str();
    std::string head = "m: initializer 'w' has external data that is refused: ";
    std::string tail = "; keep it in a plain file beside the model\n";
    if (all.size() < head.size() + tail.size() ||
        all.compare(0, head.size(), head) != 0 ||
        all.compare(all.size() - tail.size(), tail.size(), tail) != 0)
      return "?? " + all;
    return all.substr(head.size(), all.size() - head.size() - tail.size());
  }

  std::string dir;
};

} // namespace

TEST_F(External, isAByteRange) {
  LoadResult result = load(external("sub/w"));
  ASSERT_TRUE(result.model) << result.problems.str();
  const mpt::onnx::Tensor &w = result.model->graph.initializers[0];
  EXPECT_TRUE(w.inFile);
  EXPECT_EQ(w.location, "sub/w");
  EXPECT_EQ(w.offset, 0u);
  EXPECT_EQ(w.length, 16u);
  std::string out, why;
  ASSERT_TRUE(readTensor(*result.model, w, 16, out, why)) << why;
  EXPECT_EQ(out, array({1.0f, 2.0f, 3.0f, 4.0f}));
}

/// Offset and length may be left out: from 0 to the end.
TEST_F(External, defaultsToTheWholeFile) {
  LoadResult result =
      load(num(14, 1) + sub(13, sub(1, "location") + sub(2, "w")));
  ASSERT_TRUE(result.model) << result.problems.str();
  EXPECT_EQ(result.model->graph.initializers[0].length, 16u);
}

TEST_F(External, staysInTheDirectory) {
  EXPECT_EQ(refusal(external("../w")),
            "'../w': the location leaves the model's directory by '..'");
  EXPECT_EQ(refusal(external("sub/../../w")), "'sub/../../w': the location "
                                              "leaves the model's directory "
                                              "by '..'");
  EXPECT_EQ(refusal(external("/etc/passwd")),
            "'/etc/passwd': the location is an absolute path");
  EXPECT_EQ(refusal(external("")), "'': the location is empty");
  EXPECT_EQ(refusal(external("./w")),
            "'./w': the location has an empty or '.' component");
  EXPECT_EQ(refusal(external("sub//w")),
            "'sub//w': the location has an empty or '.' component");
  EXPECT_EQ(refusal(external("sub/")),
            "'sub/': the location has an empty or '.' component");
  EXPECT_EQ(refusal(external("..\\w")),
            "'..\\\\w': the location holds a backslash");
  EXPECT_EQ(refusal(external(Bytes("w\0.bin", 6))),
            "'w\\x00.bin': the location holds a NUL byte");
}

TEST_F(External, followsNoLink) {
  ASSERT_EQ(symlink("w", (dir + "link").c_str()), 0);
  EXPECT_EQ(refusal(external("link")), "'link': it is a symbolic link");
  ASSERT_EQ(symlink("sub", (dir + "dirlink").c_str()), 0);
  EXPECT_EQ(refusal(external("dirlink/w")),
            "'dirlink/w': its component 'dirlink' is a symbolic link");
  ASSERT_EQ(::link((dir + "sub/w").c_str(), (dir + "hard").c_str()), 0);
  EXPECT_EQ(refusal(external("hard")), "'hard': it has 2 hard links");
}

TEST_F(External, isARegularFile) {
  ASSERT_EQ(mkfifo((dir + "fifo").c_str(), 0600), 0);
  EXPECT_EQ(refusal(external("fifo")),
            "'fifo': it is a fifo, expected a regular file");
  EXPECT_EQ(refusal(external("sub")),
            "'sub': it is a directory, expected a regular file");
  EXPECT_EQ(refusal(external("w/w")), "'w/w': its component 'w' is a regular "
                                      "file, expected a directory");
  EXPECT_EQ(refusal(external("missing")), "'missing': the file does not exist");
  std::string devices = "/dev/";
  EXPECT_EQ(refusal(external("null"), &devices),
            "'null': it is a device, expected a regular file");
}

TEST_F(External, staysInTheFile) {
  EXPECT_EQ(refusal(external("w", "4", "16")),
            "'w': bytes 4 and the next 16 are past the end, the file has 16");
  EXPECT_EQ(refusal(external("w", "17", "0")),
            "'w': bytes 17 and the next 0 are past the end, the file has 16");
  EXPECT_EQ(refusal(external("w", "8", "18446744073709551615")),
            "'w': bytes 8 and the next 18446744073709551615 are past the end, "
            "the file has 16");
  EXPECT_EQ(refusal(external("w", "-1")),
            "offset is '-1', expected a number of bytes");
  EXPECT_EQ(refusal(external("w", "0", "16x")),
            "length is '16x', expected a number of bytes");
  EXPECT_EQ(refusal(external("w", "0", "99999999999999999999")),
            "length is '99999999999999999999', expected a number of bytes");
  EXPECT_EQ(load(external("w", "0", "12")).problems.str(),
            "m: initializer 'w' has 12 bytes of data, its shape needs 16; "
            "export the model again\n");
}

TEST_F(External, isSaidOnce) {
  EXPECT_EQ(refusal(external("w") + raw({1, 2, 3, 4})),
            "the model file holds data for it, too");
  EXPECT_EQ(
      refusal(external("w") + sub(13, sub(1, "location") + sub(2, "sub/w"))),
      "it has two locations");
  EXPECT_EQ(refusal(num(14, 1)), "it has no location");
}

/// A model named without a directory: its data is in the working directory.
TEST_F(External, bareNameMeansHere) {
  char here[4096];
  ASSERT_NE(getcwd(here, sizeof here), nullptr);
  ASSERT_EQ(chdir(dir.c_str()), 0);
  ASSERT_EQ(symlink("sub", "dirlink"), 0);
  std::string none;
  EXPECT_TRUE(load(external("w"), &none).model);
  EXPECT_EQ(refusal(external("dirlink/w"), &none),
            "'dirlink/w': its component 'dirlink' is a symbolic link");
  ASSERT_EQ(chdir(here), 0);
}

TEST(ExternalNone, bytesHaveNoDirectory) {
  wire::Graph g;
  g.nodes = {node("n", "Add", {"x", "w"}, {"y"})};
  g.tensors = {tensor("w", {2, 2}, external("w"))};
  EXPECT_EQ(problems(wire::model(g)),
            "m: initializer 'w' has external data that is refused: 'w': the "
            "model is not a file; keep it in a plain file beside the "
            "model\n");
}
