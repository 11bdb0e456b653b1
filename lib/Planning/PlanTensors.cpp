// SPDX-License-Identifier: Apache-2.0
// Tensor parallelism: how parameters are stored, which values are constrained.
//
// Forward ops are visited in order; for every value the dim that tp cuts, if
// any, is known. A linear layer (a contraction with a parameter, seen through
// transposes) whose contracted features are cut has its weight cut along them
// (by rows; the result is a partial sum), any other one along its output
// features (by columns); so layers alternate. Tables of `take` are cut along
// their rows. A parameter that meets a cut value elementwise (biases, scales)
// is cut with it. What nothing decides stays whole: norms of whole values,
// small things. A dim smaller than tp is never cut. Where tp divides the query
// heads of an attention but not its key heads, the layers that make key and
// value stay whole: each rank computes the heads that its queries use.
//
// The residual stream is whole along its features (see PlanConstraints.cpp).
#include "Planner.h"
#include "mpt/Analysis/Sharding/Factors.h"

using namespace mlir;
using namespace mlir::mpt;

static RankedTensorType tensorOf(Value v) {
  return cast<RankedTensorType>(v.getType());
}

namespace {
/// A value that only moves a parameter's elements: dims of the value as dims of
/// the state, -1 for new ones.
struct ParameterView {
  StateOp state;
  SmallVector<int64_t> dims;
};

class TensorPlan {
public:
  /// `slices`: micro-batches times data ranks.
  TensorPlan(AxisRefAttr tp, ArrayRef<Value> residuals, int64_t slices)
      : tp(tp), slices(slices), residuals(residuals.begin(), residuals.end()) {}
  void visit(Operation *op);
  void keepKeysWhole(AttentionOp op);
  /// Queries that nothing else cuts over their heads.
  SmallVector<Value> getQueries() const { return queries; }
  int64_t getCut(StateOp state) const {
    auto it = stored.find(state);
    return it == stored.end() ? -1 : it->second;
  }
  /// Parameters that the user stored are only followed.
  void fix(StateOp state, int64_t dim) { store(state, dim, "as --shard says"); }
  /// For people: why it is stored so and what else would cost.
  std::string getReason(StateOp state) const {
    auto it = reasons.find(state);
    return it == reasons.end() ? "whole: meets nothing that is cut"
                               : it->second;
  }

private:
  std::optional<ParameterView> viewOf(Value v) const;
  int64_t cutOf(Value v) const;
  bool fits(int64_t size) const { return size >= tp.getSize(); }
  void visitDot(DotGeneralOp op);
  void visitElementwise(Operation *op);
  void visitAttention(AttentionOp op);
  void propagate(ComputeOpInterface op);

  void store(StateOp state, int64_t dim, const Twine &reason) {
    if (stored.try_emplace(state, dim).second)
      reasons[state] = reason.str();
  }
  /// What an all-reduce of the value moves per micro-batch and rank.
  std::string priceOf(Value v) const;

  AxisRefAttr tp;
  int64_t slices;
  DenseMap<Operation *, std::string> reasons;
  DenseSet<Value> residuals;
  SmallVector<Value> queries;
  DenseMap<Operation *, int64_t> stored; ///< state -> dim, -1: whole
  DenseMap<Value, int64_t> cuts;
};
} // namespace

std::optional<ParameterView> TensorPlan::viewOf(Value v) const {
  Operation *def = v.getDefiningOp();
  if (auto read = dyn_cast_or_null<ReadOp>(def)) {
    auto state = SymbolTable::lookupNearestSymbolFrom<StateOp>(
        read, read.getSourceAttr());
    if (!state || state.getRole() != "parameter")
      return std::nullopt;
    return ParameterView{state, llvm::to_vector(llvm::seq<int64_t>(
                                    0, state.getTensorType().getRank()))};
  }
  if (!isa_and_nonnull<TransposeOp, BroadcastOp, ConvertOp, NegOp>(def))
    return std::nullopt;
  auto view = viewOf(def->getOperand(0));
  if (!view)
    return std::nullopt;
  int64_t rank = tensorOf(v).getRank();
  SmallVector<int64_t> dims(rank, -1);
  for (int64_t d = 0; d < int64_t(view->dims.size()); ++d) {
    if (auto broadcast = dyn_cast<BroadcastOp>(def))
      dims[broadcast.getDims()[d]] = view->dims[d];
    else if (auto transpose = dyn_cast<TransposeOp>(def))
      dims[d] = view->dims[transpose.getPerm()[d]];
    else
      dims[d] = view->dims[d];
  }
  view->dims = dims;
  return view;
}

int64_t TensorPlan::cutOf(Value v) const {
  if (auto it = cuts.find(v); it != cuts.end())
    return it->second;
  auto view = viewOf(v);
  int64_t cut = view ? getCut(view->state) : -1;
  for (int64_t d = 0; cut >= 0 && d < int64_t(view->dims.size()); ++d)
    if (view->dims[d] == cut)
      return d;
  return -1;
}

