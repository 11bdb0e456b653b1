// SPDX-License-Identifier: Apache-2.0
// Pipeline stages: a contiguous cut of the forward ops in program order.
//
// Ops that need a stage are lined up; what is computed from parameters alone
// goes with its first user. The cost of an op is its flops (three times, if it
// is differentiated) and the update of the parameters that it reads first. Of
// all cuts into N stages the smallest largest cost is found; of those within 5%
// of it, the one that sends the fewest bytes (both by dynamic programming over
// the places to cut). There is no place to cut where a value crosses that has
// lost the batch: it would be a sum over micro-batches, which cannot be sent;
// nor between an op and what its adjoint reads instead of its result (a
// transpose).
//
// `stages` may also be a list of regular expressions: a cut before the first op
// whose node each matches.
#include "Planner.h"
#include "mpt/IR/Bindings.h"
#include "llvm/Support/Regex.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
/// An op that needs a stage, with those that go with it.
struct Atom {
  SmallVector<Operation *> ops;
  double cost = 0;
};

/// The line of atoms; place k, 0 < k < atoms, is before atom k.
struct Line {
  SmallVector<Atom> atoms;
  DenseMap<Operation *, unsigned> at;
  SmallVector<double> bytes;     ///< per place: what crosses it
  SmallVector<StringRef> closed; ///< per place: why none may cut there
};
} // namespace

static StringRef nodeOf(const Atom &atom) {
  return atom.ops.empty() ? StringRef() : getNodeName(atom.ops.front());
}

/// First and last atom that read the value, through ops without a stage.
static void findReaders(const Line &line, Value v, const ProgramRoles &roles,
                        std::optional<unsigned> &first,
                        std::optional<unsigned> &last) {
  for (Operation *user : v.getUsers()) {
    if (!roles.isForward(user))
      continue;
    if (auto it = line.at.find(user); it != line.at.end()) {
      first = std::min(first.value_or(it->second), it->second);
      last = std::max(last.value_or(it->second), it->second);
      continue;
    }
    for (Value result : user->getResults())
      findReaders(line, result, roles, first, last);
  }
}

/// Parameters that the op reads, directly or through free ops.
static void findReads(Value v, DenseSet<Operation *> &seen, double &elements) {
  Operation *def = v.getDefiningOp();
  if (!def)
    return;
  if (isa<ReadOp>(def)) {
    if (seen.insert(def).second)
      elements += double(cast<RankedTensorType>(v.getType()).getNumElements());
    return;
  }
  auto compute = dyn_cast<ComputeOpInterface>(def);
  if (compute && compute.isFreeToClone())
    for (Value operand : def->getOperands())
      findReads(operand, seen, elements);
}

static void addCosts(Line &line, bool trains) {
  DenseSet<Operation *> seen;
  for (Atom &atom : line.atoms)
    for (Operation *op : atom.ops) {
      double flops = double(cast<ComputeOpInterface>(op).getFlops());
      double elements = 0;
      for (Value operand : op->getOperands())
        findReads(operand, seen, elements);
      atom.cost += trains ? 3 * flops + 12 * elements : flops;
    }
}

static void addCrossings(Line &line, const ProgramRoles &roles) {
  size_t n = line.atoms.size();
  line.bytes.assign(n + 1, 0);
  line.closed.assign(n + 1, StringRef());
  for (unsigned i = 0; i < n; ++i)
    for (Operation *op : line.atoms[i].ops)
      for (Value result : op->getResults()) {
        std::optional<unsigned> first, last;
        findReaders(line, result, roles, first, last);
        for (unsigned k = i + 1; last && k <= *last; ++k) {
          line.bytes[k] += bytesOf(result.getType());
          if (roles.getBatch(result).kind == BatchUse::Reduced)
            line.closed[k] = "a sum over the batch would have to be sent";
        }
      }
}

/// No cut before what the adjoint of an earlier op reads: it would be sent
/// back.
static void closeBeforeReadsOfAdjoints(Line &line, func::FuncOp func) {
  DenseMap<int64_t, unsigned> ofId;
  for (auto [op, at] : line.at)
    if (auto id = op->getAttrOfType<IntegerAttr>("id"))
      ofId[id.getInt()] = at;
  for (Operation &op : func.getBody().front()) {
    auto origin = op.getAttrOfType<IntegerAttr>("adjoint_of");
    auto own = origin ? ofId.find(origin.getInt()) : ofId.end();
    if (own == ofId.end())
      continue;
    for (Value operand : op.getOperands())
      if (auto it = line.at.find(operand.getDefiningOp()); it != line.at.end())
        for (unsigned k = own->second + 1; k <= it->second; ++k)
          line.closed[k] = "the gradient of an op before it reads it";
  }
}

static Line lineUp(func::FuncOp func, const ProgramRoles &roles, bool trains) {
  Line line;
  SmallVector<Operation *> ofStates;
  for (Operation &op : func.getBody().front()) {
    if (!roles.needsStage(&op))
      continue;
    if (roles.isOfStates(&op)) {
      ofStates.push_back(&op);
      continue;
    }
    line.at[&op] = line.atoms.size();
    line.atoms.emplace_back().ops.push_back(&op);
  }
  for (Operation *op : llvm::reverse(ofStates)) {
    std::optional<unsigned> first, last;
    for (Value result : op->getResults())
      findReaders(line, result, roles, first, last);
    if (line.atoms.empty())
      line.atoms.emplace_back();
    unsigned at = first.value_or(line.atoms.size() - 1);
    line.at[op] = at;
    line.atoms[at].ops.push_back(op);
  }
  addCosts(line, trains);
  addCrossings(line, roles);
  closeBeforeReadsOfAdjoints(line, func);
  return line;
}

