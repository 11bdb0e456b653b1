// SPDX-License-Identifier: Apache-2.0
//
// Schedule files: what is printed parses back equal, every canonical text is
// its own print, and each error names its place, what it wanted and found.

#include "Problems.h"

namespace mpt::schedule {
namespace {

TEST(Text, CanonicalTextIsItsOwnPrint) {
  EXPECT_EQ(printSchedule(parsed(tiedText)), tiedText);
  std::string hooks =
      "mpt.schedule v1 name=own ranks=1 stages=2 mb=8 slices=2\n"
      "place 0:0 1:0\n"
      "rank 0: AG0 WGT1 | F0.7.1 B0.7.0{RS0.3@12 RS0.2@19} "
      "I1.0.1 W1.0.1 R1.0.0 SF0.1.0:h1 RB0.1.0{RF1.0.0:wte.x@3}"
      " | TIE0 RS0.4 RS1 NORM0 SYNC OPT0\n";
  EXPECT_EQ(printSchedule(parsed(hooks)), hooks);
}

TEST(Text, PartsAreKept) {
  Schedule s = parsed(tiedText);
  EXPECT_EQ(s.ranks[0].loopBegin, 0u);
  EXPECT_EQ(s.ranks[0].loopEnd, 4u);
  EXPECT_EQ(s.ranks[1].loopBegin, 1u);
  EXPECT_EQ(s.ranks[1].loopEnd, 5u);
  EXPECT_EQ(s.ranks[1].actions[2].line, 4);
  EXPECT_EQ(s.ranks[1].actions[2].column, 21);
}

/// Every combination of empty parts round-trips, also a loop of AG alone.
TEST(Text, EmptyPartsRoundTrip) {
  for (const char *list :
       {"", " F0.0", " | OPT0", " AG0 | F0.0", " AG0 |", " AG0 | | OPT0",
        " F0.0 | OPT0", " AG0 | F0.0 | OPT0", " | AG0 | OPT0", " | AG0"}) {
    Schedule s = parsed(
        "mpt.schedule v1 name=x ranks=1 stages=1 mb=1 slices=1\nplace 0:0\n"
        "rank 0:" +
        std::string(list) + "\n");
    EXPECT_EQ(parsed(printSchedule(s)), s) << list;
  }
  Schedule s;
  s.name = "x";
  s.stages = s.microbatches = 1;
  s.place = {0};
  s.ranks.resize(1);
  s.ranks[0].actions.resize(1);
  s.ranks[0].actions[0].kind = Kind::AG;
  s.ranks[0].actions[0].stage = 0;
  s.ranks[0].loopEnd = 1;
  EXPECT_EQ(parsed(printSchedule(s)), s);
}

TEST(Text, CommentsAndBlankLinesAreSkipped) {
  std::string text = tiedText;
  text.insert(text.find("place"), "\n  # stages of the table\n");
  text.insert(text.size() - 1, "  # loss\r");
  EXPECT_EQ(parsed(text), parsed(tiedText));
}

TEST(Text, GeneratedRoundTrips) {
  ScheduleProblem p = chainProblem(4);
  for (const char *name : {"gpipe", "1f1b"})
    for (int ranks : {1, 2, 4}) {
      Schedule s = generated(p, name, ranks, 5);
      EXPECT_EQ(parsed(printSchedule(s)), s);
    }
}

struct Bad {
  const char *from, *to, *message;
};

TEST(Text, ErrorsNamePlaceAndFinding) {
  const Bad bads[] = {
      {"mpt.schedule v1", "mpt.schedule v2",
       "s.mpts:1:14: expected 'v1', found 'v2'"},
      {" ranks=2", "", "s.mpts:1:27: expected 'ranks=', found 'stages=2'"},
      {"mb=2", "mb=0",
       "s.mpts:1:47: expected a number of at least 1, found '0'"},
      {"mb=2", "mb=99999999999999999999",
       "s.mpts:1:47: expected a number of at most 1048576, found "
       "'99999999999999999999'"},
      {"mb=2 slices=1", "mb=1000000 slices=1000000",
       "s.mpts:1:69: expected at most 67108864 tasks, found the product of "
       "stages, mb and slices above it"},
      {"slices=1", "slices=1 x=2",
       "s.mpts:1:58: expected end of line, found 'x=2'"},
      {"1:1\n", "1:2\n", "s.mpts:2:13: expected a rank below 2, found '2'"},
      {" 1:1\n", "\n", "s.mpts:2:10: expected '1:', found end of line"},
      {"rank 1", "rank 0",
       "s.mpts:4:6: expected each rank once, found rank 0 again"},
      {"rank 1", "rank 7", "s.mpts:4:6: expected a rank below 2, found '7:'"},
      {"F1.0", "X1.0", "s.mpts:4:16: expected an action, found 'X1.0'"},
      {"F1.0", "L1.0", "s.mpts:4:16: expected an action, found 'L1.0'"},
      {"F1.0", "F1",
       "s.mpts:4:18: expected '.' and a micro-batch, found end "
       "of line"},
      {"F1.0", "F1.0.0",
       "s.mpts:4:20: expected the end of action 'F1.0', found '.0'"},
      {"F1.0", "{F1.0 & B1.0}",
       "s.mpts:4:16: expected an action, found a fused group; write its "
       "members one after the other"},
      {"B1.1", "B1.1{RS1.0}",
       "s.mpts:4:41: expected '@' and a point, found '}'"},
      {"B1.1 |", "B1.1 | | |",
       "s.mpts:4:38: expected at most two bars, found a third"},
      {"OPT1\n", "OPT1\nrank 2:\n",
       "s.mpts:5:1: expected end of file after the lists of 2 ranks, found "
       "'rank'"},
      {"rank 1: WGT1 | F1.0 B1.0 F1.1 B1.1 | TIE0 RS1 NORM1 SYNC OPT1\n", "",
       "s.mpts:4:1: expected 'rank', found end of file"}};
  for (const Bad &bad : bads) {
    std::string text = tiedText;
    size_t at = text.find(bad.from);
    ASSERT_NE(at, std::string::npos) << bad.from;
    text.replace(at, std::string(bad.from).size(), bad.to);
    Result<Schedule> s = parseSchedule(text);
    EXPECT_FALSE(s) << bad.to;
    EXPECT_EQ(messages(s.problems), bad.message);
  }
}

} // namespace
} // namespace mpt::schedule
