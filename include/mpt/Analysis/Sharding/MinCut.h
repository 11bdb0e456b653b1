// SPDX-License-Identifier: Apache-2.0
//===- MinCut.h - the cheapest cut of a network -----------------*- C++ -*-===//
//
// Free of MLIR. Nodes are numbers, edges have capacities; the cut of least
// capacity between source and sink is found by augmenting shortest paths
// (Edmonds and Karp). Of several cuts it is the one next to the source.
//
// Worked example, source -> a (5), a -> b (2), b -> sink (4): the cut is a -> b
// with capacity 2; a is on the source's side, b is not.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_ANALYSIS_SHARDING_MINCUT_H
#define MPT_ANALYSIS_SHARDING_MINCUT_H

#include <cstdint>
#include <vector>

namespace mpt::sharding {

class CutNetwork {
public:
  /// More than any sum of real capacities: an edge that no cut takes.
  static constexpr int64_t kUncut = int64_t(1) << 60;

  CutNetwork() : edgesOf(2) {}
  int source() const { return 0; }
  int sink() const { return 1; }
  int addNode() {
    edgesOf.emplace_back();
    return static_cast<int>(edgesOf.size()) - 1;
  }
  void addEdge(int from, int to, int64_t capacity);
  /// The capacity of the cheapest cut; kUncut or more: there is none.
  int64_t cut();
  /// After cut(): on which side a node is.
  bool isWithSource(int node) const { return reached[node]; }

private:
  struct Edge {
    int to;
    int64_t left; ///< capacity not used yet
  };
  /// Edges into each node of shortest paths from the source; -1: not reached.
  std::vector<int> search() const;

  std::vector<Edge> edges; ///< 2 i and 2 i + 1: an edge and its reverse
  std::vector<std::vector<int>> edgesOf;
  std::vector<bool> reached;
};

} // namespace mpt::sharding

#endif // MPT_ANALYSIS_SHARDING_MINCUT_H
