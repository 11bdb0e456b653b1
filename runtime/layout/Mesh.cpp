// SPDX-License-Identifier: Apache-2.0
// Mixed radix arithmetic on ranks. Instances of a group are found by walking
// all ranks in order and keying each by its indices on the other axes.
#include "layout/Mesh.h"

#include "mptrt/Status.h"

#include <algorithm>
#include <map>

namespace mptrt {

Mesh::Mesh(const abi::Manifest &manifest)
    : axisList(manifest.axes), microbatches(manifest.microbatches) {
  for (const abi::Axis &axis : axisList)
    rankCount *= static_cast<int>(axis.size);
}

int Mesh::axis(const std::string &name) const {
  for (size_t i = 0; i < axisList.size(); ++i)
    if (axisList[i].name == name)
      return static_cast<int>(i);
  return -1;
}

std::vector<int64_t> Mesh::indices(int rank) const {
  std::vector<int64_t> result(axisList.size());
  int64_t rest = rank;
  for (size_t i = axisList.size(); i-- > 0;) {
    result[i] = rest % axisList[i].size;
    rest /= axisList[i].size;
  }
  return result;
}

int Mesh::rank(const std::vector<int64_t> &indices) const {
  int64_t result = 0;
  for (size_t i = 0; i < axisList.size(); ++i)
    result = result * axisList[i].size + indices[i];
  return static_cast<int>(result);
}

int Mesh::coordinate(int rank) const {
  int pp = axis("pp");
  return pp < 0 ? 0 : static_cast<int>(indices(rank)[static_cast<size_t>(pp)]);
}

int Mesh::coordinates() const {
  int pp = axis("pp");
  return pp < 0 ? 1 : static_cast<int>(axisList[static_cast<size_t>(pp)].size);
}

int Mesh::atCoordinate(int rank, int coordinate) const {
  int pp = axis("pp");
  if (pp < 0)
    return rank;
  std::vector<int64_t> at = indices(rank);
  at[static_cast<size_t>(pp)] = coordinate;
  return this->rank(at);
}

std::vector<std::vector<int>> Mesh::instances(const abi::Group &group) const {
  std::vector<std::vector<int>> result;
  std::map<std::vector<int64_t>, size_t> known;
  for (int r = 0; r < rankCount; ++r) {
    const auto &allowed = group.coordinates;
    if (!allowed.empty() && std::find(allowed.begin(), allowed.end(),
                                      coordinate(r)) == allowed.end())
      continue;
    std::vector<int64_t> key = indices(r);
    for (const std::string &name : group.axes)
      if (axis(name) >= 0)
        key[static_cast<size_t>(axis(name))] = 0;
    auto entry = known.emplace(key, result.size());
    if (entry.second)
      result.emplace_back();
    result[entry.first->second].push_back(r);
  }
  return result;
}

AxisLookup Mesh::lookup(int rank, int64_t microbatch) const {
  std::vector<int64_t> at = indices(rank);
  return [this, at, microbatch](const std::string &name) -> AxisIndex {
    if (name == "micro")
      return {microbatch, microbatches};
    int number = axis(name);
    if (number < 0)
      return {0, 1};
    size_t i = static_cast<size_t>(number);
    return {at[i], axisList[i].size};
  };
}

std::string Mesh::describe(int rank) const {
  std::string text = formatText("rank %d", rank);
  std::vector<int64_t> at = indices(rank);
  for (size_t i = 0; i < at.size(); ++i)
    text += formatText("%s%s %lld", i ? ", " : " (", axisList[i].name.c_str(),
                       (long long)at[i]);
  return at.empty() ? text : text + ")";
}

std::string Mesh::text() const {
  std::string text;
  for (const abi::Axis &axis : axisList)
    text += formatText("%s%s=%lld", text.empty() ? "" : ",", axis.name.c_str(),
                       (long long)axis.size);
  return text.empty() ? "one device" : text;
}

} // namespace mptrt