void TensorPlan::visitDot(DotGeneralOp op) {
  for (bool left : {false, true}) {
    Value weight = left ? op.getLhs() : op.getRhs();
    Value input = left ? op.getRhs() : op.getLhs();
    auto view = viewOf(weight);
    if (!view || viewOf(input) || stored.contains(view->state))
      continue;
    ArrayRef<int64_t> ofWeight =
        left ? op.getLhsContract() : op.getRhsContract();
    ArrayRef<int64_t> ofInput =
        left ? op.getRhsContract() : op.getLhsContract();
    ArrayRef<int64_t> batch =
        left ? op.getLhsBatchDims() : op.getRhsBatchDims();
    auto type = cast<RankedTensorType>(weight.getType());
    int64_t rows = -1, columns = -1, contracted = -1;
    for (auto [w, x] : llvm::zip(ofWeight, ofInput)) {
      if (!fits(type.getDimSize(w)))
        continue;
      contracted = w;
      if (cutOf(input) == x)
        rows = w;
    }
    for (int64_t d = 0; d < type.getRank(); ++d)
      if (!llvm::is_contained(ofWeight, d) && !llvm::is_contained(batch, d) &&
          fits(type.getDimSize(d)) &&
          (columns < 0 || type.getDimSize(d) >= type.getDimSize(columns)))
        columns = d;
    int64_t dim = rows >= 0 ? rows : columns >= 0 ? columns : contracted;
    std::string sum = priceOf(op.getResult());
    if (rows >= 0)
      store(view->state, view->dims[dim],
            "by rows: its input is cut, the result is summed for " + sum +
                "; by columns the input would be gathered for half of " +
                priceOf(input));
    else if (columns >= 0)
      store(view->state, view->dims[dim],
            "by columns: its input is whole, nothing moves; by rows the "
            "result would be summed for " +
                sum);
    else
      store(view->state, dim < 0 ? -1 : view->dims[dim],
            "no output dim has a part for each rank");
  }
}

std::string TensorPlan::priceOf(Value v) const {
  int64_t bytes = tensorOf(v).getNumElements() *
                  (std::max(8u, tensorOf(v).getElementTypeBitWidth()) / 8);
  int64_t n = tp.getSize();
  return std::to_string(2 * (n - 1) * (bytes / slices) / n) + " bytes";
}

/// Parameters follow a cut value that they meet.
void TensorPlan::visitElementwise(Operation *op) {
  int64_t cut = -1;
  for (Value operand : op->getOperands())
    cut = std::max(cut, cutOf(operand));
  if (cut < 0)
    return;
  for (Value operand : op->getOperands()) {
    auto view = viewOf(operand);
    if (view && !stored.contains(view->state) && view->dims[cut] >= 0)
      store(view->state, view->dims[cut],
            "cut with the value that it meets; whole it would be sliced by "
            "each rank, its gradient gathered");
  }
}

/// Key and value heads go with their queries; those are cut if they can be.
void TensorPlan::visitAttention(AttentionOp op) {
  Value query = op.getQuery();
  if (cutOf(query) >= 0 || tensorOf(query).getDimSize(1) % tp.getSize() != 0)
    return;
  int64_t heads = tensorOf(op.getKey()).getDimSize(1);
  if (heads != 1 && heads % tp.getSize() != 0)
    return;
  queries.push_back(query);
  cuts[query] = 1;
}

/// Layers whose heads tp does not divide, where it divides those of the query.
void TensorPlan::keepKeysWhole(AttentionOp op) {
  if (tensorOf(op.getQuery()).getDimSize(1) % tp.getSize() != 0)
    return;
  bool single = tensorOf(op.getKey()).getDimSize(1) == 1;
  // Values on the way up and whether their heads are known not to be divided.
  SmallVector<std::pair<Value, bool>> work = {{op.getKey(), single},
                                              {op.getValue(), single}};
  DenseSet<std::pair<Value, unsigned>> seen;
  while (!work.empty()) {
    auto [v, uneven] = work.pop_back_val();
    Operation *def = v.getDefiningOp();
    if (!def || viewOf(v) || !seen.insert({v, uneven}).second)
      continue;
    if (auto dot = dyn_cast<DotGeneralOp>(def)) {
      for (Value operand : dot->getOperands())
        if (auto view = viewOf(operand); view && uneven)
          store(view->state, -1,
                "whole: tp divides the query heads, but not these key heads; "
                "cut, its result would be gathered for half of " +
                    priceOf(dot.getResult()));
      continue;
    }
    if (auto reshape = dyn_cast<ReshapeOp>(def)) {
      ShardingRule rule = reshape.getShardingRule();
      for (const DimFactors &dim : rule.operands[0])
        uneven |=
            dim.size() > 1 && rule.factors[dim[0]].size % tp.getSize() != 0;
    } else if (!isa<TransposeOp, BroadcastOp, SliceOp, ConcatOp>(def) &&
               !def->hasTrait<OpTrait::Elementwise>()) {
      continue;
    }
    for (Value operand : def->getOperands())
      work.push_back({operand, uneven});
  }
}

