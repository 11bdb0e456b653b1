// SPDX-License-Identifier: Apache-2.0
//
// Parser of schedule files. One line at a time, recursive descent over the
// characters of a line; the grammar is that of Text.h. Refuses fused actions
// `{F3.5 & B4.1}` and numbers that no mesh can have.

#include "Tables.h"
#include "mpt/Analysis/Schedule/Text.h"

#include <cctype>

namespace mpt::schedule {
namespace {

/// No count of a schedule file may be above this.
constexpr int maxNumber = 1 << 20;

class Parser {
public:
  explicit Parser(std::string_view text) : text(text) {}
  Result<Schedule> run();

private:
  bool nextLine();
  bool parseHeader();
  bool parsePlace();
  bool parseRank();
  bool parseList(RankList &list);
  bool parseTask(Task &task);
  bool parseTaskNumbers(Task &task);
  bool parseHooks(Action &action);
  bool parseNumber(int &n, std::string_view what, int limit = maxNumber);
  bool expect(std::string_view word);
  bool finish();

  void skipSpace() {
    while (col < line.size() && (line[col] == ' ' || line[col] == '\t'))
      ++col;
  }
  bool atEnd() {
    skipSpace();
    return col == line.size();
  }
  bool accept(char c) {
    if (col == line.size() || line[col] != c)
      return false;
    ++col;
    return true;
  }
  /// The word at the cursor as a message shows it.
  std::string found() const {
    if (!haveLine)
      return "end of file";
    size_t end = col;
    while (end < line.size() && line[end] != ' ' && line[end] != '\t')
      ++end;
    if (end == col)
      return "end of line";
    return "'" +
           std::string(line.substr(col, std::min<size_t>(end - col, 32))) + "'";
  }
  bool fail(const std::string &message) {
    error.message = message;
    error.line = lineNumber;
    error.column = static_cast<int>(col) + 1;
    return false;
  }
  bool failExpected(std::string_view what) {
    return fail("expected " + std::string(what) + ", found " + found());
  }

