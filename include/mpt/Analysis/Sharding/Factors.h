// SPDX-License-Identifier: Apache-2.0
//===- Factors.h - axes of the factors of one op ----------------*- C++ -*-===//
//
// The algebra that phases 3 and 4 and the verifier of phase 4 share. An op runs
// on shards if every factor of its sharding rule is cut over one axis list;
// then the shardings of operands and results follow:
//
//   read    sharding of a value      -> axes of the factors that it holds
//   check   one list per factor      -> may the op run so?
//   write   one list per factor      -> sharding of an operand or result
//   pass    partial operands         -> axes over which results are partial too
//
// Worked example, `dot_general %x [{dp},{tp}], %w [{tp},{}] contract [1] x
// [0]`: factors m = {dp}, n = {}, k = {tp}; the result is [{dp},{}] and, as k
// is a reduction that the result does not hold, partial over tp.
//
// A dim of several factors (a reshape's) takes axes for its major factor first;
// an axis that does not fit whole into a factor is left over and must be
// gathered, because blocks of the merged dim would not be blocks of the factor.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_ANALYSIS_SHARDING_FACTORS_H
#define MPT_ANALYSIS_SHARDING_FACTORS_H

#include "mpt/IR/Mpt.h"

namespace mlir::mpt {

using AxisList = SmallVector<AxisRefAttr, 2>;

/// The time axis over which a step's batch is cut into micro-batches.
inline constexpr StringLiteral kMicroAxis = "micro";

bool hasAxis(ArrayRef<AxisRefAttr> axes, StringRef name);
/// Whether both lists name a common part of one axis.
bool sharesAxis(ArrayRef<AxisRefAttr> a, ArrayRef<AxisRefAttr> b);
/// Product of the axes' sizes.
int64_t numShards(ArrayRef<AxisRefAttr> axes);

/// What one value's sharding says about the factors of its op.
struct FactorVotes {
  /// Per factor of the rule; nothing if the value does not hold it.
  SmallVector<std::optional<AxisList>> axes;
  /// Axes of dims that no factor can take.
  AxisList rest;
};
FactorVotes readFactors(const ShardingRule &rule, ArrayRef<DimFactors> dims,
                        ShardingAttr sharding);

/// Partials are left out.
ShardingAttr writeFactors(MLIRContext *ctx, ArrayRef<DimFactors> dims,
                          ArrayRef<AxisList> factors);

/// Why no op of this rule can run with these lists; "" if it can.
std::string checkFactors(const ShardingRule &rule, ArrayRef<AxisList> factors);

/// Result `index` under these lists; `passed`: see getPassedPartials.
ShardingAttr inferResult(MLIRContext *ctx, const ShardingRule &rule,
                         unsigned index, ArrayRef<AxisList> factors,
                         ArrayRef<AxisRefAttr> passed);

/// Operands added to what is summed over a factor that they do not hold (the
/// base of a scatter) must be partial over the factor's axes: these axes.
AxisList getAddedPartials(ComputeOpInterface op, const ShardingRule &rule,
                          unsigned operand, ArrayRef<AxisList> factors);

/// A constant of zeros: its own partial sum over any axes.
bool isZero(Value value);

/// The sum axes that pass from operands to results: all operands of one linear
/// group are partial over them. `group` is that group; null if nothing passes.
struct PassedPartials {
  AxisList axes;
  SmallVector<unsigned> group;
};
PassedPartials getPassedPartials(ComputeOpInterface op,
                                 ArrayRef<ShardingAttr> operands);

/// Checks operands and results of an op of a sharded program against its rule.
LogicalResult verifySharded(Operation *op);

} // namespace mlir::mpt
#endif
