// SPDX-License-Identifier: Apache-2.0
//
// Cycles by peeling: nodes without predecessors are removed until none is left
// (acyclic) or all have one; then nodes without successors likewise. What is
// left lies on cycles or between them; a breadth-first search from each of its
// nodes finds the shortest way back to it.

#include "OrderGraph.h"

#include <algorithm>

namespace mpt::schedule {

std::vector<char> OrderGraph::nodesOnCycles() const {
  size_t n = first.size();
  std::vector<char> alive(n, 1);
  auto peel = [&](auto tail, auto head) {
    std::vector<int> degree(n, 0), start(n + 1, 0), list(edges.size()), stack;
    for (const OrderEdge &e : edges) {
      if (alive[tail(e)])
        ++degree[head(e)];
      ++start[tail(e) + 1];
    }
    for (size_t i = 0; i < n; ++i)
      start[i + 1] += start[i];
    std::vector<int> fill(start.begin(), start.end() - 1);
    for (const OrderEdge &e : edges)
      list[fill[tail(e)]++] = head(e);
    for (size_t i = 0; i < n; ++i)
      if (alive[i] && degree[i] == 0)
        stack.push_back(static_cast<int>(i));
    while (!stack.empty()) {
      int node = stack.back();
      stack.pop_back();
      alive[node] = 0;
      for (int i = start[node]; i < start[node + 1]; ++i)
        if (--degree[list[i]] == 0 && alive[list[i]])
          stack.push_back(list[i]);
    }
  };
  auto from = [](const OrderEdge &e) { return e.from; };
  auto to = [](const OrderEdge &e) { return e.to; };
  peel(from, to);
  if (std::find(alive.begin(), alive.end(), 1) != alive.end())
    peel(to, from);
  return alive;
}

std::vector<OrderEdge> OrderGraph::cycleThrough(int start,
                                                const std::vector<char> &alive,
                                                size_t bound) const {
  std::vector<int> via(first.size(), -1), queue = {start}, depth = {0};
  for (size_t i = 0; i < queue.size() && size_t(depth[i]) + 1 < bound; ++i)
    for (int e = first[queue[i]]; e >= 0; e = edges[e].next) {
      int to = edges[e].to;
      if (to == start) {
        std::vector<OrderEdge> cycle = {edges[e]};
        for (int n = queue[i]; n != start; n = edges[via[n]].from)
          cycle.push_back(edges[via[n]]);
        std::reverse(cycle.begin(), cycle.end());
        return cycle;
      }
      if (!alive[to] || via[to] >= 0)
        continue;
      via[to] = e;
      queue.push_back(to);
      depth.push_back(depth[i] + 1);
    }
  return {};
}

std::vector<OrderEdge> OrderGraph::findCycle() const {
  std::vector<char> alive = nodesOnCycles();
  std::vector<OrderEdge> best;
  size_t tries = std::max<size_t>(8, 100'000'000 / (edges.size() + 1));
  for (size_t node = 0; node < alive.size() && tries > 0; ++node) {
    if (!alive[node])
      continue;
    --tries;
    size_t bound = best.empty() ? first.size() + 1 : best.size();
    std::vector<OrderEdge> cycle =
        cycleThrough(static_cast<int>(node), alive, bound);
    if (!cycle.empty())
      best = std::move(cycle);
  }
  return best;
}

} // namespace mpt::schedule