/// The cut of results: that of the operands' factor, if it passes through.
void TensorPlan::propagate(ComputeOpInterface op) {
  ShardingRule rule = op.getShardingRule();
  std::optional<unsigned> factor;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    int64_t cut = cutOf(operand);
    if (cut < 0 || rule.operands[i][cut].empty())
      continue;
    const DimFactors &dim = rule.operands[i][cut];
    bool divides = rule.factors[dim[0]].size % tp.getSize() == 0;
    if (rule.factors[dim[0]].kind != IterKind::Replicate &&
        (dim.size() == 1 || divides) && !factor)
      factor = dim[0];
  }
  for (auto [i, result] : llvm::enumerate(op->getResults()))
    for (auto [d, dim] : llvm::enumerate(rule.results[i]))
      if (factor && !dim.empty() && dim[0] == *factor)
        cuts[result] = residuals.contains(result) ? -1 : d;
}

void TensorPlan::visit(Operation *op) {
  if (auto dot = dyn_cast<DotGeneralOp>(op)) {
    visitDot(dot);
  } else if (auto take = dyn_cast<TakeOp>(op)) {
    auto view = viewOf(take.getTable());
    if (view && !stored.contains(view->state)) {
      int64_t dim = view->dims[take.getAxis()];
      bool cuttable =
          dim >= 0 && fits(view->state.getTensorType().getDimSize(dim));
      store(view->state, cuttable ? dim : -1,
            cuttable ? "by rows: each rank looks up its own, the result is "
                       "summed for " +
                           priceOf(take.getResult()) +
                           "; whole it would lie on every rank"
                     : std::string("whole: too few rows"));
    }
  } else if (auto attention = dyn_cast<AttentionOp>(op)) {
    visitAttention(attention);
  } else if (op->hasTrait<OpTrait::Elementwise>()) {
    visitElementwise(op);
  }
  // Views of parameters are looked through.
  if (!viewOf(op->getResult(0)))
    propagate(cast<ComputeOpInterface>(op));
}

static void planStopFlag(ModuleOp module, MeshOp mesh) {
  auto stop = module.lookupSymbol<StateOp>("step.stop");
  if (!stop)
    return;
  MLIRContext *ctx = module.getContext();
  SmallVector<AxisRefAttr> axes;
  for (auto axis : mesh.getAxes().getAsRange<AxisRefAttr>())
    if (axis.getName() != "pp")
      axes.push_back(axis);
  // Every rank writes its own: what counts is the sum.
  stop.setStorageAttr(StorageAttr::get(
      ctx, stop.getTensorType().getElementType(),
      ShardingAttr::get(ctx, unsigned(stop.getTensorType().getRank()))
          .withPartial("sum", axes)));
}

LogicalResult mpt::planStorage(ModuleOp module, func::FuncOp func,
                               const ProgramRoles &roles, MeshOp mesh,
                               const Config &config, ConstraintSeeds &seeds) {
  MLIRContext *ctx = module.getContext();
  planStopFlag(module, mesh);
  if (failed(applyShardOptions(module, mesh, config)))
    return failure();
  AxisRefAttr tp = mesh.getAxis("tp");
  TensorPlan plan(tp, seeds.residuals,
                  mesh.getSize(kMicroAxis) * mesh.getSize("dp"));
  for (auto state : module.getOps<StateOp>())
    if (state.getStorage() && state.getRole() == "parameter")
      plan.fix(state, state.getStorageSharding().getDimOf("tp"));
  if (tp)
    for (Operation &op : func.getBody().front())
      if (auto attention = dyn_cast<AttentionOp>(op))
        plan.keepKeysWhole(attention);
  if (tp)
    for (Operation &op : func.getBody().front())
      if (roles.isForward(&op))
        plan.visit(&op);
  seeds.queries = plan.getQueries();
  for (auto state : module.getOps<StateOp>()) {
    if (state.getRole() != "parameter")
      continue;
    if (tp && module->hasAttr(kExplainAttr))
      state->setAttr(kWhyAttr, StringAttr::get(ctx, plan.getReason(state)));
    if (state.getStorage())
      continue;
    RankedTensorType type = state.getTensorType();
    SmallVector<DimShardingAttr> dims;
    for (int64_t d = 0; d < type.getRank(); ++d)
      dims.push_back(DimShardingAttr::get(ctx,
                                          plan.getCut(state) == d
                                              ? ArrayRef<AxisRefAttr>(tp)
                                              : ArrayRef<AxisRefAttr>(),
                                          false));
    state.setStorageAttr(StorageAttr::get(
        ctx, type.getElementType(),
        ShardingAttr::get(ctx, dims, ArrayRef<PartialAttr>())));
  }
  return success();
}
