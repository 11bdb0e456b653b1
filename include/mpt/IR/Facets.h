// SPDX-License-Identifier: Apache-2.0
//===- Facets.h - what ops state about themselves ---------------*- C++ -*-===//
//
// An op gives its iteration space: iterator kinds, sizes and one affine map per
// operand and result. From it follow, unless the op says otherwise, its
// sharding rule, its cost and its structured lowering.
//
// Worked example, `%c = mpt.dot_general %a, %b contract [1] x [0]` with a [m,k]
// and b [k,n]: iterators m, n parallel and k sum; maps (m,k), (k,n) -> (m,n).
// The rule has the factors m, n (pass-through) and k (reduction by sum): if k
// is cut over "tp", c is partial over "tp".
//
//===----------------------------------------------------------------------===//
#ifndef MPT_IR_FACETS_H
#define MPT_IR_FACETS_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace mlir::mpt {

/// How a loop, or the factor of a sharding rule, behaves.
enum class IterKind {
  Parallel,  ///< pass-through: shards of operands give shards of results
  Reduction, ///< results without it are partial (see IterationSpace::monoids)
  Replicate, ///< must be whole on every device
  TwoPhase,  ///< op splits into local part, monoid reductions and finish;
             ///< results in `partialResults` stay partial (sum)
};

/// Name of a reduction: "sum", "max", "min"; "" if not a reduction.
using Monoid = StringRef;

struct IterationSpace {
  SmallVector<IterKind> kinds;
  SmallVector<Monoid> monoids; ///< one per iterator; "" unless Reduction
  SmallVector<int64_t> sizes;
  SmallVector<AffineMap> operands; ///< map of scalars has no results
  SmallVector<AffineMap> results;
  /// For TwoPhase iterators: results that stay partial sums.
  SmallVector<unsigned> partialResults;

  unsigned addIterator(IterKind kind, int64_t size, Monoid monoid = "");
};

struct ShardingFactor {
  int64_t size;
  IterKind kind;
  Monoid monoid;
};

/// Factors of each dim, major to minor (several only where a reshape merges or
/// splits dims; none where the dim is tied to no factor and must be whole).
using DimFactors = SmallVector<unsigned, 1>;
struct ShardingRule {
  SmallVector<ShardingFactor> factors;
  SmallVector<SmallVector<DimFactors>> operands;
  SmallVector<SmallVector<DimFactors>> results;
  SmallVector<unsigned> partialResults;
};

/// The rule that follows from an iteration space: a dim whose map result is a
/// plain iterator gets that factor, any other dim must be whole.
ShardingRule deriveShardingRule(const IterationSpace &space);

/// Identity maps over the result's shape; scalars operands map to ().
IterationSpace elementwiseSpace(Operation *op);

/// The identity of the factor's monoid for operands that hold it (0; -inf or the
/// smallest integer for max; +inf or the largest for min), null for factors
/// that are not reduced or operands that do not hold the factor.
TypedAttr defaultPadIdentity(Operation *op, unsigned operand, unsigned factor);

/// Product of the iterators' sizes.
int64_t defaultFlops(const IterationSpace &space);

/// Types equal in shape and element type, whatever their encodings.
bool sameShapesAndElements(TypeRange l, TypeRange r);
/// The type without its encoding.
RankedTensorType withoutEncoding(Type type);

LogicalResult inferSameType(MLIRContext *ctx, std::optional<Location> loc,
                            ValueRange operands, SmallVectorImpl<Type> &types);
LogicalResult inferBoolType(MLIRContext *ctx, std::optional<Location> loc,
                            ValueRange operands, SmallVectorImpl<Type> &types);
LogicalResult inferSelectType(MLIRContext *ctx, std::optional<Location> loc,
                              ValueRange operands,
                              SmallVectorImpl<Type> &types);

/// The common textual form of program ops (see MptBase.td).
ParseResult parseProgramOp(OpAsmParser &parser, OperationState &result);
void printProgramOp(Operation *op, OpAsmPrinter &printer);

/// Builds ops of a program at one location, each with a fresh `id` if the
/// builder was given a counter.
class ProgramBuilder : public OpBuilder, private OpBuilder::Listener {
public:
  ProgramBuilder(Location loc, OpBuilder::InsertPoint at, int64_t *nextId)
      : OpBuilder(loc.getContext(), this), loc(loc), nextId(nextId) {
    restoreInsertionPoint(at);
  }
  ProgramBuilder(const ProgramBuilder &) = delete;
  Location getLoc() const { return loc; }

  /// An op whose result types follow from operands and attributes.
  template <typename OpTy>
  OpTy make(ValueRange operands, ArrayRef<NamedAttribute> attributes = {}) {
    return OpTy::create(*this, loc, operands, attributes);
  }
  /// An op with one result, of `type` without its encoding.
  template <typename OpTy>
  OpTy makeAs(Type type, ValueRange operands,
              ArrayRef<NamedAttribute> attributes = {}) {
    return OpTy::create(*this, loc, TypeRange{withoutEncoding(type)}, operands,
                        attributes);
  }
  /// A tensor of `type`'s shape and element type, filled with `value`.
  Value splat(Type type, double value);

  NamedAttribute dims(StringRef name, ArrayRef<int64_t> values) {
    return getNamedAttr(name, getDenseI64ArrayAttr(values));
  }
  NamedAttribute text(StringRef name, StringRef value) {
    return getNamedAttr(name, getStringAttr(value));
  }

private:
  void notifyOperationInserted(Operation *op, InsertPoint previous) override;
  /// Sets further attributes of a new op.
  virtual void annotate(Operation *) {}

  Location loc;
  int64_t *nextId;
};

/// Builds the ops of one forward op's gradient, at its location: `adjoint_of`
/// is the id of the forward op.
class GradientBuilder : public ProgramBuilder {
public:
  /// `wanted`: the operands whose gradient is used.
  GradientBuilder(Operation *forward, OpBuilder::InsertPoint at,
                  const llvm::BitVector &wanted, int64_t &nextId)
      : ProgramBuilder(forward->getLoc(), at, &nextId), forward(forward),
        wanted(wanted) {}
  Operation *getForward() const { return forward; }
  /// Whether the gradient of this operand is used; if not, it is not built.
  bool wants(unsigned operand) const { return wanted.test(operand); }

private:
  void annotate(Operation *op) override {
    op->setAttr("adjoint_of", forward->getAttr("id"));
  }

  Operation *forward;
  llvm::BitVector wanted;
};

/// Gradients of an op's operands, null where there is none or none is wanted.
using Gradients = SmallVectorImpl<Value>;

/// Trait of ops that have no gradient, said aloud.
template <typename ConcreteType>
class NotDifferentiable
    : public OpTrait::TraitBase<ConcreteType, NotDifferentiable> {};

} // namespace mlir::mpt
#endif