/// The cheapest way to cut the line into `stages` parts by `cost` of a part,
/// combined by `join`; places to cut in order.
static SmallVector<unsigned>
cutBest(const Line &line, unsigned stages,
        function_ref<double(unsigned from, unsigned to)> cost,
        function_ref<double(double, double)> join) {
  unsigned n = line.atoms.size();
  constexpr double none = std::numeric_limits<double>::infinity();
  using Row = SmallVector<double>;
  SmallVector<Row> best(stages + 1, Row(n + 1, none));
  SmallVector<SmallVector<unsigned>> from(stages + 1,
                                          SmallVector<unsigned>(n + 1, 0));
  best[0][0] = 0;
  for (unsigned s = 1; s <= stages; ++s)
    for (unsigned to = s; to <= n; ++to) {
      if (to < n && !line.closed[to].empty())
        continue;
      for (unsigned at = s - 1; at < to; ++at) {
        if (best[s - 1][at] == none)
          continue;
        double value = join(best[s - 1][at], cost(at, to));
        if (value < best[s][to])
          best[s][to] = value, from[s][to] = at;
      }
    }
  SmallVector<unsigned> places;
  if (best[stages][n] == none)
    return places;
  for (unsigned s = stages, to = n; s > 0; to = from[s][to], --s)
    places.push_back(from[s][to]);
  std::reverse(places.begin(), places.end());
  return places; // begin of every stage
}

static SmallVector<unsigned> balance(const Line &line, unsigned stages) {
  SmallVector<double> sum(1, 0);
  for (const Atom &atom : line.atoms)
    sum.push_back(sum.back() + atom.cost);
  auto costOf = [&](unsigned from, unsigned to) { return sum[to] - sum[from]; };
  auto larger = [](double a, double b) { return std::max(a, b); };
  SmallVector<unsigned> begins = cutBest(line, stages, costOf, larger);
  double largest = 0;
  for (size_t s = 0; s < begins.size(); ++s)
    largest =
        std::max(largest, costOf(begins[s], s + 1 < begins.size()
                                                ? begins[s + 1]
                                                : unsigned(line.atoms.size())));
  double limit = 1.05 * largest, total = sum.back();
  auto sent = [&](unsigned from, unsigned to) {
    if (costOf(from, to) > limit)
      return std::numeric_limits<double>::infinity();
    // Of equal bytes: no cut inside of a node, then equal parts.
    bool inNode = from > 0 && !nodeOf(line.atoms[from]).empty() &&
                  nodeOf(line.atoms[from]) == nodeOf(line.atoms[from - 1]);
    double share = costOf(from, to) / total;
    return line.bytes[from] + 0.25 * inNode + 0.25 / stages * share * share;
  };
  return cutBest(line, stages, sent, [](double a, double b) { return a + b; });
}

/// Cuts before the first op whose node each expression matches.
static FailureOr<SmallVector<unsigned>>
cutByName(func::FuncOp func, const Line &line, ArrayRef<StringRef> patterns) {
  SmallVector<unsigned> begins = {0};
  for (StringRef pattern : patterns) {
    llvm::Regex regex(pattern);
    std::string why;
    if (!regex.isValid(why))
      return func.emitError() << "--stages: '" << pattern
                              << "' is no regular expression: " << why;
    auto it = llvm::find_if(line.atoms, [&](const Atom &atom) {
      return llvm::any_of(atom.ops, [&](Operation *op) {
        return regex.match(getNodeName(op));
      });
    });
    if (it == line.atoms.end())
      return func.emitError() << "--stages: no node matches '" << pattern
                              << "'; --explain lists the nodes";
    unsigned at = it - line.atoms.begin();
    if (at <= begins.back())
      return func.emitError()
             << "--stages: the first node that matches '" << pattern << "', '"
             << nodeOf(*it)
             << "', does not come after the stage before it has begun; name "
                "cuts in the order of the model";
    if (!line.closed[at].empty())
      return func.emitError() << "--stages: there can be no cut before '"
                              << nodeOf(*it) << "': " << line.closed[at];
    begins.push_back(at);
  }
  return begins;
}

FailureOr<int64_t> mpt::planStages(func::FuncOp func, const ProgramRoles &roles,
                                   const Config &config) {
  Line line = lineUp(func, roles, !config.isInference());
  SmallVector<unsigned> begins;
  SmallVector<StringRef> patterns = config.getStrings("stages");
  int64_t stages = config.getInt("stages", config.getMeshSize("pp"));
  if (!patterns.empty()) {
    auto cut = cutByName(func, line, patterns);
    if (failed(cut))
      return failure();
    begins = *cut;
  } else {
    int64_t places = 0;
    for (size_t k = 1; k < line.atoms.size(); ++k)
      places += line.closed[k].empty();
    if (stages < 1 || stages > places + 1)
      return func.emitError()
             << stages
             << " stages are asked for, the model can be cut into 1 to "
             << places + 1 << "; lower pp of --mesh or the number of --stages";
    begins = balance(line, stages);
  }
  Type i64 = IntegerType::get(func.getContext(), 64);
  for (size_t s = 0; s < begins.size(); ++s) {
    unsigned end = s + 1 < begins.size() ? begins[s + 1] : line.atoms.size();
    for (unsigned i = begins[s]; i < end; ++i)
      for (Operation *op : line.atoms[i].ops)
        op->setAttr("stage", IntegerAttr::get(i64, s));
  }
  return int64_t(begins.size());
}
