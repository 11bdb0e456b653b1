// SPDX-License-Identifier: Apache-2.0
// Which forward values the backward pass keeps, and which it computes again.
//
// Cheap ops (elementwise ones and movements of elements, which kernels fuse)
// may run again; all others not. What adjoints read of the forward pass follows
// from the kept values by cheap ops only: a cut of the values' graph between
// ops that cannot run again and those reads. The cut with the fewest bytes is
// kept (maximum flow, a value being an arc of as many bytes); among equal ones
// that next to the reads, so that the least runs again. States, inputs and what
// is known before the micro-batches cost nothing; a value of an earlier stage
// is received, and kept like the result of an op that cannot run again.
#include "Planner.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {
/// Maximum flow by shortest augmenting paths in layers (Dinic).
class FlowGraph {
public:
  static constexpr int64_t kUnbounded = int64_t(1) << 60;
  int addNode() {
    arcs.emplace_back();
    return arcs.size() - 1;
  }
  void addArc(int from, int to, int64_t capacity) {
    arcs[from].push_back({to, int(arcs[to].size()), capacity});
    arcs[to].push_back({from, int(arcs[from].size()) - 1, 0});
  }
  void run(int source, int sink) {
    while (layer(source, sink)) {
      next.assign(arcs.size(), 0);
      while (push(source, sink, kUnbounded))
        ;
    }
  }
  /// Nodes from which flow could still reach the sink.
  std::vector<bool> findSinkSide(int sink) const;

private:
  struct Arc {
    int to, reverse;
    int64_t capacity;
  };
  bool layer(int source, int sink);
  int64_t push(int source, int sink, int64_t limit);

  std::vector<std::vector<Arc>> arcs;
  std::vector<int> depth;
  std::vector<size_t> next;
};

/// The graph of one program: two nodes per value, joined by an arc of its size.
class RecomputePlan {
public:
  RecomputePlan(func::FuncOp func, const ProgramRoles &roles)
      : func(func), roles(roles) {}
  void run();

private:
  bool isCheap(Operation *op) const;
  void addValue(Value value, Operation *op);
  /// Arcs from the operands, as the op's stage has them, to `node`.
  void addReads(Operation *op, int node);
  Attribute getStage(Operation *op) const;

  func::FuncOp func;
  const ProgramRoles &roles;
  FlowGraph graph;
  int source = graph.addNode(), sink = graph.addNode();
  DenseMap<Value, int> nodes; ///< before the value's arc; after it: + 1
  DenseMap<std::pair<Value, Attribute>, int> received; ///< by reading stage
  DenseMap<Attribute, Attribute> stageOfId;
};
} // namespace

bool FlowGraph::layer(int source, int sink) {
  depth.assign(arcs.size(), -1);
  depth[source] = 0;
  SmallVector<int> queue = {source};
  for (size_t i = 0; i < queue.size(); ++i)
    for (const Arc &arc : arcs[queue[i]])
      if (arc.capacity > 0 && depth[arc.to] < 0) {
        depth[arc.to] = depth[queue[i]] + 1;
        queue.push_back(arc.to);
      }
  return depth[sink] >= 0;
}

/// One augmenting path; its flow, 0 if there is none.
int64_t FlowGraph::push(int source, int sink, int64_t limit) {
  SmallVector<int> path = {source};
  while (path.back() != sink) {
    int node = path.back();
    size_t &at = next[node];
    while (at < arcs[node].size() &&
           (arcs[node][at].capacity == 0 ||
            depth[arcs[node][at].to] != depth[node] + 1))
      ++at;
    if (at < arcs[node].size()) {
      path.push_back(arcs[node][at].to);
    } else {
      path.pop_back();
      if (path.empty())
        return 0;
      ++next[path.back()];
    }
  }
  path.pop_back();
  for (int node : path)
    limit = std::min(limit, arcs[node][next[node]].capacity);
  for (int node : path) {
    Arc &arc = arcs[node][next[node]];
    arc.capacity -= limit;
    arcs[arc.to][arc.reverse].capacity += limit;
  }
  return limit;
}

std::vector<bool> FlowGraph::findSinkSide(int sink) const {
  std::vector<bool> reaches(arcs.size());
  reaches[sink] = true;
  SmallVector<int> queue = {sink};
  for (size_t i = 0; i < queue.size(); ++i)
    for (const Arc &arc : arcs[queue[i]])
      if (!reaches[arc.to] && arcs[arc.to][arc.reverse].capacity > 0) {
        reaches[arc.to] = true;
        queue.push_back(arc.to);
      }
  return reaches;
}

bool RecomputePlan::isCheap(Operation *op) const {
  return op->hasTrait<OpTrait::Elementwise>() ||
         isa<ReshapeOp, TransposeOp, SliceOp, SumOp>(op);
}

static int64_t countBytes(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  unsigned bits = tensor.getElementTypeBitWidth();
  return std::max<int64_t>(1, tensor.getNumElements() * ((bits + 7) / 8));
}

/// Of an adjoint that of its origin; null: none.
Attribute RecomputePlan::getStage(Operation *op) const {
  if (Attribute origin = op->getAttr("adjoint_of"))
    return stageOfId.lookup(origin);
  return op->getAttr("stage");
}

void RecomputePlan::addReads(Operation *op, int node) {
  Attribute stage = getStage(op);
  for (Value operand : op->getOperands()) {
    auto from = nodes.find(operand);
    if (from == nodes.end())
      continue;
    Attribute other = getStage(operand.getDefiningOp());
    if (!stage || !other || stage == other) {
      graph.addArc(from->second + 1, node, FlowGraph::kUnbounded);
      continue;
    }
    auto [known, isNew] = received.try_emplace({operand, stage}, 0);
    if (isNew) {
      known->second = graph.addNode();
      graph.addArc(source, known->second, countBytes(operand.getType()));
    }
    graph.addArc(known->second, node, FlowGraph::kUnbounded);
  }
}

void RecomputePlan::addValue(Value value, Operation *op) {
  int node = graph.addNode(), after = graph.addNode();
  nodes[value] = node;
  bool kept = roles.needsStage(op);
  graph.addArc(node, after,
               kept ? countBytes(value.getType()) : FlowGraph::kUnbounded);
  if (kept && !isCheap(op))
    graph.addArc(source, node, FlowGraph::kUnbounded);
  else
    addReads(op, node);
}

void RecomputePlan::run() {
  for (Operation &op : func.getBody().front())
    if (Attribute id = op.getAttr("id"))
      stageOfId[id] = op.getAttr("stage");
  for (Operation &op : func.getBody().front()) {
    if (isa<ConstrainOp>(op)) { // another name of the value
      if (auto from = nodes.find(op.getOperand(0)); from != nodes.end())
        nodes[op.getResult(0)] = from->second;
    } else if (!roles.isForward(&op)) {
      addReads(&op, sink);
    } else {
      for (Value result : op.getResults())
        addValue(result, &op);
    }
  }
  graph.run(source, sink);
  std::vector<bool> again = graph.findSinkSide(sink);
  for (Operation &op : func.getBody().front())
    if (roles.isForward(&op) && roles.needsStage(&op) && isCheap(&op) &&
        again[nodes.lookup(op.getResult(0))])
      op.setAttr("recompute", UnitAttr::get(func.getContext()));
}

void mpt::planRecompute(func::FuncOp func, const ProgramRoles &roles) {
  RecomputePlan(func, roles).run();
}
