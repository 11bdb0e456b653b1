// SPDX-License-Identifier: Apache-2.0
// Shardings: text form, invariants (research: one axis shards a value once, no
// overlapping sub-axes, neighbours merged), small algebra.
#include "mpt/IR/Mpt.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::mpt;

#define GET_ATTRDEF_CLASSES
#include "mpt/IR/MptAttrs.cpp.inc"

void MptDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "mpt/IR/MptAttrs.cpp.inc"
      >();
}

//===- Axes --------------------------------------------------------------===//

static ParseResult parseAxis(AsmParser &p, AxisRefAttr &axis) {
  std::string name;
  int64_t total, pre = 1, size;
  SMLoc loc = p.getCurrentLocation();
  if (p.parseString(&name) || p.parseEqual() || p.parseInteger(total))
    return failure();
  size = total;
  if (succeeded(p.parseOptionalColon()))
    if (p.parseLParen() || p.parseInteger(pre) || p.parseRParen() ||
        p.parseInteger(size))
      return failure();
  auto error = [&] { return p.emitError(loc); };
  axis = AxisRefAttr::getChecked(error, p.getContext(), name, total, pre, size);
  return success(bool(axis));
}

static void printAxis(AsmPrinter &p, AxisRefAttr axis) {
  p << '"' << axis.getName() << "\"=" << axis.getTotal();
  if (!axis.isWhole())
    p << ":(" << axis.getPre() << ")" << axis.getSize();
}

Attribute AxisRefAttr::parse(AsmParser &p, Type) {
  AxisRefAttr axis;
  if (p.parseLess() || parseAxis(p, axis) || p.parseGreater())
    return {};
  return axis;
}
void AxisRefAttr::print(AsmPrinter &p) const {
  p << "<";
  printAxis(p, *this);
  p << ">";
}
LogicalResult AxisRefAttr::verify(function_ref<InFlightDiagnostic()> error,
                                  StringRef name, int64_t total, int64_t pre,
                                  int64_t size) {
  if (name.empty())
    return error() << "axis without a name";
  if (total < 1 || pre < 1 || size < 1 || total % (pre * size) != 0)
    return error() << "sub-axis (" << pre << ")" << size << " does not divide axis '"
                   << name << "' of size " << total;
  return success();
}
bool AxisRefAttr::overlaps(AxisRefAttr other) const {
  if (getName() != other.getName())
    return false;
  // A sub-axis covers the strides [total/(pre*size), total/pre).
  auto range = [](AxisRefAttr a) {
    return std::pair(a.getTotal() / (a.getPre() * a.getSize()),
                     a.getTotal() / a.getPre());
  };
  auto [lo, hi] = range(*this);
  auto [otherLo, otherHi] = range(other);
  return std::max(lo, otherLo) < std::min(hi, otherHi);
}

//===- Dims --------------------------------------------------------------===//

static ParseResult parseDim(AsmParser &p, DimShardingAttr &dim) {
  SmallVector<AxisRefAttr> axes;
  bool open = false;
  auto element = [&]() -> ParseResult {
    if (succeeded(p.parseOptionalQuestion())) {
      open = true;
      return success();
    }
    if (open)
      return p.emitError(p.getCurrentLocation(), "'?' must stand last");
    return parseAxis(p, axes.emplace_back());
  };
  if (p.parseCommaSeparatedList(AsmParser::Delimiter::Braces, element))
    return failure();
  dim = DimShardingAttr::get(p.getContext(), axes, open);
  return success();
}
static void printDim(AsmPrinter &p, DimShardingAttr dim) {
  p << "{";
  llvm::interleave(
      dim.getAxes(), [&](AxisRefAttr a) { printAxis(p, a); }, [&] { p << ","; });
  if (dim.getOpen())
    p << (dim.getAxes().empty() ? "?" : ",?");
  p << "}";
}
Attribute DimShardingAttr::parse(AsmParser &p, Type) {
  DimShardingAttr dim;
  if (p.parseLess() || parseDim(p, dim) || p.parseGreater())
    return {};
  return dim;
}
void DimShardingAttr::print(AsmPrinter &p) const {
  p << "<";
  printDim(p, *this);
  p << ">";
}
int64_t DimShardingAttr::getNumShards() const {
  int64_t n = 1;
  for (AxisRefAttr axis : getAxes())
    n *= axis.getSize();
  return n;
}

