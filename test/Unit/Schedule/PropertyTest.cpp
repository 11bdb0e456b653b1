// SPDX-License-Identifier: Apache-2.0
//
// The static proofs against execution: lists with transfers are shuffled at
// random and run by a small rendezvous executor that knows nothing of graphs.
// It must finish exactly where the verifier finds nothing. The texts of
// schedules are mutated byte by byte: whatever parses must be judged, and what
// is accepted must lower.

#include "Problems.h"

#include <algorithm>
#include <random>
#include <set>

namespace mpt::schedule {
namespace {

/// Runs lists as they stand: a task needs its operands, a send or receive its
/// other half at the front of the peer's list. No edge may be ambiguous.
class Executor {
public:
  Executor(const ScheduleProblem &p, const Schedule &s) : p(p), s(s) {
    next.resize(s.ranks.size());
  }
  bool finishes() {
    for (bool moved = true; moved;) {
      moved = false;
      for (int r = 0; r < s.numRanks(); ++r)
        while (step(r))
          moved = true;
    }
    for (int r = 0; r < s.numRanks(); ++r)
      if (front(r))
        return false;
    return true;
  }

private:
  const Action *front(int r) const {
    const auto &list = s.ranks[r].actions;
    return next[r] < list.size() ? &list[next[r]] : nullptr;
  }
  bool did(Kind k, int stage, int mb) const {
    return done.count({k, stage, mb}) > 0;
  }
  bool step(int r) {
    const Action *a = front(r);
    if (!a)
      return false;
    if (isTransfer(a->kind))
      return transfer(r, *a);
    if (!isMicro(a->kind)) { // the epilogue is not shuffled
      ++next[r];
      return true;
    }
    bool forward = a->kind == Kind::F;
    if (!forward && !did(Kind::F, a->stage, a->microbatch))
      return false;
    for (const Edge &e : p.edges)
      if (e.to == a->stage && (e.direction == Direction::Forward) == forward) {
        bool remote = s.place[e.from] != s.place[e.to];
        Kind needed = !remote ? a->kind : forward ? Kind::RF : Kind::RB;
        if (!did(needed, remote ? e.to : e.from, a->microbatch))
          return false;
      }
    done.insert({a->kind, a->stage, a->microbatch});
    ++next[r];
    return true;
  }
  /// `a` is a send of a finished task and its receive is next at the peer.
  bool transfer(int r, const Action &a) {
    if (!isSend(a.kind))
      return false; // the sender moves both
    int to = a.kind == Kind::SF ? a.stage + 1 : a.stage - 1;
    Kind half = a.kind == Kind::SF ? Kind::RF : Kind::RB;
    const Action *b = front(s.place[to]);
    if (!did(a.kind == Kind::SF ? Kind::F : Kind::B, a.stage, a.microbatch) ||
        !b || b->kind != half || b->stage != to ||
        b->microbatch != a.microbatch)
      return false;
    done.insert({half, to, a.microbatch});
    ++next[r];
    ++next[s.place[to]];
    return true;
  }

  const ScheduleProblem &p;
  const Schedule &s;
  std::vector<size_t> next;
  std::set<std::tuple<Kind, int, int>> done;
};

TEST(Property, ProofsAgreeWithExecution) {
  std::mt19937 random(17);
  int finished = 0, stuck = 0;
  for (int round = 0; round < 3000; ++round) {
    int stages = 2 + static_cast<int>(random() % 4);
    int ranks = 2 + static_cast<int>(random() % (stages - 1));
    ScheduleProblem p = chainProblem(stages);
    Schedule s = generated(p, random() % 2 ? "1f1b" : "gpipe", ranks,
                           1 + static_cast<int>(random() % 4),
                           random() % 2 ? roundRobinPlacement(stages, ranks)
                                        : contiguousPlacement(stages, ranks));
    Result<Schedule> full = insertTransfers(p, s);
    ASSERT_TRUE(full);
    for (int swaps = static_cast<int>(random() % 4); swaps > 0; --swaps) {
      RankList &list = full->ranks[random() % ranks];
      size_t at = random() % (list.loopEnd - 1);
      size_t by = 1 + random() % 3;
      auto begin = list.actions.begin() + static_cast<ptrdiff_t>(at);
      size_t length = std::min(by + 1, list.loopEnd - at);
      std::rotate(begin, begin + 1, begin + static_cast<ptrdiff_t>(length));
    }
    bool proved = verify(p, *full).empty();
    bool runs = Executor(p, *full).finishes();
    ASSERT_EQ(proved, runs)
        << "round " << round << "\n"
        << printSchedule(*full) << messages(verify(p, *full));
    ++(runs ? finished : stuck);
    if (runs) {
      EXPECT_LT(simulateLowered(p, assignSlots(p, *full)), 1e9);
      EXPECT_EQ(messages(verifySlots(p, assignSlots(p, *full))), "");
    }
  }
  EXPECT_GT(finished, 500);
  EXPECT_GT(stuck, 500);
}

TEST(Property, MutatedTextIsJudgedWithoutHarm) {
  std::mt19937 random(23);
  const std::string alphabet = "0123456789 .:|{}@FBIWRSTIENOMYCPAGL\n#x=";
  ScheduleProblem p = tiedProblem();
  int parses = 0, accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = tiedText;
    for (int edits = 1 + static_cast<int>(random() % 3); edits > 0; --edits) {
      size_t at = random() % text.size();
      char c = alphabet[random() % alphabet.size()];
      switch (random() % 3) {
      case 0:
        text[at] = c;
        break;
      case 1:
        text.insert(at, 1, c);
        break;
      default:
        text.erase(at, 1);
      }
    }
    Result<Schedule> s = parseSchedule(text);
    if (!s) {
      EXPECT_GT(s.problems.front().line, 0);
      continue;
    }
    ++parses;
    EXPECT_EQ(parsed(printSchedule(*s)), *s) << text;
    if (verify(p, *s).empty()) {
      ++accepted;
      EXPECT_TRUE(lower(p, *s)) << text;
    }
  }
  EXPECT_GT(parses, 500);
  EXPECT_GT(accepted, 50);
}

} // namespace
} // namespace mpt::schedule
