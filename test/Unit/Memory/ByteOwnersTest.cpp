// SPDX-License-Identifier: Apache-2.0
#include "mpt/Analysis/Memory/ByteOwners.h"
#include <gtest/gtest.h>

using namespace mlir::mpt;
using Read = ByteOwners::Read;

TEST(ByteOwnersTest, GivenBytesAreAnybodys) {
  ByteOwners owners(256);
  EXPECT_EQ(owners.read({0, 64}), Read::Good);
  EXPECT_EQ(owners.read({32, 256}), Read::Good);
}

TEST(ByteOwnersTest, ReadsWhatItWrote) {
  ByteOwners owners(256);
  owners.forget({64, 256});
  EXPECT_EQ(owners.read({64, 128}), Read::Unwritten);
  owners.write({64, 128});
  EXPECT_EQ(owners.read({64, 128}), Read::Good);
  EXPECT_EQ(owners.read({64, 192}), Read::Overwritten);
  owners.write({64, 192});
  EXPECT_EQ(owners.read({64, 192}), Read::Good);
}

TEST(ByteOwnersTest, NamesTheCulprit) {
  ByteOwners owners(256);
  owners.write({0, 128});
  owners.write({96, 160});
  ByteRange culprit{0, 0};
  EXPECT_EQ(owners.read({0, 128}, &culprit), Read::Overwritten);
  EXPECT_EQ(culprit, (ByteRange{96, 160}));
  EXPECT_EQ(owners.read({96, 160}), Read::Good);
}

TEST(ByteOwnersTest, ForgetsInTheMiddle) {
  ByteOwners owners(256);
  owners.write({0, 256});
  owners.forget({100, 101});
  EXPECT_EQ(owners.read({0, 256}), Read::Unwritten);
  // The rest still belongs to the whole range only.
  EXPECT_EQ(owners.read({0, 64}), Read::Overwritten);
  owners.write({0, 256});
  EXPECT_EQ(owners.read({0, 256}), Read::Good);
}
