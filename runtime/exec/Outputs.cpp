// SPDX-License-Identifier: Apache-2.0
// Gathers every micro-batch of every output; an output lies on the first
// coordinate that has a place for it.
#include "exec/Outputs.h"

#include "data/Npy.h"
#include "data/Zip.h"
#include "layout/MappedFile.h"

#include <algorithm>

namespace mptrt {

static const abi::OutputPlace *findPlace(const abi::Coordinate &coordinate,
                                         int64_t output) {
  for (const abi::OutputPlace &place : coordinate.outputs)
    if (place.output == output)
      return &place;
  return nullptr;
}

Status Outputs::collect(Gatherer &gatherer, const Executor &executor,
                        bool isWriter) {
  const abi::Manifest &manifest = program.manifest;
  for (size_t i = 0; i < manifest.outputs.size(); ++i) {
    const abi::Output &output = manifest.outputs[i];
    auto holder = std::find_if(
        manifest.coordinates.begin(), manifest.coordinates.end(),
        [&](const abi::Coordinate &coordinate) {
          return findPlace(coordinate, static_cast<int64_t>(i)) != nullptr;
        });
    if (holder == manifest.coordinates.end())
      return makeStatus(Code::Internal, "output '%s' lies nowhere",
                        output.name.c_str());
    const abi::OutputPlace *place =
        findPlace(executor.coordinate(), static_cast<int64_t>(i));
    ShardedArray array;
    array.dtype = static_cast<DType>(output.dtype);
    array.shape = &output.shape;
    array.cuts = &output.cuts;
    array.coordinate = static_cast<int>(holder - manifest.coordinates.begin());
    int64_t elementBytes = static_cast<int64_t>(dtypeSize(array.dtype));
    int64_t bytes = elementCount(output.shape) * elementBytes;
    char *global = nullptr;
    if (isWriter) {
      contents[i].resize(static_cast<size_t>((steps + 1) * bytes));
      global = &contents[i][static_cast<size_t>(steps * bytes)];
    }
    for (int64_t m = 0; m < manifest.microbatches; ++m) {
      array.microbatch = m;
      DevicePtr local =
          place ? executor.at(place->offset + m * place->stride) : DevicePtr();
      MPTRT_TRY(gatherer
                    .collect(array, local, global,
                             rowMajorStrides(output.shape, elementBytes))
                    .withContext("gathering output '" + output.name + "'"));
    }
  }
  ++steps;
  return Status();
}

Status Outputs::write(const std::string &path) const {
  const abi::Manifest &manifest = program.manifest;
  bool single = path.size() > 4 && path.substr(path.size() - 4) == ".npy";
  ZipWriter archive;
  std::string file;
  for (size_t i = 0; i < manifest.outputs.size(); ++i) {
    const abi::Output &output = manifest.outputs[i];
    Shape shape = output.shape;
    if (shape.empty())
      shape.push_back(steps);
    else
      shape[0] *= steps;
    std::string header;
    MPTRT_TRY(npyHeader(static_cast<DType>(output.dtype), shape, &header)
                  .withContext("output '" + output.name + "'"));
    if (single)
      file = header + contents[i];
    else
      archive.add(output.name + ".npy", header + contents[i]);
  }
  if (!single)
    file = archive.finish();
  FileWriter writer;
  MPTRT_TRY(writer.open(path));
  MPTRT_TRY(writer.write(file.data(), file.size()));
  return writer.commit();
}

} // namespace mptrt
