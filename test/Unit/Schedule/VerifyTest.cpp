// SPDX-License-Identifier: Apache-2.0
//
// What the verifier rejects, each by the full text of its message.

#include "Problems.h"

#include <utility>

namespace mpt::schedule {
namespace {

using Change = std::pair<std::string, std::string>;

std::string changed(std::string text, const std::vector<Change> &changes) {
  for (const auto &[from, to] : changes) {
    size_t at = text.find(from);
    if (at == std::string::npos)
      ADD_FAILURE() << from;
    else
      text.replace(at, from.size(), to);
  }
  return text;
}

std::string verdict(const ScheduleProblem &p, const std::string &text) {
  return messages(verify(p, parsed(text)));
}

/// The tied schedule with changes.
std::string verdict(const std::vector<Change> &changes) {
  return verdict(tiedProblem(), changed(tiedText, changes));
}

TEST(Complete, AcceptsTheTiedSchedule) { EXPECT_EQ(verdict({}), ""); }

TEST(Complete, MissingBackward) {
  EXPECT_EQ(verdict({{"B0.0 B0.1", "B0.0"}}),
            "s.mpts:3:1: rank 0 lacks 'B0.1'; stage 0 needs one B (or I and W) "
            "per micro-batch");
}

TEST(Complete, MissingWeightGradient) {
  EXPECT_EQ(verdict({{"B0.0 B0.1", "B0.0 I0.1"}}),
            "s.mpts:3:1: rank 0 lacks 'W0.1'; stage 0 needs one B (or I and W) "
            "per micro-batch");
  EXPECT_EQ(verdict({{"B0.0 B0.1", "B0.0 I0.1 W0.1"}}), "");
  EXPECT_EQ(verdict({{"B0.0 B0.1", "B0.0 B0.1 W0.1"}}),
            "s.mpts:3:1: rank 0 has 'W0.1' beside B; stage 0 needs one B (or I "
            "and W) per micro-batch");
}

TEST(Complete, DoubleForward) {
  EXPECT_EQ(verdict({{"F0.1", "F0.1 F0.1"}}),
            "s.mpts:3:19: 'F0.1' (rank 0 action 3) appears twice; it is action "
            "2 already");
}

TEST(Complete, WrongPlacement) {
  EXPECT_EQ(verdict({{"F0.1", "F1.1"}, {"F1.0 B1.0 F1.1", "F1.0 B1.0"}}),
            "s.mpts:3:14: 'F1.1' (rank 0 action 2) stands on the wrong rank; "
            "stage 1 is placed on rank 1");
  EXPECT_EQ(verdict({{"place 0:0 1:1", "place 0:1 1:1"}}),
            "s.mpts: rank 0 has no stage; place one on it or use fewer ranks");
}

TEST(Complete, NumbersOutsideTheirRange) {
  EXPECT_EQ(verdict({{"F0.1", "F0.2"}}),
            "s.mpts:3:14: 'F0.2' (rank 0 action 2) names micro-batch 2; "
            "expected 0 to 1");
  EXPECT_EQ(verdict({{"F0.1", "F9.1"}}),
            "s.mpts:3:14: 'F9.1' (rank 0 action 2) names stage 9; expected 0 "
            "to 1");
  EXPECT_EQ(verdict({{"TIE0", "TIE3"}}),
            "s.mpts:3:31: 'TIE3' (rank 0 action 5) names tie set 3; expected 0 "
            "to 0");
  EXPECT_EQ(verdict({{"RS0", "RS0.1"}}),
            "s.mpts:3:36: 'RS0.1' (rank 0 action 6) names bucket 1; expected 0 "
            "to 0");
}

TEST(Complete, StepTasks) {
  EXPECT_EQ(verdict({{"WGT1 | ", ""}}),
            "s.mpts:4:1: rank 1 lacks 'WGT1'; stage 1 needs it once per step");
  EXPECT_EQ(verdict({{" SYNC OPT0", " OPT0"}}),
            "s.mpts:3:1: rank 0 lacks 'SYNC'; every rank needs it once per "
            "step");
  EXPECT_EQ(verdict({{"TIE0 RS1", "RS1"}}),
            "s.mpts:4:1: rank 1 lacks 'TIE0'; every rank with a stage of tie "
            "set 0 needs it once per step");
  EXPECT_EQ(verdict({{"RS0 ", "RS0 RS0.0 "}}),
            "s.mpts:3:1: rank 0 reduces bucket 0 of stage 0 twice; 'RS0' means "
            "all buckets");
  EXPECT_EQ(verdict({{"F0.0 ", "WGT0 | F0.0 "}}),
            "s.mpts:3:9: 'WGT0' (rank 0 action 1) is no task of this program");
  EXPECT_EQ(verdict({{"B0.1 | TIE0 RS0 NORM0 SYNC OPT0",
                      "B0.1 TIE0 RS0 NORM0 | SYNC OPT0"}}),
            "s.mpts:3:38: 'NORM0' (rank 0 action 7) stands in the loop; "
            "expected in the epilogue");
}

TEST(Complete, HeaderAgainstProgram) {
  EXPECT_EQ(verdict(chainProblem(3), tiedText),
            "s.mpts: the schedule has stages=2, the program has 3 stages");
}

TEST(Complete, AllFindingsAtOnce) {
  EXPECT_EQ(verdict({{"F0.0 F0.1", "F0.0"}, {"B1.1 ", ""}}),
            "s.mpts:3:1: rank 0 lacks 'F0.1'; stage 0 needs one F per "
            "micro-batch\n"
            "s.mpts:4:1: rank 1 lacks 'B1.1'; stage 1 needs one B (or I and W) "
            "per micro-batch");
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

TEST(Dependencies, BackwardBeforeForward) {
  EXPECT_EQ(verdict({{"F0.0 F0.1 B0.0", "F0.1 B0.0 F0.0"}}),
            "s.mpts:3:14: the order cannot run: 'B0.0' (rank 0 action 2) needs "
            "'F0.0' (rank 0 action 3), which stands after 'B0.0' (rank 0 "
            "action 2)");
}

TEST(Dependencies, CycleThroughTwoRanks) {
  EXPECT_EQ(
      verdict({{"F0.0 F0.1 B0.0 B0.1", "F0.0 B0.0 F0.1 B0.1"},
               {"F1.0 B1.0 F1.1 B1.1", "F1.0 F1.1 B1.0 B1.1"}}),
      "s.mpts:3:14: the order cannot run: 'B0.0' (rank 0 action 2) needs "
      "'B1.0' (rank 1 action 4), which stands after 'F1.1' (rank 1 action 3), "
      "which needs 'F0.1' (rank 0 action 3), which stands after 'B0.0' (rank 0 "
      "action 2)");
}

TEST(Dependencies, OrderOfStepTasks) {
  EXPECT_EQ(verdict({{"TIE0 RS0", "RS0 TIE0"}}),
            "s.mpts:3:31: the order cannot run: 'RS0' (rank 0 action 5) needs "
            "'TIE0' (rank 0 action 6), which stands after 'RS0' (rank 0 action "
            "5)");
  EXPECT_EQ(verdict({{"SYNC OPT0", "OPT0 SYNC"}}),
            "s.mpts:3:46: the order cannot run: 'OPT0' (rank 0 action 8) needs "
            "'SYNC' (rank 0 action 9), which stands after 'OPT0' (rank 0 "
            "action 8)");
  EXPECT_EQ(verdict({{"WGT1 | F1.0 B1.0", "F1.0 B1.0 WGT1"}}),
            "s.mpts:4:14: the order cannot run: 'B1.0' (rank 1 action 2) needs "
            "'WGT1' (rank 1 action 3), which stands after 'B1.0' (rank 1 "
            "action 2)");
  EXPECT_EQ(verdict({{"B0.0 B0.1 | TIE0", "B0.0 TIE0 B0.1 |"}}),
            "s.mpts:3:24: the order cannot run: 'TIE0' (rank 0 action 4) needs "
            "'B0.1' (rank 0 action 5), which stands after 'TIE0' (rank 0 "
            "action 4)");
}

TEST(Dependencies, SlicesRunForwardUpAndBackwardDown) {
  std::string text = "mpt.schedule v1 name=own ranks=1 stages=1 mb=1 slices=2\n"
                     "place 0:0\n"
                     "rank 0: F0.0.0 F0.0.1 B0.0.1 B0.0.0 | RS0 NORM0 SYNC "
                     "OPT0\n";
  ScheduleProblem p = chainProblem(1);
  EXPECT_EQ(verdict(p, text), "");
  EXPECT_EQ(verdict(p, changed(text, {{"B0.0.1 B0.0.0", "B0.0.0 B0.0.1"}})),
            "s.mpts:3:23: the order cannot run: 'B0.0.0' (rank 0 action 3) "
            "needs 'B0.0.1' (rank 0 action 4), which stands after 'B0.0.0' "
            "(rank 0 action 3)");
}

//===----------------------------------------------------------------------===//
// Hooks
//===----------------------------------------------------------------------===//

/// Two buckets on stage 1; bucket 1 is final at point 5 of B1, which has 7.
ScheduleProblem bucketProblem() {
  ScheduleProblem p = tiedProblem();
  p.stages[1].buckets = 2;
  p.stages[1].bucketPoint[1] = 5;
  p.stages[1].points[Kind::B] = 7;
  return p;
}

std::string hookVerdict(const std::string &host, const std::string &reduce) {
  return verdict(bucketProblem(),
                 changed(tiedText, {{"RS1", reduce}, {"B1.1", host}}));
}

TEST(Hooks, BucketMayStartInsideTheLastBackward) {
  EXPECT_EQ(hookVerdict("B1.1{RS1.1@5}", "RS1.0"), "");
}

TEST(Hooks, Refused) {
  EXPECT_EQ(hookVerdict("B1.1{RS1.1@4}", "RS1.0"),
            "s.mpts:4:31: 'RS1.1@4' in 'B1.1' (rank 1 action 5) is too early: "
            "bucket 1 is final at point 5");
  EXPECT_EQ(hookVerdict("B1.1{RS1.0@6}", "RS1.1"),
            "s.mpts:4:31: 'RS1.0@6' in 'B1.1' (rank 1 action 5) is too early: "
            "bucket 0 is final at the end of the task");
  EXPECT_EQ(hookVerdict("B1.1{RS1.1@7}", "RS1.0"),
            "s.mpts:4:31: 'RS1.1@7' in 'B1.1' (rank 1 action 5) names point 7; "
            "the task has 7 points");
  EXPECT_EQ(hookVerdict("B1.1{RS1.1@5}", "RS1.0 RS1.1"),
            "s.mpts:4:58: 'RS1.1' (rank 1 action 8) appears twice; it is "
            "action 5 already");
  EXPECT_EQ(hookVerdict("B1.1{OPT1@5}", "RS1"),
            "s.mpts:4:31: 'OPT1@5' in 'B1.1' (rank 1 action 5) cannot run at a "
            "point; points are in F, B, I, W and R, and start AG, RS, RF and "
            "RB");
  EXPECT_EQ(
      verdict(bucketProblem(),
              changed(tiedText, {{"RS1", "RS1.0"}, {"B1.0", "B1.0{RS1.1@5}"}})),
      "s.mpts:4:21: the order cannot run: 'RS1.1' (rank 1 action 3) "
      "needs 'B1.1' (rank 1 action 5), which needs 'F1.1' (rank 1 action "
      "4), which stands after 'RS1.1' (rank 1 action 3)");
}

//===----------------------------------------------------------------------===//
// Deadlocks
//===----------------------------------------------------------------------===//

/// pytorch#172668, first order: both ranks send before they receive.
TEST(Deadlock, BothRanksSendFirst) {
  std::string text =
      "mpt.schedule v1 name=own ranks=2 stages=4 mb=2 slices=1\n"
      "place 0:0 1:1 2:0 3:1\n"
      "rank 0: F0.0 SF0.0 F0.1 SF0.1 RF2.0 F2.0 SF2.0 RF2.1 F2.1 SF2.1\n"
      "rank 1: RF1.0 F1.0 SF1.0 RF1.1 F1.1 SF1.1 RF3.0 F3.0 RF3.1 F3.1\n";
  ScheduleProblem p = chainProblem(4, /*training=*/false);
  std::string message =
      "s.mpts:3:25: deadlock under rendezvous: rank 0 waits in 'SF0.1' (action "
      "4) before it reaches 'RF2.0' (action 5), rank 1 waits in 'SF1.0' "
      "(action 3) before it reaches 'RF1.1' (action 4); all ranks must meet in "
      "one common order";
  EXPECT_EQ(verdict(p, text), message);
  EXPECT_EQ(messages(lower(p, parsed(text)).problems), message);
  EXPECT_EQ(verdict(p, changed(text, {{"SF1.0 RF1.1", "RF1.1 SF1.0"},
                                      {"SF1.1 RF3.0", "RF3.0 SF1.1"}})),
            "");
}

/// pytorch#172668, second order: receive and send swapped on odd ranks.
TEST(Deadlock, OddRankReceivesFirst) {
  std::string text =
      "mpt.schedule v1 name=own ranks=2 stages=4 mb=3 slices=1\n"
      "place 0:0 1:1 2:0 3:1\n"
      "rank 0: F0.0 SF0.0 F0.1 SF0.1 RF2.0 F2.0 SF2.0 RF2.1 F2.1 SF2.1 F0.2 "
      "SF0.2 RB2.0 B2.0 RB2.1 SB2.0 B2.1 SB2.1 RB0.0 B0.0 RB0.1 B0.1 RF2.2 "
      "F2.2 SF2.2 RB2.2 B2.2 SB2.2 RB0.2 B0.2 | RS0 RS2 NORM0 NORM2 SYNC OPT0 "
      "OPT2\n"
      "rank 1: RF1.0 F1.0 RF1.1 SF1.0 F1.1 RF3.0 SF1.1 F3.0 B3.0 RF3.1 SB3.0 "
      "F3.1 B3.1 RF1.2 SB3.1 F1.2 RB1.0 B1.0 RB1.1 SB1.0 B1.1 SB1.1 SF1.2 "
      "RF3.2 F3.2 B3.2 SB3.2 RB1.2 B1.2 SB1.2 | RS1 RS3 NORM1 NORM3 SYNC OPT1 "
      "OPT3\n";
  ScheduleProblem p = chainProblem(4);
  EXPECT_EQ(verdict(p, text),
            "s.mpts:3:70: deadlock under rendezvous: rank 0 waits in 'SF0.2' "
            "(action 12) before it reaches 'RB2.0' (action 13), rank 1 waits "
            "in 'SB3.0' (action 11) before it reaches 'RF1.2' (action 14); all "
            "ranks must meet in one common order");
  EXPECT_EQ(verdict(p, changed(text, {{"SB3.0 F3.1 B3.1 RF1.2",
                                       "RF1.2 SB3.0 F3.1 B3.1"}})),
            "");
}

TEST(Deadlock, ExchangesInDifferentOrder) {
  ScheduleProblem p = tiedProblem();
  p.ties.push_back({"second", {{0, 0}, {1, 0}}});
  EXPECT_EQ(verdict(p, changed(tiedText, {{"TIE0 RS0", "TIE0 TIE1 RS0"},
                                          {"TIE0 RS1", "TIE1 TIE0 RS1"}})),
            "s.mpts:3:31: deadlock under rendezvous: rank 0 waits in 'TIE0' "
            "(action 5) before it reaches 'TIE1' (action 6), rank 1 waits in "
            "'TIE1' (action 6) before it reaches 'TIE0' (action 7); all ranks "
            "must meet in one common order");
}

/// A group over both ranks called in F: rank 1 must be in its F when rank 0
/// is, but receives rank 0's result first.
ScheduleProblem groupProblem() {
  ScheduleProblem p = tiedProblem();
  p.groups.push_back({"pp", {0, 1}});
  p.groups.push_back({"tp", {}});
  p.stages[0].collectives[Kind::NORM] = {{1, 0}, {0, 0}};
  p.stages[1].collectives[Kind::NORM] = {{0, 0}};
  return p;
}

TEST(Deadlock, CollectivesInsideTasksTakePart) {
  EXPECT_EQ(verdict(groupProblem(), tiedText), "");
  ScheduleProblem p = groupProblem();
  p.stages[1].collectives.clear();
  p.stages[1].collectives[Kind::RS] = {{0, 0}};
  p.stages[0].collectives[Kind::RS] = {{0, 0}};
  p.stages[0].collectives.erase(Kind::NORM);
  EXPECT_EQ(verdict(p, tiedText), "");
  // stage 1 reduces one bucket before its tie, stage 0 behind it
  p.stages[1].buckets = 2;
  p.stages[0].buckets = 2;
  p.stages[1].bucketPoint[1] = 5;
  EXPECT_EQ(verdict(p, changed(tiedText, {{"B1.1", "B1.1{RS1.1@5}"},
                                          {"RS1 ", "RS1.0 "},
                                          {"TIE0 RS0", "TIE0 RS0.0 RS0.1"}})),
            "s.mpts:3:31: deadlock under rendezvous: rank 0 waits in 'TIE0' "
            "(action 5) before it reaches 'RS0.0' in group 'pp' (action 6), "
            "rank 1 waits in 'B1.1' in group 'pp' (action 5) before it reaches "
            "'TIE0' (action 6); all ranks must meet in one common order");
}

TEST(Deadlock, GroupsMustBeCalledByAllAlike) {
  ScheduleProblem p = groupProblem();
  p.stages[1].collectives.clear();
  EXPECT_EQ(verdict(p, tiedText),
            "s.mpts: group 'pp': rank 0 calls it 1 times, rank 1 0 times");
  p = groupProblem();
  p.groups[0].ranks = {0, 1, 2};
  EXPECT_EQ(verdict(p, tiedText),
            "s.mpts: group 'pp' names rank 2; the schedule has 2");
  p = groupProblem();
  p.groups[0].ranks = {0};
  EXPECT_EQ(verdict(p, tiedText),
            "s.mpts:4:47: 'NORM1' (rank 1 action 8) calls group 'pp', which "
            "has no rank 1");
}

TEST(Transfers, ListsHoldAllOrNone) {
  std::string text = "mpt.schedule v1 name=own ranks=2 stages=2 mb=1 slices=1\n"
                     "place 0:0 1:1\n"
                     "rank 0: F0.0 SF0.0 RB0.0 B0.0 | RS0 NORM0 SYNC OPT0\n"
                     "rank 1: RF1.0 F1.0 B1.0 SB1.0 | RS1 NORM1 SYNC OPT1\n";
  ScheduleProblem p = chainProblem(2);
  EXPECT_EQ(verdict(p, text), "");
  EXPECT_EQ(verdict(p, changed(text, {{" SB1.0", ""}})),
            "s.mpts:4:1: rank 1 lacks 'SB1.0'; edge 'dh1' from stage 1 to "
            "stage 0 needs a send and a receive");
  EXPECT_EQ(verdict(p, changed(text, {{"F0.0 SF0.0", "SF0.0 F0.0"}})),
            "s.mpts:3:9: the order cannot run: 'SF0.0' (rank 0 action 1) needs "
            "'F0.0' (rank 0 action 2), which stands after 'SF0.0' (rank 0 "
            "action 1)");
  EXPECT_EQ(verdict(p, changed(text, {{"RF1.0 F1.0", "F1.0 RF1.0"}})),
            "s.mpts:4:9: the order cannot run: 'F1.0' (rank 1 action 1) needs "
            "'RF1.0' (rank 1 action 2), which stands after 'F1.0' (rank 1 "
            "action 1)");
  EXPECT_EQ(verdict(p, changed(text, {{"SF0.0", "SF0.0:h2"}})),
            "s.mpts:3:14: 'SF0.0:h2' (rank 0 action 2) names no edge, or one "
            "of several, between two ranks; write the edge after a colon");
}

//===----------------------------------------------------------------------===//
// Problems
//===----------------------------------------------------------------------===//

TEST(Problem, Refused) {
  ScheduleProblem p = chainProblem(2);
  p.edges[0].to = 2;
  p.edges.push_back(p.edges[1]);
  p.edges.push_back({"up", 0, 1, Direction::Backward, 0, false});
  p.edges.push_back({"same", 1, 1, Direction::Forward, 0, false});
  p.ties.push_back({"t", {{1, 3}}});
  p.stages[0].collectives[Kind::F] = {{0, 0}};
  EXPECT_EQ(messages(verifyProblem(p)),
            "s.mpts: edge 'h1' joins stages 0 and 2; expected stages below 2\n"
            "s.mpts: two edges are named 'dh1'; names must be unique\n"
            "s.mpts: edge 'up' goes backward from stage 0 to stage 1; expected "
            "an earlier stage\n"
            "s.mpts: edge 'same' goes forward from stage 1 to stage 1; "
            "expected a later stage\n"
            "s.mpts: tie set 't' names bucket 3 of stage 1, which does not "
            "exist\n"
            "s.mpts: 'F0' calls group 0 of 0");
  p = chainProblem(2);
  p.stages[0].backward = false;
  EXPECT_EQ(messages(verifyProblem(p)),
            "s.mpts: edge 'dh1' goes backward, but one of its stages has no "
            "backward task");
}

} // namespace
} // namespace mpt::schedule
