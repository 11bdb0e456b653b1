// SPDX-License-Identifier: Apache-2.0
//===- TieCopies.cpp - copies of one parameter ----------------------------===//
//
// Exporters that fold a transpose into the weight of a tied head leave two
// initializers where the module has one parameter; trained as they stand, they
// would drift apart. Two trained initializers become one state again when
//   - one is the other transposed, or
//   - they are equal, one is only looked up in and the other only contracted
//     (an embedding and its head); layers that begin as copies of each other
//     have equal weights in equal places and stay apart.
// Tables that list few different numbers (zeros, the identity) are no evidence.
//
// 64 elements per initializer, at places that only its shape decides, are
// compared first; the files are read in full only where these agree, in bands.
//
//===----------------------------------------------------------------------===//
#include "GraphImport.h"
#include <cstring>
#include <set>

using namespace mlir;
using namespace mlir::mpt;
using namespace mlir::mpt::import;

namespace {
/// Elements of a matrix in the file.
class Elements {
public:
  Elements(const onnx::Model &model, const Stored &stored) {
    std::string why;
    bytes = onnx::openTensor(model, *stored.tensor, offset, why);
    width = stored.fileElement.getIntOrFloatBitWidth() / 8;
    ArrayRef<int64_t> shape = stored.type.getShape();
    columns = shape.back();
    rows = stored.type.getNumElements() / columns;
  }
  /// `count` elements of a row, in the order of the file; false if they cannot
  /// be read.
  bool read(int64_t row, int64_t column, int64_t count, char *out) const {
    return bytes && bytes->read(offset + (row * columns + column) * width, out,
                                count * width);
  }
  int64_t rows, columns, width;

private:
  std::unique_ptr<onnx::ByteSource> bytes;
  uint64_t offset = 0;
};

/// A trained initializer that may be, or have, a copy.
struct Candidate {
  size_t index; ///< into Program::stored
  bool isTable = false, isFactor = false, isElsewhere = false;
  /// Samples, and those of the transposed matrix at its own places.
  std::string samples, transposed;
};
enum class Relation { None, Equal, Transposed };
} // namespace

//===- contents -----------------------------------------------------------===//

static constexpr int64_t kSamples = 64;

/// Elements at places decided by the shape (rows x columns) alone.
static std::string sample(const Elements &x, bool isTransposed) {
  int64_t rows = isTransposed ? x.columns : x.rows;
  int64_t columns = isTransposed ? x.rows : x.columns;
  std::string out(kSamples * x.width, 0);
  uint64_t state = 0x9E3779B97F4A7C15;
  auto next = [&](int64_t limit) {
    state = state * 6364136223846793005 + 1442695040888963407;
    return int64_t((state >> 33) % uint64_t(limit));
  };
  for (int64_t k = 0; k < kSamples; ++k) {
    int64_t row = next(rows), column = next(columns);
    if (isTransposed)
      std::swap(row, column);
    if (!x.read(row, column, 1, out.data() + k * x.width))
      return "";
  }
  return out;
}

/// Whether there are numbers enough to tell one table from another.
static bool isEvidence(StringRef samples, int64_t width) {
  constexpr size_t least = kSamples / 4;
  std::set<StringRef> values;
  for (size_t at = 0; at < samples.size(); at += width)
    values.insert(samples.substr(at, width));
  return values.size() >= least;
}

/// Compares all elements, in bands of rows of `a`.
static bool areEqual(const Elements &a, const Elements &b, bool isTransposed) {
  constexpr int64_t bandBytes = 4 << 20;
  int64_t band = std::max<int64_t>(1, bandBytes / (a.columns * a.width));
  std::vector<char> left(band * a.columns * a.width), right(left.size());
  for (int64_t row = 0; row < a.rows; row += band) {
    int64_t rows = std::min(band, a.rows - row);
    if (!a.read(row, 0, rows * a.columns, left.data()))
      return false;
    if (!isTransposed) {
      if (!b.read(row, 0, rows * a.columns, right.data()) ||
          std::memcmp(left.data(), right.data(), rows * a.columns * a.width))
        return false;
      continue;
    }
    for (int64_t column = 0; column < a.columns; ++column) {
      if (!b.read(column, row, rows, right.data()))
        return false;
      for (int64_t k = 0; k < rows; ++k)
        if (std::memcmp(right.data() + k * a.width,
                        left.data() + (k * a.columns + column) * a.width,
                        a.width))
          return false;
    }
  }
  return true;
}

//===- pairs --------------------------------------------------------------===//

/// How the program uses a value, seen through what only moves it.
static void addUses(Value value, Candidate &candidate) {
  for (OpOperand &use : value.getUses()) {
    Operation *op = use.getOwner();
    if (isa<ReshapeOp, TransposeOp, ConvertOp>(op))
      addUses(op->getResult(0), candidate);
    else if (isa<TakeOp>(op) && use.getOperandNumber() == 0)
      candidate.isTable = true;
    else if (isa<DotGeneralOp>(op))
      candidate.isFactor = true;
    else
      candidate.isElsewhere = true;
  }
}

