// SPDX-License-Identifier: Apache-2.0
//
// A graph of "before" edges with a test for cycles that names a shortest one.
#ifndef MPT_LIB_ANALYSIS_SCHEDULE_ORDERGRAPH_H
#define MPT_LIB_ANALYSIS_SCHEDULE_ORDERGRAPH_H

#include <cstddef>
#include <vector>

namespace mpt::schedule {

/// Where an edge's end stands: action `pos` of `rank`; `sub` tells apart what
/// one action holds (-1: the action itself).
struct Spot {
  int rank = 0, pos = 0, sub = -1;
};

struct OrderEdge {
  int from = 0, to = 0;
  bool program = false; ///< program order of one rank, else a data edge
  Spot fromSpot, toSpot;
  int next = -1;
};

class OrderGraph {
public:
  int addNode() {
    first.push_back(-1);
    return static_cast<int>(first.size()) - 1;
  }
  void addEdge(OrderEdge edge) {
    edge.next = first[edge.from];
    first[edge.from] = static_cast<int>(edges.size());
    edges.push_back(edge);
  }
  /// Edges of a shortest cycle in order, empty if there is none. Linear when
  /// acyclic. In a graph with very many nodes on cycles only some are tried as
  /// starts, and the cycle is then short, not always shortest.
  std::vector<OrderEdge> findCycle() const;

private:
  std::vector<char> nodesOnCycles() const;
  std::vector<OrderEdge> cycleThrough(int start, const std::vector<char> &alive,
                                      std::size_t bound) const;

  std::vector<int> first;
  std::vector<OrderEdge> edges;
};

} // namespace mpt::schedule

#endif // MPT_LIB_ANALYSIS_SCHEDULE_ORDERGRAPH_H
