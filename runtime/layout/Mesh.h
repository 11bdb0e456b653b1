// SPDX-License-Identifier: Apache-2.0
// The mesh of a program: which indices a rank has, which rank has given
// indices, which ranks form the instances of a group. Axes are ordered
// outermost first and a rank is the mixed radix number of its indices: on
// pp=2,dp=2,tp=2 rank 5 is pp 1, dp 0, tp 1.
#ifndef MPTRT_LAYOUT_MESH_H
#define MPTRT_LAYOUT_MESH_H

#include "layout/Box.h"
#include "mptrt/Manifest.h"

#include <string>
#include <vector>

namespace mptrt {

class Mesh {
public:
  Mesh() = default;
  explicit Mesh(const abi::Manifest &manifest);

  int ranks() const { return rankCount; }
  const std::vector<abi::Axis> &axes() const { return axisList; }
  /// Number of an axis; -1: the mesh does not have it.
  int axis(const std::string &name) const;
  std::vector<int64_t> indices(int rank) const;
  int rank(const std::vector<int64_t> &indices) const;
  /// Index on "pp"; 0 if there is no such axis.
  int coordinate(int rank) const;
  int coordinates() const;
  /// The rank that differs from `rank` in its pipeline coordinate only.
  int atCoordinate(int rank, int coordinate) const;
  /// All instances of a group, ranks ascending, in order of their first rank.
  std::vector<std::vector<int>> instances(const abi::Group &group) const;
  /// Where `rank` stands on each axis, with `microbatch` on "micro".
  AxisLookup lookup(int rank, int64_t microbatch = 0) const;
  /// "rank 5 (pp 1, dp 0, tp 1)"
  std::string describe(int rank) const;
  /// "pp=2,dp=2,tp=2"; "one device" without axes.
  std::string text() const;

private:
  std::vector<abi::Axis> axisList;
  int64_t microbatches = 1;
  int rankCount = 1;
};

} // namespace mptrt

#endif // MPTRT_LAYOUT_MESH_H