static SmallVector<Candidate> findCandidates(Program &program,
                                             ArrayRef<Fate> fates) {
  SmallVector<Candidate> candidates;
  for (auto [i, stored] : llvm::enumerate(program.stored)) {
    if (!stored.read || !fates[i].isTrainable || stored.type.getRank() < 2 ||
        stored.type.getNumElements() < kSamples || !stored.isInitializer)
      continue;
    Candidate candidate;
    candidate.index = i;
    addUses(stored.read, candidate);
    Elements elements(program.model, stored);
    candidate.samples = sample(elements, /*isTransposed=*/false);
    if (!isEvidence(candidate.samples, elements.width))
      continue;
    if (stored.type.getRank() == 2)
      candidate.transposed = sample(elements, /*isTransposed=*/true);
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

static Relation relate(const Program &program, const Candidate &a,
                       const Candidate &b) {
  const Stored &x = program.stored[a.index], &y = program.stored[b.index];
  if (x.fileElement != y.fileElement)
    return Relation::None;
  auto onlyTable = [](const Candidate &c) {
    return c.isTable && !c.isFactor && !c.isElsewhere;
  };
  auto onlyFactor = [](const Candidate &c) {
    return c.isFactor && !c.isTable && !c.isElsewhere;
  };
  bool tableAndHead =
      (onlyTable(a) && onlyFactor(b)) || (onlyFactor(a) && onlyTable(b));
  if (tableAndHead && x.type == y.type && a.samples == b.samples &&
      areEqual({program.model, x}, {program.model, y}, false))
    return Relation::Equal;
  ArrayRef<int64_t> s = x.type.getShape(), t = y.type.getShape();
  bool isTurned = s.size() == 2 && t.size() == 2 && s[0] == t[1] &&
                  s[1] == t[0] && s[0] != 1 && s[1] != 1;
  if (isTurned && a.samples == b.transposed &&
      areEqual({program.model, x}, {program.model, y}, true))
    return Relation::Transposed;
  return Relation::None;
}

//===- rewriting ----------------------------------------------------------===//

/// Contracts the other dim of a matrix; false if the order of the result's dims
/// would change.
static bool turnFactor(DotGeneralOp dot, unsigned operand) {
  auto turned = [](ArrayRef<int64_t> dims) {
    return llvm::map_to_vector(dims, [](int64_t d) { return 1 - d; });
  };
  bool isLhs = operand == 0;
  SmallVector<int64_t> contract =
      turned(isLhs ? dot.getLhsContract() : dot.getRhsContract());
  SmallVector<int64_t> batch =
      turned(isLhs ? dot.getLhsBatchDims() : dot.getRhsBatchDims());
  if (contract.size() + batch.size() == 0)
    return false;
  isLhs ? dot.setLhsContract(contract) : dot.setRhsContract(contract);
  if (!batch.empty())
    isLhs ? dot.setLhsBatch(batch) : dot.setRhsBatch(batch);
  return true;
}

/// Uses of `copy` read `kept` transposed.
static void replaceTransposed(Program &program, Value copy, Value kept) {
  for (OpOperand &use : llvm::make_early_inc_range(copy.getUses())) {
    Operation *op = use.getOwner();
    if (auto dot = dyn_cast<DotGeneralOp>(op))
      if (turnFactor(dot, use.getOperandNumber())) {
        use.set(kept);
        continue;
      }
    if (isa<TransposeOp>(op)) {
      op->getResult(0).replaceAllUsesWith(kept);
      op->erase();
      continue;
    }
    program.builder.setInsertionPoint(op);
    use.set(TransposeOp::create(
        program.builder, op->getLoc(), TypeRange(copy.getType()),
        ValueRange(kept),
        ArrayRef<NamedAttribute>(program.builder.getNamedAttr(
            "perm", program.builder.getDenseI64ArrayAttr({1, 0})))));
  }
}

static void tie(Program &program, Stored &kept, Stored &copy,
                Relation relation) {
  bool isTransposed = relation == Relation::Transposed;
  program.problems.note("initializers " + onnx::quote(kept.name) + " and " +
                        onnx::quote(copy.name) + " hold the same numbers" +
                        (isTransposed ? ", transposed," : "") +
                        " and are trained as one parameter, " +
                        onnx::quote(kept.name) +
                        "; --keep-copies trains them apart");
  if (isTransposed)
    replaceTransposed(program, copy.read, kept.read);
  else
    copy.read.replaceAllUsesWith(kept.read);
  copy.read.getDefiningOp()->erase();
  copy.read = Value();
}

void mlir::mpt::import::tieCopies(Program &program, ArrayRef<Fate> fates) {
  if (Config(program.module).getBool("keep_copies"))
    return;
  SmallVector<Candidate> candidates = findCandidates(program, fates);
  for (auto [j, copy] : llvm::enumerate(candidates))
    for (const Candidate &kept : ArrayRef(candidates).take_front(j)) {
      Stored &from = program.stored[kept.index];
      Relation relation =
          from.read ? relate(program, kept, copy) : Relation::None;
      if (relation == Relation::None)
        continue;
      tie(program, from, program.stored[copy.index], relation);
      break;
    }
}