  std::string_view text, line;
  size_t next = 0, col = 0;
  int lineNumber = 0;
  bool haveLine = false;
  Schedule schedule;
  std::vector<bool> seen;
  Diagnostic error;
};

/// Moves to the next line that holds more than a comment.
bool Parser::nextLine() {
  while (next < text.size()) {
    size_t end = text.find('\n', next);
    if (end == std::string_view::npos)
      end = text.size();
    line = text.substr(next, end - next);
    next = end + 1;
    ++lineNumber;
    line = line.substr(0, line.find('#'));
    while (!line.empty() &&
           (line.back() == ' ' || line.back() == '\t' || line.back() == '\r'))
      line.remove_suffix(1);
    col = 0;
    if (!atEnd())
      return haveLine = true;
  }
  ++lineNumber;
  line = {};
  col = 0;
  return haveLine = false;
}

bool Parser::expect(std::string_view word) {
  skipSpace();
  if (line.substr(col, word.size()) != word)
    return failExpected("'" + std::string(word) + "'");
  col += word.size();
  return true;
}

bool Parser::parseNumber(int &n, std::string_view what, int limit) {
  size_t begin = col;
  if (col == line.size() || !isdigit(static_cast<unsigned char>(line[col])))
    return failExpected(what);
  int64_t v = 0;
  while (col < line.size() && isdigit(static_cast<unsigned char>(line[col]))) {
    v = v * 10 + (line[col++] - '0');
    if (v > limit) {
      col = begin;
      return fail("expected " + std::string(what) + " of at most " +
                  std::to_string(limit) + ", found " + found());
    }
  }
  n = static_cast<int>(v);
  return true;
}

bool Parser::parseHeader() {
  if (!expect("mpt.schedule") || !expect("v1") || !expect("name="))
    return false;
  size_t begin = col;
  while (col < line.size() && line[col] != ' ' && line[col] != '\t')
    ++col;
  schedule.name = std::string(line.substr(begin, col - begin));
  if (schedule.name.empty())
    return failExpected("a name");
  int ranks = 0;
  struct Field {
    std::string_view key;
    int *value;
  } fields[] = {{"ranks=", &ranks},
                {"stages=", &schedule.stages},
                {"mb=", &schedule.microbatches},
                {"slices=", &schedule.slices}};
  for (Field &f : fields) {
    if (!expect(f.key))
      return false;
    size_t at = col;
    if (!parseNumber(*f.value, "a number"))
      return false;
    if (*f.value < 1) {
      col = at;
      return failExpected("a number of at least 1");
    }
  }
  if (int64_t(schedule.stages) * schedule.microbatches >
      maxUnits / schedule.slices)
    return fail("expected at most " + std::to_string(maxUnits) +
                " tasks, found the product of stages, mb and slices above it");
  schedule.ranks.resize(ranks);
  seen.resize(ranks);
  return finish();
}

bool Parser::finish() { return atEnd() || failExpected("end of line"); }

bool Parser::parsePlace() {
  if (!expect("place"))
    return false;
  for (int s = 0; s < schedule.stages; ++s) {
    if (!expect(std::to_string(s) + ":"))
      return false;
    int rank = 0;
    size_t at = col;
    if (!parseNumber(rank, "a rank"))
      return false;
    if (rank >= schedule.numRanks()) {
      col = at;
      return failExpected("a rank below " +
                          std::to_string(schedule.numRanks()));
    }
    schedule.place.push_back(rank);
  }
  return finish();
}

bool Parser::parseRank() {
  if (!expect("rank"))
    return false;
  skipSpace();
  int rank = 0;
  size_t at = col;
  if (!parseNumber(rank, "a rank"))
    return false;
  if (rank >= schedule.numRanks() || seen[rank]) {
    bool twice = rank < schedule.numRanks();
    col = at;
    return twice ? fail("expected each rank once, found rank " +
                        std::to_string(rank) + " again")
                 : failExpected("a rank below " +
                                std::to_string(schedule.numRanks()));
  }
  seen[rank] = true;
  schedule.ranks[rank].line = lineNumber;
  return expect(":") && parseList(schedule.ranks[rank]);
}

bool Parser::parseList(RankList &list) {
  std::vector<size_t> bars;
  bool onlyPrologue = true; // of the part before the first bar
  while (!atEnd()) {
    if (accept('|')) {
      if (bars.size() == 2) {
        --col;
        return fail("expected at most two bars, found a third");
      }
      bars.push_back(list.actions.size());
      continue;
    }
    Action a;
    a.line = lineNumber;
    a.column = static_cast<int>(col) + 1;
    if (!parseTask(a) || !parseHooks(a))
      return false;
    if (bars.empty() && a.kind != Kind::WGT && a.kind != Kind::AG)
      onlyPrologue = false;
    list.actions.push_back(std::move(a));
  }
  list.loopEnd = list.actions.size();
  if (bars.size() == 2) {
    list.loopBegin = bars[0];
    list.loopEnd = bars[1];
  } else if (bars.size() == 1) {
    bool prologue = onlyPrologue && bars[0] > 0;
    (prologue ? list.loopBegin : list.loopEnd) = bars[0];
  }
  return true;
}

bool Parser::parseTask(Task &task) {
  size_t begin = col;
  if (col < line.size() && line[col] == '{')
    return fail("expected an action, found a fused group; write its members "
                "one after the other");
  while (col < line.size() && line[col] >= 'A' && line[col] <= 'Z')
    ++col;
  std::optional<Kind> kind = kindNamed(line.substr(begin, col - begin));
  if (!kind) {
    col = begin;
    return failExpected("an action");
  }
  task.kind = *kind;
  if (!parseTaskNumbers(task))
    return false;
  if (isTransfer(*kind) && accept(':')) {
    size_t name = col;
    while (col < line.size() &&
           std::string_view(" \t{}@").find(line[col]) == std::string_view::npos)
      ++col;
    task.tensor = std::string(line.substr(name, col - name));
    if (task.tensor.empty())
      return failExpected("the name of an edge");
  }
  if (col < line.size() &&
      std::string_view(" \t|{}@").find(line[col]) == std::string_view::npos)
    return failExpected("the end of action '" + spell(task, schedule.slices) +
                        "'");
  return true;
}

/// The numbers after the letters: none for SYNC, the set of TIE, stage and
/// optional bucket of RS, stage of other per-step tasks, else stage,
/// micro-batch and, if there are several, slice.
bool Parser::parseTaskNumbers(Task &task) {
  if (task.kind == Kind::SYNC)
    return true;
  if (task.kind == Kind::TIE)
    return parseNumber(task.index, "a tie set");
  if (!parseNumber(task.stage, "a stage"))
    return false;
  if (task.kind == Kind::RS)
    return !accept('.') || parseNumber(task.index, "a bucket");
  if (isStep(task.kind))
    return true;
  if (!accept('.'))
    return failExpected("'.' and a micro-batch");
  if (!parseNumber(task.microbatch, "a micro-batch"))
    return false;
  if (schedule.slices == 1)
    return true;
  if (!accept('.'))
    return failExpected("'.' and a slice");
  return parseNumber(task.slice, "a slice");
}

bool Parser::parseHooks(Action &action) {
  if (!accept('{'))
    return true;
  while (!accept('}')) {
    skipSpace();
    Hook hook;
    if (!parseTask(hook.task))
      return false;
    if (!accept('@'))
      return failExpected("'@' and a point");
    if (!parseNumber(hook.point, "a point"))
      return false;
    action.hooks.push_back(std::move(hook));
    skipSpace();
    if (col == line.size())
      return failExpected("'}'");
  }
  if (col < line.size() && line[col] != ' ' && line[col] != '\t' &&
      line[col] != '|')
    return failExpected("a space");
  return true;
}

Result<Schedule> Parser::run() {
  nextLine();
  if (!parseHeader())
    return error;
  nextLine();
  if (!parsePlace())
    return error;
  for (size_t i = 0; i < schedule.ranks.size(); ++i) {
    nextLine();
    if (!parseRank())
      return error;
  }
  if (nextLine()) {
    fail("expected end of file after the lists of " +
         std::to_string(schedule.numRanks()) + " ranks, found " + found());
    return error;
  }
  return std::move(schedule);
}

} // namespace

Result<Schedule> parseSchedule(std::string_view text) {
  return Parser(text).run();
}

} // namespace mpt::schedule