//===- Partials ----------------------------------------------------------===//

static ParseResult parsePartial(AsmParser &p, PartialAttr &partial) {
  StringRef kind;
  SmallVector<AxisRefAttr> axes;
  if (p.parseKeyword(&kind) ||
      p.parseCommaSeparatedList(AsmParser::Delimiter::Braces, [&] {
        return parseAxis(p, axes.emplace_back());
      }))
    return failure();
  partial = PartialAttr::get(p.getContext(), kind, axes);
  return success();
}
static void printPartial(AsmPrinter &p, PartialAttr partial) {
  p << partial.getKind() << "{";
  llvm::interleave(
      partial.getAxes(), [&](AxisRefAttr a) { printAxis(p, a); },
      [&] { p << ","; });
  p << "}";
}
Attribute PartialAttr::parse(AsmParser &p, Type) {
  PartialAttr partial;
  if (p.parseLess() || parsePartial(p, partial) || p.parseGreater())
    return {};
  return partial;
}
void PartialAttr::print(AsmPrinter &p) const {
  p << "<";
  printPartial(p, *this);
  p << ">";
}

//===- Shardings ---------------------------------------------------------===//

Attribute ShardingAttr::parse(AsmParser &p, Type) {
  SmallVector<DimShardingAttr> dims;
  SmallVector<PartialAttr> partials;
  SMLoc loc = p.getCurrentLocation();
  if (p.parseLess() ||
      p.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
        return parseDim(p, dims.emplace_back());
      }))
    return {};
  if (succeeded(p.parseOptionalComma()))
    if (p.parseKeyword("partial") || p.parseEqual() ||
        p.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
          return parsePartial(p, partials.emplace_back());
        }))
      return {};
  if (p.parseGreater())
    return {};
  auto error = [&] { return p.emitError(loc); };
  return ShardingAttr::getChecked(error, p.getContext(), dims, partials);
}
void ShardingAttr::print(AsmPrinter &p) const {
  p << "<[";
  llvm::interleaveComma(getDims(), p.getStream(),
                        [&](DimShardingAttr d) { printDim(p, d); });
  p << "]";
  if (isPartial()) {
    p << ", partial = [";
    llvm::interleaveComma(getPartials(), p.getStream(),
                          [&](PartialAttr a) { printPartial(p, a); });
    p << "]";
  }
  p << ">";
}

LogicalResult ShardingAttr::verify(function_ref<InFlightDiagnostic()> error,
                                   ArrayRef<DimShardingAttr> dims,
                                   ArrayRef<PartialAttr> partials) {
  SmallVector<AxisRefAttr> seen;
  auto add = [&](AxisRefAttr axis) -> LogicalResult {
    for (AxisRefAttr other : seen) {
      if (other.overlaps(axis))
        return error() << "axis '" << axis.getName()
                       << "' is used twice in one sharding";
      if (other.getName() == axis.getName() &&
          other.getTotal() != axis.getTotal())
        return error() << "axis '" << axis.getName() << "' has two sizes, "
                       << other.getTotal() << " and " << axis.getTotal();
    }
    seen.push_back(axis);
    return success();
  };
  for (DimShardingAttr dim : dims) {
    AxisRefAttr last;
    for (AxisRefAttr axis : dim.getAxes()) {
      if (failed(add(axis)))
        return failure();
      if (last && last.getName() == axis.getName() &&
          last.getPre() * last.getSize() == axis.getPre())
        return error() << "neighbouring sub-axes of '" << axis.getName()
                       << "' must be merged";
      last = axis;
    }
  }
  for (PartialAttr partial : partials) {
    if (!llvm::is_contained({"sum", "max", "min"}, partial.getKind()))
      return error() << "unknown kind of partial '" << partial.getKind()
                     << "'; expected sum, max or min";
    if (partial.getAxes().empty())
      return error() << "partial without axes";
    for (AxisRefAttr axis : partial.getAxes())
      if (failed(add(axis)))
        return failure();
  }
  return success();
}

