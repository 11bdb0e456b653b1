// SPDX-License-Identifier: Apache-2.0
#include "IndexSpace.h"

using namespace mlir;
using namespace mlir::mpt;

unsigned IndexSpace::add(int64_t size) {
  nodes.push_back({size});
  return nodes.size() - 1;
}

IndexSpace::Index IndexSpace::create(ArrayRef<int64_t> shape) {
  Index index;
  for (int64_t size : shape)
    index.push_back(size == 1 ? Iterators() : Iterators{add(size)});
  return index;
}

IndexSpace::Iterators IndexSpace::flatten(ArrayRef<Iterators> index) const {
  Iterators flat;
  auto visit = [&](unsigned i, auto &&visit) -> void {
    if (nodes[i].major < 0)
      return flat.push_back(i);
    visit(nodes[i].major, visit);
    visit(nodes[i].minor, visit);
  };
  for (const Iterators &dim : index)
    for (unsigned i : dim)
      visit(i, visit);
  return flat;
}

std::optional<IndexSpace::Index> IndexSpace::reshape(const Index &index,
                                                     ArrayRef<int64_t> shape) {
  Iterators rest = flatten(index);
  std::reverse(rest.begin(), rest.end());
  Index result;
  for (int64_t size : shape) {
    Iterators dim;
    while (size > 1) {
      if (rest.empty())
        return std::nullopt;
      unsigned next = rest.pop_back_val();
      int64_t found = nodes[next].size;
      if (found > size) {
        if (found % size != 0)
          return std::nullopt;
        unsigned major = add(size), minor = add(found / size);
        nodes[next].major = major;
        nodes[next].minor = minor;
        rest.push_back(minor);
        next = major;
        found = size;
      }
      if (size % found != 0)
        return std::nullopt;
      dim.push_back(next);
      size /= found;
    }
    if (size == 0)
      return std::nullopt;
    result.push_back(dim);
  }
  if (!rest.empty())
    return std::nullopt;
  return result;
}

/// Whether b follows a directly wherever one of them stands.
static bool areOne(unsigned a, unsigned b,
                   ArrayRef<IndexSpace::Iterators> accesses) {
  return llvm::all_of(accesses, [&](const IndexSpace::Iterators &access) {
    auto at = llvm::find(access, a);
    if (at == access.end())
      return !llvm::is_contained(access, b);
    return at + 1 != access.end() && at[1] == b;
  });
}

SmallVector<int64_t> IndexSpace::join(const Iterators &all,
                                      ArrayRef<Iterators> accesses,
                                      const Iterators &last) {
  SmallVector<int64_t> sizes;
  for (auto [i, iterator] : llvm::enumerate(all)) {
    bool begins = i == 0 || !areOne(all[i - 1], iterator, accesses) ||
                  llvm::is_contained(last, iterator) !=
                      llvm::is_contained(last, all[i - 1]);
    if (begins)
      sizes.push_back(1);
    sizes.back() *= nodes[iterator].size;
    numbers[iterator] = sizes.size() - 1;
  }
  return sizes;
}

IndexSpace::Iterators IndexSpace::joined(const Iterators &access) const {
  Iterators result;
  for (unsigned iterator : access)
    if (unsigned number = numbers.lookup(iterator);
        result.empty() || result.back() != number)
      result.push_back(number);
  return result;
}
