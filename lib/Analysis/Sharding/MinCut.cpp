// SPDX-License-Identifier: Apache-2.0
#include "mpt/Analysis/Sharding/MinCut.h"
#include <algorithm>

using namespace mpt::sharding;

void CutNetwork::addEdge(int from, int to, int64_t capacity) {
  edgesOf[from].push_back(static_cast<int>(edges.size()));
  edges.push_back({to, capacity});
  edgesOf[to].push_back(static_cast<int>(edges.size()));
  edges.push_back({from, 0});
}

std::vector<int> CutNetwork::search() const {
  std::vector<int> into(edgesOf.size(), -1), queue = {source()};
  for (size_t next = 0; next < queue.size(); ++next)
    for (int edge : edgesOf[queue[next]]) {
      int to = edges[edge].to;
      if (edges[edge].left > 0 && into[to] < 0 && to != source()) {
        into[to] = edge;
        queue.push_back(to);
      }
    }
  return into;
}

int64_t CutNetwork::cut() {
  int64_t total = 0;
  std::vector<int> into = search();
  while (into[sink()] >= 0) {
    int64_t flow = kUncut;
    for (int node = sink(); node != source(); node = edges[into[node] ^ 1].to)
      flow = std::min(flow, edges[into[node]].left);
    for (int node = sink(); node != source(); node = edges[into[node] ^ 1].to) {
      edges[into[node]].left -= flow;
      edges[into[node] ^ 1].left += flow;
    }
    total += flow;
    if (total >= kUncut)
      break;
    into = search();
  }
  reached.assign(edgesOf.size(), false);
  reached[source()] = true;
  for (size_t node = 2; node < into.size(); ++node)
    reached[node] = into[node] >= 0;
  return total;
}