LogicalResult
ShardingAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                             function_ref<InFlightDiagnostic()> error) const {
  if (shape.size() != getRank())
    return error() << "sharding has " << getRank()
                   << " dims, its tensor has " << shape.size();
  return success();
}

bool ShardingAttr::isReplicated() const {
  return !isPartial() && llvm::all_of(getDims(), [](DimShardingAttr d) {
    return d.getAxes().empty();
  });
}
SmallVector<AxisRefAttr> ShardingAttr::getPartialAxes(StringRef kind) const {
  SmallVector<AxisRefAttr> axes;
  for (PartialAttr partial : getPartials())
    if (partial.getKind() == kind)
      llvm::append_range(axes, partial.getAxes());
  return axes;
}
bool ShardingAttr::isPartialOver(StringRef axis) const {
  for (PartialAttr partial : getPartials())
    for (AxisRefAttr a : partial.getAxes())
      if (a.getName() == axis)
        return true;
  return false;
}
int64_t ShardingAttr::getDimOf(StringRef axis) const {
  for (auto [i, dim] : llvm::enumerate(getDims()))
    for (AxisRefAttr a : dim.getAxes())
      if (a.getName() == axis)
        return i;
  return -1;
}
ShardingAttr ShardingAttr::withoutPartials() const {
  return get(getContext(), getDims(), {});
}
ShardingAttr ShardingAttr::withoutAxis(StringRef name) const {
  auto keep = [&](ArrayRef<AxisRefAttr> axes) {
    SmallVector<AxisRefAttr> kept;
    for (AxisRefAttr axis : axes)
      if (axis.getName() != name)
        kept.push_back(axis);
    return kept;
  };
  SmallVector<DimShardingAttr> dims;
  for (DimShardingAttr dim : getDims())
    dims.push_back(
        DimShardingAttr::get(getContext(), keep(dim.getAxes()), dim.getOpen()));
  SmallVector<PartialAttr> partials;
  for (PartialAttr partial : getPartials())
    if (auto axes = keep(partial.getAxes()); !axes.empty())
      partials.push_back(PartialAttr::get(getContext(), partial.getKind(), axes));
  return get(getContext(), dims, partials);
}
ShardingAttr ShardingAttr::withPartial(StringRef kind,
                                       ArrayRef<AxisRefAttr> axes) const {
  if (axes.empty())
    return *this;
  SmallVector<PartialAttr> partials;
  bool merged = false;
  for (PartialAttr partial : getPartials()) {
    if (partial.getKind() != kind) {
      partials.push_back(partial);
      continue;
    }
    SmallVector<AxisRefAttr> all(partial.getAxes());
    llvm::append_range(all, axes);
    partials.push_back(PartialAttr::get(getContext(), kind, all));
    merged = true;
  }
  if (!merged)
    partials.push_back(PartialAttr::get(getContext(), kind, axes));
  // Canonical order: time first, then the order of the mesh.
  static constexpr StringRef order[] = {"micro", "pp", "dp", "cp", "ep", "tp"};
  auto place = [](AxisRefAttr axis) {
    auto it = llvm::find(order, axis.getName());
    return std::pair(it - std::begin(order), axis.getPre());
  };
  for (PartialAttr &partial : partials) {
    SmallVector<AxisRefAttr> sorted(partial.getAxes());
    llvm::sort(sorted, [&](AxisRefAttr a, AxisRefAttr b) {
      return place(a) < place(b);
    });
    partial = PartialAttr::get(getContext(), partial.getKind(), sorted);
  }
  return get(getContext(), getDims(), partials);
}
